"""The stand-in answers like PostHog's capture endpoint, fails on request, and keeps the requests."""

import gzip
import http.client
import json
import os
import signal
import subprocess
import sys
import uuid
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlsplit

import pytest

from arcade_otel.testing import FakePostHog, Fault, blackhole, refused_port


def post(
    posthog: FakePostHog, body: object, *, path: str = "/batch/", headers: dict[str, str] | None = None, timeout: float = 30
) -> tuple[int, str]:
    """Send one request. Bytes are sent unchanged, and any other value is sent as JSON."""
    connection = http.client.HTTPConnection(urlsplit(posthog.url).netloc, timeout=timeout)
    try:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        connection.request("POST", path, data, {"Content-Type": "application/json", **(headers or {})})
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def batch(*events: Any, **fields: Any) -> dict[str, Any]:
    """Make the body of a request."""
    return {"api_key": "phc_x", "batch": list(events), **fields}


def an_event(**fields: Any) -> dict[str, Any]:
    """Make an event. A field whose value is ``...`` is left out."""
    event = {
        "event": "e",
        "distinct_id": "d",
        "uuid": str(uuid.uuid4()),
        "timestamp": "2026-01-01T00:00:00+00:00",
        "properties": {},
    }
    return {key: value for key, value in {**event, **fields}.items() if value is not ...}


def test_a_good_request_is_stored_and_acknowledged(posthog: FakePostHog) -> None:
    """The answer has the same words as the real one."""
    status, body = post(posthog, batch(an_event(distinct_id="me", properties={"a": 1}), sent_at="2026-01-01T00:00:00+00:00"))
    assert (status, json.loads(body)) == (200, {"status": "Ok"})
    (event,) = posthog.events
    assert (event.event, event.distinct_id, event.properties, event.token) == ("e", "me", {"a": 1}, "phc_x")


@pytest.mark.parametrize("headers", [{}, {"Content-Encoding": "gzip"}])
def test_gzip_is_told_by_its_header_or_its_first_bytes(posthog: FakePostHog, headers: dict[str, str]) -> None:
    """PostHog recognizes gzip in the same way."""
    assert post(posthog, gzip.compress(json.dumps(batch(an_event())).encode()), headers=headers)[0] == 200
    assert len(posthog.events) == 1


MALFORMED: dict[str, Any] = {
    "no JSON": b"{",
    "NaN": b'{"api_key":"phc_x","batch":[{"event":"e","distinct_id":"d","properties":{"a":NaN}}]}',
    "a lone surrogate": b'{"api_key":"phc_x","batch":[{"event":"e","distinct_id":"\\udcff"}]}',
    "no UTF-8": b"\xff\xfe{}",
    "broken gzip": b"\x1f\x8bnonsense",
    "no events": batch(),
    "no batch array": {"api_key": "phc_x", "batch": {}},
    "an event without a name": batch(an_event(event=...)),
    "an event with an empty name": batch(an_event(event="")),
    "no distinct id": batch(an_event(distinct_id=...)),
    "a blank distinct id": batch(an_event(distinct_id=" ")),
    "a bad uuid": batch(an_event(uuid="x")),
    "a number for a time": batch(an_event(timestamp=3)),
    "properties that are no object": batch(an_event(properties=[])),
    "$cookieless_mode of another kind": batch(an_event(properties={"$cookieless_mode": "x"})),
    "$set of another kind": batch(an_event(**{"$set": "x"})),
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=list(MALFORMED))
def test_malformed_requests_are_refused_whole(posthog: FakePostHog, body: Any) -> None:
    """The answer is 400 in plain text, and no event of the batch is stored."""
    if isinstance(body, dict) and isinstance(body["batch"], list) and body["batch"]:
        body = {**body, "batch": [an_event(), *body["batch"], an_event()]}
    assert post(posthog, body)[0] == 400
    assert posthog.events == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ([an_event()], "without an api_key"),
        ([an_event(token="a"), an_event(token="b")], "inconsistent"),
        (batch(an_event(), api_key=" "), "empty"),
        (batch(an_event(), api_key="x" * 65), "too_long"),
        (batch(an_event(), api_key="ü"), "not_ascii"),
        (batch(an_event(), api_key="phx_personal"), "personal_api_key"),
        (batch(an_event(), api_key="a\0b"), "null_byte"),
    ],
)
def test_bad_keys_are_refused(posthog: FakePostHog, body: Any, reason: str) -> None:
    """The answer is 401 with the reason."""
    status, text = post(posthog, body)
    assert status == 401
    assert reason in text


