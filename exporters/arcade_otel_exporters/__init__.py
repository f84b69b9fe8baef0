"""Exporters of finished spans.

:class:`PostHogSpanExporter` delivers spans to PostHog. :class:`DetachedSpanExporter` starts a sender, which delivers spans to any
exporter.

The word PYTEST_DONT_REWRITE prevents a pytest warning in a program that imports this package and then runs pytest.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from arcade_otel_exporters.detached import DetachedSpanExporter
    from arcade_otel_exporters.posthog import PostHogSpanExporter

__all__ = ["DetachedSpanExporter", "PostHogSpanExporter"]


def __getattr__(name: str) -> object:
    # PEP 562: the sender loads only the modules that a delivery needs.
    if name == "DetachedSpanExporter":
        from arcade_otel_exporters.detached import DetachedSpanExporter

        return DetachedSpanExporter
    if name == "PostHogSpanExporter":
        from arcade_otel_exporters.posthog import PostHogSpanExporter

        return PostHogSpanExporter
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
