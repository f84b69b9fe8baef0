"""A finished command as one span in OTLP/JSON, made of plain dictionaries and without the SDK."""

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from arcade_otel import consent, conventions
from arcade_otel.spans import fast_json

if TYPE_CHECKING:
    from arcade_otel.settings import Settings
    from arcade_otel.spans.outcome import Outcome

__all__ = [
    "ParentContext",
    "Timing",
    "command_attributes",
    "encode",
    "new_ids",
    "parse_traceparent",
    "replace_unencodable",
    "resource_attributes",
    "service_name",
    "span_name",
]

_KIND_INTERNAL = 1
_STATUS_ERROR = 2
#: W3C Trace Context asks for this much of ``tracestate`` to be carried on.
_MAX_TRACESTATE_LENGTH = 512
# Bits of an OTLP span's flags: W3C's "sampled", "it is known whether the parent is remote", "it is".
_SAMPLED, _KNOWN, _REMOTE = 0x001, 0x100, 0x200

Value = str | bool | int | float | tuple[str, ...]


class Timing:
    """When a command ran: ``start_ns`` and ``end_ns``, nanoseconds since the epoch, ``end_ns >= start_ns``."""

    __slots__ = ("end_ns", "start_ns")

    def __init__(self, start_ns: int, end_ns: int) -> None:
        self.start_ns = start_ns
        self.end_ns = max(start_ns, end_ns)

    @property
    def duration_ms(self) -> float:
        """Milliseconds between start and end, to the microsecond."""
        return (self.end_ns - self.start_ns) // 1000 / 1000


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


def replace_unencodable(text: str) -> str:
    """Return ``text`` without what strict JSON readers refuse: lone surrogates and NUL become U+FFFD.

    Paths that are no UTF-8 reach Python as lone surrogates; one of them makes PostHog refuse the whole batch.
    """
    if text.isascii() and "\0" not in text:
        return text
    return "".join("\ufffd" if character == "\0" or "\ud800" <= character <= "\udfff" else character for character in text)


def new_ids() -> tuple[str, str]:
    """Return a new trace id and span id, in hex, from the system's own source of randomness; neither is all zeros."""
    while True:
        trace_id, span_id = os.urandom(16).hex(), os.urandom(8).hex()
        if int(trace_id, 16) and int(span_id, 16):
            return trace_id, span_id


def span_name(settings: "Settings", path: str) -> str:
    """Return ``"{program} {command path}"``; the path comes from the command tree, never from what was typed."""
    return replace_unencodable(f"{settings.name} {path.replace('.', ' ')}" if path not in ("", settings.name) else settings.name)


def service_name(settings: "Settings") -> str:
    """Return ``OTEL_SERVICE_NAME``, else the ``service.name`` of ``OTEL_RESOURCE_ATTRIBUTES``, else the program's name."""
    name = os.environ.get("OTEL_SERVICE_NAME", "").strip()
    return replace_unencodable(name or _environment_resource().get(conventions.SERVICE_NAME, "") or settings.name)


def _environment_resource() -> dict[str, str]:
    """Return ``OTEL_RESOURCE_ATTRIBUTES``: ``key=value`` pairs, percent-encoded, joined by commas; a bad pair is left out."""
    pairs = os.environ.get("OTEL_RESOURCE_ATTRIBUTES")
    if not pairs:
        return {}
    from urllib.parse import unquote  # only where the variable is set

    attributes = {}
    for pair in pairs.split(","):
        key, separator, value = pair.partition("=")
        key = key.strip()
        if key and separator and not key.startswith(conventions.RESOURCE_PRIVATE_PREFIX):
            attributes[replace_unencodable(key)] = replace_unencodable(unquote(value.strip()))
    return attributes


def resource_attributes(settings: "Settings", *, usage_only: bool = False) -> dict[str, str]:
    """Return what is true of the whole process, and (``arcade_otel.*``) what the sender needs to deliver.

    What the application says wins over ``OTEL_RESOURCE_ATTRIBUTES`` (the specification: the user's code has priority), but for
    the service's name.

    Args:
        settings: The application's.
        usage_only: Other exporters than PostHog's get nothing of the span.
    """
    info = sys.version_info
    attributes = _environment_resource() | {
        conventions.SERVICE_NAME: service_name(settings),
        conventions.TELEMETRY_SDK_NAME: conventions.SCOPE,
        conventions.TELEMETRY_SDK_LANGUAGE: "python",
        conventions.TELEMETRY_SDK_VERSION: conventions.__version__,
        conventions.TELEMETRY_DISTRO_NAME: conventions.LIB,
        conventions.TELEMETRY_DISTRO_VERSION: conventions.__version__,
        conventions.PROCESS_RUNTIME_NAME: sys.implementation.name,
        conventions.PROCESS_RUNTIME_VERSION: f"{info.major}.{info.minor}.{info.micro}",
    }
    attributes[conventions.OS_TYPE], attributes[conventions.OS_VERSION] = _system()
    for key, value in (
        (conventions.SERVICE_VERSION, settings.version),
        (conventions.RESOURCE_DISTRIBUTION, None if settings.version else settings.distribution),
        (conventions.RESOURCE_API_KEY, settings.posthog_api_key),
        (conventions.RESOURCE_HOST, settings.posthog_host if settings.posthog_api_key else None),
        (conventions.RESOURCE_PRINCIPAL, _reference(settings.principal)),
        (conventions.RESOURCE_USAGE_ONLY, "1" if usage_only else None),
    ):
        if value:
            attributes[key] = replace_unencodable(value)
    return attributes


