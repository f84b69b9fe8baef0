"""Takes secrets, and what a person typed, out of an error's message, in the process in which it was raised."""

# Imported only when a command failed: the patterns below cost nothing to one that succeeds.

import math
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence

from arcade_otel import conventions
from arcade_otel.diagnostics import debug, guard
from arcade_otel.span import scrub

__all__ = ["error_message", "redact"]

# What is looked at; the rest of a longer message is dropped unread (a 2 MB message must not hold up the prompt).
_LARGEST_INPUT = 4000
#: A word of a command line or an environment's value is looked for in the message if it has at least this many characters.
_SHORTEST_ARGUMENT = 2
_SHORTEST_ENVIRONMENT = 6

_REDACTED = "<redacted>"

# Order matters: what holds other things (a PEM block, an address with a password in it) goes first.
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"-----BEGIN [A-Z0-9 ]{1,40}-----(?s:.*?)(?:-----END [A-Z0-9 ]{1,40}-----|\Z)", _REDACTED),
        (r"(?i)\b(bearer|basic|digest|token|apikey)\s+[A-Za-z0-9._~+/=-]{6,}", rf"\1 {_REDACTED}"),
        (
            (
                r"(?i)([\w.-]{0,40}(?:pass(?:word|wd|phrase)?|secret|token|api[_-]?key|access[_-]?key|auth(?:orization)?|cookie"
                r"|credential|signature|session)[\w-]{0,40}[\"']?\s{0,3}[=:]\s{0,3})(?:\"[^\"]*\"|'[^']*'|[^\s,;&\"']+)"
            ),
            rf"\1{_REDACTED}",
        ),
        (r"\beyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*){1,4}", _REDACTED),  # JSON web tokens
        (
            (  # Known shapes, after the rules of gitleaks and GitHub's secret scanning.
                r"\b(?:gh[pousr]_|github_pat_|glpat-|gl[a-z]{1,5}-|xox[abeoprs]-|xapp-|sk-|rk-|sk_|rk_|pk_|whsec_|ph[cxs]_|npm_|pypi-"
                r"|hf_|SG\.|ya29\.|AIza|AKIA|ASIA|ABIA|ACCA|dop_v1_|doo_v1_|shpat_|shpss_|sq0|EAA|arc_|lin_api_|dapi|glsa_|hvs\."
                r"|tskey-)[A-Za-z0-9_.=/+-]{8,}"
            ),
            _REDACTED,
        ),
        (r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}", "<email>"),
        (r"\b(?:\d{1,3}\.){3}\d{1,3}\b", "<ip>"),
        (r"(?<![\w:])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:])", "<ip>"),
        (r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b", "<id>"),
        # Paths, Windows' and POSIX', in quotes (with spaces) and bare. One component alone ("/") tells nothing and stays.
        (r"'(?:[A-Za-z]:[\\/]|\\\\|~?/)[^'\n]*'", "'<path>'"),
        (r'"(?:[A-Za-z]:[\\/]|\\\\|~?/)[^"\n]*"', '"<path>"'),
        # A space belongs to a bare path if another separator follows the word after it ("C:\\Users\\Jane Doe\\a.txt").
        (
            (
                r"(?<![\w/:.])(?:[A-Za-z]:[\\/]|\\\\|~/|/)"
                r"(?:[^\s'\"<>|:;,)]|[ ](?=[^\s'\"<>|:;,)/\\]{1,60}[\\/]))+"
            ),
            "<path>",
        ),
        (r"(?<![\w/])(?:\.{1,2}[\\/])[^\s'\"<>|:;,)]+", "<path>"),
    )
)
_ADDRESS = re.compile(r"\b([a-zA-Z][a-zA-Z0-9+.-]{1,20}://)([^\s'\"<>]*)")
_QUOTED = re.compile(r"'(?!-)[^'\n]*'")
_WORD = re.compile(r"[A-Za-z0-9+/_=.-]{16,}")


