"""Turn a command's span into PostHog events: an alias, the command's event, and the program's own events."""

from __future__ import annotations

import math
import sys
import time

from arcade_otel import conventions
from arcade_otel.diagnostics import debug
from arcade_otel.spans import replace_unencodable
from arcade_otel.spans.declared import GROUP_PREFIX, PERSON_PREFIX, PROPERTY_PREFIX
from arcade_otel.spans.properties import BOOLEAN, INTEGER, NUMBER, PROPERTIES, STRING, STRINGS, Property
from arcade_otel.spans.versions import installed_version, program_version
from arcade_otel_exporters.span_record import SpanRecord, from_sdk

TYPE_CHECKING = False  # type checkers know better; the module typing costs a sender a third of a bare Python
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from opentelemetry.sdk.trace import ReadableSpan

__all__ = ["MAX_TEXT_LENGTH", "alias_of", "event_of", "events_of", "is_command", "own_events_of", "utc_timestamp"]

#: Any other text is cut to this many characters, because PostHog discards events over 1 MB.
MAX_TEXT_LENGTH = 1000
_MAX_TEXTS = 50
#: The namespace of event IDs, so that every delivery of a span is the same event to PostHog. It must never change.
_NAMESPACE = bytes.fromhex("5d2bd3b561c65c948c5c0d2f0d1a9d5f")
# Arcade's specification spells systems as ``platform.system()`` does. The resource spells them as the semantic conventions do.
_SYSTEMS = {"linux": "Linux", "darwin": "Darwin", "windows": "Windows"}

if TYPE_CHECKING:
    Event = dict[str, Any]
else:
    Event = dict


def is_command(span: SpanRecord | ReadableSpan) -> bool:
    """Return whether ``span`` is a command's span: a span with this library's scope and the attribute ``command``.

    Return False for a live span, because its command's event is delivered separately. Only a span for which this function returns
    True becomes an event.
    """
    record = _record(span)
    if record.scope != conventions.SCOPE or record.scope_attributes.get(conventions.SCOPE_LIVE):
        return False
    return isinstance(record.attributes.get(conventions.COMMAND), str)


def event_of(span: SpanRecord | ReadableSpan, *, geoip: bool = False) -> Event | None:
    """Return the command's event, or None if the span names no person or carries only the program's own events.

    The event's ``uuid`` and ``timestamp`` depend only on the span. The ``timestamp`` is the command's start time in UTC. Apart
    from PostHog's own properties such as ``$lib``, the event contains only properties that ``arcade_otel/spans/properties.py`` or
    the program declares. The event belongs to the person that the span's attributes name. If the attributes name no person, the
    event belongs to the person that the span's resource names: the user at the time when the process started. If the attribute
    ``is_anon`` is missing, the ID counts as anonymous.

    Args:
        span: A span for which :func:`is_command` is true.
        geoip: Whether PostHog may store the sender's IP address and derive a location from it.
    """
    span = _record(span)
    identity = _identity(span)
    if identity is None or span.resource.get(conventions.RESOURCE_EVENTS_ONLY):
        return None
    distinct_id, is_anon = identity
    started = bool(span.resource.get(conventions.RESOURCE_STARTED))
    exit_code = _integer(span.attributes.get(conventions.PROCESS_EXIT_CODE))
    failed = exit_code != 0 if exit_code is not None else span.is_error
    resource = span.resource
    properties: Event = {
        row.name: _property(span, row)
        for row in PROPERTIES
        if row.name and (failed or not row.failed_only) and not (started and row.ended_only)
    }
    declared = _declared(span.attributes) | _groups_and_person(span, is_anon=is_anon)
    properties = _without_clashes(declared, properties) | properties
    is_doctor = bool(resource.get(conventions.RESOURCE_DOCTOR))
    properties = {key: value for key, value in properties.items() if value is not None and not is_doctor}
    properties = _copies(span, properties) | properties
    if is_anon:
        properties["$process_person_profile"] = False  # otherwise PostHog may refuse the alias for good
    name = conventions.EVENT_FAILED if failed else conventions.EVENT_SUCCEEDED
    name = conventions.EVENT_STARTED if started else name
    name = conventions.EVENT_DOCTOR if is_doctor else name
    return _event(name, distinct_id, properties | _ours(geoip=geoip), span, "")


