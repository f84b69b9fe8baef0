"""Takes secrets, and what a person typed, out of an error's message, in the process in which it was raised."""

# Imported only when a command failed: the patterns below cost nothing to one that succeeds.

import builtins
import json
import math
import os
import re
import sys
from binascii import b2a_base64
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from arcade_otel import conventions
from arcade_otel.diagnostics import debug, guard
from arcade_otel.spans import replace_unencodable
from arcade_otel.spans.secret_patterns import RULES

__all__ = ["error_message", "redact"]

# What is looked at; the rest of a longer message is dropped unread: a 2 MB message must not hold up the prompt, and the time that
# the worst message takes grows with the square of this.
_MAX_INPUT = 2000
#: A value is looked for in the message if it has at least this many characters; shorter ones are syllables.
_MIN_ARGUMENT = 2
_MIN_ENVIRONMENT = 6
_MIN_SECRET = 3  # a variable whose name says that it holds one
_MIN_IN_BASE64 = 4  # of more bytes than eleven, base64 looks random by itself
_MIN_SIGNS = 4  # different ones, in a value without a letter or a digit: "://" is no secret
#: A part of what was typed is looked for as a whole word if it has at least this many letters: "quokka" of "quokka:key".
_MIN_PART = 4
#: Parts joined otherwise ("quokka_zanzibar" for "quokka-zanzibar") are looked for if they have at least this many letters in all.
_MIN_JOINED = 6
#: Each value costs time at the end of a command that failed. Beyond these, nothing of the message is told: of what was given, and
#: of what is left of it when names of files that the message cannot quote were put aside (``mycli check **/*.py``).
_MAX_GIVEN = 6_000
_MAX_GIVEN_SIZE = 300_000
_MAX_VALUES = 600
_MAX_VALUES_SIZE = 40_000
#: A value of this length is no accident even inside another word.
_LONG = 8
#: How many of an exception's causes are looked at.
_MAX_CAUSES = 10

_PATH = "<path>"
# What is found first becomes one letter that no pattern ends at, until all have looked: "?a=<argument>&q=…" would end an address.
_ARGUMENT = "\ue000"
_FILE = "\ue001"
_REDACTED = "\ue002"
_PLACEHOLDERS = str.maketrans({_ARGUMENT: "<argument>", _FILE: _PATH, _REDACTED: "<redacted>"})
_PLACEHOLDER_ESCAPES = str.maketrans(dict.fromkeys((_ARGUMENT, _FILE, _REDACTED), "\ufffd"))

_SENSITIVE_WORDS = (
    r"pass(?:word|wd|phrase|code)?|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|auth(?:orization)?|cookie|credential"
    r"|signature|session|user(?:name)?|login|e-?mail|phone|pin|otp|iban|dsn|account|key"
)
# What a secret after a space or a colon has, before the next space: a digit, a capital inside, or a sign that no sentence has.
_UNLIKE_A_WORD = r"[^\s]*?(?:\d|(?-i:[a-z][A-Z])|[=:/+_~@$%^&*#])"
# Words of twelve letters and more that follow "basic", "token" and their like in sentences.
_SPOKEN = r"(?:authenticat|authoriz|authoris|configurat|verificat|introspect|registrat|unauthor|revocation)\w*\b"
# "session: closed", "token: expired" say how something is; a name in several words ("session_id: x") or in quotes has a value.
_STATEMENT = (
    r"\b(?:auth|session|token|cookie|credential|signature|user|username|login|e-?mail|phone|account|key): "
    rf"(?!{_UNLIKE_A_WORD})(?:{_SPOKEN}|[a-z]{{1,11}}(?![^\s.,;!)]))"
)
_SECRET_VARIABLE = re.compile(r"(?i)pass|pwd|secret|token|key|cred|auth|pin\b|dsn")
_USER_VARIABLES = frozenset({"USER", "USERNAME", "LOGNAME", "HOME", "USERPROFILE"})
_ORDINARY = frozenset({"true", "false", "yes", "none", "null", "off", "auto", "default"})
# Parts that tell nothing of who typed them.
_ORDINARY_PARTS = _ORDINARY | {"file", "home", "html", "http", "https", "json", "toml", "yaml"}
_CHUNK = re.compile(r"[^\W_]+")
# An argument of which nothing but itself, its last component and its words is looked for.
_PLAIN = re.compile(r"[A-Za-z0-9_./\\@:,+][A-Za-z0-9_./\\@:,+-]*")
_CAMEL_CASE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

