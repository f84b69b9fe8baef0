"""PostHog's lane: from the queue's OTLP/JSON to events, without OpenTelemetry's SDK."""

import os
from collections.abc import Callable, Sequence

from arcade_otel import conventions
from arcade_otel.diagnostics import debug
from arcade_otel.exporters import V0, V1, PostHogDelivery, SpanRecord, span_record
from arcade_otel.sender.export_result import ExportResult

__all__ = ["PostHogLaneExporter"]


def _protocol() -> str:
    """Return which of PostHog's endpoints is asked first, by ``ARCADE_USAGE_POSTHOG_PROTOCOL``: ``v0`` unless it says ``v1``."""
    asked = os.environ.get(conventions.ENV_PROTOCOL, "").strip().lower()
    if asked not in ("", V0, V1):
        debug(f"{conventions.ENV_PROTOCOL} is neither {V0} nor {V1}: {V0} it is")
    return V1 if asked == V1 else V0


class PostHogLaneExporter:
    """Delivers events to PostHog; connections are kept for as long as the sender lives. For one thread."""

    #: Whether an export never came to an end: each of ours is bounded.
    is_stuck = False

    def __init__(self) -> None:
        self._delivery = PostHogDelivery(protocol=_protocol())

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
