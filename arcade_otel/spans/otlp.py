"""Read and change spans in OTLP/JSON. The queue, the sender, the exporters and the usage commands use this module.

Two documents define the format: the section "JSON Protobuf Encoding" of https://opentelemetry.io/docs/specs/otlp/, and the file
opentelemetry/proto/trace/v1/trace.proto. A payload may come from any program, so each function checks the data that it reads, and
raises ``ValueError`` if that data is malformed. As the protocol requires, the functions ignore unknown fields, accept 64-bit
integers as numbers or as text, and treat ``null`` like an absent value.

This module does not import OpenTelemetry's SDK. A command usually does not import this module while it runs, because importing
``json`` would slow the command down.
"""

from __future__ import annotations

import binascii
import json

from arcade_otel import conventions

TYPE_CHECKING = False  # type checkers know better; the module typing costs a sender a third of a bare Python
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, NoReturn, TypeGuard

__all__ = [
    "INT64",
    "IS_REMOTE",
    "SPAN_ID_DIGITS",
    "TRACE_ID_DIGITS",
    "UINT32",
    "UINT64",
    "Json",
    "command_span",
    "dumps",
    "is_traces",
    "loads",
    "read_attribute",
    "read_attributes",
    "read_id",
    "read_integer",
    "read_list",
    "read_object",
    "read_objects",
    "read_string",
    "remove_resource_attributes",
    "scopes",
    "set_attribute",
    "spans",
]

INT64 = 1 << 63
UINT64 = 1 << 64
UINT32 = 1 << 32
#: The bit of ``flags`` that is set if a parent, or the target of a link, is in another process.
IS_REMOTE = 0x200
TRACE_ID_DIGITS = 32
SPAN_ID_DIGITS = 16

if TYPE_CHECKING:
    Json = dict[str, Any]
else:
    Json = dict

# --- the whole --------------------------------------------------------------------------------------------------------------


