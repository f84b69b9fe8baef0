"""After an outage of the network, every event arrives in order, once by UUID, and the same in each delivery."""

import time
from email.utils import formatdate

import pytest

from arcade_otel.sender.backoff import JITTER
from arcade_otel.testing import FakePostHog, Fault, blackhole, refused_port
from tests.support.machine import Machine

FAULTS = {
    "500": Fault.status(500),
    "502": Fault.status(502),
    "503": Fault.status(503),
    "408": Fault.status(408),
    "429": Fault.status(429),
    "204": Fault.status(204),
    "closed before it was read": Fault.close_before_reading(),
    "closed after it was stored": Fault.store_then_close(),
    "reset": Fault.reset(),
    "truncated answer": Fault.truncate(),
    "a captive portal": Fault.garbage(),
    "401": Fault.status(401),
    "403": Fault.status(403),
    "404": Fault.status(404),
}


def commands(posthog: FakePostHog) -> list[str]:
    """Return the commands that PostHog shows, each once, in the order of their first arrival."""
    seen: dict[str, str] = {}
    for event in posthog.events:
        seen.setdefault(event.uuid, event.properties["command_name"])
    return list(seen.values())


def once_and_the_same(posthog: FakePostHog) -> None:
    """Assert that PostHog shows each event once, and that all deliveries of an event are equal except for ``sent_at``."""
    deliveries: dict[str, set[tuple[str, str, str]]] = {}
    for event in posthog.events:
        deliveries.setdefault(event.uuid, set()).add((event.event, event.distinct_id, event.timestamp))
    assert all(len(same) == 1 for same in deliveries.values())
    assert sorted(event.uuid for event in posthog.visible()) == sorted(deliveries)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=list(FAULTS))
def test_everything_arrives_once_the_server_is_well(machine: Machine, posthog: FakePostHog, fault: Fault) -> None:
    """Two commands run while the server fails, and one runs afterwards."""
    posthog.always(fault)
    machine.run("one")
    machine.settle()
    machine.run("two")
    machine.settle()
    assert len(machine.queue) == 2
    posthog.heal()
    machine.time_passes()
    machine.run("three")
    machine.settle()
    assert commands(posthog) == ["one", "two", "three"]
    assert machine.queue == []
    once_and_the_same(posthog)


def test_a_server_that_is_not_there_loses_nothing(machine: Machine, posthog: FakePostHog) -> None:
    """Connections are refused, and then the same port accepts connections again."""
    posthog.stop()
    for command in ("one", "two"):
        machine.run(command)
        machine.settle()
    assert len(machine.queue) == 2
    posthog.start()
    machine.time_passes()
    machine.run("three")
    machine.settle()
    assert commands(posthog) == ["one", "two", "three"]


@pytest.mark.waits
def test_a_server_that_accepts_and_never_answers_loses_nothing(machine: Machine, posthog: FakePostHog) -> None:
    """The sender gives up by itself, before its watchdog ends it. The stand-in has either stored the event or not."""
    posthog.script(Fault.hang())
    machine.run("one")
    machine.settle()
    assert len(machine.queue) == 1
    assert "delivered" in machine.log  # it came to an end of its own
    machine.time_passes()
    machine.run("two")
    machine.settle()
    assert commands(posthog) == ["one", "two"]


@pytest.mark.parametrize("where", ["black hole", "no such host", "no proxy"])
def test_no_way_to_the_server_loses_nothing(machine: Machine, posthog: FakePostHog, where: str) -> None:
    """Connections are never accepted, names do not resolve, or the proxy is missing."""
    host = "ARCADE_USAGE_POSTHOG_HOST"
    with blackhole() as hole, refused_port() as port:
        away: dict[str, str | None] = {
            "black hole": {host: hole},
            "no such host": {host: "http://nobody.invalid"},
            "no proxy": {"HTTP_PROXY": f"http://127.0.0.1:{port}", "HTTPS_PROXY": f"http://127.0.0.1:{port}", "NO_PROXY": ""},
        }[where]  # type: ignore[assignment]
        machine.run("one", environ=away)
        machine.settle()
    assert len(machine.queue) == 1
    assert posthog.events == []
    if where == "no proxy":  # the others are lanes of their own, to a host that is not the stand-in
        machine.time_passes()
        machine.run("two")
        machine.settle()
        assert commands(posthog) == ["one", "two"]


def test_the_server_says_when_to_come_back(machine: Machine, posthog: FakePostHog) -> None:
    """``Retry-After`` is in seconds or a date. No sender asks before that time."""
    for value in ("1000", formatdate(time.time() + 1000, usegmt=True)):
        posthog.script(Fault.status(429, headers={"Retry-After": value}))
        before = len(posthog.requests)
        machine.run("one")
        machine.settle()
        assert len(posthog.requests) == before + 1
        until = float(machine.pause.read_text().split()[0])
        assert time.time() + 900 < until < time.time() + 1000 * (1 + JITTER) + 10  # at least as asked, and a random part
        machine.run("two")
        machine.settle()
        assert len(posthog.requests) == before + 1
        machine.time_passes()


def test_a_minute_after_the_network_has_returned_the_first_command_gets_everything_out(
    machine: Machine, posthog: FakePostHog
) -> None:
    """No pause is longer than a minute, however many deliveries have failed."""
    posthog.stop()
    for number in range(8):
        machine.time_passes_but_failures_stay()
        machine.run(f"offline{number}")
        machine.settle()
    until, failures = machine.pause.read_text().split()
    assert float(until) - time.time() <= 60
    assert int(failures) >= 6
    posthog.start()
    machine.time_passes_but_failures_stay()  # what a minute would do
    machine.run("online")
    machine.settle()
    assert commands(posthog) == [*(f"offline{number}" for number in range(8)), "online"]
    assert list(machine.state.glob("pause-*")) == []


def test_what_was_stored_but_not_acknowledged_is_one_event(machine: Machine, posthog: FakePostHog) -> None:
    """The second delivery has the same UUID, event, distinct ID and timestamp, and a new ``sent_at``."""
    posthog.script(Fault.store_then_close())
    machine.run("one")
    machine.settle()
    machine.time_passes()
    machine.run("two")
    machine.settle()
    first, second = (event for event in posthog.events if event.properties["command_name"] == "one")
    assert (first.uuid, first.event, first.distinct_id, first.timestamp) == (
        second.uuid,
        second.event,
        second.distinct_id,
        second.timestamp,
    )
    assert first.sent_at != second.sent_at
    assert len(posthog.visible()) == 2


def test_a_host_that_is_gone_holds_up_no_other(machine: Machine, posthog: FakePostHog) -> None:
    """A user tried a local server and stopped it. Spans for other hosts do not wait behind its spans."""
    with refused_port() as port:
        machine.run("lost", environ={"ARCADE_USAGE_POSTHOG_HOST": f"http://127.0.0.1:{port}"})
        machine.settle()
        machine.run("one")
        machine.settle()
    assert commands(posthog) == ["one"]
    assert len(machine.queue) == 1