def test_unknown_projects_are_accepted_and_discarded_unless_enforced() -> None:
    """PostHog accepts unknown projects by default, and can be set to refuse them."""
    with FakePostHog(tokens=["phc_known"]) as posthog:
        assert post(posthog, batch(an_event()))[0] == 200
        assert posthog.events == []
        assert [reason for _, reason in posthog.discarded] == ["team_not_found"]
    with FakePostHog(tokens=["phc_known"], enforce=True) as posthog:
        assert post(posthog, batch(an_event()))[0] == 401


def test_over_quota_is_a_200(posthog: FakePostHog) -> None:
    """The answer is 200, but no event is stored."""
    posthog.over_quota = True
    assert post(posthog, batch(an_event()))[0] == 200
    assert posthog.events == []


def test_ids_are_text_of_at_most_200_characters(posthog: FakePostHog) -> None:
    """Numbers become text, NUL is replaced, and longer IDs are cut."""
    post(posthog, batch(an_event(distinct_id=7), an_event(distinct_id="a\0b"), an_event(distinct_id="x" * 300)))
    assert [event.distinct_id for event in posthog.events] == ["7", "a\ufffdb", "x" * 200]


def test_times_are_corrected_by_the_senders_clock() -> None:
    """The time is ``now + (timestamp - sent_at)``. A time in the far future becomes now."""
    now = datetime(2026, 6, 1, tzinfo=timezone.utc)
    with FakePostHog(clock=lambda: now) as posthog:
        post(posthog, batch(an_event(timestamp="2020-01-01T00:00:00Z"), sent_at="2020-01-01T00:05:00Z"))
        post(posthog, batch(an_event(timestamp="2020-01-01T00:00:00Z")))
        post(posthog, batch(an_event(timestamp="2020-01-03T00:00:00Z"), sent_at="2020-01-01T00:00:00Z"))
        post(posthog, batch(an_event(timestamp="nonsense")))
    times = [event.time for event in posthog.events]
    assert times == [now - timedelta(minutes=5), datetime(2020, 1, 1, tzinfo=timezone.utc), now, now]


def test_equal_events_are_shown_once(posthog: FakePostHog) -> None:
    """Events with the same day, event, ID and UUID are equal, and the last delivery is shown.

    Another ID or day is another event.
    """
    same = an_event()
    for event in (same, same, {**same, "distinct_id": "other"}, {**same, "timestamp": "2026-01-02T00:00:00+00:00"}):
        post(posthog, batch(event))
    assert len(posthog.events) == 4
    assert len(posthog.visible()) == 3


def test_a_request_of_more_than_20_mib_is_too_large(posthog: FakePostHog) -> None:
    """The server reads the whole request before it answers 413, so the client gets the status."""
    assert post(posthog, b" " * 20_971_521)[0] == 413


@pytest.mark.parametrize(
    ("fault", "stored"),
    [
        (Fault.close_before_reading(), 0),
        (Fault.store_then_close(), 1),
        (Fault.reset(), 0),
        (Fault.truncate(), 0),
    ],
    ids=repr,
)
def test_faults_of_the_connection(posthog: FakePostHog, fault: Fault, stored: int) -> None:
    """The client gets no complete answer. The next request succeeds."""
    posthog.script(fault)
    with pytest.raises((OSError, http.client.HTTPException)):
        post(posthog, batch(an_event()))
    assert len(posthog.events) == stored
    assert post(posthog, batch(an_event()))[0] == 200


def test_faults_of_the_answer(posthog: FakePostHog) -> None:
    """The answers are statuses with headers, or a page. ``always`` holds until ``heal`` is called."""
    posthog.script(Fault.status(429, headers={"Retry-After": "7"}), Fault.garbage(), Fault.redirect("http://elsewhere.invalid/"))
    assert [post(posthog, batch(an_event()))[0] for _ in range(4)] == [429, 200, 302, 200]
    assert len(posthog.events) == 1
    posthog.always(Fault.status(503))
    assert [post(posthog, batch(an_event()))[0] for _ in range(2)] == [503, 503]
    posthog.heal()
    assert post(posthog, batch(an_event()))[0] == 200
    assert [request.status for request in posthog.requests] == [429, 200, 302, 200, 503, 503, 200]


def test_a_hang_ends_with_the_client_or_the_stand_in() -> None:
    """Closing the stand-in does not wait for the hanging request."""
    with FakePostHog() as posthog:
        posthog.always(Fault.hang())
        with pytest.raises(TimeoutError):
            post(posthog, batch(an_event()), timeout=0.2)
    with pytest.raises(ConnectionRefusedError):
        post(posthog, batch(an_event()))


