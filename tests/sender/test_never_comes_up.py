"""A sender that was started and never came up: its span is kept, status and doctor say so, and commands start fewer senders."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from arcade_otel import handoff
from arcade_otel.cli import local_state
from arcade_otel.cli.doctor import trial
from arcade_otel.handoff import starts
from arcade_otel.settings import Settings, make_settings
from arcade_otel.testing import FakePostHog, Fault
from tests.support.machine import Machine
from tests.support.programs import read_program

PROGRAM = read_program("sender/named_sender")
ENDS_AT_ONCE = [sys.executable, "-c", ""]


@pytest.fixture
def machine(machine: Machine) -> Machine:
    """A computer with a program whose sender a test names."""
    machine.warm = True
    machine.program("cli", PROGRAM)
    return machine


def marks(machine: Machine) -> list[Path]:
    """Return the start marks."""
    return sorted((machine.state / "starting").glob("*"))


def pass_time(machine: Machine, seconds: float) -> None:
    """Let every sender have been started ``seconds`` ago or earlier."""
    for path in marks(machine):
        moment = min(path.stat().st_mtime, time.time() - seconds)
        os.utime(path, (moment, moment))


def sender(machine: Machine, kind: str) -> list[str]:
    """Return the command line of a sender of this kind."""
    program = machine.root / "sender"
    # An ELF header of a machine that does not exist: the system refuses to run it, as it does for another architecture.
    header = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00\xff\xfe" + bytes(44)
    program.write_bytes({"of another architecture": header, "without its interpreter": b"#!/missing\n"}.get(kind, b"#!/bin/sh\n"))
    program.chmod(0o644 if kind == "not executable" else 0o755)
    return {
        "removed": ["/missing/python", "-c", ""],
        "ends at once": ENDS_AT_ONCE,
        "does not know its arguments": [sys.executable, "--no-such-option"],
        "is killed": [sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"],
        "raises": [sys.executable, "-c", "raise RuntimeError"],
    }.get(kind, [str(program)])


def run(machine: Machine, *arguments: str, sender: list[str] | None = None) -> "subprocess.CompletedProcess[str]":
    """Run the program to its end, and wait for its senders."""
    ended = machine.run(*arguments, program="cli", environ={"TEST_SENDER": json.dumps(sender)})
    machine.settle()
    return ended


def settings(machine: Machine, command: list[str] | None = None) -> Settings:
    """Return the program's settings."""
    return make_settings(
        name="tool",
        config_dir=machine.config_dir,
        posthog_api_key="phc_test",
        posthog_host=machine.posthog_url,
        sender_command=command,
    )


@pytest.mark.posix
@pytest.mark.parametrize(
    "kind",
    [
        "removed",
        "not executable",
        "without its interpreter",
        "of another architecture",
        "ends at once",
        "does not know its arguments",
        "is killed",
        "raises",
    ],
)
def test_a_sender_that_never_comes_up_loses_no_span_and_is_reported(machine: Machine, posthog: FakePostHog, kind: str) -> None:
    """Two starts fail, and commands start one sender an hour until a sender comes up, which delivers every span once.

    Until then, every span counts as queued, ``status`` has the problem, and doctor's lines ``sender`` and ``last sender`` fail.
    """
    broken = sender(machine, kind)
    for number in range(1, 4):
        ended = run(machine, "work", sender=broken)
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
        pass_time(machine, starts.START_SECONDS)
        problem = local_state.sender_problem(settings(machine))
        assert problem is not None
        assert "started and did not come up" in problem["why"]
        assert local_state.queued_count(settings(machine)) == number
        assert len(marks(machine)) == min(number, starts.MAX_FAILURES), "a command has started one sender too many"
    result = trial.run(settings(machine, broken), in_state_dir=True)
    lines = {line.name: line for line in trial.check_sender(settings(machine, broken), result)}
    for name in ("sender", "last sender"):
        assert lines[name].ok is False, lines[name]
        assert lines[name].remedy
    assert posthog.requests == []

    pass_time(machine, starts.PAUSE_SECONDS)
    for _ in range(2):
        run(machine, "work", sender=broken)
        assert len(marks(machine)) == starts.MAX_FAILURES + 1, "one sender an hour is started"
    pass_time(machine, starts.PAUSE_SECONDS)
    run(machine, "work")
    posthog.wait_for(lambda: len(posthog.visible()) == 6)
    machine.settle()
    assert len(posthog.events) == 6
    assert marks(machine) == []
    assert local_state.queued_count(settings(machine)) == 0
    assert local_state.sender_problem(settings(machine)) is None


