"""The faults' part of ``make bench``: what arrives under each. ``python -m tests.benchmarks.faults`` measures this part alone."""

import errno
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from arcade_otel import conventions
from arcade_otel.testing import FakePostHog, Fault, blackhole, refused_port
from tests.support.disk import CANNOT_MOUNT, Disk
from tests.support.machine import PLAIN, Machine
from tests.support.preload import compile_library, preload

__all__ = ["lines", "switched_on"]

RESULTS = Path(__file__).with_name("results.md")
_HEADING = "## What arrives"
_YEARS_40 = 40 * 365 * 24 * 3600
_EXEC = """
import os, sys
import arcade_otel
with arcade_otel.command(sys.argv[1], name="tool", version="1.2.3"):
    os.execv("/bin/sh", ("/bin/sh", "-c", "exit 0"))
"""

#: A fault plays its eleven commands, and makes sure that every sender has ended.
Played = Callable[[Machine, FakePostHog], None]


@contextmanager
def switched_on() -> Iterator[tuple[Machine, FakePostHog]]:
    """Yield a machine and its PostHog, which refuses the keys of other projects."""
    with (
        FakePostHog(tokens=["phc_test"], enforce=True) as posthog,
        tempfile.TemporaryDirectory(prefix="arcade-otel-bench-") as folder,
    ):
        machine = Machine(Path(folder, "machine"), posthog.url)
        try:
            yield machine, posthog
        finally:
            machine.off()


def lines() -> Iterator[str]:
    """Measure, and yield each line of the report as soon as it is known."""
    yield _HEADING
    yield ""
    yield "Eleven commands for each fault. Ten run while it lasts, and the last one when it has passed, unless the row says"
    yield "otherwise. *arrived* counts UUIDs, and *more than once* the deliveries that PostHog drops by their UUID."
    yield ""
    yield "| fault | arrived | more than once |"
    yield "|---|---:|---:|"
    for name, play in ROWS.items():
        with switched_on() as (machine, posthog):
            if play.func is _on_disk and CANNOT_MOUNT:
                yield f"| {name} | {CANNOT_MOUNT} | |"
                continue
            play(machine, posthog)
            arrived = len(posthog.visible())
            yield f"| {name} | {arrived} of 11 | {len(posthog.events) - arrived} |"


# --- the network and the server -----------------------------------------------------------------------------------------------


def _ten_and_one(machine: Machine, posthog: FakePostHog, environ: Mapping[str, str] | None = None) -> None:
    for number in range(10):
        machine.run(f"c{number}", environ=environ)
    machine.settle()
    posthog.heal()
    machine.time_passes()
    machine.run("last")
    machine.settle()


def _at_server(make: Callable[[], Fault], machine: Machine, posthog: FakePostHog) -> None:
    posthog.always(make())
    _ten_and_one(machine, posthog)


def _behind_no_one(machine: Machine, posthog: FakePostHog) -> None:
    with refused_port() as port:
        _ten_and_one(machine, posthog, {"HTTP_PROXY": f"http://127.0.0.1:{port}", "NO_PROXY": ""})


def _behind_black_hole(machine: Machine, posthog: FakePostHog) -> None:
    with blackhole() as url:
        _ten_and_one(machine, posthog, {"HTTP_PROXY": url, "NO_PROXY": ""})


def _with_two_keys(machine: Machine, posthog: FakePostHog) -> None:
    """A second program's key is wrong. Its commands run before those of the first, and their events do not count."""
    del posthog
    for number in range(11):
        machine.run(f"w{number}", environ={conventions.ENV_API_KEY: "phc_of_no_project"})
        machine.run(f"c{number}")
    machine.settle()


# --- processes that die -------------------------------------------------------------------------------------------------------


def _with_killed_senders(machine: Machine, posthog: FakePostHog) -> None:
    """Kill every sender as soon as it has taken over its span, and while it works."""
    del posthog
    for number in range(10):
        known = set(machine.queue)
        machine.run(f"c{number}")
        machine.wait_until(lambda: set(machine.queue) - known or not machine.senders(), "the span was taken over")  # noqa: B023
        machine.kill_senders()
    machine.run("last")
    machine.settle()


def _in_short_lives(environ: Mapping[str, str], machine: Machine, posthog: FakePostHog) -> None:
    """Kill every process when the command exits, as at the end of a container."""
    del posthog
    python, machine.python = machine.python, str(machine.root / "contained")
    Path(machine.python).write_text(f'#!/bin/sh\nunshare --pid --fork --mount-proc sh -c \'{python} "$@"; exit $?\' sh "$@"\n')
    Path(machine.python).chmod(0o700)
    for number in range(10):
        machine.run(f"c{number}", environ=environ)
    machine.python = python
    machine.run("last")
    machine.settle()


