"""Finished spans to OTLP/JSON and back, with the SDK's public API only."""

import base64
import binascii
import json
import math
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, NoReturn

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

from arcade_otel.spans import replace_unencodable
from arcade_otel.spans.finished_span import FinishedEvent, FinishedLink, FinishedSpan

__all__ = ["decode", "encode"]

# Source: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding and opentelemetry/proto/trace/v1/trace.proto.
_KINDS = {
    SpanKind.INTERNAL: 1,
    SpanKind.SERVER: 2,
    SpanKind.CLIENT: 3,
    SpanKind.PRODUCER: 4,
    SpanKind.CONSUMER: 5,
}
_KIND_OF = {number: kind for kind, number in _KINDS.items()}
# Bits of ``flags``: the W3C trace flags, whether it is known that a context is remote, and whether it is.
_TRACE_FLAGS = 0xFF
_HAS_IS_REMOTE = 0x100
_IS_REMOTE = 0x200
_INT64 = 1 << 63
_UINT64 = 1 << 64
_UINT32 = 1 << 32
_TRACE_ID_DIGITS = 32
_SPAN_ID_DIGITS = 16

_Json = dict[str, Any]


def encode(spans: Sequence[ReadableSpan]) -> str:
    """Return ``spans`` as one ``TracesData`` in OTLP/JSON, ASCII only, in their order.

    Lone surrogates become U+FFFD, since strict readers refuse them; integers of more than 64 bits become text, as the
    specification asks (common/attribute-type-mapping).

    Raises:
        ValueError: A span has no context.
    """
    groups: list[_Json] = []
    for resource, of_resource in groupby(spans, lambda span: span.resource):
        scopes: list[_Json] = []
        for scope, of_scope in groupby(of_resource, lambda span: span.instrumentation_scope):
            scopes.append(
                _present(
                    scope={} if scope is None else _scope(scope),
                    spans=[_span(span) for span in of_scope],
                    schemaUrl=scope.schema_url if scope is not None else None,
                )
            )
        groups.append(
            _present(
                resource=_present(attributes=_attributes(resource.attributes)),
                scopeSpans=scopes,
                schemaUrl=resource.schema_url,
            )
        )
    return json.dumps({"resourceSpans": groups}, separators=(",", ":"), allow_nan=False)


def _present(**fields: Any) -> _Json:
    """Return the fields that are not at their default: JSON leaves those out, as protobuf does."""
    return {key: _text(value) if isinstance(value, str) else value for key, value in fields.items() if value or value == {}}


def _text(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return replace_unencodable(text)
    return text


def _scope(scope: InstrumentationScope) -> _Json:
    return _present(name=scope.name, version=scope.version, attributes=_attributes(scope.attributes))


def _span(span: ReadableSpan) -> _Json:
    context = span.get_span_context()
    if context is None:
        raise ValueError("a span without a context")
    flags = int(context.trace_flags) | _HAS_IS_REMOTE
    if span.parent is not None and span.parent.is_remote:
        flags |= _IS_REMOTE
    return _present(
        traceId=f"{context.trace_id:032x}",
        spanId=f"{context.span_id:016x}",
        traceState=context.trace_state.to_header(),
        parentSpanId=f"{span.parent.span_id:016x}" if span.parent is not None else None,
        flags=flags,
        name=span.name,
        kind=_KINDS[span.kind],
        startTimeUnixNano=str(span.start_time) if span.start_time else None,
        endTimeUnixNano=str(span.end_time) if span.end_time else None,
        attributes=_attributes(span.attributes),
        droppedAttributesCount=span.dropped_attributes,
        events=[
            _present(
                timeUnixNano=str(event.timestamp),
                name=event.name,
                attributes=_attributes(event.attributes),
                droppedAttributesCount=event.dropped_attributes,
            )
            for event in span.events
        ],
        droppedEventsCount=span.dropped_events,
        links=[_link(link) for link in span.links],
        droppedLinksCount=span.dropped_links,
        status=_present(message=span.status.description, code=span.status.status_code.value),
    )


def _link(link: Link) -> _Json:
    context = link.context
    return _present(
        traceId=f"{context.trace_id:032x}",
        spanId=f"{context.span_id:016x}",
        traceState=context.trace_state.to_header(),
        attributes=_attributes(link.attributes),
        droppedAttributesCount=link.dropped_attributes,
        flags=int(context.trace_flags) | _HAS_IS_REMOTE | (_IS_REMOTE if context.is_remote else 0),
    )


def _attributes(attributes: Mapping[str, Any] | None) -> list[_Json]:
    return [{"key": _text(key), "value": _any_value(value)} for key, value in (attributes or {}).items()]


def _any_value(value: object) -> _Json:
    if value is None:
        return {}
    if isinstance(value, str):
        return {"stringValue": _text(value)}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(int(value))} if -_INT64 <= value < _INT64 else {"stringValue": str(int(value))}
    if isinstance(value, float):
        if math.isfinite(value):
            return {"doubleValue": float(value)}
        return {"doubleValue": "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"}
    if isinstance(value, bytes | bytearray):
        return {"bytesValue": base64.b64encode(value).decode("ascii")}
    if isinstance(value, Mapping):
        return {"kvlistValue": {"values": _attributes({str(key): item for key, item in value.items()})}}
    if isinstance(value, Sequence):
        return {"arrayValue": {"values": [_any_value(item) for item in value]}}
    return {"stringValue": _text(str(value))}


