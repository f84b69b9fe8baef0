"""OTLP/JSON: a round trip loses nothing, the official encoder gives the same, and malformed text raises a ValueError."""

import json
import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

from arcade_otel import spans as deferred
from arcade_otel.settings import make_settings
from arcade_otel.spans.finished_span import FinishedEvent, FinishedLink, FinishedSpan, copy_span
from arcade_otel.spans.outcome import Outcome
from arcade_otel_exporters.otlp_json import decode, encode
from tests.support.receiver import SpanMaker

PROFILE = settings(suppress_health_check=[HealthCheck.too_slow])

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
keys = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
int64 = st.integers(-(2**63), 2**63 - 1)
scalars = st.one_of(text, st.booleans(), int64, st.floats(allow_nan=False), st.binary(max_size=8), st.none())
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3).map(tuple), st.dictionaries(keys, inner, max_size=3)),
    max_leaves=5,
)
attributes = st.dictionaries(keys, values, max_size=4)
flat = st.dictionaries(keys, st.one_of(text, st.booleans(), int64, st.floats(allow_nan=False)), max_size=3)
times = st.integers(1, 2**64 - 1)
counts = st.integers(0, 2**32 - 1)
span_ids = st.integers(1, 2**64 - 1)
states = st.sampled_from([TraceState(), TraceState([("a", "1"), ("b@c", "x y")])])
contexts = st.builds(
    SpanContext, st.integers(1, 2**128 - 1), span_ids, st.booleans(), st.sampled_from([TraceFlags(0), TraceFlags(1)]), states
)
own_contexts = st.builds(
    SpanContext,
    st.integers(1, 2**128 - 1),
    span_ids,
    st.just(value=False),
    st.sampled_from([TraceFlags(0), TraceFlags(1)]),
    states,
)
statuses = st.one_of(
    st.sampled_from([Status(StatusCode.UNSET), Status(StatusCode.OK), Status(StatusCode.ERROR)]),
    text.filter(bool).map(lambda message: Status(StatusCode.ERROR, message)),
)


@st.composite
def spans(draw: Any) -> FinishedSpan:
    context = draw(own_contexts)
    parent = draw(st.none() | st.tuples(span_ids, st.booleans()))
    return FinishedSpan(
        name=draw(text),
        context=context,
        parent=parent and SpanContext(context.trace_id, *parent),
        resource=Resource(draw(flat), draw(st.sampled_from(["", "https://schema"]))),
        attributes=draw(attributes),
        events=draw(
            st.lists(st.builds(FinishedEvent, text, attributes, times, dropped_attributes=counts), max_size=2).map(tuple)
        ),
        links=draw(st.lists(st.builds(FinishedLink, contexts, attributes, dropped_attributes=counts), max_size=2).map(tuple)),
        kind=draw(st.sampled_from(SpanKind)),
        status=draw(statuses),
        start_time=draw(times),
        end_time=draw(times),
        instrumentation_scope=InstrumentationScope(draw(text), draw(text), draw(text), draw(flat)),
        dropped=draw(st.tuples(counts, counts, counts)),
    )


def facts(span: Any) -> dict[str, Any]:
    """Return all data of a span in a form that can be compared."""
    scope = span.instrumentation_scope
    return {
        "name": span.name,
        "context": tuple(span.context),
        "parent": span.parent and (span.parent.trace_id, span.parent.span_id, span.parent.is_remote),
        "resource": (dict(span.resource.attributes), span.resource.schema_url),
        "scope": (scope.name, scope.version, scope.schema_url, dict(scope.attributes or {})),
        "attributes": dict(span.attributes),
        "events": [(e.name, e.timestamp, dict(e.attributes), e.dropped_attributes) for e in span.events],
        "links": [(tuple(x.context), dict(x.attributes), x.dropped_attributes) for x in span.links],
        "kind": span.kind,
        "status": (span.status.status_code, span.status.description),
        "times": (span.start_time, span.end_time),
        "dropped": (span.dropped_attributes, span.dropped_events, span.dropped_links),
    }


@PROFILE
@given(st.lists(spans(), max_size=3))
def test_a_round_trip_loses_nothing(made: list[FinishedSpan]) -> None:
    text = encode(made)
    assert text.isascii()
    assert [facts(span) for span in decode(text)] == [facts(span) for span in made]
    assert [facts(span) for span in decode(text.encode())] == [facts(copy_span(span)) for span in made]


