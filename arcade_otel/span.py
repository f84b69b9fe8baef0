"""A finished command as one span in OTLP/JSON, made of plain dictionaries and without the SDK."""

import os
import sys
from typing import TYPE_CHECKING

from arcade_otel import consent, conventions

if TYPE_CHECKING:
    from arcade_otel.outcome import Outcome
    from arcade_otel.settings import Settings

__all__ = ["Timing", "command_attributes", "encode", "new_ids", "resource_attributes", "scrub", "span_name"]

_KIND_INTERNAL = 1
_STATUS_ERROR = 2

Value = str | bool | int | float


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


def scrub(text: str) -> str:
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
    return scrub(f"{settings.name} {path.replace('.', ' ')}" if path not in ("", settings.name) else settings.name)


def resource_attributes(settings: "Settings") -> dict[str, str]:
    """Return what is true of the whole process, and (``arcade_otel.*``) what the sender needs to deliver."""
    info = sys.version_info
    attributes = {
        conventions.SERVICE_NAME: os.environ.get("OTEL_SERVICE_NAME", "").strip() or settings.name,
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
    ):
        if value:
            attributes[key] = scrub(value)
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
        conventions.COMMAND: scrub(path),
        conventions.DURATION: timing.duration_ms,
        conventions.PROCESS_EXECUTABLE_NAME: scrub(settings.name),
        conventions.PROCESS_PID: os.getpid(),
        conventions.PROCESS_EXIT_CODE: outcome.exit_code,
        conventions.IS_CI: consent.is_ci(),
    }
    if outcome.failed:
        attributes[conventions.ERROR_TYPE] = scrub(outcome.error_type or "_OTHER")
        if outcome.error is not None:
            from arcade_otel.redaction import error_message

            message = error_message(outcome.error, settings.error_messages)
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
) -> str:
    """Return the command's span as OTLP/JSON ``TracesData``, ASCII only.

    Args:
        settings: The application's.
        path: Command path joined by dots, "" if no command was reached.
        timing: When it ran.
        outcome: How it ended.
        identity: ``(distinct_id, is_anon)`` as it was when the command ended.
        ids: Trace id and span id in hex; new ones if None.
    """
    import json

    trace_id, span_id = ids or new_ids()
    attributes = command_attributes(settings, path, timing, outcome)
    attributes[conventions.DISTINCT_ID], attributes[conventions.IS_ANON] = identity
    span = {
        "traceId": trace_id,
        "spanId": span_id,
        "flags": 256 + 1,  # sampled; the parent is not remote
        "name": span_name(settings, path),
        "kind": _KIND_INTERNAL,
        "startTimeUnixNano": str(timing.start_ns),
        "endTimeUnixNano": str(timing.end_ns),
        "attributes": _key_values(attributes),
        "status": {"code": _STATUS_ERROR} if outcome.failed else {},
    }
    scope = {"name": conventions.SCOPE, "version": conventions.__version__}
    resource = {"attributes": _key_values(resource_attributes(settings))}
    traces = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": scope, "spans": [span]}]}]}
    return json.dumps(traces, separators=(",", ":"), allow_nan=False)


def _key_values(attributes: "dict[str, Value] | dict[str, str]") -> list[dict[str, object]]:
    return [{"key": key, "value": _any_value(value)} for key, value in attributes.items()]


def _any_value(value: Value) -> dict[str, object]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    return {"stringValue": value}
