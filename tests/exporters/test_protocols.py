"""PostHog's two capture endpoints, and posthog's own client: this library sends the same, and understands each answer."""

import inspect
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult

from arcade_otel import conventions
from arcade_otel.testing import FakePostHog, Fault
from arcade_otel_exporters import otlp_json, span_record
from arcade_otel_exporters.events import alias_of, event_of
from arcade_otel_exporters.posthog import PostHogSpanExporter
from tests.support.machine import Machine
from tests.support.receiver import SpanMaker

SUCCESS, FAILURE = SpanExportResult.SUCCESS, SpanExportResult.FAILURE


@pytest.fixture
def other() -> Iterator[FakePostHog]:
    """A second fake PostHog, for comparison."""
    with FakePostHog() as running:
        yield running


@pytest.fixture
def spans(make_span: SpanMaker) -> list[ReadableSpan]:
    """One span of each kind: a success, a failure, a login's alias, a person's command, and a span that is no command's."""
    start = 1_790_000_000_123_456_789
    person = {"distinct_id": "user-1", "is_anon": False}
    return [
        make_span(start=start, resource={"service.version": "1.2.3"}, attributes={"process.exit.code": 0, "duration": 12.5}),
        make_span(
            start=start + 1_000_000,
            failed=True,
            attributes={"process.exit.code": 2, "error.type": "ValueError", "error.message": "naïve \u2028 \U0001f600 " * 40},
        ),
        make_span(start=start + 2_000_000, attributes=person | {conventions.PREVIOUS_DISTINCT_ID: "anon-1", "command": "login"}),
        make_span(start=start + 3_000_000, attributes=person | {"command_options": ("--json", "--limit")}),
        make_span(start=start + 4_000_000, scope="somebody.else"),
    ]


def comparable(posthog: FakePostHog) -> list[dict[str, Any]]:
    """Return the events that arrived, without the data that a client adds about itself and its machine."""
    ours = {"$lib", "$lib_version"}
    theirs = {"$python_runtime", "$python_version", "$os", "$os_version", "$os_distro", "$is_server", "$ip", "$session_id"}
    return [
        {
            "event": event.event,
            "distinct_id": event.distinct_id,
            "uuid": event.uuid,
            "timestamp": datetime.fromisoformat(str(event.timestamp)),
            "token": event.token,
            "properties": {key: value for key, value in event.properties.items() if key not in ours | theirs},
        }
        for event in posthog.events
    ]


@pytest.mark.parametrize("protocol", ["v0", "v1"])
def test_posthogs_own_client_sends_the_same(
    posthog: FakePostHog, other: FakePostHog, spans: list[ReadableSpan], protocol: str
) -> None:
    """The exporter uses its public ``capture`` and ``alias``, as if the program had a client anyway.

    ``make test-lowest`` tests the lowest version.
    """
    from posthog import Posthog

    known = inspect.signature(Posthog.__init__).parameters
    mode: dict[str, Any] = {"capture_mode": "v1"} if protocol == "v1" and "capture_mode" in known else {}
    client = Posthog("phc_test", host=other.url, sync_mode=True, **mode)
    assert PostHogSpanExporter("phc_test", posthog.url, protocol=protocol).export(spans) is SUCCESS
    assert PostHogSpanExporter(client=client).export(spans) is SUCCESS
    assert {request.is_v1 for request in posthog.requests} == {protocol == "v1"}
    assert [event.event for event in posthog.events] == [
        "CLI execution succeeded",
        "CLI execution failed",
        "$create_alias",
        "CLI execution succeeded",
        "CLI execution succeeded",
    ]
    assert comparable(posthog) == comparable(other)
    assert posthog.persons().owner_of("anon-1") == other.persons().owner_of("user-1")


def test_a_clients_queue_keeps_the_alias_before_the_event_behind_it(other: FakePostHog, spans: list[ReadableSpan]) -> None:
    """In the client's default mode, a thread of the client sends the events."""
    from posthog import Posthog

    client = Posthog("phc_test", host=other.url)
    assert PostHogSpanExporter(client=client).export(spans) is SUCCESS
    client.shutdown()
    assert [event.distinct_id for event in other.events] == ["anon-1", "anon-1", "anon-1", "user-1", "user-1"]
    assert other.events[2].event == "$create_alias"


def test_a_client_that_takes_nothing_is_a_failure(spans: list[ReadableSpan]) -> None:
    class Client:
        def capture(self, event: str, **fields: Any) -> str | None:
            """Refuse, as a client whose queue is full."""
            return None

        def alias(self, previous_id: str, distinct_id: str | None, **fields: Any) -> str | None:
            """Refuse."""
            return None

    assert PostHogSpanExporter(client=Client()).export(spans) is FAILURE
    with pytest.raises(TypeError, match=r"client must have capture\(\) and alias\(\)"):
        PostHogSpanExporter(client=object())  # type: ignore[arg-type]


def test_a_span_becomes_the_same_event_from_the_sdk_and_from_otlp_json(spans: list[ReadableSpan]) -> None:
    """One function makes both events: those that the sender reads from the queue, and those that a processor passes on."""
    records = span_record.decode(otlp_json.encode(spans))
    assert len(records) == len(spans)
    for record, span in zip(records[:-1], spans[:-1], strict=True):
        assert event_of(record) == event_of(span)
        assert alias_of(record) == alias_of(span)
        again = otlp_json.decode(otlp_json.encode([span]))[0]
        assert event_of(again) == event_of(span)


