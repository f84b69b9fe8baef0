"""A lane is an exporter, a host and a project. The events of one project's key do not affect another project."""

import pytest

from arcade_otel.testing import FakePostHog, Fault
from tests.support.machine import Machine


def arrived(posthog: FakePostHog) -> list[str]:
    """Return the commands in the order of their arrival."""
    return [event.properties["command_name"] for event in posthog.visible()]


@pytest.mark.parametrize("status", [401, 403, 429])
def test_one_projects_refusal_delays_no_other_and_a_corrected_key_delivers_at_once(
    machine: Machine, posthog: FakePostHog, status: int
) -> None:
    """Two keys for one host are used in one config directory. Only the lane of the wrong key pauses."""
    wrong = {"ARCADE_USAGE_POSTHOG_API_KEY": "phc_wrong"}
    posthog.always(Fault.status(status))
    for command in ("wrong1", "wrong2"):  # the second failure in a row is the first that pauses
        machine.run(command, environ=wrong)
        machine.settle()
    posthog.heal()
    machine.run("right")
    machine.settle()
    assert arrived(posthog) == ["right"]
    assert len(machine.queue) == 2
    assert not [path for path in machine.state.rglob("*") if "phc_" in path.name]
    machine.run("corrected", environ={"ARCADE_USAGE_POSTHOG_API_KEY": "phc_corrected"})
    machine.settle()
    assert arrived(posthog) == ["right", "corrected"]


def test_spans_in_a_lane_of_an_earlier_version_are_delivered(machine: Machine, posthog: FakePostHog) -> None:
    """An earlier version had one lane per host for all projects. The spans move to the lanes of their projects, in order."""
    posthog.stop()
    for command in ("one", "two"):
        machine.run(command)
        machine.settle()
    posthog.start()
    waiting = machine.queue
    lane = waiting[0].parent
    lane.rename(lane.with_name(lane.name.partition("~")[0]))
    for marker in machine.state.glob("pause-*"):
        marker.rename(marker.with_name(marker.name.partition("~")[0]))
    machine.run("three")
    machine.settle()
    assert arrived(posthog) == ["one", "two", "three"]
    assert [path.name for path in (machine.state / "queue").iterdir() if "~" not in path.name] == []


def test_the_limits_hold_in_a_lane_whose_exporter_is_named_no_more(machine: Machine) -> None:
    """A user tried OTLP once. The spans that wait for OTLP are removed after a week."""
    machine.run("one", environ={"OTEL_TRACES_EXPORTER": "nosuch"})
    machine.settle()
    (path,) = machine.queued("nosuch")
    path.rename(path.with_name(f"{int(path.name[:20]) - 8 * 24 * 3600 * 10**9:020d}-{path.name[21:]}"))
    machine.run("two")
    machine.settle()
    assert machine.queued("nosuch") == []
