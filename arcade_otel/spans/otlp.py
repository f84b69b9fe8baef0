"""Reads and changes spans as OTLP/JSON dictionaries, without the SDK.

Source of the format: the OTLP specification, "JSON Protobuf Encoding" (https://opentelemetry.io/docs/specs/otlp/). This module
imports ``json``, which the foreground of a command does without.
"""

from __future__ import annotations

import json

from arcade_otel import conventions

TYPE_CHECKING = False  # type checkers know better; the module typing costs a sender a third of a bare Python
if TYPE_CHECKING:
    from typing import Any

__all__ = ["SpanSummary", "attribute", "command_span", "dumps", "loads", "set_attribute", "summarize"]

_MAX_NANOSECONDS = 2**63


class SpanSummary:
    """What the queue needs to know of a payload.

    Attributes:
        end_ns: When the first command's span ended (of a payload without one: the first span), in nanoseconds since the epoch;
            None if the payload does not say.
        span_id: Its span ID in hex, or None.
        api_key: PostHog project key, or None: the payload goes to no PostHog.
        host: PostHog host, or None.
        usage_only: Only PostHog gets the payload.
        dropped: How many spans were dropped from a full queue before this one and are reported by it.
    """

    __slots__ = ("api_key", "dropped", "end_ns", "host", "span_id", "usage_only")

    def __init__(
        self,
        *,
        end_ns: int | None = None,
        span_id: str | None = None,
        api_key: str | None = None,
        host: str | None = None,
        usage_only: bool = False,
        dropped: int = 0,
    ) -> None:
        self.end_ns = end_ns
        self.span_id = span_id
        self.api_key = api_key
        self.host = host
        self.usage_only = usage_only
        self.dropped = dropped


def loads(payload: str) -> dict[str, Any]:
    """Return the ``TracesData`` of a payload.

    Raises:
        ValueError: It is no JSON object, or nested too deeply.
    """
    try:
        traces = json.loads(payload)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(traces, dict):
        raise ValueError("not OTLP/JSON")  # noqa: TRY004 - a fault of the data, not of the caller
    return traces


def dumps(traces: dict[str, Any]) -> str:
    """Return the payload of ``TracesData``, compact and in ASCII."""
    return json.dumps(traces, separators=(",", ":"))


def command_span(traces: dict[str, Any]) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """Return the first span of this library's scope that is a command's, and its resource; ``(None, {})`` if there is none.

    Raises:
        ValueError: It is no OTLP/JSON.
    """
    return _find(traces, commands_only=True)


def attribute(holder: dict[str, Any], key: str) -> object:
    """Return the value of a span's or a resource's attribute, or None. Integers, which OTLP/JSON writes as text, are ``int``.

    Raises:
        ValueError: An integer is none.
    """
    for each in holder.get("attributes", ()):
        if each.get("key") == key:
            value = each.get("value", {})
            if "intValue" in value:
                return int(value["intValue"])
            return next(iter(value.values()), None)
    return None


def set_attribute(holder: dict[str, Any], key: str, value: str | bool | int) -> None:  # noqa: FBT001 - one of three types
    """Set an attribute, in place of one with the same key."""
    if isinstance(value, bool):
        any_value: dict[str, object] = {"boolValue": value}
    elif isinstance(value, int):
        any_value = {"intValue": str(value)}
    else:
        any_value = {"stringValue": value}
    holder["attributes"] = [each for each in holder.get("attributes", ()) if each.get("key") != key]
    holder["attributes"].append({"key": key, "value": any_value})


def summarize(payload: str) -> SpanSummary:
    """Return what the queue needs to know of a payload; an empty summary if it is no OTLP/JSON. Never raises."""
    try:
        traces = loads(payload)
        span, resource = _find(traces, commands_only=True)
        if span is None:
            span, resource = _find(traces, commands_only=False)
        if span is None:
            return SpanSummary()
        dropped = attribute(span, conventions.DROPPED)
        return SpanSummary(
            end_ns=_nanoseconds(span.get("endTimeUnixNano")),
            span_id=_span_id(span.get("spanId")),
            api_key=_text(attribute(resource, conventions.RESOURCE_API_KEY)),
            host=_text(attribute(resource, conventions.RESOURCE_HOST)),
            usage_only=attribute(resource, conventions.RESOURCE_USAGE_ONLY) is not None,
            dropped=dropped if isinstance(dropped, int) and 0 <= dropped < _MAX_NANOSECONDS else 0,
        )
    except (ValueError, TypeError, AttributeError):
        return SpanSummary()


def _find(traces: dict[str, Any], *, commands_only: bool) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    try:
        for group in traces["resourceSpans"]:
            for scoped in group["scopeSpans"]:
                if commands_only and scoped.get("scope", {}).get("name") != conventions.SCOPE:
                    continue
                for span in scoped["spans"]:
                    if not commands_only or attribute(span, conventions.COMMAND) is not None:
                        return span, group.get("resource", {})
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("not OTLP/JSON") from error
    return None, {}


def _nanoseconds(value: object) -> int | None:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 and int(text) < _MAX_NANOSECONDS else None  # noqa: PLR2004 - 64 bits have 19 digits


def _span_id(value: object) -> str | None:
    return value if isinstance(value, str) and value.isascii() and value.isalnum() and len(value) <= 16 else None  # noqa: PLR2004 - 64 bits in hex


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
