"""Reads OTLP/JSON as plain dictionaries: the primitives that the SDK's spans and PostHog's events are both read with.

Standard library only: the sender reads the spans of its PostHog lane by this, without OpenTelemetry's SDK.
"""

from __future__ import annotations

import binascii
import json

TYPE_CHECKING = False  # type checkers know better; the module typing costs a sender a third of a bare Python
if TYPE_CHECKING:
    from typing import Any, NoReturn

__all__ = [
    "INT64",
    "IS_REMOTE",
    "SPAN_ID_DIGITS",
    "TRACE_ID_DIGITS",
    "UINT32",
    "UINT64",
    "Json",
    "load",
    "read_attributes",
    "read_id",
    "read_integer",
    "read_list",
    "read_object",
    "read_string",
]

# Source: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding and opentelemetry/proto/trace/v1/trace.proto.
INT64 = 1 << 63
UINT64 = 1 << 64
UINT32 = 1 << 32
#: The bit of ``flags`` that says that a parent, or a link's target, is in another process.
IS_REMOTE = 0x200
TRACE_ID_DIGITS = 32
SPAN_ID_DIGITS = 16

if TYPE_CHECKING:
    Json = dict[str, Any]
else:
    Json = dict


def load(text: str | bytes) -> Json:
    """Return the object that is the OTLP/JSON ``text``.

    Raises:
        ValueError: It is no JSON, or no object, or nested too deeply.
    """
    try:
        traces = json.loads(text.decode("utf-8") if isinstance(text, bytes) else text, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("OTLP/JSON nested too deeply") from None
    return traces if isinstance(traces, dict) else _malformed("no object")


def read_attributes(holder: Json) -> dict[str, Any]:
    """Return the attributes of a span, a scope or a resource; of two with one key the last."""
    attributes = {}
    for attribute in read_list(holder, "attributes"):
        key = read_string(read_object(attribute), "key")
        if key:
            attributes[key] = _read_any_value(read_object(attribute.get("value")))
    return attributes


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


def read_object(value: object) -> Json:
    """Return ``value`` as an object; an empty one if it is absent."""
    if value is None:
        return {}
    return value if isinstance(value, dict) else _malformed("an object")


def read_list(holder: Json, key: str) -> list[Any]:
    """Return the list under ``key``; an empty one if it is absent."""
    value = holder.get(key)
    if value is None:
        return []
    return value if isinstance(value, list) else _malformed(key)


def read_string(holder: Json, key: str) -> str:
    """Return the text under ``key``; "" if it is absent."""
    value = holder.get(key)
    if value is None:
        return ""
    return value if isinstance(value, str) else _malformed(key)


def read_id(holder: Json, key: str, digits: int) -> int:
    """Return the id under ``key``, which must have this many hexadecimal digits."""
    value = read_string(holder, key)
    if len(value) != digits or not value.isascii() or not value.isalnum():
        _malformed(key)
    try:
        return int(value, 16)
    except ValueError:
        _malformed(key)


def read_integer(holder: Json, key: str, bound: int) -> int:
    """Return an integer of ``0 <= n < bound``; 0 if it is absent."""
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