# Order matters: what holds other things (a PEM block, an address with a password in it) goes first.
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"[^\s@'\"<>(),;:]{1,64}@[^\s@'\"<>(),;:]{1,255}", "<email>"),
        (r"(?i)\b(bearer|apikey)\s+[A-Za-z0-9._~+/=-]{6,}", rf"\1 {_REDACTED}"),
        (
            rf"(?i)\b(basic|digest|token)\s+(?={_UNLIKE_A_WORD}|(?!{_SPOKEN})[^\s]{{12}})[A-Za-z0-9._~+/=-]{{6,}}",
            rf"\1 {_REDACTED}",
        ),
        (
            rf"(?i)(?!{_STATEMENT})((?:{_SENSITIVE_WORDS})[\w-]{{0,40}}[\"']?\s{{0,3}}[=:]\s{{0,3}})(?:\"[^\"]*\"|'[^']*'|[^\s,;&\"']+)",
            rf"\1{_REDACTED}",
        ),
        (
            (  # Beginnings of known tokens, for what is cut off or of another length than its rule in secret_patterns.
                r"\b(?:gh[pousr]_|github_pat_|glpat-|gl[a-z]{1,5}-|xox[abeoprs]-|xapp-|sk-|rk-|sk_|rk_|pk_|whsec_|ph[cxs]_|npm_|pypi-"
                r"|hf_|SG\.|ya29\.|AIza|AKIA|ASIA|ABIA|ACCA|dop_v1_|doo_v1_|shpat_|shpss_|sq0|EAA|arc_|lin_api_|dapi|glsa_|hvs\."
                r"|tskey-)[A-Za-z0-9_.=/+-]{8,}"
            ),
            _REDACTED,
        ),
        (r"\b(?:\d{1,3}\.){3}\d{1,3}\b", "<ip>"),
        # IPv6, but neither a time (12:30:45) nor a name of C++ or Rust ("a::b").
        (
            (
                r"(?<![\w:])(?!\d{1,2}:[0-5]\d:[0-5]\d(?![\w:]))(?![A-Fa-f]{1,4}::[A-Fa-f]{1,4}(?![\w:]))"
                r"(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?!\w|:\w)"
            ),
            "<ip>",
        ),
        (r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b", "<id>"),
        (r"(?<![\w.])\+?\d(?:[ -]?\d){8,}(?![\w.])", "<number>"),  # cards, accounts, telephones
        # Paths, Windows' and POSIX', in quotes (with spaces) and bare. One component alone ("/") tells nothing and stays.
        (r"'(?:[A-Za-z]:[\\/]|\\\\|~?/)[^'\n]*'", f"'{_PATH}'"),
        (r'"(?:[A-Za-z]:[\\/]|\\\\|~?/)[^"\n]*"', f'"{_PATH}"'),
        # A space belongs to a bare path if another separator follows the word after it ("C:\\Users\\Jane Doe\\a.txt").
        (
            (
                r"(?<![\w/.])(?:[A-Za-z]:[\\/]|\\\\|~/|(?<!:)/|(?<=:)/(?!/))"
                r"(?:[^\s'\"<>|:;,)]|[ ](?=[^\s'\"<>|:;,)/\\]{1,60}[\\/]))+"
            ),
            _PATH,
        ),
        (r"(?<![\w/])(?:\.{1,2}[\\/])[^\s'\"<>|:;,)]+", _PATH),
        # A relative one: two separators, or one and a suffix. "and/or" and "application/json" stay.
        (r"(?<![\w/\\.@~-])[\w.@~-]+(?:[\\/][\w.@~-]+){2,}[\\/]?", _PATH),
        (r"(?<![\w/\\.@~-])(?!HTTPS?/\d(?:\.\d)?\b)[\w.@~-]+[\\/][\w@~-]+\.\w{1,8}\b", _PATH),
    )
)
_IS_SECRET = re.compile(rf"(?i){_UNLIKE_A_WORD}|(?!{_SPOKEN})[^\s]{{12}}")
# Colours and the like (ECMA-48), and a terminal's titles and links, whose address is not shown.
_TERMINAL = re.compile(r"\x1b(?:\[[0-?]{0,40}[ -/]{0,4}[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\|\Z))")
_PEM = re.compile(r"-----BEGIN [A-Z0-9 ]{1,40}-----(?s:.*?)(?:-----END [A-Z0-9 ]{1,40}-----|\Z)")
_JSON_WEB_TOKEN = re.compile(r"eyJ[A-Za-z0-9_+/=-]{5,}(?:\.[A-Za-z0-9_+/=-]*){0,4}")  # cut off ones too
_ADDRESS = re.compile(r"\b([a-zA-Z][a-zA-Z0-9+.-]{1,20}://)([^\s'\"<>]*)")
# What stands in quotes, a bytes literal's too. An apostrophe inside a word neither opens nor closes; what is cut off ends with
# the message.
_QUOTED = re.compile(
    r"(?<![^\W_])(?P<prefix>[bBrRuUfF]{0,2})(?P<quote>['\"`])(?P<value>(?:(?!(?P=quote)).|(?P=quote)(?=[^\W_]))*)(?:(?P=quote)|\Z)"
    r"|[\u2018\u201c\u201e\u00ab][^\u2018-\u201e\u00ab\u00bb]*(?:[\u2019\u201c\u201d\u00bb]|\Z)",
    re.DOTALL,
)
_WORD = re.compile(r"[A-Za-z0-9+/_=.-]{10,}")
_PLACEHOLDER = re.compile(f"<[a-z]+>|[{_ARGUMENT}{_FILE}{_REDACTED}]")
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
_ENTITY = re.compile(r"&(?:#\w{1,8}|[A-Za-z]\w{1,31});")
_OPTION = re.compile(r"--?[A-Za-z][\w-]{0,40}")
_ARGUMENT_NAME = re.compile(r"'([A-Za-z_]\w*)'")
_MISSING_ARGUMENTS = re.compile(r"\d+ required (?:positional|keyword-only) arguments?: [\w', ]+\Z")
# Their frames stand between the start of a command and the program's own code.
_FRAMEWORKS = frozenset({"arcade_otel", "argparse", "asyncio", "click", "cloup", "contextlib", "rich_click", "typer"})
_PYTHON_NAMES = frozenset({*dir(builtins), "NoneType", "function", "module", "method", "generator", "coroutine"})


