"""What the environment and the application add to a span: the trace that it belongs to, and attributes of the resource.

Loaded only where one of the variables is set.
"""

import os
from collections.abc import Mapping

from arcade_otel import conventions
from arcade_otel.spans import replace_unencodable

__all__ = ["ParentContext", "parse_traceparent", "resource_from_environment"]

#: W3C Trace Context asks for this much of ``tracestate`` to be carried on.
_MAX_TRACESTATE_LENGTH = 512


class ParentContext:
    """What ``TRACEPARENT`` says: whose child a command's span is. ``trace_id`` and ``span_id`` in hex, ``sampled``, ``state``."""

    __slots__ = ("sampled", "span_id", "state", "trace_id")

    def __init__(self, trace_id: str, span_id: str, *, sampled: bool, state: str = "") -> None:
        self.trace_id = trace_id
        self.span_id = span_id
        self.sampled = sampled
        self.state = state


def parse_traceparent(environ: Mapping[str, str]) -> ParentContext | None:
    """Return the parent that the environment names, or None: W3C trace context in ``TRACEPARENT`` and ``TRACESTATE``.

    Source: W3C Trace Context, and OpenTelemetry's "Environment Variables as Context Propagation Carriers".
    """
    value = environ.get("TRACEPARENT")
    if not value:
        return None
    parts = value.strip().split("-")
    if [len(part) for part in parts[:4]] != [2, 32, 16, 2] or parts[0] == "ff" or (parts[0] == "00" and len(parts) != 4):  # noqa: PLR2004
        return None
    version, trace_id, span_id, flags = parts[:4]
    if any(letter not in "0123456789abcdef" for letter in version + trace_id + span_id + flags):
        return None
    if not trace_id.strip("0") or not span_id.strip("0"):
        return None
    state = environ.get("TRACESTATE", "").strip()
    state = state if state.isascii() and state.isprintable() and len(state) <= _MAX_TRACESTATE_LENGTH else ""
    return ParentContext(trace_id, span_id, sampled=bool(int(flags, 16) & 1), state=state)


def resource_from_environment() -> dict[str, str]:
    """Return ``OTEL_RESOURCE_ATTRIBUTES``: ``key=value`` pairs, percent-encoded, joined by commas; a bad pair is left out."""
    pairs = os.environ.get("OTEL_RESOURCE_ATTRIBUTES")
    if not pairs:
        return {}
    from urllib.parse import unquote  # only where the variable is set

    attributes = {}
    for pair in pairs.split(","):
        key, separator, value = pair.partition("=")
        key = key.strip()
        plain = key.isascii() and key.isprintable() and '"' not in key and "\\" not in key  # as a key is written: without escapes
        if key and separator and plain and not key.startswith(conventions.RESOURCE_PRIVATE_PREFIX):
            attributes[key] = replace_unencodable(unquote(value.strip()))
    return attributes
