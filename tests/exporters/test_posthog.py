"""PostHogSpanExporter against a real HTTP server: what is sent, which spans count as done, and what never leaves the machine."""

import contextlib
import io
import json
import os
import threading
import time
import uuid
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult

from arcade_otel import conventions
from arcade_otel_exporters import events
from arcade_otel_exporters.posthog import DeliveryResult, PostHogSpanExporter, clean_environment
from tests.support.receiver import OK, Receiver, Reply, SpanMaker

SUCCESS, FAILURE = SpanExportResult.SUCCESS, SpanExportResult.FAILURE


def event_of(span: ReadableSpan) -> events.Event:
    """Return the event of a span that has one."""
    event = events.event_of(span)
    assert event is not None
    return event


def test_an_event_says_what_the_command_did_and_nothing_else(make_span: SpanMaker) -> None:
    """The event has every property of the specification, from the span and its resource, and no other."""
    event = event_of(
        make_span(
            start=1_700_000_000_123_456_789,
            resource={
                "service.name": "arcade",
                "service.version": "1.2.3",
                "process.runtime.version": "3.11.0",
                "os.type": "darwin",
                "os.version": "23.4.0",
                "host.name": "SECRET",
            },
            attributes={
                "command": "toolkit.run",
                "duration": 1250.42,
                "process.exit.code": 0,
                "process.pid": 77,
                "is_ci": True,
                "url.full": "SECRET",
                "error.message": "SECRET: a success has none",
            },
        )
    )
    assert uuid.UUID(event.pop("uuid")).version == 5
    assert event == {
        "event": "CLI execution succeeded",
        "distinct_id": "anon-1",
        "timestamp": "2023-11-14T22:13:20.123+00:00",
        "properties": {
            "command_name": "toolkit.run",
            "cli_version": "1.2.3",
            "python_version": "3.11.0",
            "os_type": "Darwin",
            "os_release": "23.4.0",
            "duration": 1250.42,
            "exit_code": 0,
            "is_ci": True,
            "$process_person_profile": False,
            "$lib": "arcade-otel",
            "$lib_version": conventions.__version__,
            "$geoip_disable": True,
            "$ip": None,
        },
    }


def test_a_failure_carries_its_type_and_a_short_message(make_span: SpanMaker) -> None:
    event = event_of(
        make_span(failed=True, attributes={"process.exit.code": 2, "error.type": "ValueError", "error.message": "x" * 400})
    )
    assert event["event"] == "CLI execution failed"
    assert event["properties"]["error_type"] == "ValueError"
    assert event["properties"]["error_message"] == "x" * 300


def test_the_exit_code_decides_and_else_the_status(make_span: SpanMaker) -> None:
    assert event_of(make_span(failed=True, attributes={"process.exit.code": 0}))["event"] == "CLI execution succeeded"
    assert event_of(make_span(failed=True))["event"] == "CLI execution failed"


def test_a_person_has_a_profile_and_whoever_is_not_known_to_be_one_has_none(make_span: SpanMaker) -> None:
    profile = "$process_person_profile"
    person = event_of(make_span(attributes={"distinct_id": "u", "is_anon": False}))["properties"]
    assert profile not in person
    unknown = event_of(make_span(attributes={"is_anon": "no idea"}))["properties"]
    assert unknown[profile] is False


def test_the_span_wins_over_its_resource(make_span: SpanMaker) -> None:
    resource = {"distinct_id": "of-the-resource", "is_anon": False}
    assert event_of(make_span(resource=resource))["distinct_id"] == "anon-1"
    event = event_of(make_span(resource=resource, attributes={"distinct_id": ""}))
    assert event["distinct_id"] == "of-the-resource"
    assert "$process_person_profile" not in event["properties"]
    assert events.event_of(make_span(attributes={"distinct_id": " "})) is None


def test_what_posthog_would_refuse_is_taken_out(make_span: SpanMaker) -> None:
    """Lone surrogates, NUL and NaN make PostHog refuse a whole batch.

    PostHog cuts IDs over 200 characters, so that two could become one.
    """
    event = event_of(
        make_span(attributes={"command": "a\udcff\0b", "duration": float("nan"), "distinct_id": "x" * 200 + "1"}, failed=True)
    )
    assert event["properties"]["command_name"] == "a\ufffd\ufffdb"
    assert "duration" not in event["properties"]
    other = event_of(make_span(attributes={"distinct_id": "x" * 200 + "2"}))
    assert event["distinct_id"] != other["distinct_id"]
    assert len(event["distinct_id"]) <= 200
    json.dumps(event, allow_nan=False).encode()