def error_message(
    error: BaseException, how: str | Callable[[BaseException], str | None], *, given: Sequence[str] = (), path: str = ""
) -> str | None:
    """Return what may be told of ``error``, at most 300 characters, or None for nothing.

    Args:
        error: What ended the command.
        how: ``redacted``: its message, redacted; ``own``: the same, if the program's own package defines its class, else
            nothing; ``class``: nothing beyond the class, which ``error.type`` tells; or the
            application's own function, whose answer is taken as it is but for length and characters that JSON cannot hold.
        given: Values of the command's parameters, wherever they came from.
        path: The command's path joined by dots: the program's own words, which are not looked for.
    """
    if how == "class" or (how == "own" and not _is_of_program(error)):
        return None
    if callable(how):
        told = None
        with guard("the application's own error message"):
            told = how(error)
        return replace_unencodable(told)[: conventions.ERROR_MESSAGE_LIMIT] if isinstance(told, str) and told else None
    try:
        message = str(getattr(error, "message", None) or error)
    except Exception as failure:  # noqa: BLE001 - somebody else's __str__
        debug("an error has no readable message", failure)
        return None
    if message == str(getattr(error, "exit_code", None)) or (isinstance(error, SystemExit) and not isinstance(error.code, str)):
        return None  # it says its code, which the span has
    return (
        redact(
            message,
            arguments=[*_without_path(sys.argv[1:], path), *given],
            environ=os.environ,
            paths=list(_file_names(error)),
            quoted=_names_of_code(error),
        )
        or None
    )


