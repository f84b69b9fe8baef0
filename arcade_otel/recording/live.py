"""Live spans: the SDK creates the command's span at the start, and the span is current while the command runs.

By default, spans that the command creates become descendants of the live span.
"""

import logging
import os
import sys
from typing import TYPE_CHECKING

from opentelemetry import context as otel_context, trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SimpleSpanProcessor
from opentelemetry.sdk.version import __version__ as sdk_version
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from arcade_otel import conventions, spans
from arcade_otel.diagnostics import debug
from arcade_otel.handoff.exporter_config import exporter_names
from arcade_otel.spans.finished_span import failure_description, identity_attributes
from arcade_otel.spans.surroundings import machine

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opentelemetry.sdk.trace import SpanProcessor

    from arcade_otel.exporters import DetachedSpanExporter
    from arcade_otel.settings import Settings
    from arcade_otel.spans.outcome import Outcome

__all__ = ["LiveSpan"]

_PROPAGATOR = TraceContextTextMapPropagator()
_POSTHOG = "posthog"
_INSTANCE_ID = "service.instance.id"
_CONSOLE = "console"


class _Provider:
    """A tracer provider, with its exporter if this library created the provider."""

    __slots__ = ("exporter", "ours", "tracers")

    def __init__(self, tracers: TracerProvider, *, ours: bool, exporter: "DetachedSpanExporter | None" = None) -> None:
        self.tracers = tracers
        self.ours = ours
        self.exporter = exporter


_ours: "dict[Settings, _Provider]" = {}


class LiveSpan:
    """The live span of one command. End the live span in the thread in which you created it.

    The live span is part of the process's own traces, and this library does not send it to PostHog. The sampler and the limits of
    the tracer provider apply to the live span. The command's own code may add attributes to the live span. The library creates
    the usage event separately, with the live span's trace ID and span ID.

    Args:
        settings: The program's settings.
        start_ns: The start of the command in nanoseconds since the epoch.
    """

    __slots__ = ("_environ", "_provider", "_settings", "_span", "_token")

    def __init__(self, settings: "Settings", start_ns: int) -> None:
        self._settings = settings
        self._provider = _provider(settings)
        tracer = self._provider.tracers.get_tracer(
            conventions.SCOPE, conventions.__version__, attributes={conventions.SCOPE_LIVE: True}
        )
        parent = None  # the current span of a program that traces around its commands
        if not trace.get_current_span().get_span_context().is_valid:
            carrier = {name: os.environ.get(name.upper(), "") for name in ("traceparent", "tracestate")}
            parent = _PROPAGATOR.extract(carrier, context=otel_context.get_current())
        self._span = tracer.start_span(spans.span_name(settings, ""), context=parent, kind=SpanKind.INTERNAL, start_time=start_ns)
        self._token = otel_context.attach(trace.set_span_in_context(self._span, parent))
        self._environ = {name: os.environ.get(name) for name in ("TRACEPARENT", "TRACESTATE")}
        carrier = {}
        _PROPAGATOR.inject(carrier)
        for name in self._environ:
            _set_variable(name, carrier.get(name.lower()))
        if settings.live_spans:
            self.on_command_start()

    @property
    def ids(self) -> tuple[str, str]:
        """The live span's trace ID and span ID, in hexadecimal digits."""
        context = self._span.get_span_context()
        return trace.format_trace_id(context.trace_id), trace.format_span_id(context.span_id)

    def on_command_start(self) -> None:
        """Make this library's tracer provider the provider of the process.

        If the program has already set a tracer provider of its own, do nothing.
        """
        if self._provider.ours and isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
            trace.set_tracer_provider(self._provider.tracers)

    def detach(self) -> None:
        """Make the previous span current again, and restore ``TRACEPARENT`` and ``TRACESTATE``, which child processes inherit."""
        for name, value in self._environ.items():
            _set_variable(name, value)
        if trace.get_current_span() is self._span:  # otherwise the run ends in another context, in which the token is not valid
            otel_context.detach(self._token)

    def end(
        self,
        path: str,
        timing: spans.Timing,
        outcome: "Outcome",
        identity: tuple[str, bool],
        *,
        added: "Mapping[str, str | bool] | None" = None,
        sender_follows: bool = False,
    ) -> list[str]:
        """End the live span, pass the spans of this library's provider to a sender, and return the paths of their queued files.

        The result is empty if the process uses the program's own provider, or if a sender writes the spans to the queue.

        Args:
            path: The command path, joined by dots.
            timing: When the command ran.
            outcome: How the command ended.
            identity: ``(distinct_id, is_anon)``.
            added: The attributes from ``enrichment``, which the usage event also contains.
            sender_follows: True if the caller starts a sender afterwards, so that this function does not start one.
        """
        self._span.update_name(spans.span_name(self._settings, path))
        attributes = spans.command_attributes(self._settings, path, timing, outcome)
        self._span.set_attributes(attributes)
        self._span.set_attributes({conventions.DISTINCT_ID: identity[0], conventions.IS_ANON: identity[1], **(added or {})})
        self._span.set_attributes(identity_attributes(*identity))
        for event in outcome.events:
            self._span.add_event(event.name, event.attributes, event.time_ns)
        if outcome.failed:
            self._span.set_status(Status(StatusCode.ERROR, failure_description(attributes)))
        self._span.end(timing[1])
        if self._provider.ours:
            exporter = self._provider.exporter
            if exporter is not None:
                exporter.starts_senders = not sender_follows
            try:
                self._provider.tracers.force_flush()
            finally:
                if exporter is not None:
                    exporter.starts_senders = True
            if exporter is not None:
                return exporter.take_queued()
        return []


