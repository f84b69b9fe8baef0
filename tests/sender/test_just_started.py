"""The usage commands right after a command, whose sender has not written its span to the queue yet."""

import os
import sys
from pathlib import Path

import pytest

from arcade_otel.testing import FakePostHog
from tests.support.machine import Machine

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a shell and a FIFO hold the sender back")

USAGE = "import sys\nfrom arcade_otel.cli.console import main\nsys.exit(main(sys.argv[1:]))\n"
PROGRAM = """
import arcade_otel, arcade_otel.handoff
held_back = ["/bin/sh", "-c", {script!r}, *arcade_otel.handoff.sender_command()]
with arcade_otel.command("held-back", name="tool", version="1", sender_command=held_back):
    pass
"""


@pytest.fixture
def gate(machine: Machine) -> Path:
    """Run a command whose sender begins when something opens this FIFO for writing."""
    path = machine.root / "gate"
    os.mkfifo(path)
    machine.program("usage", USAGE)
    machine.program("held_back", PROGRAM.format(script=f'read line <"{path}"; exec "$0" "$@"'))
    assert machine.run(program="held_back").returncode == 0
    return path


def commands(posthog: FakePostHog) -> list[str]:
    """Return the commands whose events have arrived."""
    return [event.properties["command_name"] for event in posthog.visible()]


def test_flush_right_after_a_command_delivers_its_event(machine: Machine, posthog: FakePostHog) -> None:
    """Each of ten times, without a pause, the event has arrived when ``flush`` returns with 0, and no event arrives twice."""
    machine.program("usage", USAGE)
    for number in range(1, 11):
        assert machine.run("hello").returncode == 0
        ended = machine.run("flush", program="usage")
        assert (ended.returncode, ended.stderr) == (0, "")
        assert commands(posthog) == ["hello"] * number, machine.log
    machine.settle()
    assert commands(posthog) == ["hello"] * 10


def test_flush_sends_the_span_of_a_sender_that_is_held_back(machine: Machine, posthog: FakePostHog, gate: Path) -> None:
    """The event has arrived when ``flush`` returns. The sender that begins afterwards sends nothing."""
    ended = machine.run("flush", program="usage")
    assert (ended.returncode, ended.stdout) == (0, "Sent 1 of 1 queued events.\n")
    assert commands(posthog) == ["held-back"]
    requests = len(posthog.requests)
    gate.write_text("go\n")
    machine.settle()
    assert len(posthog.requests) == requests
    assert machine.queue == []


@pytest.mark.parametrize("command", ["disable", "forget"])
def test_a_sender_that_begins_after_disable_or_forget_sends_and_queues_nothing(
    machine: Machine, posthog: FakePostHog, gate: Path, command: str
) -> None:
    """Its span was deleted together with the queue."""
    ended = machine.run(command, program="usage")
    assert (ended.returncode, ended.stderr) == (0, "")
    gate.write_text("go\n")
    machine.settle()
    assert posthog.requests == []
    assert machine.queue == []