def redact(
    message: str,
    *,
    arguments: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
    paths: Sequence[str] = (),
    quoted: Iterable[str] | None = None,
) -> str:
    """Return ``message`` on one line, at most 300 characters, without secrets and without what was typed.

    Taken out: tokens and keys of known shapes (``secret_patterns``), JSON web tokens, PEM blocks, values after words such as
    ``password=``, the user part, path and query of addresses, e-mail and IP addresses, long numbers, paths, words that look
    random, words of the command line and values of the environment, and of what was typed each word of four letters and more,
    and its words joined otherwise. Returns "" if there are too many values, or too large ones, to look for.
    A limit: a secret that looks like an ordinary word, and is
    neither typed nor set nor quoted, is not recognised.

    Args:
        message: What an exception says. Nothing past its first 2,000 characters is looked at, or told.
        arguments: Words of the command line, and values of its parameters.
        environ: The environment.
        paths: Names of files.
        quoted: If given, whatever stands in quotes is taken out too, but for these words, options and names of Python's types.
    """
    if len(message) > _MAX_INPUT:
        # The last word may be the first half of a secret, which no pattern would know.
        message = message[:_MAX_INPUT].rpartition(" ")[0]
    message = _decoded(replace_unencodable(_TERMINAL.sub("", message)).translate(_PLACEHOLDER_ESCAPES))
    message = _PEM.sub(_REDACTED, message)  # before a line of it that was typed is taken out alone
    lowered = message.lower()
    environ = {name: value for name, value in (environ or {}).items() if _is_looked_for(name, value, lowered)}
    if len(arguments) > 2 * _MAX_GIVEN:  # a command line and its parameters' values are usually the same twice
        return ""
    arguments = list(dict.fromkeys(arguments))
    if len(arguments) > _MAX_GIVEN or sum(map(len, (*arguments, *environ.values(), *paths))) > _MAX_GIVEN_SIZE:
        return ""
    arguments, parts = _quotable(arguments, lowered)
    count = len(arguments) + len(environ) + len(paths)
    if count > _MAX_VALUES or sum(map(len, (*arguments, *environ.values(), *paths))) > _MAX_VALUES_SIZE:
        return ""
    message = _without(message, _values(arguments, environ, paths), [*_typed_texts(arguments, environ), *parts])
    message = _JSON_WEB_TOKEN.sub(_REDACTED, message)
    message = _without_known_shapes(message)
    message = _ADDRESS.sub(_address, message)
    for pattern, replacement in _PATTERNS:
        message = pattern.sub(replacement, message)
    if quoted is not None:
        kept = _PYTHON_NAMES.union(quoted)
        message = _QUOTED.sub(lambda match: _quoted(match, kept), message)
    message = _WORD.sub(lambda match: _REDACTED if _looks_random(match.group()) else match.group(), message)
    return " ".join(message.translate(_PLACEHOLDERS).split())[: conventions.ERROR_MESSAGE_LIMIT]


def _is_looked_for(name: str, value: str, lowered: str) -> bool:
    """Return whether a variable can stand in the message, by its words: a long PATH is not worth the time."""
    if name.startswith("ARCADE_USAGE_"):
        return False
    if _SECRET_VARIABLE.search(name) or name in _USER_VARIABLES or "%" in value or "&" in value or not value.isascii():
        return True  # its parts are looked for, or its spellings have other words
    if not _MIN_ENVIRONMENT <= len(value) <= 3 * len(lowered):
        return False
    return all(word in lowered for word in _CHUNK.findall(value.lower())) or _in_base64(value).lower() in lowered


def _quotable(arguments: Sequence[str], lowered: str) -> tuple[list[str], set[str]]:
    """Return the arguments that may stand in the message, and words in it of those that cannot: exact for plain ones only.

    A plain argument, however it is spelled or joined, stands there only if each word of its last component does.
    """
    squashed = "".join(_CHUNK.findall(lowered))
    kept: list[str] = []
    parts: set[str] = set()
    for argument in arguments:
        if not _PLAIN.fullmatch(argument):
            kept.append(argument)
            continue
        last = re.split(r"[\\/]", argument.lower().rstrip("\\/"))[-1]
        if all(word in squashed for word in _CHUNK.findall(last)) or _in_base64(argument).lower() in lowered:
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


