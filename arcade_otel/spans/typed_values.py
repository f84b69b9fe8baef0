"""Replace the user's own values in a message: typed words, values of environment variables, and file names."""

# This module is imported only when a command has failed, or if the program sets a free text.

import json
import os
import re
from binascii import b2a_base64
from collections.abc import Iterator, Mapping, Sequence

from arcade_otel.spans import replace_unencodable
from arcade_otel.spans.secret_shapes import ARGUMENT, FILE, PEM, decoded

__all__ = ["without_values"]

#: A value must have at least this many characters, because shorter ones are often syllables of other words.
_MIN_ARGUMENT = 2
_MIN_ENVIRONMENT = 6
_MIN_SECRET = 3  # for a variable with a name such as API_KEY
_MIN_IN_BASE64 = 4  # and for hex. Base64 of more than eleven bytes looks random by itself
_MIN_SIGNS = 4  # different characters, in a value without a letter or a digit: "://" is no secret
#: A part of what the user typed, for example "quokka" of "quokka:key", must have at least this many letters.
_MIN_PART = 4
#: Parts that are joined differently ("quokka_zanzibar" for "quokka-zanzibar") must have at least this many letters together.
_MIN_JOINED = 6
#: Each value costs time at the end of a command that failed. If there are more, the message is not recorded. The first two
#: numbers limit what the user gave. The next two limit what is left without the names of files that the message cannot quote, for
#: example after ``mycli check **/*.py``.
_MAX_GIVEN = 6_000
_MAX_GIVEN_SIZE = 300_000
_MAX_VALUES = 600
_MAX_VALUES_SIZE = 40_000
#: A value of this length is found inside another word, too, because it is not there by accident.
_LONG = 8
_SECRET_VARIABLE = re.compile(r"(?i)pass|pwd|secret|token|key|cred|auth|pin\b|dsn")
_USER_VARIABLES = frozenset({"USER", "USERNAME", "LOGNAME", "HOME", "USERPROFILE"})
_ORDINARY = frozenset({"true", "false", "yes", "none", "null", "off", "auto", "default"})
# Parts that reveal nothing about the user who typed them.
_ORDINARY_PARTS = _ORDINARY | {"file", "home", "html", "http", "https", "json", "toml", "yaml"}
_HEX = re.compile(r"[0-9a-f]{8}")
_CHUNK = re.compile(r"[^\W_]+")
# A plain argument. Only the argument itself, its last component and its words are searched for.
_PLAIN = re.compile(r"[A-Za-z0-9_./\\@:,+][A-Za-z0-9_./\\@:,+-]*")
_CAMEL_CASE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def without_values(message: str, *, arguments: Sequence[str], environ: Mapping[str, str], paths: Sequence[str]) -> str | None:
    """Return ``message`` without the user's values, or None if these values are too numerous or too long.

    Args:
        message: A message that :func:`secret_shapes.readable` has returned.
        arguments: User input to remove: the words of the command line and the values of the command's parameters.
        environ: The environment variables whose values are removed.
        paths: File names to remove.
    """
    lowered = message.lower()
    environ = {name: value for name, value in environ.items() if _is_looked_for(name, value, lowered)}
    if len(arguments) > 2 * _MAX_GIVEN:  # the command line and the values of the parameters usually have the same words
        return None
    arguments = list(dict.fromkeys(arguments))
    if len(arguments) > _MAX_GIVEN or sum(map(len, (*arguments, *environ.values(), *paths))) > _MAX_GIVEN_SIZE:
        return None
    arguments, parts = _quotable(arguments, lowered)
    count = len(arguments) + len(environ) + len(paths)
    if count > _MAX_VALUES or sum(map(len, (*arguments, *environ.values(), *paths))) > _MAX_VALUES_SIZE:
        return None
    return _without(message, _values(arguments, environ, paths), [*_typed_texts(arguments, environ), *parts])


