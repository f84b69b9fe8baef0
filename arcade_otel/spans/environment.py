"""Read the parent and the resource attributes of a span from environment variables.

The library imports this module only if ``TRACEPARENT`` or ``OTEL_RESOURCE_ATTRIBUTES`` is set.
"""

import os
from collections.abc import Mapping

from arcade_otel import conventions
from arcade_otel.spans import replace_unencodable

__all__ = ["ParentContext", "parse_traceparent", "resource_from_environment"]

#: W3C Trace Context demands that at least this much of ``tracestate`` is passed on.
_MAX_TRACESTATE_LENGTH = 512


class ParentContext:
    """The parent of a command's span, read from the variable ``TRACEPARENT``.

    The attributes ``trace_id`` and ``span_id`` consist of hexadecimal digits.
    """

    __slots__ = ("sampled", "span_id", "state", "trace_id")

    def __init__(self, trace_id: str, span_id: str, *, sampled: bool, state: str = "") -> None:
        self.trace_id = trace_id
        self.span_id = span_id
        self.sampled = sampled
        self.state = state


def parse_traceparent(environ: Mapping[str, str]) -> ParentContext | None:
    """Return the parent from ``TRACEPARENT`` and ``TRACESTATE``, or None if ``TRACEPARENT`` is not set or not valid.

    OpenTelemetry's specification "Environment Variables as Context Propagation Carriers" defines ``TRACEPARENT`` and
    ``TRACESTATE``, and W3C Trace Context defines the format of their values.
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
    """Return the attributes from ``OTEL_RESOURCE_ATTRIBUTES``, which contains ``key=value`` pairs, separated by commas.

    The function decodes percent-encoded values, and skips a pair in these cases:

    - The pair contains no key or no equals sign.
    - The key contains characters that JSON must escape.
    - The key begins with ``arcade_otel.``, the prefix of this library's private attributes.
    """
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