def test_slow_answers_come_in_the_end(posthog: FakePostHog) -> None:
    """The answer comes late, or byte by byte."""
    posthog.script(Fault.delay(0.05), Fault.dribble(0.01))
    assert [post(posthog, batch(an_event()))[0] for _ in range(2)] == [200, 200]
    assert len(posthog.events) == 2


def test_it_stops_and_starts_on_one_port(posthog: FakePostHog) -> None:
    """A stopped stand-in refuses connections, and its address stays the same."""
    url = posthog.url
    for _ in range(3):
        posthog.stop()
        with pytest.raises(ConnectionRefusedError):
            post(posthog, batch(an_event()))
        posthog.start()
        assert posthog.url == url
        assert post(posthog, batch(an_event()))[0] == 200


def test_holes_and_refusals() -> None:
    """A black hole neither accepts nor refuses a connection."""
    with blackhole() as hole:
        connection = http.client.HTTPConnection(urlsplit(hole).netloc, timeout=0.3)
        with pytest.raises(TimeoutError):
            connection.connect()
    with refused_port() as port, pytest.raises(ConnectionRefusedError):
        http.client.HTTPConnection("127.0.0.1", port, timeout=5).connect()


def test_what_has_no_business_in_a_request_is_named(posthog: FakePostHog) -> None:
    """The stand-in reports passwords and cookies in a request."""
    post(posthog, batch(an_event()), headers={"Authorization": "Basic x", "Cookie": "y"})
    assert posthog.requests[0].leaks() == ["Authorization", "Cookie"]


def test_waiting_in_vain_tells_what_came(posthog: FakePostHog) -> None:
    """The error message helps a developer whose test fails."""
    post(posthog, batch(an_event()))
    posthog.wait_for(lambda: posthog.events)
    with pytest.raises(AssertionError, match=r"\[200\]"):
        posthog.wait_for(lambda: False, timeout=0.05)


def test_arcades_api_knows_keys_and_tokens(posthog: FakePostHog) -> None:
    """``validate`` accepts keys and ``whoami`` accepts tokens. Any other credential is refused."""
    posthog.arcade.add(api_key="k", principal_id="P")
    posthog.arcade.add(access_token="t", account_id="A")

    def ask(path: str, authorization: str) -> tuple[int, Any]:
        connection = http.client.HTTPConnection(urlsplit(posthog.url).netloc, timeout=30)
        connection.request("GET", path, headers={"Authorization": authorization})
        response = connection.getresponse()
        answer = response.status, json.loads(response.read())
        connection.close()
        return answer

    assert ask("/api/v1/auth/validate", "Bearer k") == (200, {"data": {"principal_id": "P"}})
    assert ask("/api/v1/auth/whoami", "Bearer t") == (200, {"data": {"account_id": "A"}})
    assert ask("/api/v1/auth/validate", "Bearer t")[0] == 401
    assert ask("/api/v1/auth/whoami", "Basic t")[0] == 401
    posthog.arcade.script(Fault.status(500, body="{}"))
    assert ask("/api/v1/auth/validate", "Bearer k")[0] == 500
    assert len(posthog.arcade.requests) == 5


def test_the_real_client_is_understood(posthog: FakePostHog) -> None:
    """The clients are the request function of the posthog package and its synchronous client."""
    from posthog import Posthog
    from posthog.request import batch_post

    batch_post("phc_x", posthog.url, gzip=True, timeout=30, batch=[an_event()], historical_migration=False)
    client = Posthog("phc_x", host=posthog.url, sync_mode=True)
    client.capture("used", distinct_id="anon", properties={"$process_person_profile": False})
    client.alias(previous_id="anon", distinct_id="A")
    assert [event.event for event in posthog.events] == ["e", "used", "$create_alias"]
    assert posthog.events[2].properties["alias"] == "A"
    assert posthog.persons().owner_of("anon") == posthog.persons().owner_of("A")


@pytest.mark.posix
def test_it_runs_at_a_prompt() -> None:
    """``python -m arcade_otel.testing`` prints an address and one line per event, and ends cleanly at SIGTERM."""
    process = subprocess.Popen(
        [sys.executable, "-m", "arcade_otel.testing", "--key", "k=P"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        url = line.split("ARCADE_USAGE_POSTHOG_HOST=")[1].split()[0]
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
        connection.request("POST", "/batch/", json.dumps(batch(an_event(properties={"command_name": "run"}))))
        assert connection.getresponse().status == 200
        connection.close()
        shown = process.stdout.readline()
        assert "run" in shown
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
