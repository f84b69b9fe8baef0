"""``usage doctor`` runs a trial: a real sender delivers a test event, in the same way as the event of a command.

The sender uses a scratch config directory, so that it changes neither the real queue nor the real identity. If possible, the
scratch directory is on the same disk as the real config directory. The sender's receipts in the scratch directory show whether
the event was delivered.
"""

import os
import shutil
import subprocess
import tempfile
import time
import uuid
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

from arcade_otel import consent, conventions, handoff, spans, storage
from arcade_otel.cli import local_state
from arcade_otel.cli.doctor.check import Check
from arcade_otel.handoff import queue, receipts, starts
from arcade_otel.settings import Settings
from arcade_otel.spans import otlp
from arcade_otel.spans.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["SCRATCH_PREFIX", "Trial", "check_lanes", "check_sender", "check_start", "make_payload", "run"]

#: Prefix of the scratch directory, which ``forget`` removes if a doctor was killed.
SCRATCH_PREFIX = ".doctor-"
#: A sender lives 10 s at most.
_MAX_SECONDS = 30.0
_NO_INTERPRETER = "this program has no Python interpreter to run a sender"
_NO_SENDER = "ended without an error, and did no work of a sender"
_CANNOT_START = "cannot be started"
_NAME_INTERPRETER = "name a command that runs the sender: instrument(..., sender_command=[...]); see docs/how-to/packaging.md."


class Trial(NamedTuple):
    """The result of the trial.

    Attributes:
        command: The sender's command line, or None if there is no Python interpreter to run a sender.
        failure: The reason why the sender failed, or "" if it ran to completion.
        lanes: The result of each lane, by the lane's name. A result is "" if the server accepted the test event, otherwise the
            reason why it did not.
    """

    command: tuple[str, ...] | None
    failure: str
    lanes: dict[str, str]

    def lane_for(self, exporter: str) -> str | None:
        """Return the result for the lane of ``exporter``, or None if there is no such lane."""
        return next((why for lane, why in self.lanes.items() if queue.lane_exporter(lane) == exporter), None)


def run(settings: Settings, *, in_state_dir: bool) -> Trial:
    """Let a real sender deliver a test event, and return the result.

    Args:
        settings: The program's settings.
        in_state_dir: True to make the scratch directory in the real state directory, or False to make it in the system's
            directory for temporary files.
    """
    payload = make_payload(settings)
    lanes = queue.lanes_for(os.environ, api_key=settings.posthog_api_key, host=settings.posthog_host)
    command = _sender_command(settings)
    if command is None:
        return Trial(None, _NO_INTERPRETER, dict.fromkeys(lanes, _NO_INTERPRETER))
    try:
        with _scratch_dir(settings, in_state_dir=in_state_dir) as scratch:
            failure = _run_sender(command, scratch, payload)
            return Trial(command, failure, {lane: _outcome(scratch, lane, failure) for lane in lanes})
    except OSError as error:
        reason = f"the scratch directory cannot be used: {error.strerror or error}"
        return Trial(command, reason, dict.fromkeys(lanes, reason))


def make_payload(settings: Settings) -> str:
    """Return the test event's span in OTLP/JSON: the span of a command, with an attribute that marks it as a test event."""
    now = time.time_ns()
    span = spans.encode(settings, path="doctor", timing=(now, now), outcome=Outcome(0), identity=(str(uuid.uuid4()), True))
    traces = otlp.loads(span)
    _, resource = otlp.command_span(traces)
    otlp.set_attribute(resource, conventions.RESOURCE_DOCTOR, "1")
    return otlp.dumps(traces)


def check_start(settings: Settings) -> Check:
    """Check that a sender can start. Because usage data is off, the sender receives no event and sends nothing."""
    command = _sender_command(settings)
    if command is None:
        return Check("sender", ok=False, detail=_NO_INTERPRETER, remedy=_NAME_INTERPRETER)
    try:
        with tempfile.TemporaryDirectory(prefix=SCRATCH_PREFIX) as scratch:
            failure = _run_sender(command, scratch, None)
    except OSError as error:
        failure = f"the scratch directory cannot be used: {error.strerror or error}"
    if failure:
        return Check("sender", ok=False, detail=f"{command[0]}: {failure}", remedy=_remedy(failure))
    return Check("sender", ok=None, detail=f"{command[0]} starts; delivery is not checked while usage data is off")


def check_sender(settings: Settings, trial: Trial) -> list[Check]:
    """Check whether the trial's sender ran. If an earlier sender could not run, also return a failed check for that sender."""
    if trial.command is None:
        checks = [Check("sender", ok=False, detail=_NO_INTERPRETER, remedy=_NAME_INTERPRETER)]
    elif trial.failure:
        checks = [Check("sender", ok=False, detail=f"{trial.command[0]}: {trial.failure}", remedy=_remedy(trial.failure))]
    elif not trial.lanes:
        checks = [Check("sender", ok=None, detail=f"{trial.command[0]} starts; there is no destination for events")]
    else:
        checks = [Check("sender", ok=True, detail=trial.command[0])]
    before = local_state.sender_problem(settings)
    if before is not None:
        detail = f"could not run at {before['at']}: {before['why']}"
        checks.append(
            Check("last sender", ok=False, detail=detail, remedy="correct the cause, then run flush, which starts a sender.")
        )
    return checks