def _decoded(message: str) -> str:
    """Return ``message`` as it was before it was written for an address or a page: what is escaped has no shape."""
    for _ in range(2):  # an address within an address
        if _PERCENT.search(message):
            from urllib.parse import unquote

            message = replace_unencodable(unquote(_without_known_shapes(message)))  # a few have a percent sign
        if _ENTITY.search(message):
            from html import unescape

            message = replace_unencodable(unescape(message))
    return message


def _without_known_shapes(message: str) -> str:
    lowered = message.lower()
    for _, texts, patterns in RULES:
        if not any(text in lowered for text in texts):
            continue
        for pattern in patterns:
            message = re.sub(pattern, _without_value, message)
    return message


def _without_value(match: re.Match[str]) -> str:
    """Keep what stands before and after the group ``value``."""
    whole, start = match.group(), match.start()
    if "separator" in match.groupdict() and not _IS_SECRET.match(match["value"]):
        return whole  # "basic authentication"
    return f"{whole[: match.start('value') - start]}{_REDACTED}{whole[match.end('value') - start :]}"


def _address(found: re.Match[str]) -> str:
    """Keep scheme and host ("cannot connect to api.example.com" is what a maintainer needs), and nothing where those are unsure.

    An @ after the first slash may be a password's with a slash in it, as may a second @; what was typed may have held the @.
    """
    scheme, rest = found.groups()
    authority = re.split(r"[/?#\\]", rest, maxsplit=1)[0]
    if rest.count("@") > authority.count("@") or authority.count("@") > 1 or (_ARGUMENT in authority and ":" in authority):
        return f"{scheme}{_REDACTED}"
    return scheme + authority.rpartition("@")[2][:300]


def _quoted(match: re.Match[str], kept: "frozenset[str]") -> str:
    value = match.group("value")
    if value is None:
        return f"{match.group()[0]}<value>{match.group()[-1]}"
    if not value or value in kept or _PLACEHOLDER.fullmatch(value) or _OPTION.fullmatch(value):
        return match.group()
    mark = match.group("quote")
    return f"{match.group('prefix')}{mark}<value>{mark}"


