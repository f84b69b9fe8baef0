"""Read what the queue needs to know about a span, such as the end of the command and the span's destination."""

from __future__ import annotations

from arcade_otel import conventions
from arcade_otel.spans import otlp

__all__ = ["SpanSummary", "summarize"]


class SpanSummary:
    """The data about a span that the queue needs.

    The fields describe the payload's first span that represents a command, or else its first span of any kind.

    Attributes:
        end_ns: End of the span in nanoseconds since the epoch, or None if the end is missing.
        span_id: ID of the span in hexadecimal digits, or None.
        api_key: PostHog project key, or None if the payload is not sent to PostHog.
        host: PostHog host, or None.
        usage_only: Whether only PostHog gets the payload.
        dropped: The number of dropped spans that the span reports.
        has_alias: Whether the sender must send an alias before the span's event.
    """

    __slots__ = ("api_key", "dropped", "end_ns", "has_alias", "host", "span_id", "usage_only")

    def __init__(
        self,
        *,
        end_ns: int | None = None,
        span_id: str | None = None,
        api_key: str | None = None,
        host: str | None = None,
        usage_only: bool = False,
        dropped: int = 0,
        has_alias: bool = False,
    ) -> None:
        self.end_ns = end_ns
        self.span_id = span_id
        self.api_key = api_key
        self.host = host
        self.usage_only = usage_only
        self.dropped = dropped
        self.has_alias = has_alias


def summarize(payload: str) -> SpanSummary:
    """Return the summary of a payload, or an empty summary if the payload is malformed. This never raises."""
    try:
        traces = otlp.loads(payload)
        span, resource = otlp.command_span(traces)
        if span is None:
            span, resource = next(otlp.spans(traces), (None, {}))
        if span is None:
            return SpanSummary()
        span_id = otlp.read_id(span, "spanId", otlp.SPAN_ID_DIGITS)
        dropped = otlp.read_attribute(span, conventions.DROPPED)
        return SpanSummary(
            end_ns=otlp.read_integer(span, "endTimeUnixNano", otlp.INT64) or None,
            span_id=f"{span_id:016x}",
            api_key=_text(otlp.read_attribute(resource, conventions.RESOURCE_API_KEY)),
            host=_text(otlp.read_attribute(resource, conventions.RESOURCE_HOST)),
            usage_only=otlp.read_attribute(resource, conventions.RESOURCE_USAGE_ONLY) is not None,
            dropped=dropped if isinstance(dropped, int) and dropped >= 0 else 0,
            has_alias=bool(otlp.read_attribute(span, conventions.PREVIOUS_DISTINCT_ID)),
        )
    except ValueError:
        return SpanSummary()


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
