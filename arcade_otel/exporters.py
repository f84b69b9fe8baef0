"""The only module of ``arcade_otel`` that imports ``arcade_otel_exporters``.

A submodule of ``arcade_otel_exporters`` is loaded when one of its names is first used. Lazy loading keeps a sender that delivers
only to PostHog from importing the SDK, which most other exporters need.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from arcade_otel_exporters import otlp_json, span_record
    from arcade_otel_exporters.detached import DetachedSpanExporter
    from arcade_otel_exporters.events import events_of, is_command
    from arcade_otel_exporters.posthog import PostHogSpanExporter, clean_environment
    from arcade_otel_exporters.posthog_client import V0, V1
    from arcade_otel_exporters.posthog_delivery import PostHogDelivery
    from arcade_otel_exporters.proxies import Address, parse_address, proxy_before
    from arcade_otel_exporters.span_record import SpanRecord
    from arcade_otel_exporters.tls import Trust

__all__ = [
    "V0",
    "V1",
    "Address",
    "DetachedSpanExporter",
    "PostHogDelivery",
    "PostHogSpanExporter",
    "SpanRecord",
    "Trust",
    "clean_environment",
    "events_of",
    "is_command",
    "otlp_json",
    "parse_address",
    "proxy_before",
    "span_record",
]

#: The module of ``arcade_otel_exporters`` that has a name. A module's own name stands for the module.
_MODULES = {
    "Address": "proxies",
    "DetachedSpanExporter": "detached",
    "PostHogDelivery": "posthog_delivery",
    "PostHogSpanExporter": "posthog",
    "SpanRecord": "span_record",
    "Trust": "tls",
    "V0": "posthog_client",
    "V1": "posthog_client",
    "clean_environment": "posthog",
    "events_of": "events",
    "is_command": "events",
    "otlp_json": "otlp_json",
    "parse_address": "proxies",
    "proxy_before": "proxies",
    "span_record": "span_record",
}


def __getattr__(name: str) -> object:
    module_name = _MODULES.get(name)
    if module_name is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    path = f"arcade_otel_exporters.{module_name}"
    __import__(path)
    module = sys.modules[path]
    return module if name == module_name else getattr(module, name)