# --- v1 -----------------------------------------------------------------------------------------------------------------------


def test_a_request_to_v1_is_a_good_one(posthog: FakePostHog, spans: list[ReadableSpan]) -> None:
    """The fake refuses everything that PostHog would refuse. An option arrives as the property that it stands for."""
    assert PostHogSpanExporter("phc_test", posthog.url, protocol="v1").export(spans) is SUCCESS
    first = posthog.requests[0]
    assert first.path == "/i/v1/analytics/events"
    assert first.headers["Authorization"] == "Bearer phc_test"
    assert not [leak for request in posthog.requests for leak in request.leaks()]
    assert posthog.events[0].properties["$process_person_profile"] is False
    assert posthog.events[0].properties["$lib"] == "arcade-otel"
    assert "$process_person_profile" not in posthog.events[2].properties


@pytest.mark.parametrize(("has", "asks"), [("v1", "v0"), ("v0", "v1")])
def test_a_server_that_has_one_endpoint_only_is_spoken_to_by_that(spans: list[ReadableSpan], has: str, asks: str) -> None:
    with FakePostHog(protocols={has}) as posthog:
        exporter = PostHogSpanExporter("phc_test", posthog.url, protocol=asks)
        assert exporter.export(spans) is SUCCESS
        assert exporter.export(spans) is SUCCESS
        assert len(posthog.visible()) == 5
        assert {request.is_v1 for request in posthog.requests} == {has == "v1"}


def test_a_sender_finds_the_newer_endpoint_by_itself(machine: Machine) -> None:
    """A real sender delivers to a PostHog that has only the newer endpoint."""
    with FakePostHog(protocols={"v1"}) as posthog:
        machine.environ["ARCADE_USAGE_POSTHOG_HOST"] = posthog.url
        machine.run("one")
        posthog.wait_for(posthog.visible)
        machine.settle()
        assert machine.queue == []


@pytest.mark.parametrize(("asked", "is_v1"), [("v1", True), ("v0", False), ("V1 ", True), ("v2", False), ("", False)])
def test_a_senders_endpoint_can_be_chosen(machine: Machine, posthog: FakePostHog, asked: str, is_v1: bool) -> None:  # noqa: FBT001
    """A variable chooses the endpoint if both exist."""
    machine.run("one", environ={conventions.ENV_PROTOCOL: asked})
    posthog.wait_for(posthog.visible)
    machine.settle()
    assert [request.is_v1 for request in posthog.requests] == [is_v1]
    assert ("is neither v0 nor v1" in machine.log) is (asked == "v2")


def test_a_server_that_has_neither_is_a_wrong_host(spans: list[ReadableSpan]) -> None:
    with FakePostHog(protocols=()) as posthog:
        result = PostHogSpanExporter("phc_test", posthog.url).deliver(spans)
        assert (result.done, result.permanent, result.reason) == (0, True, "HTTP 404")


def test_v1_drops_the_one_event_that_it_refuses(posthog: FakePostHog, spans: list[ReadableSpan]) -> None:
    """The verdict names the event in one request, so the batch is not split."""
    posthog.refuse(lambda raw: raw["event"] == "CLI execution failed")
    result = PostHogSpanExporter("phc_test", posthog.url, protocol="v1").deliver(spans)
    assert (result.done, result.refused, result.reason) == (5, (1,), None)
    assert len(posthog.events) == 4
    assert len(posthog.requests) == 3  # what is before the alias, the alias, the rest


def test_v1_says_when_the_project_is_over_its_quota_and_the_events_wait(posthog: FakePostHog, spans: list[ReadableSpan]) -> None:
    """v1 answers 402, where v0 answers 200 and discards the events."""
    posthog.over_quota = True
    exporter = PostHogSpanExporter("phc_test", posthog.url, protocol="v1")
    result = exporter.deliver(spans)
    assert (result.done, result.reason) == (0, "HTTP 402")
    posthog.over_quota = False
    assert exporter.export(spans) is SUCCESS
    assert len(posthog.visible()) == 5


def test_v1_can_ask_for_an_event_again(posthog: FakePostHog, spans: list[ReadableSpan]) -> None:
    """The events before it are done. The event and those behind it stay queued."""
    uuids = [event["uuid"] for event in map(event_of, spans[:2]) if event is not None]
    body = f'{{"results": {{"{uuids[0]}": {{"result": "ok"}}, "{uuids[1]}": {{"result": "retry"}}}}}}'
    posthog.script(Fault.status(200, body=body, headers={"Retry-After": "7"}))
    result = PostHogSpanExporter("phc_test", posthog.url, protocol="v1").deliver(spans)
    assert (result.done, result.retry_after) == (1, 7.0)
    assert result.reason == "PostHog asks for an event again"


@pytest.mark.parametrize("key", ["phc_\r\nX-Injected: 1", "phc_\u00e4", "x" * 300])
def test_a_key_that_is_none_never_becomes_a_header(posthog: FakePostHog, spans: list[ReadableSpan], key: str) -> None:
    result = PostHogSpanExporter(key, posthog.url, protocol="v1").deliver(spans)
    assert result.permanent
    assert posthog.requests == []
