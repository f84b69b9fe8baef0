"""Exporters of finished spans.

* :class:`PostHogSpanExporter` delivers spans to PostHog.
* :class:`DetachedSpanExporter` passes spans to a sender, a background process that runs other exporters.

The word PYTEST_DONT_REWRITE in this docstring tells pytest not to warn if a program imports this package before it runs pytest.
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
