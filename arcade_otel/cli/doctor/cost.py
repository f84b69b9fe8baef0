"""The check ``cost`` measures how many milliseconds recording adds to a command on this machine.

The cost is the CPU time of a process, minus the CPU time of the same process without arcade-otel. The documentation
gives this cost in CPU instructions instead of milliseconds. To convert instructions to milliseconds, assume that a CPU
executes 2.5 to 4 million instructions per millisecond.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence

from arcade_otel import consent, conventions, handoff
from arcade_otel.cli.doctor.check import Check
from arcade_otel.settings import Settings

__all__ = ["added_milliseconds", "check_cost"]

#: The number of rounds that count. The measurement ends before the last one if the result is clear.
_MIN_ROUNDS, _MAX_ROUNDS = 3, 9
#: The result is clear if the added milliseconds exceed the measurement noise this many times.
_CLEAR = 5
_SECONDS = 30.0
#: Less cannot be measured: some systems count CPU time in steps.
_MIN_MILLISECONDS = 0.1
_BARE = ""
#: Modules that every Click and Typer program imports anyway.
_HOST = "import contextlib, sys, typing"
#: A command that does nothing. Its sender does nothing either, so that nothing is sent.
_RECORDED = """
import contextlib, sys, typing
import arcade_otel
sender = [sys.executable, "-S", "-c", ""]
with arcade_otel.command("measured", name="doctor", config_dir=sys.argv[1], posthog_api_key="none", sender_command=sender):
    pass
"""


def check_cost(settings: Settings) -> Check:
    """Measure how much time recording adds to a command.

    Three programs take turns: a command with arcade-otel, the same command without it, and an empty Python script.
    Discard the first round. Then measure three to nine rounds, and stop when the added time is at least five times the
    measurement noise. Each program's fastest run counts, because other processes on the machine can only make a run slower.
    """
    if handoff.sender_command() is None:
        return Check("cost", ok=None, detail="this program has no Python interpreter to measure with")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("ARCADE_", "OTEL_"))}
    environ.pop(consent.ENV_DO_NOT_TRACK, None)
    environ |= {consent.ENV_TRACKING: "on", "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    took: dict[str, list[float]] = {_BARE: [], _HOST: [], _RECORDED: []}
    with tempfile.TemporaryDirectory(prefix="arcade-otel-") as config_dir:
        os.mkdir(os.path.join(config_dir, "usage"))
        with open(os.path.join(config_dir, "usage", "notice"), "w", encoding="ascii") as file:
            file.write(str(conventions.NOTICE_VERSION))  # so that no notice is shown
        try:
            for number in range(_MAX_ROUNDS + 1):
                for source, times in took.items():
                    times.append(_milliseconds(source, config_dir, environ))
                    _remove_marks(config_dir)
                if number == 0:
                    took = {source: [] for source in took}  # the first round compiles modules and fills caches
                elif number >= _MIN_ROUNDS and _is_clear(took[_HOST], took[_RECORDED]):
                    break
        except (OSError, subprocess.SubprocessError) as error:
            remedy = "run python -c 'import arcade_otel' with the program's Python, and correct what it prints."
            return Check("cost", ok=False, detail=f"{settings.name} cannot be measured ({type(error).__name__})", remedy=remedy)
    start, host, recorded = took.values()
    added, is_measured = added_milliseconds(host, recorded)
    words = f"{added:.1f} ms longer" if is_measured else f"less than {added:.1f} ms longer"
    detail = f"a command takes {words} (a bare Python start takes {min(start):.1f} ms here)"
    return Check("cost", ok=True, detail=detail, milliseconds=round(added, 3))


def _remove_marks(config_dir: str) -> None:
    """Remove the file that the last run left for its sender, because the file would make the next run slower.

    A real sender removes this file when it starts, but the sender of a measured command does nothing.
    """
    shutil.rmtree(os.path.join(config_dir, "usage", handoff.STARTING), ignore_errors=True)


def added_milliseconds(host: Sequence[float], recorded: Sequence[float]) -> tuple[float, bool]:
    """If the added milliseconds exceed the measurement noise, return them and True, otherwise return the noise and False.

    ``host`` and ``recorded`` contain the milliseconds of each run without and with arcade-otel. A program's noise is the
    difference between its fastest run and its median run. The measurement noise is that of the noisier program, but at least
    0.1 ms.
    """
    noise = _noise(host, recorded)
    added = min(recorded) - min(host)
    return (added, True) if added > noise else (noise, False)


def _noise(host: Sequence[float], recorded: Sequence[float]) -> float:
    return max(_MIN_MILLISECONDS, *(sorted(times)[len(times) // 2] - min(times) for times in (host, recorded)))


def _is_clear(host: Sequence[float], recorded: Sequence[float]) -> bool:
    """Return whether the added time is at least five times the measurement noise."""
    return min(recorded) - min(host) >= _CLEAR * _noise(host, recorded)


def _milliseconds(source: str, config_dir: str, environ: dict[str, str]) -> float:
    started = _clock()
    subprocess.run(
        [sys.executable, "-c", source, config_dir],
        env=environ,
        cwd=config_dir,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=_SECONDS,
        check=True,
    )
    return (_clock() - started) * 1000


def _clock() -> float:
    """Return the CPU time, in seconds, of all child processes that have ended. On Windows, return ``time.perf_counter()``."""
    if sys.platform == "win32":
        return time.perf_counter()
    import resource

    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
