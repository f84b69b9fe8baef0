"""PostHog's lane: from the queue's OTLP/JSON to events, without OpenTelemetry's SDK."""

from collections.abc import Callable, Sequence

from arcade_otel import conventions
from arcade_otel.sender.export_result import ExportResult
from arcade_otel_exporters import span_record
from arcade_otel_exporters.posthog_delivery import PostHogDelivery
from arcade_otel_exporters.span_record import SpanRecord

__all__ = ["PostHogLaneExporter"]


class PostHogLaneExporter:
    """Delivers events to PostHog; connections are kept for as long as the sender lives. For one thread."""

    #: Whether an export never came to an end: each of ours is bounded.
    is_stuck = False

    def __init__(self) -> None:
        self._delivery = PostHogDelivery()

    def decode(self, text: str) -> list[SpanRecord]:
        """Return the spans of a file.

        Raises:
            ValueError: It holds none.
        """
        return span_record.decode(text)

    def program(self, span: SpanRecord) -> str:
        """Return the name of the program that a span is of."""
        return str(span.attributes.get(conventions.PROCESS_EXECUTABLE_NAME) or "")

    def export(self, spans: Sequence[SpanRecord], *, seconds: float, may_begin: Callable[[], bool]) -> ExportResult:
        """Send the spans' events; begin no request after ``seconds``, and none when ``may_begin`` says no."""
        result = self._delivery.deliver(spans, seconds=seconds, may_begin=may_begin)
        return ExportResult(result.done, result.refused, result.reason, result.retry_after, withdrawn=result.withdrawn)

    def shutdown(self) -> None:
        """Close the connections."""
        self._delivery.close()