def decode(text: str | bytes) -> list[ReadableSpan]:
    """Return the spans of a ``TracesData`` in OTLP/JSON, in its order.

    Tolerates what the protocol asks receivers to tolerate: unknown fields and kinds, 64-bit integers as numbers or as text,
    ids in upper case, ``null`` for what is absent.

    Raises:
        ValueError: It is no OTLP/JSON of spans.
    """
    try:
        traces = json.loads(text.decode("utf-8") if isinstance(text, bytes) else text, parse_constant=_no_constant)
        if not isinstance(traces, dict):
            _malformed("no object")
        spans: list[ReadableSpan] = []
        for group in _list(traces, "resourceSpans"):
            resource = Resource(_read_attributes(_object(_object(group).get("resource"))), _string(group, "schemaUrl"))
            for scoped in _list(group, "scopeSpans"):
                scope = _read_scope(_object(_object(scoped).get("scope")), _string(scoped, "schemaUrl"))
                spans.extend(_read_span(_object(span), resource, scope) for span in _list(scoped, "spans"))
    except RecursionError:
        raise ValueError("OTLP/JSON nested too deeply") from None
    return spans


def _read_scope(scope: _Json, schema_url: str) -> InstrumentationScope:
    return InstrumentationScope(_string(scope, "name"), _string(scope, "version"), schema_url, _read_attributes(scope))


def _read_span(span: _Json, resource: Resource, scope: InstrumentationScope) -> ReadableSpan:
    flags = _integer(span, "flags", _UINT32)
    trace_id = _id(span, "traceId", _TRACE_ID_DIGITS)
    parent = (
        SpanContext(trace_id, _id(span, "parentSpanId", _SPAN_ID_DIGITS), bool(flags & _IS_REMOTE))
        if span.get("parentSpanId")
        else None
    )
    context = SpanContext(
        trace_id,
        _id(span, "spanId", _SPAN_ID_DIGITS),
        is_remote=False,
        trace_flags=TraceFlags(flags & _TRACE_FLAGS),
        trace_state=_state(span),
    )
    if not context.is_valid:
        raise ValueError("a span whose ids are zero")
    return FinishedSpan(
        name=_string(span, "name"),
        context=context,
        parent=parent,
        resource=resource,
        attributes=_read_attributes(span),
        events=tuple(_read_event(_object(event)) for event in _list(span, "events")),
        links=tuple(_read_link(_object(link)) for link in _list(span, "links")),
        kind=_KIND_OF.get(_integer(span, "kind", _UINT32), SpanKind.INTERNAL),
        status=_read_status(_object(span.get("status"))),
        start_time=_integer(span, "startTimeUnixNano", _UINT64) or None,
        end_time=_integer(span, "endTimeUnixNano", _UINT64) or None,
        instrumentation_scope=scope,
        dropped=(
            _integer(span, "droppedAttributesCount", _UINT32),
            _integer(span, "droppedEventsCount", _UINT32),
            _integer(span, "droppedLinksCount", _UINT32),
        ),
    )


