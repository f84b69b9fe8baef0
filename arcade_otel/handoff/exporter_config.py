"""Decide from OpenTelemetry's environment variables which exporters to use, and whether to record live spans."""

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
    """Return the exporters that ``OTEL_TRACES_EXPORTER`` names, in order and without duplicates. Skip the word ``none``.

    If ``OTEL_TRACES_EXPORTER`` is not set, the result is ``posthog``, and also ``otlp`` if an OTLP endpoint is set and an OTLP
    exporter is installed. An endpoint that a user sets for other programs therefore does not affect a program that was installed
    without an OTLP exporter.
    """
    wanted = environ.get(conventions.ENV_TRACES_EXPORTER, "").strip()
    if not wanted:
        return [_POSTHOG, _OTLP] if _has_endpoint(environ) and _otlp_is_installed() else [_POSTHOG]
    chosen: list[str] = []
    for word in wanted.split(","):
        name = word.strip()
        if name == "none" or not name or name in chosen or not name.replace("_", "").replace("-", "").replace(".", "").isalnum():
            continue  # the name becomes that of a directory, so it has no separator and is not hidden
        chosen.append(name)
    return chosen


def uses_live_spans(settings: Settings) -> bool:
    """Return whether to record a live span, which the SDK creates at the start of the command and makes the current span.

    If the program sets ``live_spans``, return that value. If ``live_spans`` is not set, return True if the environment names an
    exporter other than PostHog's, or if the process already uses an SDK ``TracerProvider``. Usually, this function reads only a
    few environment variables and ``sys.modules``.
    """
    if settings.live_spans is not None:
        return settings.live_spans
    environ = os.environ
    asked = environ.get(conventions.ENV_TRACES_EXPORTER) or _has_endpoint(environ)
    if asked and any(name != _POSTHOG for name in exporter_names(environ)):
        return True
    sdk = sys.modules.get("opentelemetry.sdk.trace")
    if sdk is None:
        return False  # the SDK was not imported, so there is no provider
    from opentelemetry import trace

    return isinstance(trace.get_tracer_provider(), sdk.TracerProvider)


def _has_endpoint(environ: Mapping[str, str]) -> bool:
    return bool(environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") or environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"))


def _otlp_is_installed() -> bool:
    from importlib.util import find_spec  # imported only if an endpoint is set

    for way in ("proto.grpc", "proto.http", "json.http"):
        try:
            if find_spec(f"opentelemetry.exporter.otlp.{way}") is not None:
                return True
        except ImportError:
            continue  # not even the parent package is installed
    return False