def error_message(error: BaseException, how: str | Callable[[BaseException], str | None]) -> str | None:
    """Return what may be told of ``error``, at most 300 characters, or None for nothing.

    Args:
        error: What ended the command.
        how: ``redacted``: its message, redacted; ``class``: nothing beyond the class, which ``error.type`` tells; or the
            application's own function, whose answer is taken as it is but for length and characters that JSON cannot hold.
    """
    if how == "class":
        return None
    if callable(how):
        told = None
        with guard("the application's own error message"):
            told = how(error)
        return scrub(told)[: conventions.ERROR_MESSAGE_LIMIT] if isinstance(told, str) and told else None
    try:
        message = str(getattr(error, "message", None) or error)
    except Exception as failure:  # noqa: BLE001 - somebody else's __str__
        debug("an error has no readable message", failure)
        return None
    if message == str(getattr(error, "exit_code", None)):
        return None  # Click's and Typer's Exit says its code, which the span has
    if hasattr(error, "format_message"):  # Click's and Typer's: what they quote is what somebody typed, at a prompt too
        message = _QUOTED.sub("'<argument>'", message)
    return redact(message, arguments=sys.argv[1:], environ=os.environ) or None


def redact(message: str, *, arguments: Sequence[str] = (), environ: Mapping[str, str] | None = None) -> str:
    """Return ``message`` on one line, at most 300 characters, without secrets and without what was typed.

    Taken out: tokens and keys of known shapes, JSON web tokens, PEM blocks, values after words such as ``password=``, the user
    part and query of addresses, e-mail and IP addresses, paths, words of high entropy, words of the command line and values of
    the environment. A limit: a secret that looks like an ordinary word, and is neither typed nor set, is not recognised.

    Args:
        message: What an exception says.
        arguments: Words of the command line.
        environ: The environment.
    """
    if len(message) > _LARGEST_INPUT:
        # The last word may be the first half of a secret, which no pattern would know.
        message = message[:_LARGEST_INPUT].rpartition(" ")[0]
    message = scrub(message)
    for value in _typed(arguments, environ or {}):
        message = _without(message, value)
    message = _ADDRESS.sub(_address, message)
    for pattern, replacement in _PATTERNS:
        message = pattern.sub(replacement, message)
    message = _WORD.sub(lambda match: _REDACTED if _looks_random(match.group()) else match.group(), message)
    return " ".join(message.split())[: conventions.ERROR_MESSAGE_LIMIT]


def _address(found: re.Match[str]) -> str:
    """Keep scheme and host ("cannot connect to api.example.com" is what a maintainer needs), and nothing where those are unsure.

    An @ after the first slash may be a password's with a slash in it, as may a second @.
    """
    scheme, rest = found.groups()
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if rest.count("@") > authority.count("@") or authority.count("@") > 1:
        return f"{scheme}{_REDACTED}"
    return scheme + authority.rpartition("@")[2][:300]


def _typed(arguments: Sequence[str], environ: Mapping[str, str]) -> list[str]:
    """Return what is looked for, longest first, so that no part of it is replaced before the whole."""
    values: set[str] = set()
    for argument in arguments:
        values.update(part for part in (argument, *argument.split("=")) if len(part) >= _SHORTEST_ARGUMENT)
    for name, value in environ.items():
        if not name.startswith("ARCADE_USAGE_") and len(value) >= _SHORTEST_ENVIRONMENT:
            values.add(value)
    user = environ.get("USER") or environ.get("USERNAME") or environ.get("LOGNAME") or ""
    if len(user) >= 3 and user != "root":  # noqa: PLR2004 - shorter ones are syllables
        values.add(user)
    return sorted((scrub(value) for value in values), key=len, reverse=True)


def _without(message: str, value: str) -> str:
    """Replace ``value`` where it stands as a word of its own: "on" typed is not the "on" of "connection"."""
    start = 0
    while (found := message.find(value, start)) >= 0:
        end = found + len(value)
        inside = (found and message[found - 1].isalnum() and value[0].isalnum()) or (
            end < len(message) and message[end].isalnum() and value[-1].isalnum()
        )
        if inside and len(value) < 8:  # noqa: PLR2004 - a long one is no accident
            start = found + 1
            continue
        message = f"{message[:found]}<argument>{message[end:]}"
        start = found + len("<argument>")
    return message


def _looks_random(word: str) -> bool:
    """Tell whether a long word is more likely a key than a name: many different characters, of several kinds."""
    kinds = sum(
        (
            any(character.isdigit() for character in word),
            any(character.islower() for character in word),
            any(character.isupper() for character in word),
        )
    )
    return kinds >= 2 and _entropy(word) > 3.0  # noqa: PLR2004 - bits a character; English words of this length stay below


def _entropy(word: Iterable[str]) -> float:
    characters = list(word)
    counts = {character: characters.count(character) for character in set(characters)}
    return -sum(count / len(characters) * math.log2(count / len(characters)) for count in counts.values())