def test_an_alias_is_the_specifications(make_span: SpanMaker) -> None:
    span = make_span(attributes={"distinct_id": "user", "is_anon": False, "previous_distinct_id": "anon-1"})
    alias = events.alias_of(span)
    assert alias is not None
    assert alias["event"] == "$create_alias"
    assert alias["distinct_id"] == "anon-1"
    assert alias["properties"] == {
        "distinct_id": "anon-1",
        "alias": "user",
        "$lib": "arcade-otel",
        "$lib_version": conventions.__version__,
        "$geoip_disable": True,
        "$ip": None,
    }
    assert alias == events.alias_of(span)
    assert alias["uuid"] != event_of(span)["uuid"]
    assert events.alias_of(make_span(attributes={"previous_distinct_id": "other"})) is None, (
        "an anonymous id is aliased to nobody"
    )


def test_spans_arrive_as_one_gzipped_batch_with_its_time(receiver: Receiver, make_span: SpanMaker) -> None:
    exporter = PostHogSpanExporter("phc_k", receiver.url)
    spans = [make_span(), make_span(), make_span()]
    assert exporter.export(spans) is SUCCESS
    assert exporter.export(spans) is SUCCESS
    first, second = receiver.bodies
    assert first["batch"] == second["batch"] == [exporter.event_of(span) for span in spans]
    assert len({event["uuid"] for event in first["batch"]}) == 3
    assert first["api_key"] == "phc_k"
    sent = datetime.fromisoformat(first["sent_at"])
    assert abs((datetime.now(timezone.utc) - sent).total_seconds()) < 60
    assert second["sent_at"] > first["sent_at"]
    assert receiver.headers[0]["Content-Encoding"] == "gzip"


