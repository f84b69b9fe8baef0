"""Deliver a PostHog lane: turn queued OTLP/JSON into PostHog events, without the OpenTelemetry SDK."""

import os
from collections.abc import Callable, Sequence

from arcade_otel import conventions
from arcade_otel.diagnostics import debug
from arcade_otel.exporters import V0, V1, PostHogDelivery, SpanRecord, span_record
from arcade_otel.sender.export_result import ExportResult

__all__ = ["PostHogLaneExporter"]


def _protocol() -> str:
    """Return which PostHog endpoint to try first: ``v1`` if ``ARCADE_USAGE_POSTHOG_PROTOCOL`` is ``v1``, or else ``v0``."""
    asked = os.environ.get(conventions.ENV_PROTOCOL, "").strip().lower()
    if asked not in ("", V0, V1):
        debug(f"{conventions.ENV_PROTOCOL} is neither {V0} nor {V1}: {V0} it is")
    return V1 if asked == V1 else V0


class PostHogLaneExporter:
    """Deliver events to PostHog, and keep the connections open until ``shutdown``. Use an instance in one thread only."""

    #: Whether an export has not ended in time. Exports to PostHog always do.
    is_stuck = False

    def __init__(self) -> None:
        self._delivery = PostHogDelivery(protocol=_protocol())

    def decode(self, text: str) -> list[SpanRecord]:
        """Return the spans in ``text``, which is the content of a queued file.

        Raises:
            ValueError: If the text contains no spans.
        """
        return span_record.decode(text)

    def program(self, span: SpanRecord) -> str:
        """Return the name of the program that recorded a span."""
        return str(span.attributes.get(conventions.PROCESS_EXECUTABLE_NAME) or "")

    def export(self, spans: Sequence[SpanRecord], *, seconds: float, may_begin: Callable[[], bool]) -> ExportResult:
        """Send the events of ``spans``.

        Start no new request after ``seconds`` have passed, or once ``may_begin`` returns False.
        """
        result = self._delivery.deliver(spans, seconds=seconds, may_begin=may_begin)
        return ExportResult(result.done, result.refused, result.reason, result.retry_after, withdrawn=result.withdrawn)

    def shutdown(self) -> None:
        """Close the connections."""
        self._delivery.close()