def _set_variable(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


def _provider(settings: "Settings") -> _Provider:
    """Return the process's own tracer provider if there is one, or else this library's provider.

    This library creates one tracer provider for each program.
    """
    current = trace.get_tracer_provider()
    known = _ours.get(settings)
    if isinstance(current, TracerProvider) and (known is None or current is not known.tracers):
        others = next((provider for provider in _ours.values() if provider.tracers is current), None)
        if others is None:
            debug("live: the process's own tracer provider gets the command's span")
            return _Provider(current, ours=False)
    if known is None:
        known = _ours[settings] = _made(settings)
    return known


def _resource(attributes: dict[str, str]) -> Resource:
    """Create the resource with the SDK, but remove the random ``service.instance.id`` that newer SDKs add.

    The library adds no ``service.instance.id`` to any span, because the anonymous ID already identifies the installation. If the
    user's environment sets ``service.instance.id``, the resource keeps it.
    """
    resource = Resource.create({**attributes})
    asked = (os.environ.get(name, "") for name in ("OTEL_RESOURCE_ATTRIBUTES", "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS"))
    if any(name in value for value in asked for name in (_INSTANCE_ID, "service_instance", "*")):
        return resource
    kept = {key: value for key, value in resource.attributes.items() if key != _INSTANCE_ID}
    return Resource(kept, resource.schema_url)


def _made(settings: "Settings") -> _Provider:
    """Create this library's tracer provider.

    OpenTelemetry's environment variables determine the provider's resource, sampler, limits and exporters.

    Raises:
        ValueError: If the SDK does not accept the value of an environment variable.
    """
    # The SDK logs configuration errors. Without a handler, Python prints them to stderr. The NullHandler keeps them from the
    # user's terminal.
    logging.getLogger("opentelemetry").addHandler(logging.NullHandler())
    attributes = {
        key: value
        for key, value in spans.resource_attributes(settings).items()
        if not key.startswith(conventions.RESOURCE_PRIVATE_PREFIX)
    }
    attributes[conventions.TELEMETRY_SDK_NAME] = "opentelemetry"
    attributes[conventions.TELEMETRY_SDK_VERSION] = sdk_version
    attributes = machine() | attributes
    if not settings.version and settings.distribution:
        from arcade_otel.spans.versions import installed_version

        attributes[conventions.SERVICE_VERSION] = installed_version(settings.distribution) or ""
    tracers = TracerProvider(resource=_resource({key: value for key, value in attributes.items() if value}))
    names = exporter_names(os.environ)
    processors: list[SpanProcessor] = []
    if _CONSOLE in names and sys.stderr is not None:
        processors.append(
            SimpleSpanProcessor(ConsoleSpanExporter(out=sys.stderr))
        )  # a user who sets the variable wants to see the output
    names = [name for name in names if name not in (_POSTHOG, _CONSOLE)]
    exporter = None
    if names:
        from arcade_otel.exporters import DetachedSpanExporter

        exporter = DetachedSpanExporter(",".join(names), settings=settings)
        processors.append(BatchSpanProcessor(exporter))
    for processor in processors:
        tracers.add_span_processor(processor)
    return _Provider(tracers, ours=True, exporter=exporter)