def test_a_hosts_own_span_never_becomes_an_event(
    receiver: Receiver, make_span: SpanMaker, capfd: pytest.CaptureFixture[str]
) -> None:
    """Secrets are in a span of another scope, and in a span of this library's scope without a command. No request is made."""
    exporter = PostHogSpanExporter("phc_k", receiver.url)
    provider = TracerProvider(resource=Resource({"distinct_id": "u"}), shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with provider.get_tracer("opentelemetry.instrumentation.httpx").start_as_current_span("GET") as span:
        span.set_attributes({"url.full": "https://canary", "command": "canary"})
    with provider.get_tracer("arcade_otel").start_as_current_span("child") as span:
        span.set_attribute("process.command_args", ("canary",))
    assert receiver.bodies == []
    assert exporter.deliver([make_span(scope="host")]) == DeliveryResult(1)
    assert capfd.readouterr() == ("", "")


def test_an_alias_is_acknowledged_before_the_first_event_under_the_new_id(receiver: Receiver, make_span: SpanMaker) -> None:
    login = make_span(attributes={"distinct_id": "user", "is_anon": False, "previous_distinct_id": "anon-1", "command": "login"})
    later = make_span(attributes={"distinct_id": "user", "is_anon": False, "command": "later"})
    exporter = PostHogSpanExporter("phc_k", receiver.url)
    receiver.answer = lambda body: (503, {}, b"") if body["batch"][0]["event"] == "$create_alias" else OK
    result = exporter.deliver([make_span(), login, later])
    assert (result.done, result.reason) == (1, "HTTP 503")
    assert [event["event"] for event in receiver.events] == ["CLI execution succeeded", "$create_alias"]
    receiver.answer = lambda _: OK
    assert exporter.deliver([login, later]) == DeliveryResult(2)
    assert [len(body["batch"]) for body in receiver.bodies[2:]] == [1, 2]


def test_an_alias_that_is_refused_for_good_does_not_hold_up_its_event(receiver: Receiver, make_span: SpanMaker) -> None:
    login = make_span(attributes={"distinct_id": "user", "is_anon": False, "previous_distinct_id": "anon-1"})
    receiver.answer = lambda body: (400, {}, b"") if body["batch"][0]["event"] == "$create_alias" else OK
    assert PostHogSpanExporter("phc_k", receiver.url).deliver([login]) == DeliveryResult(1)
    assert receiver.events[-1]["distinct_id"] == "user"


@pytest.mark.parametrize("status", [400, 413])
def test_one_poison_event_costs_only_itself(receiver: Receiver, make_span: SpanMaker, status: int) -> None:
    spans = [make_span(attributes={"command": f"c{index}"}) for index in range(11)]

    def refuse(body: dict[str, Any]) -> Reply:
        return (status, {}, b"bad") if any(e["properties"]["command_name"] == "c6" for e in body["batch"]) else OK

    receiver.answer = refuse
    result = PostHogSpanExporter("phc_k", receiver.url).deliver(spans)
    assert result == DeliveryResult(11, dropped=1)
    accepted = [e["properties"]["command_name"] for body in receiver.bodies if refuse(body) == OK for e in body["batch"]]
    assert accepted == [f"c{index}" for index in range(11) if index != 6]


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_wrong_key_stops_for_good_without_dropping(receiver: Receiver, make_span: SpanMaker, status: int) -> None:
    receiver.answer = lambda _: (status, {}, b"no")
    result = PostHogSpanExporter("phc_k", receiver.url).deliver([make_span(), make_span()])
    assert result == DeliveryResult(0, reason=f"HTTP {status}", permanent=True)
    assert len(receiver.bodies) == (2 if status == 404 else 1), "a path that is unknown is asked for by the other one's name once"


@pytest.mark.parametrize("status", [204, 302, 402, 408, 418, 429, 500, 503])
def test_what_may_pass_stops_and_is_kept(receiver: Receiver, make_span: SpanMaker, status: int) -> None:
    receiver.answer = lambda _: (status, {}, b"")
    result = PostHogSpanExporter("phc_k", receiver.url).deliver([make_span(), make_span()])
    assert result == DeliveryResult(0, reason=f"HTTP {status}")
    assert len(receiver.bodies) == 1


@pytest.mark.parametrize(
    ("header", "low", "high"), [("17", 17, 17), ("Fri, 01 Jan 2100 00:00:00 GMT", 1e6, 1e10), ("soon", None, None), ("-5", 0, 0)]
)
def test_retry_after_is_told(
    receiver: Receiver, make_span: SpanMaker, header: str, low: float | None, high: float | None
) -> None:
    receiver.answer = lambda _: (429, {"Retry-After": header}, b"")
    told = PostHogSpanExporter("phc_k", receiver.url).deliver([make_span()]).retry_after
    if low is None or high is None:
        assert told is None
    else:
        assert told is not None
        assert low <= told <= high


def test_a_captive_portals_page_is_no_acknowledgement(receiver: Receiver, make_span: SpanMaker) -> None:
    exporter = PostHogSpanExporter("phc_k", receiver.url)
    for page in (b"<html>Log in to the hotel</html>", b"[]", b""):
        answer: Reply = (200, {}, page)
        receiver.answer = lambda _: answer  # noqa: B023 - asked for within this turn of the loop
        assert exporter.deliver([make_span()]).done == 0


def test_a_redirect_is_no_acknowledgement(receiver: Receiver, make_span: SpanMaker) -> None:
    """This holds whatever the target of the redirect answers."""
    receiver.answer = lambda _: (307, {"Location": "/elsewhere"}, b"") if len(receiver.bodies) == 1 else OK
    result = PostHogSpanExporter("phc_k", receiver.url).deliver([make_span()])
    assert result.done == 0
    assert result.reason is not None


def test_a_server_that_never_answers_is_given_up(receiver: Receiver, make_span: SpanMaker) -> None:
    receiver.answer = lambda _: None
    began = time.monotonic()
    result = PostHogSpanExporter("phc_k", receiver.url, timeout=0.3).deliver([make_span()])
    assert result.done == 0
    assert time.monotonic() - began < 20
    assert PostHogSpanExporter("phc_k", receiver.url).deliver([make_span()], seconds=0.0) == DeliveryResult(
        0, reason="no time left"
    )


def test_nobody_at_the_address_is_kept(make_span: SpanMaker) -> None:
    result = PostHogSpanExporter("phc_k", "http://127.0.0.1:1").deliver([make_span()])
    assert (result.done, result.permanent) == (0, False)


def test_leading_settled_spans_are_counted_across_batches(receiver: Receiver, make_span: SpanMaker) -> None:
    receiver.answer = lambda _: OK if len(receiver.bodies) < 3 else (500, {}, b"")
    spans = [make_span(scope="host") if index == 2 else make_span() for index in range(9)]
    result = PostHogSpanExporter("phc_k", receiver.url, batch_size=2).deliver(spans)
    assert result == DeliveryResult(5, reason="HTTP 500")


def test_key_and_host_are_the_arguments_then_the_spans_then_the_environments(
    receiver: Receiver, make_span: SpanMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(conventions.ENV_API_KEY, "of-the-environment")
    monkeypatch.setenv(conventions.ENV_HOST, receiver.url)
    own = {"arcade_otel.posthog_api_key": "of-the-span", "arcade_otel.posthog_host": receiver.url}
    assert PostHogSpanExporter().export([make_span(), make_span(resource=own)]) is SUCCESS
    assert PostHogSpanExporter("argument", receiver.url).export([make_span(resource=own)]) is SUCCESS
    assert [body["api_key"] for body in receiver.bodies] == ["of-the-environment", "of-the-span", "argument"]


def test_without_a_key_nothing_is_sent(make_span: SpanMaker) -> None:
    assert PostHogSpanExporter().deliver([make_span()]) == DeliveryResult(1, dropped=1)
    assert PostHogSpanExporter().export([make_span()]) is SUCCESS


@pytest.mark.parametrize(
    ("name", "value"), [("ARCADE_USAGE_TRACKING", "off"), ("DO_NOT_TRACK", "1"), ("OTEL_SDK_DISABLED", "TRUE")]
)
def test_nothing_is_sent_for_who_opted_out(
    receiver: Receiver, make_span: SpanMaker, monkeypatch: pytest.MonkeyPatch, name: str, value: Any
) -> None:
    span = make_span()
    monkeypatch.setenv(name, value)
    assert PostHogSpanExporter("phc_k", receiver.url).export([span]) is SUCCESS
    assert receiver.bodies == []


def test_log_mode_shows_the_payload_and_sends_nothing(
    receiver: Receiver, make_span: SpanMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARCADE_USAGE_TRACKING", "log")
    exporter, span, stream = PostHogSpanExporter("phc_k", receiver.url), make_span(), io.StringIO()
    with contextlib.redirect_stderr(stream):
        assert exporter.export([span]) is SUCCESS
    assert json.loads(stream.getvalue()) == exporter.event_of(span)
    assert receiver.bodies == []


def test_after_shutdown_every_export_fails(receiver: Receiver, make_span: SpanMaker) -> None:
    exporter = PostHogSpanExporter("phc_k", receiver.url)
    assert exporter.force_flush(1) is True
    exporter.shutdown()
    exporter.shutdown()
    assert exporter.export([make_span()]) is FAILURE
    assert receiver.bodies == []


def test_export_never_raises(make_span: SpanMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(conventions.ENV_STRICT)
    monkeypatch.setattr("arcade_otel_exporters.posthog.event_of", lambda *_, **__: 1 / 0)
    assert PostHogSpanExporter("phc_k").export([make_span()]) is FAILURE


def test_two_threads_at_once_deliver_everything(receiver: Receiver, make_span: SpanMaker) -> None:
    exporter = PostHogSpanExporter("phc_k", receiver.url)
    spans = [make_span() for _ in range(16)]
    threads = [threading.Thread(target=exporter.export, args=([span],)) for span in spans]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {event["uuid"] for event in receiver.events} == {event_of(span)["uuid"] for span in spans}


@pytest.mark.posix
@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork")
@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
def test_it_works_in_a_forked_child_while_a_thread_of_the_parents_delivers(receiver: Receiver, make_span: SpanMaker) -> None:
    exporter = PostHogSpanExporter("phc_k", receiver.url, timeout=20.0)
    assert exporter.export([make_span()]) is SUCCESS  # whatever is loaded lazily is loaded
    asked = threading.Event()

    def hang(body: dict[str, Any]) -> Reply:
        if body["batch"][0]["properties"]["command_name"] == "hang":
            asked.set()
            receiver.released.wait(30)
        return OK

    receiver.answer = hang
    thread = threading.Thread(target=exporter.export, args=([make_span(attributes={"command": "hang"})],))
    thread.start()
    assert asked.wait(30)
    child = os.fork()
    if not child:
        os._exit(0 if exporter.export([make_span()]) is SUCCESS else 1)
    status = os.waitpid(child, 0)[1]
    receiver.released.set()
    thread.join()
    assert status == 0


@pytest.mark.posix
def test_a_users_netrc_is_not_sent_along(
    receiver: Receiver, make_span: SpanMaker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """This holds in a sender with every posthog, and in a host's process with a posthog that takes this library's session."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login alice password hunter2\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("POSTHOG_CAPTURE_MODE", "v1")
    environ = dict(os.environ)
    clean_environment(environ)
    assert "POSTHOG_CAPTURE_MODE" not in environ
    assert environ["NETRC"] == os.devnull
    if not _takes_our_session():
        monkeypatch.setenv("NETRC", environ["NETRC"])
    assert PostHogSpanExporter("phc_k", receiver.url).export([make_span()]) is SUCCESS
    assert "Authorization" not in receiver.headers[0]


def _takes_our_session() -> bool:
    import inspect

    from posthog import request

    return "session" in inspect.signature(request.post).parameters


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"api_key": 1}, TypeError),
        ({"host": b"https://x"}, TypeError),
        ({"host": "ftp://x"}, ValueError),
        ({"timeout": 0}, ValueError),
        ({"timeout": float("nan")}, ValueError),
        ({"batch_size": 0}, ValueError),
    ],
)
def test_wrong_arguments_are_refused_at_once(arguments: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        PostHogSpanExporter(**arguments)