def _is_looked_for(name: str, value: str, lowered: str) -> bool:
    """Return whether the message may contain ``value``, the value of an environment variable.

    The function checks whether the message contains all words of the value, or the value in base64 or hexadecimal. For a long
    value, such as that of ``PATH``, this check is faster than a search for each escaped form.
    """
    if name.startswith("ARCADE_USAGE_"):
        return False
    if _SECRET_VARIABLE.search(name) or name in _USER_VARIABLES or "%" in value or "&" in value or not value.isascii():
        return True  # its parts are searched for, or its spellings have other words
    if not _MIN_ENVIRONMENT <= len(value) <= 3 * len(lowered):
        return False
    return (
        all(word in lowered for word in _CHUNK.findall(value.lower()))
        or _in_base64(value).lower() in lowered
        or _in_hex(value) in lowered
    )


def _quotable(arguments: Sequence[str], lowered: str) -> tuple[list[str], set[str]]:
    """Return the arguments that the message may contain, and, from all other arguments, the words that the message contains.

    For a plain argument (``_PLAIN``), such as a path, the function checks whether the message contains all words of the last path
    component, or the argument in base64 or hexadecimal.
    """
    squashed = "".join(_CHUNK.findall(lowered))
    has_hex = _HEX.search(lowered) is not None  # computed once, because there may be thousands of arguments
    kept: list[str] = []
    parts: set[str] = set()
    for argument in arguments:
        if not _PLAIN.fullmatch(argument):
            kept.append(argument)
            continue
        last = re.split(r"[\\/]", argument.lower().rstrip("\\/"))[-1]
        if (
            all(word in squashed for word in _CHUNK.findall(last))
            or _in_base64(argument).lower() in lowered
            or (has_hex and _in_hex(argument) in lowered)
        ):
            kept.append(argument)
        else:
            parts.update(word for word in _CHUNK.findall(argument.lower()) if len(word) >= _MIN_PART and word in squashed)
    return kept, parts


def _in_base64(value: str) -> str:
    return (
        b2a_base64(value.encode("utf-8", "replace"), newline=False).decode().rstrip("=")
        if len(value) >= _MIN_IN_BASE64
        else value
    )


def _in_hex(value: str) -> str:
    return value.encode("utf-8", "replace").hex() if len(value) >= _MIN_IN_BASE64 else value


def _values(arguments: Sequence[str], environ: Mapping[str, str], paths: Sequence[str]) -> dict[str, str]:
    """Return the values to search for, each mapped to its placeholder."""
    values = dict.fromkeys((path for path in paths if len(path) >= _MIN_ARGUMENT), FILE)
    for argument in arguments:
        parts = [argument, *argument.split("="), *argument.splitlines(), *PEM.split(argument)]
        if argument.startswith("-") and not argument.startswith("--"):
            parts.append(argument[2:])  # -pSECRET
        parts += [re.split(r"[\\/]", part.rstrip("\\/"))[-1] for part in parts]  # a file's name without its directory
        values.update(dict.fromkeys((part for part in parts if _is_a_value(part)), ARGUMENT))
    for name, value in environ.items():
        if name.startswith("ARCADE_USAGE_"):
            continue
        least = _MIN_SECRET if _SECRET_VARIABLE.search(name) else _MIN_ENVIRONMENT
        if len(value) >= least and value.lower() not in _ORDINARY:
            values.setdefault(value, ARGUMENT)
    user = environ.get("USER") or environ.get("USERNAME") or environ.get("LOGNAME") or ""
    for who in (user, os.path.basename((environ.get("HOME") or environ.get("USERPROFILE") or "").rstrip("\\/"))):
        if len(who) >= 3 and who not in ("root", "home"):  # noqa: PLR2004 - shorter ones are syllables
            values.setdefault(who, ARGUMENT)
    return values