def _with_exec(machine: Machine, posthog: FakePostHog) -> None:
    machine.program("tool", _EXEC)
    _ten_and_one(machine, posthog)


# --- the machine --------------------------------------------------------------------------------------------------------------


def _without_locks(number: int, machine: Machine, posthog: FakePostHog) -> None:
    preload(machine, compile_library("no_locks", machine.root), FLOCK_ERRNO=str(number))
    _ten_and_one(machine, posthog)


def _on_a_copy(machine: Machine, posthog: FakePostHog) -> None:
    """Copy the home after the first command. Five more run on each, and the copy must take an ID of its own."""
    machine.run("first")
    machine.settle()
    copy = machine.root / "copy"
    shutil.copytree(machine.config_dir, copy)
    for number in range(5):
        machine.run(f"original{number}")
        machine.run(f"copy{number}", environ={"ARCADE_WORK_DIR": str(copy)})
    machine.settle()
    people = {event.distinct_id for event in posthog.visible()}
    if len(people) != 2:
        raise RuntimeError(f"the original and the copy are {len(people)} people")


def _with_wrong_clock(seconds: int, machine: Machine, posthog: FakePostHog) -> None:
    """Let ten events wait, and deliver them when the clock is right again."""
    preload(machine, compile_library("shifted_clock", machine.root), CLOCK_OFFSET=str(seconds))
    posthog.always(Fault.status(503))
    for number in range(10):
        machine.run(f"c{number}")
    machine.settle()
    machine.program("tool", PLAIN)
    del machine.environ["LD_PRELOAD"]
    posthog.heal()
    machine.time_passes()
    machine.run("last")
    machine.settle()


def _on_disk(kind: str, machine: Machine, posthog: FakePostHog) -> None:
    """Run one command before the disk refuses to be written, and ten afterwards."""
    del posthog
    machine.mark_notice_as_shown()  # the directory must exist before it is a disk
    disk = Disk(machine, kind)
    try:
        for number in range(11):
            disk.run(machine.python, str(machine.root / "tool.py"), f"c{number}")
            if number == 0:
                disk.refuse()
    finally:
        disk.close()


ROWS: dict[str, "partial[None]"] = {
    "500": partial(_at_server, lambda: Fault.status(500)),
    "429, Retry-After": partial(_at_server, lambda: Fault.status(429, headers={"Retry-After": "60"})),
    "accepts and never answers": partial(_at_server, Fault.hang),
    "closes before it reads": partial(_at_server, Fault.close_before_reading),
    "closes after it stored": partial(_at_server, Fault.store_then_close),
    "resets": partial(_at_server, Fault.reset),
    "truncated answer": partial(_at_server, Fault.truncate),
    "a captive portal's page": partial(_at_server, Fault.garbage),
    "no server listens": partial(_behind_no_one),
    "a black hole": partial(_behind_black_hole),
    "a second program with a wrong key": partial(_with_two_keys),
    "SIGKILL of each sender that has its span": partial(_with_killed_senders),
    "every process is killed at the exit, in CI": partial(_in_short_lives, {"CI": "true"}),
    "the same with `ARCADE_USAGE_WAIT_SECONDS=3`": partial(_in_short_lives, {conventions.ENV_WAIT: "3"}),
    "the same without either, where a loss is allowed": partial(_in_short_lives, {}),
    "`os.execv`, all eleven": partial(_with_exec),
    "no locks, ENOLCK, all eleven": partial(_without_locks, errno.ENOLCK),
    "no locks, ENOSYS, all eleven": partial(_without_locks, errno.ENOSYS),
    "a copied home": partial(_on_a_copy),
    "a clock 40 years behind": partial(_with_wrong_clock, -_YEARS_40),
    "a clock 40 years ahead": partial(_with_wrong_clock, _YEARS_40),
    "a read-only directory, the last ten": partial(_on_disk, "read-only"),
    "a full disk, the last ten": partial(_on_disk, "full"),
}


def _main() -> None:
    """Measure, print, and replace the table in ``results.md``."""
    measured = []
    for line in lines():
        measured.append(line)
        print(line, flush=True)
    before, heading, after = RESULTS.read_text().partition(_HEADING)
    if not heading:
        raise RuntimeError("results.md has no table of faults; run make bench")
    _, following, rest = after.partition("\n## ")
    RESULTS.write_text(before + "\n".join(measured) + "\n" + following + rest)


if __name__ == "__main__":
    _main()
