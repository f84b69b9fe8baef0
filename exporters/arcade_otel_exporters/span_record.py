"""The fields of a finished span that are needed to make events.

The fields are the same for an OTLP/JSON span and for a span of the OpenTelemetry SDK.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from arcade_otel.spans.otlp import (
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

TYPE_CHECKING = False  # type checkers know better; the module typing costs a sender a third of a bare Python
if TYPE_CHECKING:
    from typing import Any

    from opentelemetry.sdk.trace import ReadableSpan

__all__ = ["SpanEvent", "SpanRecord", "decode", "from_sdk", "read_spans"]

#: ``Status.code`` of a failed span, which is the same in OTLP and in the SDK.
_STATUS_ERROR = 2


class SpanEvent:
    """An event on a span, at ``time_ns`` nanoseconds since the epoch."""

    __slots__ = ("attributes", "name", "time_ns")

    def __init__(self, name: str, attributes: Mapping[str, Any], time_ns: int) -> None:
        self.name = name
        self.attributes = attributes
        self.time_ns = time_ns


class SpanRecord:
    """The fields of a finished span that are needed to make events.

    Attributes:
        scope: The name of the instrumentation scope.
        scope_attributes: The attributes of the instrumentation scope.
        trace_id: The trace ID in lower-case hexadecimal digits.
        span_id: The span ID in lower-case hexadecimal digits.
        attributes: The attributes of the span.
        resource: The attributes of the span's resource.
        events: The events on the span.
        is_error: Whether the span's status is an error.
        start_ns: Start in nanoseconds since the epoch, or 0 if unknown.
        end_ns: End in nanoseconds since the epoch, or 0 if unknown.
    """

    __slots__ = (
        "attributes",
        "end_ns",
        "events",
        "is_error",
        "resource",
        "scope",
        "scope_attributes",
        "span_id",
        "start_ns",
        "trace_id",
    )

    def __init__(
        self,
        *,
        scope: str,
        scope_attributes: Mapping[str, Any],
        trace_id: str,
        span_id: str,
        attributes: Mapping[str, Any],
        resource: Mapping[str, Any],
        is_error: bool,
        start_ns: int,
        end_ns: int,
        events: Sequence[SpanEvent] = (),
    ) -> None:
        self.scope = scope
        self.scope_attributes = scope_attributes
        self.trace_id = trace_id
        self.span_id = span_id
        self.attributes = attributes
        self.resource = resource
        self.is_error = is_error
        self.start_ns = start_ns
        self.end_ns = end_ns
        self.events = events


def decode(text: str | bytes) -> list[SpanRecord]:
    """Decode an OTLP/JSON ``TracesData`` object without importing the SDK, and return its spans in their original order.

    Raises:
        ValueError: If the payload is not valid OTLP/JSON, or an ID is all zeros.
    """
    return read_spans(loads(text))


def read_spans(traces: Json) -> list[SpanRecord]:
    """Return the spans of a parsed ``TracesData`` object in their original order.

    Raises:
        ValueError: If the payload is not valid OTLP/JSON, or an ID is all zeros.
    """
    records = []
    for resource_spans, scope_spans in scopes(traces):
        resource = read_attributes(read_object(resource_spans.get("resource")))
        scope = read_object(scope_spans.get("scope"))
        records += [_record(span, scope, resource) for span in read_objects(scope_spans, "spans")]
    return records


def _record(span: Json, scope: Json, resource: dict[str, Any]) -> SpanRecord:
    trace_id, span_id = read_id(span, "traceId", TRACE_ID_DIGITS), read_id(span, "spanId", SPAN_ID_DIGITS)
    if not trace_id or not span_id:
        raise ValueError("a span whose ids are zero")
    return SpanRecord(
        scope=read_string(scope, "name"),
        scope_attributes=read_attributes(scope),
        trace_id=f"{trace_id:032x}",
        span_id=f"{span_id:016x}",
        attributes=read_attributes(span),
        resource=resource,
        is_error=read_integer(read_object(span.get("status")), "code", UINT32) == _STATUS_ERROR,
        start_ns=read_integer(span, "startTimeUnixNano", UINT64),
        end_ns=read_integer(span, "endTimeUnixNano", UINT64),
        events=[_event(event) for event in read_objects(span, "events")],
    )


def _event(event: Json) -> SpanEvent:
    return SpanEvent(read_string(event, "name"), read_attributes(event), read_integer(event, "timeUnixNano", UINT64))


def from_sdk(span: ReadableSpan) -> SpanRecord:
    """Return the fields of ``span``, a span of the OpenTelemetry SDK. The function does not import the SDK."""
    scope, context = span.instrumentation_scope, span.get_span_context()
    return SpanRecord(
        scope="" if scope is None else scope.name,
        scope_attributes=(scope.attributes if scope is not None else None) or {},
        trace_id="" if context is None else f"{context.trace_id:032x}",
        span_id="" if context is None else f"{context.span_id:016x}",
        attributes=span.attributes or {},
        resource=span.resource.attributes,
        is_error=span.status.status_code.value == _STATUS_ERROR,
        start_ns=span.start_time or 0,
        end_ns=span.end_time or 0,
        events=[SpanEvent(event.name, event.attributes or {}, event.timestamp) for event in span.events],
    )