def _typed_texts(arguments: Sequence[str], environ: Mapping[str, str]) -> list[str]:
    """Return the texts whose words are searched for one by one: typed values, and the values of variables such as ``API_KEY``."""
    typed = []
    for argument in arguments:
        if not argument.startswith("-"):
            typed.append(argument)
        elif "=" in argument:
            typed.append(argument.partition("=")[2])
        elif not argument.startswith("--"):
            typed.append(argument[2:])
    secrets = [value for name, value in environ.items() if _SECRET_VARIABLE.search(name) and not name.startswith("ARCADE_USAGE_")]
    return typed + secrets


def _derived_patterns(message: str, texts: Sequence[str]) -> Iterator[str]:
    """Yield patterns for the words of ``texts`` that occur in ``message``, and for whole texts written with other separators."""
    words = {word.lower() for word in _CHUNK.findall(message)}
    words |= {word.removesuffix("s") for word in words}
    squashed = "".join(_CHUNK.findall(message)).lower()
    for text in dict.fromkeys(texts):
        whole = _CHUNK.findall(text)
        for part in whole:
            if len(part) >= _MIN_PART and not part.isdigit() and part.lower() in words and part.lower() not in _ORDINARY_PARTS:
                yield rf"(?<![^\W_]){re.escape(part)}s?(?![^\W_])"
        joined = "".join(whole)
        if len(joined) < _MIN_JOINED or joined.lower() not in squashed:
            continue
        chunks = [chunk for part in whole for chunk in _CAMEL_CASE.split(part)]
        if len(chunks) > 1:
            pattern = r"[\W_]{0,3}".join(map(re.escape, chunks))
            yield pattern if len(joined) >= _LONG else rf"(?<![^\W_]){pattern}(?![^\W_])"


def _is_a_value(part: str) -> bool:
    """Return whether to search the message for ``part``, a part of the user's input.

    Search for text without letters and digits, such as ``--``, only if it is long or contains at least four different characters,
    because it may then be a password ("!@#$%^&*").
    """
    part = part.strip()
    if any(character.isalnum() for character in part):
        return len(part) >= _MIN_ARGUMENT
    return len(part) >= _LONG or len(set(part)) >= _MIN_SIGNS


def _without(message: str, values: Mapping[str, str], typed: Sequence[str]) -> str:
    """Replace each value in the message, in any letter case and with any escaping, with its placeholder.

    All values are replaced in one pass, the longest first. A short value is replaced only if it is a whole word. For example, if
    the user typed "on", the word "connection" stays as it is.
    """
    lowered = message.lower()
    found: dict[str, str] = {}
    for value, replacement in values.items():
        if len(value) > 3 * len(message):
            continue
        plain = replace_unencodable(value)
        for form in _spellings(plain) | _spellings(decoded(plain)):  # the message has been decoded, too
            if form.strip() and form.lower() in lowered:
                found.setdefault(form.lower(), replacement)
    derived = sorted(set(_derived_patterns(message, typed)), key=len, reverse=True)
    if not found and not derived:
        return message
    alternatives = []
    for form in sorted(found, key=len, reverse=True):
        escaped = re.escape(form)
        if len(form) < _LONG:
            escaped = (r"(?<![^\W_])" if form[0].isalnum() else "") + escaped + (r"(?![^\W_])" if form[-1].isalnum() else "")
        alternatives.append(escaped)
    # Exact values come first, because a joined pattern may end inside one.
    pattern = re.compile("|".join([*alternatives, *derived]), re.IGNORECASE)
    return pattern.sub(lambda match: found.get(match.group().lower(), ARGUMENT), message)


def _spellings(value: str) -> set[str]:
    """Return the forms of ``value`` to search for.

    The forms are the value itself, its encodings in base64 and hexadecimal, and its escaped forms in Python, JSON, shells and URL
    queries.
    """
    encoded = _in_base64(value)
    if value.isalnum():
        return {value, encoded, _in_hex(value)}
    quote = "'"
    return {
        value,
        encoded,
        _in_hex(value),
        repr(value)[1:-1],
        ascii(value)[1:-1],
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        value.replace(quote, f'{quote}"{quote}"{quote}'),
        value.replace(" ", "+"),
    }