@pytest.mark.posix
def test_the_usage_commands_say_so_and_flush_delivers_at_once(machine: Machine, posthog: FakePostHog) -> None:
    """The user reads ``status``, runs ``doctor``, mends the sender, and does not wait for the hour."""
    for _ in range(3):
        run(machine, "work", sender=ENDS_AT_ONCE)
        pass_time(machine, starts.START_SECONDS)
    shown = " ".join(run(machine, "usage", "status", sender=ENDS_AT_ONCE).stdout.split())
    assert "senders were started and did not come up. Run doctor." in shown
    doctor = run(machine, "usage", "doctor", sender=ENDS_AT_ONCE)
    assert doctor.returncode == 1
    assert "- sender: name a program that calls arcade_otel.sender.main() as sender_command" in doctor.stdout
    flush = run(machine, "usage", "flush", sender=ENDS_AT_ONCE)
    assert "the sender cannot run: senders were started and did not come up" in " ".join(flush.stdout.split())
    assert flush.returncode == 1
    log = json.loads(run(machine, "usage", "log", "--json", sender=ENDS_AT_ONCE).stdout)
    assert [event["command"] for event in log["events"] if event["state"] == "queued"].count("work") == 3, log

    posthog.requests.clear()
    assert run(machine, "usage", "flush").returncode == 0
    assert [event.properties["command_name"] for event in posthog.visible()].count("work") == 3
    assert local_state.sender_problem(settings(machine)) is None


def test_flush_delivers_the_span_of_a_sender_that_was_killed_a_moment_ago(machine: Machine, posthog: FakePostHog) -> None:
    """As at the end of a job that runs outside of continuous integration."""
    run(machine, "work", sender=ENDS_AT_ONCE)
    flush = run(machine, "usage", "flush", "--json")
    assert (flush.returncode, json.loads(flush.stdout)) == (0, {"before": 1, "waiting": 0, "problem": None})
    assert [event.properties["command_name"] for event in posthog.visible()].count("work") == 1


def test_one_start_that_fails_by_chance_limits_nothing(machine: Machine, posthog: FakePostHog) -> None:
    """A machine that was switched off in that moment: the next command starts a sender, which delivers that span, too."""
    run(machine, "work", sender=ENDS_AT_ONCE)
    pass_time(machine, starts.START_SECONDS)
    run(machine, "work")
    posthog.wait_for(lambda: len(posthog.visible()) == 2)
    machine.settle()
    assert marks(machine) == []


def test_a_sender_that_comes_up_leaves_no_mark_and_no_second_event(machine: Machine, posthog: FakePostHog) -> None:
    """While it works, no mark is there: a kill in that moment is no failed start."""
    posthog.always(Fault.hang())
    machine.run("work", program="cli")
    posthog.wait_for(lambda: posthog.requests)
    assert marks(machine) == []
    machine.kill_senders()
    assert local_state.sender_problem(settings(machine)) is None
    assert len(machine.queue) == 1


def test_a_sender_that_comes_up_late_delivers_nothing_twice(machine: Machine, posthog: FakePostHog) -> None:
    """Another sender has taken its span from the mark, and has delivered it."""
    command = handoff.sender_command()
    assert command is not None
    release = machine.root / "release"
    late = [sys.executable, "-c", read_program("sender/late"), str(release), *command]
    machine.run("work", program="cli", environ={"TEST_SENDER": json.dumps(late)})
    pass_time(machine, starts.START_SECONDS)
    machine.run("work", program="cli")
    posthog.wait_for(lambda: len(posthog.visible()) == 2)
    release.touch()
    machine.settle()
    assert len(posthog.events) == 2


@pytest.mark.parametrize("how", ["the variable", "disable", "forget"])
def test_the_span_of_a_failed_start_is_deleted_when_its_user_withdraws(machine: Machine, how: str) -> None:
    """It is on the disk, like a queued one. The next command deletes it after an opt-out."""
    run(machine, "work", sender=ENDS_AT_ONCE)
    assert len(marks(machine)) == 1
    arguments, environ = (["work"], {"ARCADE_USAGE_TRACKING": "0"}) if how == "the variable" else (["usage", how], {})
    assert machine.run(*arguments, program="cli", environ=environ).returncode == 0
    assert marks(machine) == []
