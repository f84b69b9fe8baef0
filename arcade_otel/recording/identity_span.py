"""Record a login or a logout as a span of the OpenTelemetry SDK, and change the identity."""

import os
from typing import TYPE_CHECKING

from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.sdk.version import __version__ as sdk_version
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from arcade_otel import conventions, identity as identity_file, spans
from arcade_otel.diagnostics import guard
from arcade_otel.handoff import enrichment
from arcade_otel.identity.detector import IdentityResourceDetector
from arcade_otel.identity.login import remember_unrecorded
from arcade_otel.identity.processor import IdentityLifecycleProcessor

if TYPE_CHECKING:
    from arcade_otel.recording.live import LiveSpan
    from arcade_otel.settings import Settings
    from arcade_otel.spans.outcome import Outcome

__all__ = ["change_identity", "record"]

_PROPAGATOR = TraceContextTextMapPropagator()


def change_identity(
    settings: "Settings",
    path: str,
    timing: spans.Timing,
    outcome: "Outcome",
    *,
    login: bool,
    logout: bool,
    live: "LiveSpan | None",
) -> list[str]:
    """Record a successful login or logout, change the identity, and end the live span if there is one. This never raises.

    If the identity cannot be changed, the function writes a marker, so that the next command rotates the anonymous ID.

    Args:
        settings: The program's settings.
        path: The command path, joined by dots.
        timing: When the command ran.
        outcome: How the command ended.
        login: Whether the command is a login.
        logout: Whether the command is a logout.
        live: The command's live span, or None.

    Returns:
        The paths of the span's files in the queue, or an empty list if a sender writes the span to the queue.
    """
    before = ("", True)
    with guard("whose a command is"):
        before = identity_file.current(settings)
    changed = False
    paths: list[str] = []
    with guard("a change of identity"):
        paths += record(settings, path, timing, outcome, login=login, logout=logout, ids=None if live is None else live.ids)
        changed = True
    if not changed:
        with guard("a change of identity that failed"):
            remember_unrecorded(settings, path, failed=outcome.failed)
    if live is not None:
        with guard("the live span of a command"):
            after = identity_file.read_settled(settings.config_dir) if login else None
            identity = before if after is None else (after[1] or after[0], after[1] is None)
            text = spans.encode(settings, path=path, timing=timing, outcome=outcome, identity=identity, ids=live.ids)
            # The history already has this run from the usage event, so do not write it again.
            text = enrichment.enrich(text, settings.state_dir, os.environ, write=False)
            paths += live.end(path, timing, outcome, identity, added=enrichment.added(text))
    return paths


def record(
    settings: "Settings",
    path: str,
    timing: spans.Timing,
    outcome: "Outcome",
    *,
    login: bool = False,
    logout: bool = False,
    ids: tuple[str, str] | None = None,
) -> list[str]:
    """Create the span of a command that has ended, pass it to a sender, and change the identity after a login or logout.

    The function creates the span with this library's own tracer provider and never with the program's provider, so the program's
    spans are not affected. The ``OTEL_*`` variables for sampling and limits are meant for the program's traces, so they do not
    apply to the usage event.

    Args:
        settings: The program's settings.
        path: The command path, joined by dots.
        timing: When the command ran.
        outcome: How the command ended.
        login: Whether the command was a successful login. If Arcade's API or PostHog does not answer, a login takes up to 4.5 s
            longer.
        logout: Whether the command was a successful logout.
        ids: The trace ID and span ID of the command's live span, in hexadecimal digits, or None. If there is a live span, only
            PostHog gets the span that this function creates, because the live span is exported separately.

    Returns:
        The paths of the span's files in the queue, or an empty list if a sender writes the span to the queue.
    """
    # Imported here, because the exporters import modules of this package.
    from arcade_otel.exporters import DetachedSpanExporter

    parent = spans.parent_context()
    if ids is not None and parent is not None and parent.trace_id != ids[0]:
        parent = None  # the live span belongs to another trace
    usage_only = ids is not None or (parent is not None and not parent.sampled)
    attributes = spans.resource_attributes(settings, usage_only=usage_only)
    if logout:  # the credentials that are left are another context's
        attributes.pop(conventions.RESOURCE_ARCADE_CONTEXT, None)
    attributes[conventions.TELEMETRY_SDK_NAME] = "opentelemetry"
    attributes[conventions.TELEMETRY_SDK_VERSION] = sdk_version
    unset = SpanLimits.UNSET
    provider = TracerProvider(
        resource=Resource({**attributes}).merge(IdentityResourceDetector(settings=settings).detect()),
        sampler=ALWAYS_ON,
        span_limits=SpanLimits(
            max_attributes=unset,
            max_span_attributes=unset,
            max_event_attributes=unset,
            max_attribute_length=unset,
            max_events=unset,
        ),
        shutdown_on_exit=False,
        id_generator=_FixedIdGenerator(*ids) if ids else None,
    )
    exporter = DetachedSpanExporter(settings=settings)
    provider.add_span_processor(
        IdentityLifecycleProcessor(
            SimpleSpanProcessor(exporter),
            settings,
            login=(path,) if login else (),
            logout=(path,) if logout else (),
        )
    )
    try:
        tracer = provider.get_tracer(conventions.SCOPE, conventions.__version__)
        # Otherwise the context is empty, because the program's current span is not the parent of this one.
        context = Context() if parent is None else _PROPAGATOR.extract(_carrier(), context=Context())
        recorded = tracer.start_span(
            spans.span_name(settings, path), context=context, kind=SpanKind.INTERNAL, start_time=timing[0]
        )
        for key, value in spans.command_attributes(settings, path, timing, outcome).items():
            recorded.set_attribute(key, value)
        for event in outcome.events:
            recorded.add_event(event.name, event.attributes, event.time_ns)
        if outcome.failed:
            recorded.set_status(Status(StatusCode.ERROR))
        recorded.end(timing[1])
    finally:
        provider.shutdown()
    return exporter.take_queued()


def _carrier() -> dict[str, str]:
    return {name: os.environ.get(name.upper(), "") for name in ("traceparent", "tracestate")}


class _FixedIdGenerator(IdGenerator):
    """An ID generator that returns the IDs of an existing span."""

    def __init__(self, trace_id: str, span_id: str) -> None:
        self._trace_id = int(trace_id, 16)
        self._span_id = int(span_id, 16)

    def generate_trace_id(self) -> int:
        """Return the trace ID."""
        return self._trace_id

    def generate_span_id(self) -> int:
        """Return the span ID."""
        return self._span_id