def loads(payload: str | bytes) -> Json:
    """Decode a payload, and return its ``TracesData`` object.

    Raises:
        ValueError: If the payload is not JSON, contains no ``resourceSpans``, or is nested too deeply.
    """
    try:
        traces = json.loads(payload.decode("utf-8") if isinstance(payload, bytes) else payload, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("OTLP/JSON nested too deeply") from None
    if not is_traces(traces):
        _malformed("no spans")
    return traces


def is_traces(value: object) -> TypeGuard[Json]:
    """Return whether ``value`` is an object with the key ``resourceSpans``, like a ``TracesData`` object."""
    return isinstance(value, dict) and "resourceSpans" in value


def dumps(traces: Json) -> str:
    """Return ``traces`` encoded as a payload: compact JSON in ASCII."""
    return json.dumps(traces, separators=(",", ":"))


def scopes(traces: Json) -> Iterator[tuple[Json, Json]]:
    """Yield each ``ScopeSpans`` object in a ``TracesData`` object, paired with its ``ResourceSpans``, in document order.

    Raises:
        ValueError: If the payload is not OTLP/JSON.
    """
    for resource_spans in read_objects(traces, "resourceSpans"):
        for scope_spans in read_objects(resource_spans, "scopeSpans"):
            yield resource_spans, scope_spans


def spans(traces: Json) -> Iterator[tuple[Json, Json]]:
    """Yield each span in a ``TracesData`` object, paired with its resource, in document order.

    Raises:
        ValueError: If the payload is not OTLP/JSON.
    """
    for resource_spans, scope_spans in scopes(traces):
        for span in read_objects(scope_spans, "spans"):
            yield span, read_object(resource_spans.get("resource"))


def command_span(traces: Json) -> tuple[Json | None, Json]:
    """Return the first span that this library has recorded for a command, and the resource of that span.

    If the payload contains no span of a command, return ``(None, {})``.

    Raises:
        ValueError: If the payload is not OTLP/JSON.
    """
    for resource_spans, scope_spans in scopes(traces):
        if read_string(read_object(scope_spans.get("scope")), "name") != conventions.SCOPE:
            continue
        for span in read_objects(scope_spans, "spans"):
            if read_attribute(span, conventions.COMMAND) is not None:
                return span, read_object(resource_spans.get("resource"))
    return None, {}


# --- attributes -------------------------------------------------------------------------------------------------------------


def read_attribute(holder: Json, key: str) -> object:
    """Return the value of one attribute of a span, a scope or a resource, or None if the attribute is missing.

    If a key occurs several times, its last value counts.

    Raises:
        ValueError: If the value under ``key`` is malformed. The function does not check values under other keys.
    """
    for attribute in reversed(read_objects(holder, "attributes")):
        if attribute.get("key") == key:
            return _read_value(attribute)
    return None


def read_attributes(holder: Json) -> dict[str, Any]:
    """Return all attributes of a span, a scope or a resource. If a key occurs several times, its last value counts.

    Raises:
        ValueError: If an attribute is malformed.
    """
    attributes = {}
    for attribute in read_objects(holder, "attributes"):
        key = read_string(attribute, "key")
        if key:
            attributes[key] = _read_value(attribute)
    return attributes


def set_attribute(holder: Json, key: str, value: str | bool | int) -> None:  # noqa: FBT001 - one of three types
    """Set an attribute of a span, a scope or a resource, and remove any other attribute with the same key.

    Raises:
        ValueError: If the attributes of ``holder`` are malformed.
    """
    if isinstance(value, bool):
        any_value: Json = {"boolValue": value}
    elif isinstance(value, int):
        any_value = {"intValue": str(value)}
    else:
        any_value = {"stringValue": value}
    others = [attribute for attribute in read_objects(holder, "attributes") if attribute.get("key") != key]
    holder["attributes"] = [*others, {"key": key, "value": any_value}]


def remove_resource_attributes(traces: Json, prefix: str) -> None:
    """In each resource, remove the attributes whose key begins with ``prefix``.

    Raises:
        ValueError: If a resource is malformed.
    """
    for resource_spans in read_objects(traces, "resourceSpans"):
        resource = read_object(resource_spans.get("resource"))
        resource["attributes"] = [
            attribute
            for attribute in read_objects(resource, "attributes")
            if not read_string(attribute, "key").startswith(prefix)
        ]


def _read_value(attribute: Json) -> Any:
    try:
        return _read_any_value(read_object(attribute.get("value")))
    except RecursionError:
        raise ValueError("OTLP/JSON nested too deeply") from None


def _read_any_value(value: Json) -> Any:
    for key, read in _READERS.items():
        if value.get(key) is not None:
            return read(value, key)
    return None


def _read_bytes(value: Json, key: str) -> bytes:
    try:
        from base64 import b64decode  # spans of commands hold no bytes

        return b64decode(read_string(value, key), validate=True)
    except binascii.Error as error:
        raise ValueError("bytes that are no base64") from error


def _read_bool(value: Json, key: str) -> bool:
    found = value[key]
    return found if isinstance(found, bool) else _malformed(key)


def _read_double(value: Json, key: str) -> float:
    found = value[key]
    if isinstance(found, bool) or not isinstance(found, int | float | str):
        _malformed(key)
    try:
        return float(found)
    except (ValueError, OverflowError):
        _malformed(key)


def _read_int64(value: Json, key: str) -> int:
    number = _number(value[key], key)
    return number if -INT64 <= number < INT64 else _malformed(key)


# --- fields -----------------------------------------------------------------------------------------------------------------


def read_object(value: object) -> Json:
    """Return the object ``value``, or an empty object if ``value`` is None.

    Raises:
        ValueError: If ``value`` is neither an object nor None.
    """
    if value is None:
        return {}
    return value if isinstance(value, dict) else _malformed("an object")


def read_list(holder: Json, key: str) -> list[Any]:
    """Return the list under ``key``, or an empty list if the key is absent."""
    value = holder.get(key)
    if value is None:
        return []
    return value if isinstance(value, list) else _malformed(key)


def read_objects(holder: Json, key: str) -> list[Json]:
    """Return the objects in the list under ``key``, or an empty list if the key is absent."""
    return [read_object(each) for each in read_list(holder, key)]


def read_string(holder: Json, key: str) -> str:
    """Return the text under ``key``, or "" if the key is absent."""
    value = holder.get(key)
    if value is None:
        return ""
    return value if isinstance(value, str) else _malformed(key)


def read_id(holder: Json, key: str, digits: int) -> int:
    """Return the ID under ``key`` as an integer.

    Raises:
        ValueError: If the ID does not consist of exactly ``digits`` hexadecimal digits.
    """
    value = read_string(holder, key)
    if len(value) != digits or not value.isascii() or not value.isalnum():
        _malformed(key)
    try:
        return int(value, 16)
    except ValueError:
        _malformed(key)


def read_integer(holder: Json, key: str, bound: int) -> int:
    """Return the integer under ``key``, or 0 if the key is absent.

    Raises:
        ValueError: If the value is not an integer that is at least 0 and less than ``bound``.
    """
    value = holder.get(key)
    if value is None:
        return 0
    number = _number(value, key)
    return number if 0 <= number < bound else _malformed(key)


def _number(value: object, key: str) -> int:
    if isinstance(value, bool):
        _malformed(key)
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and value.isascii() and value.removeprefix("-").isdigit():
        return int(value)
    return _malformed(key)


def _malformed(what: str) -> NoReturn:
    raise ValueError(f"malformed OTLP/JSON: {what}")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"malformed OTLP/JSON: {name} is no JSON")


# How each member of an ``AnyValue`` is read.
_READERS = {
    "stringValue": read_string,
    "boolValue": _read_bool,
    "intValue": _read_int64,
    "doubleValue": _read_double,
    "arrayValue": lambda value, key: tuple(
        _read_any_value(read_object(item)) for item in read_list(read_object(value[key]), "values")
    ),
    "kvlistValue": lambda value, key: read_attributes({"attributes": read_list(read_object(value[key]), "values")}),
    "bytesValue": _read_bytes,
}