def _read_event(event: _Json) -> FinishedEvent:
    return FinishedEvent(
        _string(event, "name"),
        _read_attributes(event),
        _integer(event, "timeUnixNano", _UINT64),
        dropped_attributes=_integer(event, "droppedAttributesCount", _UINT32),
    )


def _read_link(link: _Json) -> FinishedLink:
    flags = _integer(link, "flags", _UINT32)
    context = SpanContext(
        _id(link, "traceId", _TRACE_ID_DIGITS),
        _id(link, "spanId", _SPAN_ID_DIGITS),
        is_remote=bool(flags & _IS_REMOTE),
        trace_flags=TraceFlags(flags & _TRACE_FLAGS),
        trace_state=_state(link),
    )
    return FinishedLink(context, _read_attributes(link), dropped_attributes=_integer(link, "droppedAttributesCount", _UINT32))


def _read_status(status: _Json) -> Status:
    code = _integer(status, "code", _UINT32)
    if code == StatusCode.ERROR.value:
        return Status(StatusCode.ERROR, _string(status, "message") or None)
    # The SDK keeps a description for errors only, as the specification says.
    return Status(StatusCode.OK if code == StatusCode.OK.value else StatusCode.UNSET)


def _state(holder: _Json) -> TraceState:
    header = _string(holder, "traceState")
    return TraceState.from_header([header]) if header else TraceState()


def _read_attributes(holder: _Json) -> dict[str, Any]:
    attributes = {}
    for attribute in _list(holder, "attributes"):
        key = _string(_object(attribute), "key")
        if key:
            attributes[key] = _read_any_value(_object(attribute.get("value")))
    return attributes


def _read_any_value(value: _Json) -> Any:
    for key, read in _READERS.items():
        if value.get(key) is not None:
            return read(value, key)
    return None


def _read_bytes(value: _Json, key: str) -> bytes:
    try:
        return base64.b64decode(_string(value, key), validate=True)
    except binascii.Error as error:
        raise ValueError("bytes that are no base64") from error


def _read_bool(value: _Json, key: str) -> bool:
    found = value[key]
    return found if isinstance(found, bool) else _malformed(key)


def _read_double(value: _Json, key: str) -> float:
    found = value[key]
    if isinstance(found, bool) or not isinstance(found, int | float | str):
        _malformed(key)
    try:
        return float(found)
    except (ValueError, OverflowError):
        _malformed(key)


def _read_int64(value: _Json, key: str) -> int:
    number = _number(value[key], key)
    return number if -_INT64 <= number < _INT64 else _malformed(key)


def _object(value: object) -> _Json:
    if value is None:
        return {}
    return value if isinstance(value, dict) else _malformed("an object")


def _list(holder: _Json, key: str) -> list[Any]:
    value = holder.get(key)
    if value is None:
        return []
    return value if isinstance(value, list) else _malformed(key)


def _string(holder: _Json, key: str) -> str:
    value = holder.get(key)
    if value is None:
        return ""
    return value if isinstance(value, str) else _malformed(key)


def _id(holder: _Json, key: str, digits: int) -> int:
    value = _string(holder, key)
    if len(value) != digits or not value.isascii() or not value.isalnum():
        _malformed(key)
    try:
        return int(value, 16)
    except ValueError:
        _malformed(key)


def _integer(holder: _Json, key: str, bound: int) -> int:
    """Return an integer of ``0 <= n < bound``; 0 if it is absent."""
    value = holder.get(key)
    if value is None:
        return 0
    number = _number(value, key)
    return number if 0 <= number < bound else _malformed(key)


def _number(value: object, key: str) -> int:
    if isinstance(value, bool):
        _malformed(key)
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and value.isascii() and value.removeprefix("-").isdigit():
        return int(value)
    return _malformed(key)


def _malformed(what: str) -> NoReturn:
    raise ValueError(f"malformed OTLP/JSON: {what}")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"malformed OTLP/JSON: {name} is no JSON")


# How each member of an ``AnyValue`` is read.
_READERS = {
    "stringValue": _string,
    "boolValue": _read_bool,
    "intValue": _read_int64,
    "doubleValue": _read_double,
    "arrayValue": lambda value, key: tuple(_read_any_value(_object(item)) for item in _list(_object(value[key]), "values")),
    "kvlistValue": lambda value, key: _read_attributes({"attributes": _list(_object(value[key]), "values")}),
    "bytesValue": _read_bytes,
}
