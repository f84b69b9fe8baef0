"""Deliver a lane through a ``SpanExporter`` of the OpenTelemetry SDK or of a third party.

A sender that delivers only to PostHog does not import this module.
"""

import threading
from collections.abc import Callable, Sequence

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from arcade_otel import conventions
from arcade_otel.diagnostics import debug
from arcade_otel.exporters import otlp_json
from arcade_otel.sender.export_result import ExportResult
from arcade_otel.spans.finished_span import copy_span, described_status, identity_attributes, owner_of
from arcade_otel.spans.versions import installed_version, program_version

__all__ = ["SdkLaneExporter", "public_span", "public_spans"]


def public_span(span: ReadableSpan, owner: tuple[str, bool] | None = None) -> ReadableSpan:
    """Return a copy of the span for an exporter other than PostHog's, without the attributes that only the sender needs.

    Args:
        span: A finished span.
        owner: The ``(distinct_id, is_anon)`` of the command in the same trace, or None. ``owner`` is ignored if the span names
            its own owner.
    """
    attributes = dict(span.resource.attributes)
    distribution = attributes.get(conventions.RESOURCE_DISTRIBUTION)
    if conventions.SERVICE_VERSION not in attributes:
        program = (span.attributes or {}).get(conventions.PROCESS_EXECUTABLE_NAME)
        version = installed_version(distribution) if isinstance(distribution, str) else program_version(str(program or ""))
        if version:
            attributes[conventions.SERVICE_VERSION] = version.partition("+")[0]  # as in PostHog's events
    kept = {key: value for key, value in attributes.items() if not key.startswith(conventions.RESOURCE_PRIVATE_PREFIX)}
    owner = owner_of(span) or owner
    schema_url, scope = span.resource.schema_url, span.instrumentation_scope
    if scope is not None and scope.name == conventions.SCOPE:
        schema_url = schema_url or conventions.SCHEMA_URL
        scope = InstrumentationScope(scope.name, scope.version, scope.schema_url or conventions.SCHEMA_URL, scope.attributes)
    return copy_span(
        span,
        attributes={**(span.attributes or {}), **(identity_attributes(*owner) if owner else {})},
        resource=Resource(kept, schema_url),
        status=described_status(span),
        scope=scope,
    )


def public_spans(spans: Sequence[ReadableSpan]) -> list[ReadableSpan]:
    """Return the result of :func:`public_span` for each span in ``spans``.

    A span that names no owner gets the owner of the command in the same trace if ``spans`` contains that command.
    """
    owners = {_trace_id(span): owner for span in spans if (owner := owner_of(span))}
    return [public_span(span, owners.get(_trace_id(span))) for span in spans]


def _trace_id(span: ReadableSpan) -> int:
    context = span.get_span_context()
    return context.trace_id if context else 0


class SdkLaneExporter:
    """Run one ``SpanExporter`` with a time limit, because the exporter's own limit may exceed the lifetime of a sender.

    Use an instance in one thread only.
    """

    def __init__(self, name: str, exporter: SpanExporter) -> None:
        self._name = name
        self._exporter = exporter
        #: Whether an export has not ended in time. It goes on until the process ends.
        self.is_stuck = False

    def decode(self, text: str) -> list[ReadableSpan]:
        """Return the spans in ``text``, which is the content of a queued file.

        Raises:
            ValueError: If the text contains no spans.
        """
        return otlp_json.decode(text)

    def program(self, span: ReadableSpan) -> str:
        """Return the name of the program that recorded a span."""
        return str((span.attributes or {}).get(conventions.PROCESS_EXECUTABLE_NAME) or "")

    def export(self, spans: Sequence[ReadableSpan], *, seconds: float, may_begin: Callable[[], bool]) -> ExportResult:
        """Export ``spans`` without the attributes that only the sender needs. If ``may_begin`` returns False, export nothing.

        If the exporter takes longer than ``seconds``, stop waiting, and treat the exporter as stuck. Its thread then continues.
        """
        if not may_begin():
            return ExportResult(0, reason="withdrawn", withdrawn=True)
        spans = public_spans(spans)
        accepted: list[bool] = []

        def export() -> None:
            try:
                accepted.append(self._exporter.export(spans) is SpanExportResult.SUCCESS)
            except Exception as error:  # noqa: BLE001 - third-party code; the span stays queued for it
                debug(f"{self._name} raised", error)
                accepted.append(False)

        # OTLP's own time-out is 10 s, which is longer than a sender lives. The watchdog would end the sender before it records a
        # back-off.
        thread = threading.Thread(target=export, name=f"{self._name} export", daemon=True)
        thread.start()
        thread.join(seconds)
        if not accepted:
            self.is_stuck = True
            return ExportResult(0, reason="the exporter did not come to an end")
        return ExportResult(len(spans)) if accepted[0] else ExportResult(0, reason="the exporter failed")

    def shutdown(self) -> None:
        """Shut the exporter down. If the exporter is stuck, do nothing."""
        if not self.is_stuck:
            self._exporter.shutdown()
