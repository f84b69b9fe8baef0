"""Convert finished spans to OTLP/JSON and back. The module uses only the public API of the OpenTelemetry SDK."""

import base64
import json
import math
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

from arcade_otel.spans import replace_unencodable
from arcade_otel.spans.finished_span import FinishedEvent, FinishedLink, FinishedSpan
from arcade_otel.spans.otlp import (
    INT64,
    IS_REMOTE,
    SPAN_ID_DIGITS,
    TRACE_ID_DIGITS,
    UINT32,
    UINT64,
    Json,
    loads,
    read_attributes,
    read_id,
    read_integer,
    read_object,
    read_objects,
    read_string,
    scopes,
)

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
# Bits of ``flags``: the W3C trace flags, it is known whether a context is remote, and the context is remote.
_TRACE_FLAGS = 0xFF
_HAS_IS_REMOTE = 0x100


def encode(spans: Sequence[ReadableSpan]) -> str:
    """Encode ``spans`` in the given order as one OTLP/JSON ``TracesData`` object (ASCII text).

    Lone surrogates become U+FFFD, because strict parsers reject them. Integers that do not fit into 64 bits become strings, as
    the specification demands (common/attribute-type-mapping).

    Raises:
        ValueError: If one of the spans has no context.
    """
    groups: list[Json] = []
    for resource, of_resource in groupby(spans, lambda span: span.resource):
        scopes: list[Json] = []
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


def _present(**fields: Any) -> Json:
    """Return the fields whose value is not the default. OTLP/JSON leaves default values out, as protobuf does."""
    return {key: _text(value) if isinstance(value, str) else value for key, value in fields.items() if value or value == {}}


def _text(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return replace_unencodable(text)
    return text


def _scope(scope: InstrumentationScope) -> Json:
    return _present(name=scope.name, version=scope.version, attributes=_attributes(scope.attributes))


def _span(span: ReadableSpan) -> Json:
    context = span.get_span_context()
    if context is None:
        raise ValueError("a span without a context")
    flags = int(context.trace_flags) | _HAS_IS_REMOTE
    if span.parent is not None and span.parent.is_remote:
        flags |= IS_REMOTE
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


def _link(link: Link) -> Json:
    context = link.context
    return _present(
        traceId=f"{context.trace_id:032x}",
        spanId=f"{context.span_id:016x}",
        traceState=context.trace_state.to_header(),
        attributes=_attributes(link.attributes),
        droppedAttributesCount=link.dropped_attributes,
        flags=int(context.trace_flags) | _HAS_IS_REMOTE | (IS_REMOTE if context.is_remote else 0),
    )


def _attributes(attributes: Mapping[str, Any] | None) -> list[Json]:
    return [{"key": _text(key), "value": _any_value(value)} for key, value in (attributes or {}).items()]


def _any_value(value: object) -> Json:
    if value is None:
        return {}
    if isinstance(value, str):
        return {"stringValue": _text(value)}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(int(value))} if -INT64 <= value < INT64 else {"stringValue": str(int(value))}
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
    """Decode an OTLP/JSON ``TracesData`` object, and return its spans in their original order.

    The function accepts the same payloads as ``arcade_otel.spans.otlp``, for example payloads with IDs in upper case. An unknown
    span kind becomes ``INTERNAL``.

    Raises:
        ValueError: If the payload is not valid OTLP/JSON, or an ID is all zeros.
    """
    spans: list[ReadableSpan] = []
    for resource_spans, scope_spans in scopes(loads(text)):
        attributes = read_attributes(read_object(resource_spans.get("resource")))
        resource = Resource(attributes, read_string(resource_spans, "schemaUrl"))
        scope = _read_scope(read_object(scope_spans.get("scope")), read_string(scope_spans, "schemaUrl"))
        spans += [_read_span(span, resource, scope) for span in read_objects(scope_spans, "spans")]
    return spans


def _read_scope(scope: Json, schema_url: str) -> InstrumentationScope:
    return InstrumentationScope(read_string(scope, "name"), read_string(scope, "version"), schema_url, read_attributes(scope))


def _read_span(span: Json, resource: Resource, scope: InstrumentationScope) -> ReadableSpan:
    flags = read_integer(span, "flags", UINT32)
    trace_id = read_id(span, "traceId", TRACE_ID_DIGITS)
    parent = (
        SpanContext(trace_id, read_id(span, "parentSpanId", SPAN_ID_DIGITS), bool(flags & IS_REMOTE))
        if span.get("parentSpanId")
        else None
    )
    context = SpanContext(
        trace_id,
        read_id(span, "spanId", SPAN_ID_DIGITS),
        is_remote=False,
        trace_flags=TraceFlags(flags & _TRACE_FLAGS),
        trace_state=_state(span),
    )
    if not context.is_valid:
        raise ValueError("a span whose ids are zero")
    return FinishedSpan(
        name=read_string(span, "name"),
        context=context,
        parent=parent,
        resource=resource,
        attributes=read_attributes(span),
        events=tuple(_read_event(event) for event in read_objects(span, "events")),
        links=tuple(_read_link(link) for link in read_objects(span, "links")),
        kind=_KIND_OF.get(read_integer(span, "kind", UINT32), SpanKind.INTERNAL),
        status=_read_status(read_object(span.get("status"))),
        start_time=read_integer(span, "startTimeUnixNano", UINT64) or None,
        end_time=read_integer(span, "endTimeUnixNano", UINT64) or None,
        instrumentation_scope=scope,
        dropped=(
            read_integer(span, "droppedAttributesCount", UINT32),
            read_integer(span, "droppedEventsCount", UINT32),
            read_integer(span, "droppedLinksCount", UINT32),
        ),
    )


def _read_event(event: Json) -> FinishedEvent:
    return FinishedEvent(
        read_string(event, "name"),
        read_attributes(event),
        read_integer(event, "timeUnixNano", UINT64),
        dropped_attributes=read_integer(event, "droppedAttributesCount", UINT32),
    )


def _read_link(link: Json) -> FinishedLink:
    flags = read_integer(link, "flags", UINT32)
    context = SpanContext(
        read_id(link, "traceId", TRACE_ID_DIGITS),
        read_id(link, "spanId", SPAN_ID_DIGITS),
        is_remote=bool(flags & IS_REMOTE),
        trace_flags=TraceFlags(flags & _TRACE_FLAGS),
        trace_state=_state(link),
    )
    return FinishedLink(context, read_attributes(link), dropped_attributes=read_integer(link, "droppedAttributesCount", UINT32))


def _read_status(status: Json) -> Status:
    code = read_integer(status, "code", UINT32)
    if code == StatusCode.ERROR.value:
        return Status(StatusCode.ERROR, read_string(status, "message") or None)
    # As the specification demands, the SDK keeps a description only for errors.
    return Status(StatusCode.OK if code == StatusCode.OK.value else StatusCode.UNSET)


def _state(holder: Json) -> TraceState:
    header = read_string(holder, "traceState")
    return TraceState.from_header([header]) if header else TraceState()
