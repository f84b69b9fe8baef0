"""Read from the standard variables which exporters are wanted, and whether the process traces itself, without the SDK."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from arcade_otel import conventions

TYPE_CHECKING = False  # type checkers know better; the module typing costs a sender a third of a bare Python
if TYPE_CHECKING:
    from arcade_otel.settings import Settings

__all__ = ["exporter_names", "uses_live_spans"]

_POSTHOG = "posthog"
_OTLP = "otlp"


def exporter_names(environ: Mapping[str, str]) -> list[str]:
    """Return the exporters that ``OTEL_TRACES_EXPORTER`` names, each once and in order; ``none``: no one.

    Unset: ``posthog``, and ``otlp`` too if the environment names an endpoint for it and its package is installed: a user's
    endpoint, set for other programs, asks nothing of a program that ships no OTLP.
    """
    wanted = environ.get(conventions.ENV_TRACES_EXPORTER, "").strip()
    if not wanted:
        return [_POSTHOG, _OTLP] if _has_endpoint(environ) and _otlp_is_installed() else [_POSTHOG]
    chosen: list[str] = []
    for word in wanted.split(","):
        name = word.strip()
        if name == "none" or not name or name in chosen or not name.replace("_", "").replace("-", "").replace(".", "").isalnum():
            continue  # a name becomes a directory's: no separator, nothing hidden
        chosen.append(name)
    return chosen


def uses_live_spans(settings: Settings) -> bool:
    """Return whether the SDK must make the command's span, so that the span is current while the command runs.

    That is so if the program asks for it, if the environment names an exporter other than PostHog's, or if the process already
    has an SDK ``TracerProvider``. The check reads a few variables and ``sys.modules``.
    """
    if settings.live_spans is not None:
        return settings.live_spans
    environ = os.environ
    asked = environ.get(conventions.ENV_TRACES_EXPORTER) or _has_endpoint(environ)
    if asked and any(name != _POSTHOG for name in exporter_names(environ)):
        return True
    sdk = sys.modules.get("opentelemetry.sdk.trace")
    if sdk is None:
        return False  # no provider can have been made
    from opentelemetry import trace

    return isinstance(trace.get_tracer_provider(), sdk.TracerProvider)


def _has_endpoint(environ: Mapping[str, str]) -> bool:
    return bool(environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") or environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"))


def _otlp_is_installed() -> bool:
    from importlib.util import find_spec  # only where an endpoint is set

    for way in ("proto.grpc", "proto.http", "json.http"):
        try:
            if find_spec(f"opentelemetry.exporter.otlp.{way}") is not None:
                return True
        except ImportError:
            continue  # not even the package that it would be in
    return False