def own_events_of(span: SpanRecord | ReadableSpan, *, geoip: bool = False) -> list[Event]:
    """Return the program's own events that a command's span carries, oldest first. Other span events are skipped.

    The program's own events belong to the same person and groups as the command's event. Each of the program's own events also
    contains the properties of the command's event that do not depend on how the command ended, and any copies of them that the
    program declares. The ``uuid`` of each of the program's own events is derived from the span's IDs and the event's
    position on the span, so it is the same in each delivery.
    """
    span = _record(span)
    own = [(index, event) for index, event in enumerate(span.events) if event.attributes.get(conventions.OWN_EVENT) is True]
    identity = _identity(span) if own else None
    if identity is None:
        return []
    distinct_id, is_anon = identity
    of_command: Event = {row.name: _property(span, row) for row in PROPERTIES if row.name and row.of_own_events}
    groups = _groups_and_person(span, is_anon=is_anon)
    groups.pop("$set", None)  # the event of the login itself sets the properties of its person
    of_command |= groups
    if is_anon:
        of_command["$process_person_profile"] = False
    events = []
    for index, event in own:
        properties = _without_clashes(_declared(event.attributes), of_command) | of_command
        properties = {key: value for key, value in properties.items() if value is not None}
        properties = _copies(span, properties) | properties | _ours(geoip=geoip)
        name = event.name[:MAX_TEXT_LENGTH]
        events.append(_event(name, distinct_id, properties, span, f"event{index}", time_ns=event.time_ns))
    return events


def events_of(span: SpanRecord | ReadableSpan, *, geoip: bool = False) -> list[Event]:
    """Return all events of a command's span, in the order in which they must be sent.

    The first event is the alias, if the span carries one. The command's event and the program's own events follow the alias.
    """
    span = _record(span)
    found = [alias_of(span, geoip=geoip), event_of(span, geoip=geoip), *own_events_of(span, geoip=geoip)]
    return [event for event in found if event is not None]


def _declared(attributes: Mapping[str, Any]) -> Event:
    """Return the values of the properties that the program declared."""
    return _under(PROPERTY_PREFIX, attributes)


def _under(prefix: str, attributes: Mapping[str, Any]) -> Event:
    return {
        key.removeprefix(prefix): _text(value) if isinstance(value, str) else value
        for key, value in attributes.items()
        if key.startswith(prefix) and isinstance(value, str | bool | int)
    }


def _groups_and_person(span: SpanRecord, *, is_anon: bool) -> Event:
    """Return the groups and the person properties that the program declares, or an empty dict for an anonymous person."""
    if is_anon:
        return {}
    groups, person = _under(GROUP_PREFIX, span.attributes), _under(PERSON_PREFIX, span.attributes)
    groups = {key: value for key, value in groups.items() if isinstance(value, str)}
    return ({"$groups": groups} if groups else {}) | ({"$set": person} if person else {})


def _without_clashes(declared: Event, properties: Event) -> Event:
    """Return the declared properties, except those that have the same name as a property of this library."""
    for clash in declared.keys() & properties.keys():
        debug(f"property dropped: {clash} is the name of one of the library's own")
    return {key: value for key, value in declared.items() if key not in properties}


def _copies(span: SpanRecord, properties: Event) -> Event:
    """Return the program's copies of properties under other names, for example ``duration_ms`` as a copy of ``duration``."""
    pairs = [pair.partition("=") for pair in (_text(span.resource.get(conventions.RESOURCE_COPIES)) or "").split()]
    return {name: properties[source] for name, _, source in pairs if source in properties}


def _property(span: SpanRecord, row: Property) -> object:
    """Return the value of a property, or None if the span contains no value of the declared type."""
    read = _SPECIAL.get(row.attribute)
    if read is not None:
        return read(span)
    return _READERS[row.type]((span.resource if row.resource else span.attributes).get(row.attribute))


def alias_of(span: SpanRecord | ReadableSpan, *, geoip: bool = False) -> Event | None:
    """Return the alias that the span carries, or None if the span carries no alias.

    The alias must be sent before the span's event. The alias does not contain ``$process_person_profile``, because PostHog drops
    an alias that contains this property.
    """
    span = _record(span)
    identity = _identity(span)
    previous = _distinct_id(span.attributes.get(conventions.PREVIOUS_DISTINCT_ID))
    if identity is None or previous is None or identity[1] or previous == identity[0]:
        return None
    properties: Event = {"distinct_id": previous, "alias": identity[0]}
    return _event(conventions.EVENT_ALIAS, previous, properties | _ours(geoip=geoip), span, "alias")


def _event(name: str, distinct_id: str, properties: Event, span: SpanRecord, part: str, *, time_ns: int = 0) -> Event:
    event: Event = {"event": name, "distinct_id": distinct_id, "properties": properties}
    if span.span_id:
        event["uuid"] = _uuid5(f"{span.trace_id}{span.span_id}{part}")
    happened = time_ns or span.start_ns or span.end_ns
    if happened:
        event["timestamp"] = utc_timestamp(happened)
    return event


