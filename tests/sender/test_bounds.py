"""The queue never grows without bound, reports what it has lost, and costs the next command nothing."""

import re

from arcade_otel.testing import FakePostHog
from tests.support.machine import Machine
from tests.support.programs import read_program

NO_LISTING = read_program("sender/no_listing")


def test_a_thousand_wait_at_most_and_the_count_of_the_others_is_told(machine: Machine, posthog: FakePostHog) -> None:
    """The oldest spans are removed first. The next event that arrives says how many spans were removed."""
    posthog.stop()
    machine.run("first")
    machine.settle()
    (waiting,) = machine.queue
    text = waiting.read_text()
    end = int(waiting.name[:20])
    for number in range(1, 1005):
        copy = re.sub(r'"spanId":"\w+"', f'"spanId":"{number:016x}"', text)
        (waiting.parent / f"{end + number:020d}-{number:016x}.json").write_text(copy)
    machine.time_passes()
    machine.run("second")  # 1,006 with this one; nobody answers still
    machine.settle()
    assert len(machine.queue) == 1000
    assert not waiting.exists()
    posthog.start()
    machine.time_passes()
    machine.run("third")
    machine.settle()
    assert machine.queue == []
    told = [event.properties["dropped_events"] for event in posthog.events if "dropped_events" in event.properties]
    assert told == [7]  # six, and one more when the third came
    assert not list(machine.state.glob("dropped-*"))


def test_the_hand_off_lists_no_directory_of_ours(machine: Machine, posthog: FakePostHog) -> None:
    """However many spans wait, the next command does not list them.

    The first command makes the identity, and lists ``usage/`` once.
    """
    program = (machine.root / "tool.py").read_text()
    assert machine.run("one").returncode == 0
    machine.settle()
    machine.program("blind", NO_LISTING + program)
    result = machine.run("one", program="blind")
    assert (result.returncode, result.stderr) == (0, "")
    machine.settle()
    assert len(posthog.events) == 2


def test_a_span_too_long_for_a_variable_goes_by_the_queue(machine: Machine, posthog: FakePostHog) -> None:
    """Linux limits one variable to 128 KiB, and Windows limits the whole environment to 32 KiB."""
    machine.program(
        "long",
        """
import arcade_otel
with arcade_otel.command("long", name="tool", version="v" * 30000):
    pass
""",
    )
    assert machine.run(program="long").returncode == 0
    machine.settle()
    assert [event.properties["command_name"] for event in posthog.events] == ["long"]
