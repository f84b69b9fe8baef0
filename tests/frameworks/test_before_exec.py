"""A command that becomes another program by ``os.exec…`` leaves its event, and sees no difference otherwise."""

import pytest

from arcade_otel.testing import FakePostHog
from tests.support.machine import Machine
from tests.support.programs import read_program

pytestmark = pytest.mark.posix

OPTED_OUT: dict[str, str | None] = {"ARCADE_USAGE_TRACKING": "0"}
FUNCTIONS = ["execv", "execve", "execl", "execle", "execlp", "execlpe", "execvp", "execvpe"]


@pytest.fixture(autouse=True)
def _becomes(machine: Machine) -> None:
    machine.program("becomes", read_program("frameworks/becomes"))
    for name, text, mode in (
        ("script", "#!/bin/sh\n", 0o755),
        ("text", "exit 0\n", 0o755),
        ("bad", "#!/no/such/interpreter\n", 0o755),
        ("plain", "#!/bin/sh\n", 0o644),
    ):
        path = machine.root / name
        path.write_text(text)
        path.chmod(mode)


def results(machine: Machine, posthog: FakePostHog) -> list[tuple[str, int]]:
    """Return the commands that arrived, each with its exit code."""
    machine.settle()
    return [(event.properties["command_name"], event.properties["exit_code"]) for event in posthog.visible()]


@pytest.mark.parametrize("how", [*FUNCTIONS, "names", "bytes", "path", "descriptor", "script", "thread"])
def test_a_command_that_becomes_another_program_leaves_one_successful_event(
    machine: Machine, posthog: FakePostHog, how: str
) -> None:
    """The test calls each function, with each type of argument that Python accepts, and also from another thread."""
    ended = machine.run("become", how, program="becomes")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    assert results(machine, posthog) == [("become", 0)]


def test_every_run_of_the_process_ends(machine: Machine, posthog: FakePostHog) -> None:
    """Each run of a nest leaves its event. Each event can have a sender of its own, so they can arrive in any order."""
    assert machine.run("become", "nested", program="becomes").returncode == 0
    assert sorted(results(machine, posthog)) == [("become", 0), ("inner", 0)]


@pytest.mark.parametrize(("how", "exit_code"), [("child", 4), ("mock", 5)])
def test_only_the_process_itself_ends_its_runs_and_only_by_a_real_exec(
    machine: Machine, posthog: FakePostHog, how: str, exit_code: int
) -> None:
    """``os.spawnv`` calls ``os.execv`` in a forked child. What a program puts in the place of ``os.execv`` stays there."""
    assert machine.run("become", how, program="becomes").returncode == exit_code
    assert [each for each in results(machine, posthog) if each[0] == "become"] == [("become", exit_code)]


def test_a_failed_exec_raises_the_same_error_and_the_event_has_the_outcome_of_the_command(
    machine: Machine, posthog: FakePostHog
) -> None:
    """From Python 3.11 on, the traceback is the same as for a user who has opted out."""
    ended = machine.run("fail", program="becomes")
    machine.settle()  # a command whose user has opted out deletes what a starting sender has not queued yet
    without = machine.run("fail", program="becomes", environ=OPTED_OUT)
    assert (ended.returncode, ended.stdout, ended.stderr) == (3, without.stdout, without.stderr)
    assert ended.stdout.count("Error") >= 16
    assert results(machine, posthog) == [("fail", 3)]


def test_a_command_that_starts_itself_again_leaves_one_event_with_the_last_exit_code(
    machine: Machine, posthog: FakePostHog
) -> None:
    """Reloaders start their own command line again in this way."""
    assert machine.run("again", program="becomes").returncode == 6
    assert results(machine, posthog) == [("again", 6)]


def test_the_other_program_has_the_parent_span_that_the_command_had(machine: Machine, posthog: FakePostHog) -> None:
    """If the process exports traces, ``TRACEPARENT`` names the live span of the command."""
    ended = machine.run("environment", program="becomes", environ={"OTEL_TRACES_EXPORTER": "posthog,console"})
    parent, *variables = ended.stdout.splitlines()
    assert f"TRACEPARENT={parent}" in variables
    assert results(machine, posthog) == [("environment", 0)]


def test_the_builtins_are_back_after_the_run(machine: Machine) -> None:
    """While the run is active, ``os.execv`` and ``os.execve`` are replacements, and look like the builtins."""
    assert machine.run("look", program="becomes").stdout == "False False True execv\nTrue True\n"
    machine.settle()


def test_nothing_is_replaced_for_a_user_who_has_opted_out(machine: Machine, posthog: FakePostHog) -> None:
    """The user has opted out by a variable, or by the stored choice."""
    for environ in (OPTED_OUT, {}):
        assert machine.run("look", program="becomes", environ=environ).stdout == "True True True execv\nTrue True\n"
        choice = machine.state / "consent"
        choice.parent.mkdir(parents=True, exist_ok=True)
        choice.write_text("off")
    assert posthog.requests == []


PROGRAM = """
import argparse, os, sys
import arcade_otel
with arcade_otel.program(name="tool", version="1"):
    if sys.argv[1] == "early":
        os.execvp("true", ["true"])
    parser = argparse.ArgumentParser()
    parser.add_subparsers().add_parser("make")
    parser.parse_args()
    os.execvp("true", ["true"])
"""


@pytest.mark.parametrize(("command", "recorded"), [("early", []), ("make", [("make", 0)])])
def test_an_argparse_program_leaves_its_event_once_it_has_parsed_its_command_line(
    machine: Machine, posthog: FakePostHog, command: str, recorded: list[tuple[str, int]]
) -> None:
    """Before that, it records nothing, as at a normal end."""
    machine.program("parses", PROGRAM)
    assert machine.run(command, program="parses").returncode == 0
    assert results(machine, posthog) == recorded


DISCARDS = """
import os, sys
import arcade_otel
arcade_otel.configure(name="tool", version="1", principal=lambda: "user-9")
with arcade_otel.command(sys.argv[1]) as run:
    if sys.argv[1] == "logout":
        run.discard()
        os.execvp("true", ["true"])
"""


def test_a_discarded_logout_that_becomes_another_program_still_changes_the_identity(
    machine: Machine, posthog: FakePostHog
) -> None:
    """The next command has a new anonymous ID."""
    machine.program("discards", DISCARDS)
    for command in ("login", "logout", "work"):
        assert machine.run(command, program="discards").returncode == 0
        machine.settle()
    login, work = (event for event in posthog.visible() if event.event.startswith("CLI"))
    assert (login.properties["command_name"], work.properties["command_name"]) == ("login", "work")
    assert login.distinct_id == "user-9" != work.distinct_id