@pytest.mark.latest
@PROFILE
@given(spans())
def test_the_official_encoder_says_the_same(made: FinishedSpan) -> None:
    """The official encoder gives the same, with two exceptions.

    It leaves out the W3C trace flags in the low byte of ``flags``, and the trace state of a link.
    """
    from opentelemetry.exporter.otlp.json.common.trace_encoder import encode_spans

    ours, theirs = (_comparable(json.loads(text)) for text in (encode([made]), encode_spans([made]).to_json()))
    assert ours == theirs


def _comparable(value: Any, link: bool = False) -> Any:  # noqa: FBT001, FBT002 - a recursion's own
    if isinstance(value, dict):
        kept = {key: _comparable(item, key == "links") for key, item in value.items() if not (link and key == "traceState")}
        if "flags" in kept:
            kept["flags"] &= ~0xFF
        if isinstance(kept.get("doubleValue"), int | float):
            kept["doubleValue"] = float(kept["doubleValue"])
        members = [key for key in kept if key.endswith("Value")]
        return {key: item for key, item in kept.items() if key in members or item not in ("", [], {}, 0, None)}
    return [_comparable(item, link) for item in value] if isinstance(value, list) else value


def test_the_deferred_paths_text_is_what_the_sdks_span_encodes_to() -> None:
    settings = make_settings(name="cli", posthog_api_key="k")
    text = deferred.encode(settings, path="a.b", timing=(1, 2), outcome=Outcome(1, ValueError("x")), identity=("i", True))
    assert json.loads(encode(decode(text))) == json.loads(text)


def test_numbers_that_json_has_no_room_for(make_span: SpanMaker) -> None:
    span = copy_span(make_span(), attributes={"nan": math.nan, "inf": math.inf, "low": -math.inf, "big": 2**63})
    text = encode([span])
    assert '"doubleValue":"NaN"' in text
    read = dict(decode(text)[0].attributes or {})
    nan = read.pop("nan")
    assert isinstance(nan, float)
    assert math.isnan(nan)
    assert read == {"inf": math.inf, "low": -math.inf, "big": str(2**63)}


def test_lone_surrogates_are_replaced(make_span: SpanMaker) -> None:
    text = encode([copy_span(make_span(), attributes={"a\udcff": "b\udcff"})])
    assert dict(decode(text)[0].attributes or {}) == {"a\ufffd": "b\ufffd"}


def test_what_others_write_is_tolerated(make_span: SpanMaker) -> None:
    """The cases are unknown fields, an unknown kind, integers as numbers, null, and upper-case IDs."""
    traces = json.loads(encode([make_span()]))
    span = traces["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    span |= {
        "unknown": {"x": 1},
        "kind": 99,
        "startTimeUnixNano": 5,
        "links": None,
        "traceId": span["traceId"].upper(),
        "attributes": [{"key": "i", "value": {"intValue": 7}}, {"key": "d", "value": {"doubleValue": "1.5"}}, {"key": "n"}],
    }
    (read,) = decode(json.dumps(traces))
    assert (read.kind, read.start_time) == (SpanKind.INTERNAL, 5)
    assert dict(read.attributes or {}) == {"i": 7, "d": 1.5, "n": None}


@pytest.mark.parametrize(
    "text", ["", "null", "[]", "1", b"\xff\xfe", "[" * 100_000, '{"resourceSpans":1}', '{"resourceSpans":[1]}']
)
def test_what_is_no_otlp_json_is_a_value_error(text: str | bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any
        decode(text)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("traceId", "0" * 32),
        ("traceId", "xyz"),
        ("spanId", None),
        ("spanId", "+" + "1" * 15),
        ("name", 5),
        ("startTimeUnixNano", "-1"),
        ("endTimeUnixNano", "soon"),
        ("endTimeUnixNano", 2**64),
        ("flags", True),
        ("attributes", {}),
        ("attributes", [{"key": "a", "value": {"intValue": str(2**63)}}]),
        ("attributes", [{"key": "a", "value": {"boolValue": "true"}}]),
        ("attributes", [{"key": "a", "value": {"bytesValue": "%"}}]),
        ("attributes", [{"key": "a", "value": {"doubleValue": "x"}}]),
        ("attributes", ["a"]),
        ("status", "ok"),
        ("events", [1]),
        ("links", [{"traceId": "1"}]),
    ],
)
def test_a_malformed_span_is_a_value_error(make_span: SpanMaker, key: str, value: Any) -> None:
    traces = json.loads(encode([make_span()]))
    traces["resourceSpans"][0]["scopeSpans"][0]["spans"][0][key] = value
    with pytest.raises(ValueError):  # noqa: PT011 - any
        decode(json.dumps(traces))
