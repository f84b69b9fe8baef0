"""Check the ``OTEL_*`` variables, whether PID 1 reaps ended senders, and whether senders may be killed when a command ends."""

import os
import subprocess
import sys

from arcade_otel import consent, handoff
from arcade_otel.cli.doctor.check import Check
from arcade_otel.handoff import zombies
from arcade_otel.settings import Settings

__all__ = ["check_surroundings"]

_SECONDS = 30.0
#: The imports of live spans and of other exporters. A bad limit, sampler or context in the environment makes them fail.
_IMPORT = "import opentelemetry.trace, opentelemetry.sdk.trace as sdk; sdk.SpanLimits(); sdk.TracerProvider()"


def check_surroundings(settings: Settings) -> list[Check]:
    """Return the checks."""
    return [_check_opentelemetry(), *_check_reaping(settings), *_check_machine()]


def _check_opentelemetry() -> Check:
    """Check that a new Python process with the environment's ``OTEL_*`` variables can import the SDK and create its objects."""
    name = "OpenTelemetry"
    if handoff.sender_command() is None:
        return Check(name, ok=None, detail="this program has no Python interpreter to check with")
    environ = dict(os.environ) | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    try:
        process = subprocess.run(
            [sys.executable, "-c", _IMPORT],
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return Check(
            name,
            ok=False,
            detail=f"Python cannot be started ({type(error).__name__})",
            remedy="correct the problem in the line sender.",
        )
    if not process.returncode:
        return Check(name, ok=True, detail="the SDK starts with this environment")
    lines = process.stderr.decode("utf-8", "replace").strip().splitlines()
    detail = lines[-1].strip() if lines else f"exit code {process.returncode}"
    variables = sorted(variable for variable in os.environ if variable.startswith("OTEL_"))
    remedy = f"correct or unset the variable that the line names (set are: {', '.join(variables) or 'none'})."
    return Check(name, ok=False, detail=f"the SDK does not start: {detail}", remedy=remedy)


def _check_reaping(settings: Settings) -> list[Check]:
    """If PID 1 does not reap ended senders, return a list with one failed check, otherwise an empty list."""
    if not settings.config_dir or zombies.ZOMBIES not in zombies.causes(settings.state_dir):
        return []
    return [
        Check(
            "process reaping",
            ok=False,
            detail=f"PID 1 of this container does not reap: {zombies.MAX_COUNT} senders or more are zombies",
            remedy="start the container with an init (docker run --init), or run flush as the last step.",
        )
    ]


def _check_machine() -> list[Check]:
    """If senders may be killed when their command ends, return a list with one check, otherwise an empty list.

    Senders may be killed in continuous integration, or if this process is PID 1 of a container.
    """
    if os.getpid() == 1:
        detail = "this process is PID 1: the container ends with it, and so does every sender"
    elif consent.is_ci():
        detail = "continuous integration: a job's end may kill a sender"
    else:
        return []
    return [Check("machine", ok=None, detail=f"{detail}; run flush as the last step")]