def utc_timestamp(nanoseconds: int) -> str:
    """Convert nanoseconds since the epoch to an ISO 8601 string in UTC with milliseconds.

    The function uses ``time.strftime``, to avoid the cost of importing ``datetime``. Milliseconds are precise enough to order
    commands, because a command takes longer than a millisecond. A more precise time could help to link an event to a user.
    """
    seconds, milliseconds = divmod(nanoseconds // 1_000_000, 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{milliseconds:03d}+00:00"


def _uuid5(name: str) -> str:
    """Return the version 5 UUID of ``name`` in this module's namespace (RFC 9562, section 5.5).

    ``uuid.uuid5`` returns the same UUID, but importing ``uuid`` and ``hashlib`` takes half as long as starting Python itself.
    """
    try:
        from _sha1 import sha1  # type: ignore[import-not-found]
    except ImportError:  # this Python was built with OpenSSL's hashes only
        from hashlib import sha1
    digest = bytearray(sha1(_NAMESPACE + name.encode(), usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _ours(*, geoip: bool) -> Event:
    ours: Event = {"$lib": conventions.LIB, "$lib_version": conventions.__version__}
    if not geoip:
        # If the event had no ``$ip``, the server would add the address of the connection.
        ours |= {"$geoip_disable": True, "$ip": None}
    return ours


def _record(span: SpanRecord | ReadableSpan) -> SpanRecord:
    return span if isinstance(span, SpanRecord) else from_sdk(span)


def _platform(what: str) -> str:
    """Return a value of the ``platform`` module, for example ``platform.release()``.

    ``platform`` is rarely imported, because this library's own spans already contain its values.
    """
    if sys.platform == "win32" and what != "python_version":
        # ``platform`` asks WMI, which hangs on some machines, and knows no build. The library's own spans have the build, too.
        return "Windows" if what == "system" else ".".join(str(number) for number in sys.getwindowsversion().platform_version)
    import platform

    return str(getattr(platform, what)())


def _identity(span: SpanRecord) -> tuple[str, bool] | None:
    """Return ``(distinct_id, is_anon)``, both from the span or both from its resource, or None if neither contains an ID."""
    for holder in (span.attributes, span.resource):
        distinct_id = _distinct_id(holder.get(conventions.DISTINCT_ID))
        if distinct_id is not None:
            return distinct_id, holder.get(conventions.IS_ANON) is not False
    return None


def _distinct_id(value: object) -> str | None:
    """Return the ID ``value``, or the ID's hash if the ID is too long. Return None if ``value`` is empty or not a string.

    PostHog would truncate a long ID, so two people could be merged into one person in PostHog.
    """
    if not isinstance(value, str) or not value.strip():
        return None
    value = replace_unencodable(value)
    if len(value) <= conventions.DISTINCT_ID_LIMIT:
        return value
    import hashlib  # seldom needed

    return f"sha256:{hashlib.sha256(value.encode()).hexdigest()}"


def _text(value: object) -> str | None:
    return replace_unencodable(value[:MAX_TEXT_LENGTH]) if isinstance(value, str) else None


def _texts(value: object) -> list[str] | None:
    if not isinstance(value, list | tuple) or not value:
        return None
    return [text for text in map(_text, value[:_MAX_TEXTS]) if text is not None]


def _integer(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _boolean(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _number(value: object) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        return None
    return float(value)


def _duration(span: SpanRecord) -> float | None:
    if conventions.DURATION in span.attributes:
        return _number(span.attributes[conventions.DURATION])
    if span.start_ns and span.end_ns:
        return (span.end_ns - span.start_ns) // 1000 / 1000
    return None


def _cli_version(span: SpanRecord) -> str | None:
    """Return the version that the program sets, or else the version of its distribution."""
    version = _text(span.resource.get(conventions.SERVICE_VERSION))
    if version:
        return version
    distribution = _text(span.resource.get(conventions.RESOURCE_DISTRIBUTION))
    if distribution:
        version = installed_version(distribution)
    else:
        version = program_version(_text(span.attributes.get(conventions.PROCESS_EXECUTABLE_NAME)) or "")
    return version and version.partition("+")[0]  # a local part (PEP 440) may have the name of the person who built it


def _error_message(span: SpanRecord) -> str | None:
    message = _text(span.attributes.get(conventions.ERROR_MESSAGE))
    return message[: conventions.ERROR_MESSAGE_LIMIT] if message else None


def _os_type(span: SpanRecord) -> str:
    system = _text(span.resource.get(conventions.OS_TYPE)) or _platform("system")
    return _SYSTEMS.get(system.lower(), system)


_READERS: dict[str, Callable[[object], object]] = {
    STRING: _text,
    STRINGS: _texts,
    INTEGER: _integer,
    NUMBER: _number,
    BOOLEAN: _boolean,
}
#: Properties whose value is not simply the attribute's. Spans that other code made lack some that Arcade's specification demands.
_SPECIAL: dict[str, Callable[[SpanRecord], object]] = {
    conventions.COMMAND: lambda span: _text(span.attributes.get(conventions.COMMAND)) or "",
    conventions.DURATION: _duration,
    conventions.ERROR_MESSAGE: _error_message,
    conventions.IS_CI: lambda span: span.attributes.get(conventions.IS_CI) is True,
    conventions.OS_TYPE: _os_type,
    conventions.OS_VERSION: lambda span: _text(span.resource.get(conventions.OS_VERSION)) or _platform("release"),
    conventions.PROCESS_RUNTIME_VERSION: lambda span: (
        _text(span.resource.get(conventions.PROCESS_RUNTIME_VERSION)) or _platform("python_version")
    ),
    conventions.SERVICE_VERSION: _cli_version,
}