def check_lanes(settings: Settings, trial: Trial) -> list[Check]:
    """Return one check for each lane of the trial, or a single check if the trial has no lane."""
    if not trial.lanes:
        if settings.posthog_api_key:
            detail = "nothing is sent: OTEL_TRACES_EXPORTER names none"
        elif settings.name == conventions.LIB:
            detail = (
                f"arcade-otel does not know your program's project key: set {conventions.ENV_API_KEY} to the key, and try again"
            )
        else:
            detail = "nothing is sent: no project key and no exporter is set"
        return [Check("delivery", ok=None, detail=detail)]
    checks = []
    for lane, why in trial.lanes.items():
        place = settings.posthog_host if queue.lane_exporter(lane) == "posthog" else lane
        if why:
            check = Check(f"delivery {lane}", ok=False, detail=f"{place}: {why}", remedy=_delivery_remedy(lane, why))
        else:
            check = Check(f"delivery {lane}", ok=True, detail=f"{place} accepted one test event, {conventions.EVENT_DOCTOR!r}")
        checks.append(check)
    return checks


def _sender_command(settings: Settings) -> tuple[str, ...] | None:
    command = settings.sender_command or handoff.sender_command()
    return None if command is None else tuple(command)


@contextmanager
def _scratch_dir(settings: Settings, *, in_state_dir: bool) -> "Iterator[str]":
    if in_state_dir:
        storage.ensure_private_dir(settings.state_dir)
    scratch = tempfile.mkdtemp(prefix=SCRATCH_PREFIX, dir=settings.state_dir if in_state_dir else None)
    try:
        # The stored choice also counts in the trial.
        with suppress(OSError), open(consent.choice_file(settings.config_dir), encoding="ascii") as file:
            choice = file.read(16)
            os.mkdir(os.path.join(scratch, "usage"), 0o700)
            storage.write_private(consent.choice_file(scratch), choice)
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _run_sender(command: tuple[str, ...], scratch: str, payload: str | None) -> str:
    """Run a sender to completion. Return "" if the sender succeeds, otherwise the reason why it failed."""
    environ = handoff.sender_environment(scratch, payload)
    mark = starts.leave_mark(scratch, queue.span_name(None, None), payload or "")
    environ[handoff.ENV_START] = mark
    environ[conventions.ENV_IDLE] = "0"  # so that it does not wait for other events
    try:
        process = subprocess.run(
            command,
            env=environ,
            cwd=scratch,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=_MAX_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"did not end in {_MAX_SECONDS:.0f} s"
    except OSError as error:
        return f"{_CANNOT_START}: {error.strerror or type(error).__name__}"
    problem = receipts.problems(os.path.join(scratch, "usage")).get(receipts.SENDER)
    if problem is not None:
        return str(problem.get("why"))
    if process.returncode:
        lines = process.stderr.decode("utf-8", "replace").strip().splitlines()
        last = lines[-1].strip() if lines else ""
        return f"ended with exit code {process.returncode}{f': {last}' if last else ''}"
    if mark and os.path.exists(os.path.join(scratch, "usage", handoff.STARTING, mark)):
        return _NO_SENDER
    return ""


def _outcome(scratch: str, lane: str, failure: str) -> str:
    """Return "" if a receipt says that the server accepted the event of ``lane``, otherwise the reason why it did not."""
    state_dir = os.path.join(scratch, "usage")
    for receipt in receipts.events(state_dir):
        if receipt["lane"] == lane:
            return "" if receipt["state"] == receipts.SENT else f"dropped: {receipt.get('why') or 'unknown reason'}"
    problem = receipts.problems(state_dir).get(lane)
    if problem is not None and problem.get("why"):
        return str(problem["why"])
    if failure:
        return "the sender did not run (see sender)"
    if queue.list_spans(queue.lane_dir(state_dir, lane)):
        return "the sender left the event in the queue (see locks)"
    return "the sender could neither queue nor send the event (see disk)"


def _remedy(failure: str) -> str:
    if failure == _NO_SENDER:
        return "name a program that calls arcade_otel.sender.main() as sender_command; see docs/how-to/packaging.md."
    if failure.startswith(_CANNOT_START):
        return "install the program that this line names again, or name another one: instrument(..., sender_command=[...])."
    if "ModuleNotFoundError" in failure or "ImportError" in failure or "No module named" in failure:
        return (
            "install the program's packages where this Python finds them, "
            "or name a command that runs the sender: instrument(..., sender_command=[...])."
        )
    return "run the command that this line names, and correct what it prints."


def _delivery_remedy(lane: str, why: str) -> str:
    if "not installed" in why:
        return f"correct the problem in the line exporter {queue.lane_exporter(lane)}."
    if queue.lane_exporter(lane) != "posthog":
        return "check that the exporter's endpoint (OTEL_EXPORTER_OTLP_ENDPOINT) is reachable and takes traces."
    if "401" in why or "403" in why:
        return "correct the project key (ARCADE_USAGE_POSTHOG_API_KEY, or posthog_api_key of instrument())."
    if "HTTP 407" in why:
        return (
            "name the user and the password of the proxy in HTTPS_PROXY, HTTP_PROXY or ALL_PROXY: http://user:password@host:port."
        )
    if "404" in why:
        return "correct the host (ARCADE_USAGE_POSTHOG_HOST, or posthog_host of instrument()): it has no capture endpoint."
    if "HTTP" in why:
        return "wait, or ask the operator of the server; events stay queued for 7 days."
    if "not PostHog's" in why:
        return "log in to the network (a captive portal answered), or correct the host."
    if "the sender" in why:
        return "correct the problem in the line that is named here."
    return "correct the problem that the lines below name."
