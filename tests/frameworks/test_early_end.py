"""Commands that never end in their own process leave their event if they call ``end_run()``. Some ends no library can see."""

import signal
import sys

import pytest

from arcade_otel.testing import FakePostHog
from tests.support.machine import Machine
from tests.support.programs import read_program

APP = read_program("frameworks/early_end")


def results(posthog: FakePostHog) -> list[tuple[str, int]]:
    """Return the commands that arrived, each with its exit code."""
    return [(event.properties["command_name"], event.properties["exit_code"]) for event in posthog.visible()]


@pytest.mark.parametrize(
    ("command", "ends_with", "recorded"),
    [
        ("become", 0, [("become", 0)]),
        ("find", 3, [("find", 3)]),  # no directory of PATH had it: the command went on
        ("daemon", 0, [("daemon", 0)]),
        ("leave", 0, []),  # os._exit runs no code of anybody's
        ("stop", 143, [("stop", 143)]),
        ("child", 0, [("child", 0)]),  # a forked child that becomes another program is none of ours
        ("twice", 5, [("twice", 0)]),
        ("elsewhere", 6, [("elsewhere", 6)]),  # another thread does not end the run
    ],
)
def test_a_command_that_does_not_return_leaves_one_event(
    machine: Machine, posthog: FakePostHog, command: str, ends_with: int, recorded: list[tuple[str, int]]
) -> None:
    """The event has the path of the command, and arrives once."""
    machine.program("app", APP)
    ended = machine.run(command, program="app")
    assert (ended.returncode, ended.stderr) == (ends_with, "")
    machine.settle()
    assert results(posthog) == recorded


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_a_server_that_called_end_run_may_be_killed(machine: Machine, posthog: FakePostHog, number: int) -> None:
    """The event is sent while the server runs, and no second one when the server ends."""
    machine.program("app", APP)
    process = machine.start("serve", program="app")
    posthog.wait_for(lambda: results(posthog) == [("serve", 0)])
    process.send_signal(number)
    assert process.wait() == -number
    machine.settle()
    assert results(posthog) == [("serve", 0)]


@pytest.mark.parametrize("environ", [{"ARCADE_USAGE_TRACKING": "0"}, {}])
def test_end_run_without_a_run_does_nothing(machine: Machine, posthog: FakePostHog, environ: dict[str, str]) -> None:
    """This holds for a user who opted out, and outside of a command."""
    machine.program("bare", "import arcade_otel, sys\narcade_otel.end_run()\nprint('arcade_otel.handoff' in sys.modules)")
    assert machine.run(program="bare", environ=environ).stdout == "False\n", sys.version
    assert posthog.requests == []
