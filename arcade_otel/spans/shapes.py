"""What secrets look like, wherever they stand: tokens, keys, addresses, paths, what follows ``password=``, what looks random."""

# Imported only when a command failed, as the modules beside it.

import builtins
import math
import re

from arcade_otel.spans import replace_unencodable
from arcade_otel.spans.secret_patterns import RULES

__all__ = ["ARGUMENT", "FILE", "PEM", "REDACTED", "decoded", "readable", "with_placeholders", "without_secrets"]

_PATH = "<path>"
# What is found first becomes one letter that no pattern ends at, until all have looked: "?a=<argument>&q=…" would end an address.
ARGUMENT = "\ue000"
FILE = "\ue001"
REDACTED = "\ue002"
_PLACEHOLDERS = str.maketrans({ARGUMENT: "<argument>", FILE: _PATH, REDACTED: "<redacted>"})
_PLACEHOLDER_ESCAPES = str.maketrans(dict.fromkeys((ARGUMENT, FILE, REDACTED), "\ufffd"))
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
# Order matters: what holds other things (a PEM block, an address with a password in it) goes first.
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"[^\s@'\"<>(),;:]{1,64}@[^\s@'\"<>(),;:]{1,255}", "<email>"),
        (r"(?i)\b(bearer|apikey)\s+[A-Za-z0-9._~+/=-]{6,}", rf"\1 {REDACTED}"),
        (
            rf"(?i)\b(basic|digest|token)\s+(?={_UNLIKE_A_WORD}|(?!{_SPOKEN})[^\s]{{12}})[A-Za-z0-9._~+/=-]{{6,}}",
            rf"\1 {REDACTED}",
        ),
        (
            rf"(?i)(?!{_STATEMENT})((?:{_SENSITIVE_WORDS})[\w-]{{0,40}}[\"']?\s{{0,3}}[=:]\s{{0,3}})(?:\"[^\"]*\"|'[^']*'|[^\s,;&\"']+)",
            rf"\1{REDACTED}",
        ),
        (
            (  # Beginnings of known tokens, for what is cut off or of another length than its rule in secret_patterns.
                r"\b(?:gh[pousr]_|github_pat_|glpat-|gl[a-z]{1,5}-|xox[abeoprs]-|xapp-|sk-|rk-|sk_|rk_|pk_|whsec_|ph[cxs]_|npm_|pypi-"
                r"|hf_|SG\.|ya29\.|AIza|AKIA|ASIA|ABIA|ACCA|dop_v1_|doo_v1_|shpat_|shpss_|sq0|EAA|arc_|lin_api_|dapi|glsa_|hvs\."
                r"|tskey-)[A-Za-z0-9_.=/+-]{8,}"
            ),
            REDACTED,
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
PEM = re.compile(r"-----BEGIN [A-Z0-9 ]{1,40}-----(?s:.*?)(?:-----END [A-Z0-9 ]{1,40}-----|\Z)")
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
_PLACEHOLDER = re.compile(f"<[a-z]+>|[{ARGUMENT}{FILE}{REDACTED}]")
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
_ENTITY = re.compile(r"&(?:#\w{1,8}|[A-Za-z]\w{1,31});")
_OPTION = re.compile(r"--?[A-Za-z][\w-]{0,40}")
_PYTHON_NAMES = frozenset({*dir(builtins), "NoneType", "function", "module", "method", "generator", "coroutine"})


def readable(message: str) -> str:
    """Return ``message`` without a terminal's sequences, with what is escaped for an address or a page as it was before."""
    message = decoded(replace_unencodable(_TERMINAL.sub("", message)).translate(_PLACEHOLDER_ESCAPES))
    return PEM.sub(REDACTED, message)  # before a line of it that was typed is taken out alone


def without_secrets(message: str, quoted: "frozenset[str] | None") -> str:
    """Return ``message`` without what has the shape of a secret, and without what stands in quotes but for ``quoted``."""
    message = _JSON_WEB_TOKEN.sub(REDACTED, message)
    message = _without_known_shapes(message)
    message = _ADDRESS.sub(_address, message)
    for pattern, replacement in _PATTERNS:
        message = pattern.sub(replacement, message)
    if quoted is not None:
        kept = _PYTHON_NAMES.union(quoted)
        message = _QUOTED.sub(lambda match: _quoted(match, kept), message)
    return _WORD.sub(lambda match: REDACTED if _looks_random(match.group()) else match.group(), message)


def with_placeholders(message: str) -> str:
    """Return ``message`` on one line, with words for what was taken out."""
    return " ".join(message.translate(_PLACEHOLDERS).split())


def decoded(message: str) -> str:
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
    return f"{whole[: match.start('value') - start]}{REDACTED}{whole[match.end('value') - start :]}"


def _address(found: re.Match[str]) -> str:
    """Keep scheme and host ("cannot connect to api.example.com" is what a maintainer needs), and nothing where those are unsure.

    An @ after the first slash may be a password's with a slash in it, as may a second @; what was typed may have held the @.
    """
    scheme, rest = found.groups()
    authority = re.split(r"[/?#\\]", rest, maxsplit=1)[0]
    if rest.count("@") > authority.count("@") or authority.count("@") > 1 or (ARGUMENT in authority and ":" in authority):
        return f"{scheme}{REDACTED}"
    return scheme + authority.rpartition("@")[2][:300]


def _quoted(match: re.Match[str], kept: "frozenset[str]") -> str:
    value = match.group("value")
    if value is None:
        return f"{match.group()[0]}<value>{match.group()[-1]}"
    if not value or value in kept or _PLACEHOLDER.fullmatch(value) or _OPTION.fullmatch(value):
        return match.group()
    mark = match.group("quote")
    return f"{match.group('prefix')}{mark}<value>{mark}"


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
