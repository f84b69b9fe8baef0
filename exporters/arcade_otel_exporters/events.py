"""What PostHog hears of a command's span: one event, and before it the alias that the span owes."""

import hashlib
import math
import platform
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode

from arcade_otel import conventions
from arcade_otel.spans import replace_unencodable

__all__ = ["MAX_TEXT_LENGTH", "alias_of", "event_of", "installed_version", "is_command"]

#: Any other text is cut to this many characters; PostHog discards events over 1 MB.
MAX_TEXT_LENGTH = 1000
_MAX_TEXTS = 50
#: What event ids are derived in, so that every delivery of a span is the same event to PostHog. Never to be changed.
_NAMESPACE = uuid.UUID("5d2bd3b5-61c6-5c94-8c5c-0d2f0d1a9d5f")
# The specification's spelling of the event, which is ``platform.system()``'s; the resource has the semantic conventions'.
_SYSTEMS = {"linux": "Linux", "darwin": "Darwin", "windows": "Windows"}
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

Event = dict[str, Any]


def is_command(span: ReadableSpan) -> bool:
    """Tell whether ``span`` is a command's: of our scope and with a command. No other span ever becomes an event.

    Nor does a command's span that ``instrument()`` made live, whose event is handed over apart from it.
    """
    scope = span.instrumentation_scope
    if scope is None or scope.name != conventions.SCOPE or (scope.attributes or {}).get(conventions.SCOPE_LIVE):
        return False
    return isinstance(_of(span).get(conventions.COMMAND), str)


def event_of(span: ReadableSpan, *, geoip: bool = False) -> Event | None:
    """Return the event of a command's span, or None if nobody can tell whose it is.

    Equal spans make equal events, ``uuid`` and ``timestamp`` (the command's start, UTC) included. Nothing of the span but what
    is named here gets into it. The span says whose it is; only where it does not, its resource (the identity at the process's
    start) does. An id that is not known to be a person's is taken for an anonymous one.

    Args:
        span: One for which :func:`is_command` holds.
        geoip: Let PostHog keep the address that the event came from and derive a place from it.
    """
    identity = _identity(span)
    if identity is None:
        return None
    distinct_id, is_anon = identity
    attributes, resource = _of(span), span.resource.attributes
    exit_code = _integer(attributes.get(conventions.PROCESS_EXIT_CODE))
    failed = exit_code != 0 if exit_code is not None else span.status.status_code is StatusCode.ERROR
    system = _text(resource.get(conventions.OS_TYPE)) or platform.system()
    properties: Event = {
        "command_name": _text(attributes.get(conventions.COMMAND)) or "",
        "cli_version": _cli_version(resource),
        "python_version": _text(resource.get(conventions.PROCESS_RUNTIME_VERSION)) or platform.python_version(),
        "os_type": _SYSTEMS.get(system.lower(), system),
        "os_release": _text(resource.get(conventions.OS_VERSION)) or platform.release(),
        "duration": _duration(span),
        "exit_code": exit_code,
        "command_options": _texts(attributes.get(conventions.COMMAND_OPTIONS)),
        "is_ci": attributes.get(conventions.IS_CI) is True,
        "dropped_events": _integer(attributes.get(conventions.DROPPED)),
    }
    if failed:
        properties["error_type"] = _text(attributes.get(conventions.ERROR_TYPE))
        message = _text(attributes.get(conventions.ERROR_MESSAGE))
        properties["error_message"] = message[: conventions.ERROR_MESSAGE_LIMIT] if message else None
    is_doctor = bool(resource.get(conventions.RESOURCE_DOCTOR))
    properties = {key: value for key, value in properties.items() if value is not None and not is_doctor}
    if is_anon:
        properties["$process_person_profile"] = False  # else PostHog may refuse the alias for good
    name = conventions.EVENT_FAILED if failed else conventions.EVENT_SUCCEEDED
    name = conventions.EVENT_DOCTOR if is_doctor else name
    return _event(name, distinct_id, properties | _ours(geoip=geoip), span, "")


def alias_of(span: ReadableSpan, *, geoip: bool = False) -> Event | None:
    """Return the alias that must be acknowledged before the span's event, or None if the span owes none.

    It never carries ``$process_person_profile``: PostHog drops an alias that does.
    """
    identity = _identity(span)
    previous = _distinct_id(_of(span).get(conventions.PREVIOUS_DISTINCT_ID))
    if identity is None or previous is None or identity[1] or previous == identity[0]:
        return None
    properties: Event = {"distinct_id": previous, "alias": identity[0]}
    return _event(conventions.EVENT_ALIAS, previous, properties | _ours(geoip=geoip), span, "alias")


def _event(name: str, distinct_id: str, properties: Event, span: ReadableSpan, part: str) -> Event:
    event: Event = {"event": name, "distinct_id": distinct_id, "properties": properties}
    context = span.get_span_context()
    if context is not None:
        event["uuid"] = str(uuid.uuid5(_NAMESPACE, f"{context.trace_id:032x}{context.span_id:016x}{part}"))
    started = span.start_time or span.end_time
    if started:
        # Not by way of a float, which has no room for microseconds.
        event["timestamp"] = (_EPOCH + timedelta(microseconds=started // 1000)).isoformat(timespec="microseconds")
    return event


def _ours(*, geoip: bool) -> Event:
    ours: Event = {"$lib": conventions.LIB, "$lib_version": conventions.__version__}
    if not geoip:
        # Without an ``$ip`` of the event's own the server would put the connection's there.
        ours |= {"$geoip_disable": True, "$ip": None}
    return ours


def _of(span: ReadableSpan) -> Mapping[str, Any]:
    return span.attributes or {}


def _identity(span: ReadableSpan) -> tuple[str, bool] | None:
    """Return ``(distinct_id, is_anon)``, both from the span or both from its resource."""
    for holder in (_of(span), span.resource.attributes):
        distinct_id = _distinct_id(holder.get(conventions.DISTINCT_ID))
        if distinct_id is not None:
            return distinct_id, holder.get(conventions.IS_ANON) is not False
    return None


def _distinct_id(value: object) -> str | None:
    """Return an id that PostHog takes as it is; it would cut a longer one, and make one person of two."""
    if not isinstance(value, str) or not value.strip():
        return None
    value = replace_unencodable(value)
    if len(value) <= conventions.DISTINCT_ID_LIMIT:
        return value
    return f"sha256:{hashlib.sha256(value.encode()).hexdigest()}"


def _text(value: object) -> str | None:
    return replace_unencodable(value[:MAX_TEXT_LENGTH]) if isinstance(value, str) else None


def _texts(value: object) -> list[str] | None:
    if not isinstance(value, list | tuple) or not value:
        return None
    return [text for text in map(_text, value[:_MAX_TEXTS]) if text is not None]


def _integer(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _duration(span: ReadableSpan) -> float | None:
    value = _of(span).get(conventions.DURATION)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) if math.isfinite(value) else None
    if span.start_time and span.end_time:
        return (span.end_time - span.start_time) // 1000 / 1000
    return None


def _cli_version(resource: Mapping[str, Any]) -> str | None:
    version = _text(resource.get(conventions.SERVICE_VERSION))
    distribution = _text(resource.get(conventions.RESOURCE_DISTRIBUTION))
    return version or (installed_version(distribution) if distribution else None)


@lru_cache(maxsize=16)
def installed_version(distribution: str) -> str | None:
    """Return the version of an installed distribution, or None."""
    from importlib import metadata

    try:
        return metadata.version(distribution)
    except (metadata.PackageNotFoundError, ValueError):
        return None
