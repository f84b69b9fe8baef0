"""``usage flush`` sends the queued events now, and shows the progress."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from arcade_otel import consent, conventions, handoff
from arcade_otel.cli import local_state
from arcade_otel.cli.commands import EXIT_FAILURE, EXIT_OK
from arcade_otel.cli.doctor.directory import require_config_dir
from arcade_otel.cli.output import Output
from arcade_otel.handoff import exporter_config, queue, receipts, starts
from arcade_otel.settings import Settings

__all__ = ["flush"]

_POLL_SECONDS = 0.05
#: How long a sender that is coming up may take to put its own span into the queue. Only that sender can find out some properties.
_COMING_UP_SECONDS = 2.0
#: Seconds between two tries to take another sender's lane lock. Each successful try holds the lock for a moment.
_LOCK_POLL_SECONDS = 0.25


def flush(settings: Settings, output: Output, timeout: int) -> int:
    """Run senders until the queue is empty or ``timeout`` seconds have passed. Ignore the back-off delay after a failed delivery.

    Return 0 if the queue is empty at the end, otherwise 1.

    Raises:
        OSError: If the config directory cannot be used, or the sender cannot be started.
    """
    require_config_dir(settings)
    decision = settings.decide()
    deadline = time.monotonic() + timeout
    if decision.mode == consent.ON:
        _queue_handed_over(settings, min(_COMING_UP_SECONDS, timeout / 2))
    before = local_state.queued_count(settings)
    problem = None
    if before and decision.mode != consent.ON:
        problem = f"nothing is sent: {decision.detail}"
    elif before:
        problem = _send(settings, before, deadline)
    left = local_state.queued_count(settings)
    if left and problem is None:
        problem = _problem(settings) or f"not finished in {timeout} s"
    output.result({"before": before, "waiting": left, "problem": problem if left else None})
    if left:
        output.line(f"Sent {max(0, before - left)} of {before} queued events. {left} remaining: {problem}.")
        output.line("Run doctor to find the cause.")
    else:
        output.line(f"Sent {before} of {before} queued events." if before else "Queued events: 0")
    return EXIT_FAILURE if left else EXIT_OK


def _queue_handed_over(settings: Settings, seconds: float) -> None:
    """Wait up to ``seconds`` for new senders to queue their spans. Then queue any spans that those senders left unqueued."""
    deadline = time.monotonic() + seconds
    while starts.are_pending(settings.state_dir) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    with suppress(OSError):  # they still count as queued
        starts.take_over(settings.state_dir)


def _problem(settings: Settings) -> str | None:
    """Return the recorded reason why events are still queued, or None if no reason was recorded."""
    sender_problem = local_state.sender_problem(settings)
    if sender_problem is not None:
        return f"the sender cannot run: {sender_problem['why']}"
    failures = receipts.problems(settings.state_dir)
    lanes = queue.lanes(settings.state_dir)
    backlogged = [lane for lane in lanes if queue.list_spans(queue.lane_dir(settings.state_dir, lane))]
    return "; ".join(f"{lane}: {failures[lane].get('why')}" for lane in backlogged if lane in failures) or None


def _send(settings: Settings, before: int, deadline: float) -> str | None:
    """Run senders until the queue is empty, until a sender makes no progress, or until the time is up.

    Returns:
        An error message if there is no Python interpreter to run a sender, otherwise None.
    """
    from arcade_otel.sender.backoff import Backoff

    command = settings.sender_command or handoff.sender_command()
    if command is None:
        return "this program has no Python interpreter to run a sender; name one by instrument(..., sender_command=[...])"
    with _progress(before) as show:
        while (left := local_state.queued_count(settings)) and time.monotonic() < deadline:
            lanes = queue.lanes(settings.state_dir)
            for lane in lanes:
                Backoff(settings.state_dir, lane).skip_delay()
            environ = handoff.sender_environment(settings.config_dir, None)
            names = [*exporter_config.exporter_names(os.environ), *(queue.lane_exporter(lane) for lane in lanes)]
            environ[conventions.ENV_TRACES_EXPORTER] = ",".join(dict.fromkeys(names))
            sender = _start(command, environ)
            try:
                while sender.poll() is None:
                    queued = local_state.queued_count(settings)
                    show(before - queued)
                    if not queued or time.monotonic() > deadline:
                        break
                    time.sleep(_POLL_SECONDS)
            finally:
                sender.returncode = (
                    0  # the sender ends by itself within 10 s. Without this, Popen would warn when it is garbage-collected
                )
            busy = False
            while _busy(settings, lanes) and time.monotonic() < deadline:
                busy = True
                show(before - local_state.queued_count(settings))
                time.sleep(_LOCK_POLL_SECONDS)
            if local_state.queued_count(settings) >= left and not busy:
                break
    return None


def _start(command: Sequence[str], environ: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """Start a sender that does not receive Ctrl-C. If the user interrupts ``flush``, the sender still finishes its request."""
    if sys.platform == "win32":
        from arcade_otel.handoff import windows

        return windows.start(command, environ)
    return subprocess.Popen(
        command,
        env=environ,
        cwd=os.sep,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _busy(settings: Settings, lanes: list[str]) -> bool:
    """Return whether another process, usually a sender, holds the lock of one of ``lanes``."""
    from arcade_otel.sender.lane_lock import LaneLock

    for lane in lanes:
        lock = LaneLock.acquire(settings.state_dir, lane)
        if lock is None:
            return True
        lock.release()
    return False


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None]]:
    """If stderr is a terminal, show the progress on it: a bar if rich is installed, otherwise a line of text."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda _: None
        return
    try:
        from rich.console import Console
        from rich.progress import Progress
    except ImportError:

        def show(done: int) -> None:
            sys.stderr.write(f"\r{done} of {total} sent")
            sys.stderr.flush()

        yield show
        sys.stderr.write("\n")
        return
    with Progress(console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task("Sending", total=total)
        yield lambda done: bar.update(task, completed=done)