def _system() -> tuple[str, str]:
    """Return ``os.type`` in the semantic conventions' spelling, and the release."""
    if hasattr(os, "uname"):
        system = os.uname()  # what ``platform`` would ask, without its import
        return system.sysname.lower(), system.release
    import platform

    return platform.system().lower(), platform.release()


def _reference(principal: object) -> str | None:
    """Name the application's principal function as ``module:function``, if another process can import it by that."""
    if principal is None or isinstance(principal, str):
        return principal
    module, name = getattr(principal, "__module__", None), getattr(principal, "__qualname__", "")
    if not module or module == "__main__" or not name or "<" in name:
        return None
    return f"{module}:{name}"


def command_attributes(settings: "Settings", path: str, timing: Timing, outcome: "Outcome") -> dict[str, Value]:
    """Return the attributes of a command's span, but for whose it is: the same for both ways in which a span is made."""
    attributes: dict[str, Value] = {
        conventions.COMMAND: replace_unencodable(path),
        conventions.DURATION: timing.duration_ms,
        conventions.PROCESS_EXECUTABLE_NAME: replace_unencodable(settings.name),
        conventions.PROCESS_PID: os.getpid(),
        conventions.PROCESS_EXIT_CODE: outcome.exit_code,
        conventions.IS_CI: consent.is_ci(),
    }
    if outcome.options:
        attributes[conventions.COMMAND_OPTIONS] = tuple(replace_unencodable(name) for name in outcome.options)
    if outcome.failed:
        attributes[conventions.ERROR_TYPE] = replace_unencodable(outcome.error_type or "_OTHER")
        if outcome.error is not None:
            from arcade_otel.spans.redaction import error_message

            message = error_message(outcome.error, settings.error_messages, given=outcome.given)
            if message:
                attributes[conventions.ERROR_MESSAGE] = message
    return attributes


def encode(
    settings: "Settings",
    *,
    path: str,
    timing: Timing,
    outcome: "Outcome",
    identity: tuple[str, bool],
    ids: tuple[str, str] | None = None,
    usage_only: bool = False,
) -> str:
    """Return the command's span as OTLP/JSON ``TracesData``, ASCII only.

    Args:
        settings: The application's.
        path: Command path joined by dots, "" if no command was reached.
        timing: When it ran.
        outcome: How it ended.
        identity: ``(distinct_id, is_anon)`` as it was when the command ended.
        ids: Trace id and span id in hex; new ones, in the trace of ``TRACEPARENT`` if that is set, if None.
        usage_only: Other exporters than PostHog's get nothing of the span.
    """
    parent = parse_traceparent(os.environ)
    trace_id, span_id = ids or new_ids()
    if parent is not None and ids is None:
        trace_id = parent.trace_id
    if parent is not None and trace_id != parent.trace_id:
        parent = None  # the span was made within another trace
    attributes = command_attributes(settings, path, timing, outcome)
    attributes[conventions.DISTINCT_ID], attributes[conventions.IS_ANON] = identity
    span = {
        "traceId": trace_id,
        "spanId": span_id,
        "flags": _KNOWN | _SAMPLED,
        "name": span_name(settings, path),
        "kind": _KIND_INTERNAL,
        "startTimeUnixNano": str(timing.start_ns),
        "endTimeUnixNano": str(timing.end_ns),
        "attributes": _key_values(attributes),
        "status": {"code": _STATUS_ERROR} if outcome.failed else {},
    }
    if parent is not None:
        span |= {"parentSpanId": parent.span_id, "flags": _KNOWN | _REMOTE | (_SAMPLED if parent.sampled else 0)}
        if parent.state:
            span["traceState"] = parent.state
    scope = {"name": conventions.SCOPE, "version": conventions.__version__}
    resource = {"attributes": _key_values(resource_attributes(settings, usage_only=usage_only))}
    traces = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": scope, "spans": [span]}]}]}
    return fast_json.dumps(traces)


def _key_values(attributes: "dict[str, Value] | dict[str, str]") -> list[dict[str, object]]:
    return [{"key": key, "value": _any_value(value)} for key, value in attributes.items()]


def _any_value(value: Value) -> dict[str, object]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, tuple):
        return {"arrayValue": {"values": [{"stringValue": each} for each in value]}}
    return {"stringValue": value}
