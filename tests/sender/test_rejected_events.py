"""A bad event costs only itself, and the library sends no event that PostHog would refuse."""

import json

from arcade_otel.testing import FakePostHog, Fault
from tests.support.machine import Machine


def offline(machine: Machine, count: int) -> None:
    """Run commands while no server answers."""
    for number in range(count):
        machine.run(f"c{number}")
        machine.settle()
        machine.time_passes()


def test_a_poisoned_event_is_found_by_halves_and_dropped_alone(machine: Machine, posthog: FakePostHog) -> None:
    """With one bad event among n events, n - 1 events arrive."""
    posthog.stop()
    offline(machine, 5)
    posthog.start()
    poisoned = machine.queue[2]
    posthog.refuse(lambda event: event["properties"].get("command_name") == "c2")
    machine.run("last")
    machine.settle()
    assert [event.properties["command_name"] for event in posthog.events] == ["c0", "c1", "c3", "c4", "last"]
    assert machine.queue == []
    assert not poisoned.exists()


def test_a_request_that_is_too_large_is_split(machine: Machine, posthog: FakePostHog) -> None:
    """The server answers 413 to more than two events at once."""
    posthog.stop()
    offline(machine, 5)
    posthog.start()
    posthog.most_events(2)
    machine.run("last")
    machine.settle()
    assert [event.properties["command_name"] for event in posthog.events] == ["c0", "c1", "c2", "c3", "c4", "last"]


def test_nothing_leaves_that_posthog_refuses(machine: Machine, posthog: FakePostHog) -> None:
    """The events have lone surrogates, a message of 2 MB, and an ID of 10,000 characters."""
    machine.program(
        "odd",
        """
import sys
import arcade_otel
what = sys.argv[1]
with arcade_otel.command("odd", name="tool\\udcff", version="1\\udcff" + "9" * 3000, error_messages=str):
    if what == "surrogate":
        raise ValueError("\\udcff\\ud800\\x00 is odd")
    if what == "huge":
        raise ValueError("y" * 2_000_000)
    raise type("N" * 5000, (Exception,), {})("nan")
""",
    )
    for what in ("surrogate", "huge", "class"):
        assert machine.run(what, program="odd").returncode == 1
        machine.settle()
    machine.config_dir.joinpath("usage.json").write_text(json.dumps({"anon_id": "x" * 10_000, "linked_principal_id": None}))
    machine.run("long")
    machine.settle()
    assert [event.properties["command_name"] for event in posthog.events] == ["odd", "odd", "odd", "long"]
    assert all(request.status == 200 for request in posthog.requests)
    assert all(len(event.distinct_id) <= 200 for event in posthog.events)
    assert all(len(json.dumps(event.properties)) < 10_000 for event in posthog.events)


def test_over_quota_and_unknown_projects_do_not_make_it_loop(machine: Machine, posthog: FakePostHog) -> None:
    """The sender takes every answer 200 as a success, so the queue empties."""
    posthog.over_quota = True
    machine.run("one")
    machine.settle()
    assert machine.queue == []
    assert len(posthog.requests) == 1
    posthog.over_quota = False
    posthog.script(Fault.status(401))
    machine.run("two")
    machine.settle()
    assert len(posthog.requests) == 2  # no tight retry
    assert len(machine.queue) == 1
