"""A hostile answer to a whole sender: no key goes elsewhere, no cookie is kept, and nobody is silenced for over an hour."""

import time

import pytest

from arcade_otel.testing import FakePostHog, Fault
from tests.support.machine import Machine


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_carries_the_event_or_its_key_to_another_host(machine: Machine, posthog: FakePostHog, status: int) -> None:
    """The event waits."""
    with FakePostHog() as other:
        posthog.always(Fault.status(status, headers={"Location": f"{other.url}/batch/", "Refresh": f"0; url={other.url}"}))
        machine.run("one")
        machine.settle()
        assert len(posthog.requests) == 1
        assert other.requests == []
    assert len(machine.queue()) == 1


@pytest.mark.parametrize(
    "value", ["99999999999999", "1e308", "inf", "nan", "-1", "-99999999999", "Fri, 31 Dec 9999 23:59:59 GMT", "\x7f"]
)
def test_no_retry_after_silences_anybody_for_longer_than_an_hour(machine: Machine, posthog: FakePostHog, value: str) -> None:
    """Huge, negative, no number: the pause is between none and an hour."""
    posthog.script(Fault.status(429, headers={"Retry-After": value}))
    machine.run("one")
    machine.settle()
    until = float(machine.pause.read_text().split()[0])
    assert until <= time.time() + 3600
    machine.time_passes()
    machine.run("two")
    posthog.wait_for(lambda: len(posthog.visible()) == 2)


def test_a_cookie_is_never_returned(machine: Machine, posthog: FakePostHog) -> None:
    """In one sender, over one connection: a server cannot mark a machine."""
    posthog.script(Fault.status(503, headers={"Set-Cookie": "id=canary; Path=/; Max-Age=99999999"}))
    machine.run("one")
    machine.settle()
    machine.time_passes()
    machine.run("two")
    posthog.wait_for(lambda: len(posthog.visible()) == 2)
    machine.settle()
    assert len(posthog.requests) >= 2
    for request in posthog.requests:
        assert "canary" not in str(request.headers)
    assert not [path for path in machine.config_dir.rglob("*") if path.is_file() and b"canary" in path.read_bytes()]