def _is_of_program(error: BaseException) -> bool:
    """Return whether the package of the command's own code, its outermost frame but a framework's, has the class of ``error``."""
    traceback = error.__traceback__
    while traceback is not None:
        package = str(traceback.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
        if package not in _FRAMEWORKS:
            return type(error).__module__.partition(".")[0] == package
        traceback = traceback.tb_next
    return False


def _without_path(words: Sequence[str], path: str) -> list[str]:
    """Return ``words`` without those that name the command, each once and in its order: what is typed again was an argument."""
    rest = path.split(".")
    typed = []
    for word in words:
        if rest and word == rest[0]:
            del rest[0]
        else:
            typed.append(word)
    return typed


def _names_of_code(error: BaseException) -> list[str]:
    """Return what the interpreter itself quotes in a message: names that stand in a program's source."""
    if isinstance(error, UnicodeError):
        return [str(getattr(error, "encoding", ""))]
    if isinstance(error, TypeError):  # "missing 1 required positional argument: 'name'": names of a definition
        missing = str(error).partition(" missing ")[2]
        return _ARGUMENT_NAME.findall(missing) if _MISSING_ARGUMENTS.match(missing) else []
    if not isinstance(error, AttributeError | NameError | ImportError):
        return []
    names = [getattr(error, "name", None), type(getattr(error, "obj", None)).__name__]
    return [name for name in names if isinstance(name, str)]


def _file_names(error: BaseException) -> Iterator[str]:
    """Yield the names of files that ``error`` and what led to it carry: a message may quote them without a separator."""
    seen: list[BaseException] = []
    while len(seen) < _MAX_CAUSES and error not in seen:
        seen.append(error)
        if isinstance(error, OSError):
            for name in (error.filename, error.filename2):
                if isinstance(name, str | bytes | os.PathLike):
                    path = os.fsdecode(name)
                    yield path
                    yield os.path.basename(path)
        earlier = error.__cause__ or error.__context__
        if earlier is None:
            return
        error = earlier


def _values(arguments: Sequence[str], environ: Mapping[str, str], paths: Sequence[str]) -> dict[str, str]:
    """Return what is looked for, in lower case, and what stands in its place."""
    values = dict.fromkeys((path for path in paths if len(path) >= _MIN_ARGUMENT), _FILE)
    for argument in arguments:
        parts = [argument, *argument.split("="), *argument.splitlines(), *_PEM.split(argument)]
        if argument.startswith("-") and not argument.startswith("--"):
            parts.append(argument[2:])  # -pSECRET
        parts += [re.split(r"[\\/]", part.rstrip("\\/"))[-1] for part in parts]  # a file's name without its directory
        values.update(dict.fromkeys((part for part in parts if _is_a_value(part)), _ARGUMENT))
    for name, value in environ.items():
        if name.startswith("ARCADE_USAGE_"):
            continue
        least = _MIN_SECRET if _SECRET_VARIABLE.search(name) else _MIN_ENVIRONMENT
        if len(value) >= least and value.lower() not in _ORDINARY:
            values.setdefault(value, _ARGUMENT)
    user = environ.get("USER") or environ.get("USERNAME") or environ.get("LOGNAME") or ""
    for who in (user, os.path.basename((environ.get("HOME") or environ.get("USERPROFILE") or "").rstrip("\\/"))):
        if len(who) >= 3 and who not in ("root", "home"):  # noqa: PLR2004 - shorter ones are syllables
            values.setdefault(who, _ARGUMENT)
    return values


def _typed_texts(arguments: Sequence[str], environ: Mapping[str, str]) -> list[str]:
    """Return the texts whose parts are looked for too: typed values without options' names, secrets of the environment."""
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
    """Yield patterns for what ``message`` may have made of ``texts``: their words, and these joined by any separator or none."""
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
    """Return whether a part of what was typed is looked for: ``--`` and ``/`` tell nothing, and stand in what does.

    A password may be of other signs alone ("!@#$%^&*"): those are looked for if they are several, or long.
    """
    part = part.strip()
    if any(character.isalnum() for character in part):
        return len(part) >= _MIN_ARGUMENT
    return len(part) >= _LONG or len(set(part)) >= _MIN_SIGNS


def _without(message: str, values: Mapping[str, str], typed: Sequence[str]) -> str:
    """Replace each value where it stands, as it is or as it is usually escaped, in any case, the longest first and in one pass.

    A short one only as a word of its own: "on" typed is not the "on" of "connection".
    """
    lowered = message.lower()
    found: dict[str, str] = {}
    for value, replacement in values.items():
        if len(value) > 3 * len(message):
            continue
        plain = replace_unencodable(value)
        for form in _spellings(plain) | _spellings(_decoded(plain)):  # the message has been decoded, too
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
    # Exact values first: a joined pattern may end inside one.
    pattern = re.compile("|".join([*alternatives, *derived]), re.IGNORECASE)
    return pattern.sub(lambda match: found.get(match.group().lower(), _ARGUMENT), message)


def _spellings(value: str) -> set[str]:
    """Return ``value`` as it is, as Python, JSON and a shell write it, as a form's field, and in base64."""
    encoded = _in_base64(value)
    if value.isalnum():
        return {value, encoded}
    quote = "'"
    return {
        value,
        encoded,
        repr(value)[1:-1],
        ascii(value)[1:-1],
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        value.replace(quote, f'{quote}"{quote}"{quote}'),
        value.replace(" ", "+"),
    }


def _looks_random(word: str) -> bool:
    """Return whether a word is more likely a key than a name: many different characters of several kinds, or digits all over."""
    kinds = sum(
        (
            any(character.isdigit() for character in word),
            any(character.islower() for character in word),
            any(character.isupper() for character in word),
        )
    )
    entropy = _entropy(word)
    if len(word) < 16:  # noqa: PLR2004 - "OAuth2Provider" is a name: its digits stand together
        return kinds == 3 and entropy > 3.0 and len(re.findall(r"\d+", word)) > 1  # noqa: PLR2004
    if kinds >= 2:  # noqa: PLR2004 - bits a character; English words of this length stay below
        return entropy > (3.0 if kinds == 2 else 2.5)  # noqa: PLR2004
    return len(word) >= 24 and word.isalnum() and entropy > 3.5  # noqa: PLR2004 - no word is that long


def _entropy(word: str) -> float:
    counts = [word.count(character) for character in set(word)]
    return -sum(count / len(word) * math.log2(count / len(word)) for count in counts)
