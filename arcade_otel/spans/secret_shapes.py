"""Find secrets by their shape: tokens, keys, addresses, paths, values after ``password=``, and words that look random."""

# This module is imported only when a command has failed, or if the program sets a free text.

import builtins
import math
import re

from arcade_otel.spans import replace_unencodable
from arcade_otel.spans.secret_patterns import RULES

__all__ = ["ARGUMENT", "FILE", "PEM", "REDACTED", "decoded", "readable", "with_placeholders", "without_secrets"]

_PATH = "<path>"
# A text that is found becomes one letter first, and the placeholder only when all patterns were applied. A placeholder such as in
# "?a=<argument>&q=…" would end an address.
ARGUMENT = "\ue000"
FILE = "\ue001"
REDACTED = "\ue002"
_PLACEHOLDERS = str.maketrans({ARGUMENT: "<argument>", FILE: _PATH, REDACTED: "<redacted>"})
_PLACEHOLDER_ESCAPES = str.maketrans(dict.fromkeys((ARGUMENT, FILE, REDACTED), "\ufffd"))
_SENSITIVE_WORDS = (
    r"pass(?:word|wd|phrase|code)?|pwd|\bpw(?=[\"']?\s{0,3}[=:])|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|auth(?:orization)?|cookie|credential"
    r"|signature|session|user(?:name)?|login|e-?mail|phone|pin|otp|iban|dsn|account|key"
)
# A word after a space or a colon counts as a secret if it has a digit, a capital letter inside, or a sign that no sentence has.
_UNLIKE_A_WORD = r"[^\s]*?(?:\d|(?-i:[a-z][A-Z])|[=:/+_~@$%^&*#])"
# Words of twelve letters and more that follow "basic", "token" and similar words in ordinary sentences.
_SPOKEN = r"(?:authenticat|authoriz|authoris|configurat|verificat|introspect|registrat|unauthor|revocation)\w*\b"
# "session: closed", "token: expired" say how something is; a name in several words ("session_id: x") or in quotes has a value.
# Of a password only what cannot be one is believed, and a class's name is followed by its message ("NoCredentialsError: Unable").
_STATEMENT = (
    r"\b(?:auth|session|token|cookie|credential|signature|user|username|login|e-?mail|phone|account|key): "
    rf"(?!{_UNLIKE_A_WORD})(?:{_SPOKEN}|[a-z]{{1,11}}(?![^\s.,;!)]))"
    rf"|\b(?:{_SENSITIVE_WORDS}): "
    r"(?:denied|empty|expired|failed|incorrect|invalid|missing|not|rejected|required|too|unknown|wrong)(?![^\s.,;!)])"
    rf"|(?:{_SENSITIVE_WORDS})[\w-]{{0,40}}(?-i:Error|Exception|Warning): "
)
# The text between a name and its value, in shells, programs and comparisons.
_ASSIGNED = r"[\"']?\s{0,3}(?:[:=!?|]{0,3}[=:]>?|=>)\s{0,3}"
# Words after a space belong to the value if another name and value follow: "password=a b&user=c".
_VALUE = r"\"[^\"]*\"|'[^']*'|[^\s,;&\"']+(?:(?: [^\s,;&\"'=]{1,40}){1,6}(?=[;,&]\s?[\w.-]{1,40}=))?"
# "--password opensesame1", "password opensesame1"
_ASKED_FOR = rf"(?<![\w-])(--?(?:{_SENSITIVE_WORDS})[\w-]{{0,40}}|pass(?:word|wd|phrase)|pwd|secret)"
# Parts of a server's answer, of a resource's name and of an SQL statement with a user's data, and the text that is kept of them.
_ANSWERS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"(?s)\[(SQL|parameters): .*?\](?=\s*(?:\n|\Z|\(Background))", r"[\1: <value>]"),
        (r"\)=\([^)\n]{0,400}\)?", ")=(<value>)"),  # Key (name)=(value) already exists
        (r"(Failing row contains) \(.*\)", r"\1 (<value>)"),
        (r"(tag mismatch:) \S+ (line \d+) and [^\s,]+", r"\1 <value> \2 and <value>"),
        (r"(?i)\b(profile) \([^)\n]+\)", r"\1 (<value>)"),  # The config profile (name) could not be found
        (r"\barn:[\w-]{1,20}:[\w-]{1,40}:[^\s'\",)]*", "arn:<value>"),
        (r"\b((?:s3a?|gs|r2|az|abfss?|wasbs?|hdfs|oss)://)[^\s'\",)]+", rf"\1{REDACTED}"),  # a bucket's name comes first
    )
)
# A parser quotes a line above a line of carets. pytest shows the lines that it compares.
_QUOTED_LINE = re.compile(r"(?m)^[^\n]*\n([ \t]*\^[~^ \t]*)$")
_COMPARED_LINES = re.compile(r"(?m)^((?:E\s+)?[+?-])\s[^\n]*$")
# Order matters: a text that contains others (a PEM block, an address with a password in it) comes first.
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"[^\s@'\"<>(),;:]{1,64}@[^\s@'\"<>(),;:]{1,255}", "<email>"),
        (r"(?i)\b(bearer|apikey)\s+[A-Za-z0-9._~+/=-]{6,}", rf"\1 {REDACTED}"),
        (
            rf"(?i)\b(basic|digest|token)\s+(?={_UNLIKE_A_WORD}|(?!{_SPOKEN})[^\s]{{12}})[A-Za-z0-9._~+/=-]{{6,}}",
            rf"\1 {REDACTED}",
        ),
        (rf"(?i)(?!{_STATEMENT})((?:{_SENSITIVE_WORDS})[\w-]{{0,40}}{_ASSIGNED})(?:{_VALUE})", rf"\1{REDACTED}"),
        (rf"(?i){_ASKED_FOR}\s+(?![-<({{\[])(?={_UNLIKE_A_WORD})[^\s,;\"']{{4,}}", rf"\1 {REDACTED}"),
        (
            (  # Beginnings of known tokens, to find those that are cut off or longer than their rule in secret_patterns.
                r"\b(?:gh[pousr]_|github_pat_|glpat-|gl[a-z]{1,5}-|xox[abeoprs]-|xapp-|sk-|rk-|sk_|rk_|pk_|whsec_|ph[cxs]_|npm_|pypi-"
                r"|hf_|SG\.|ya29\.|AIza|AKIA|ASIA|ABIA|ACCA|dop_v1_|doo_v1_|shpat_|shpss_|sq0|EAA|arc_|lin_api_|dapi|glsa_|hvs\."
                r"|tskey-|AKC)[A-Za-z0-9_.=/+-]{8,}"
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
        (r"\b(?:[0-9A-Fa-f]{2}-){5}[0-9A-Fa-f]{2}\b|\b(?:[0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4}\b", "<id>"),  # of network cards
        (r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b", "<id>"),
        # Cards, accounts, telephones ("+1 (415) 555-0132"), no dates.
        (r"(?<![\w.])(?!\d{4}-\d\d-\d\d(?!\d))\+?\d(?:[ -]?\d){8,}(?![\w.])", "<number>"),
        (r"(?<![\w.])(?:\+?\d{1,3}[ -]?)?\(\d{2,5}\)[ -]?\d{2,4}(?:[ -]?\d{2,4}){1,3}(?![\w.])|\b\d{3}-\d\d-\d{4}\b", "<number>"),
        # Paths, Windows' and POSIX', in quotes (with spaces) and bare. One component alone ("/") has no information and stays.
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
# Sequences of a terminal: colours (ECMA-48), titles, and links with their hidden address.
_TERMINAL = re.compile(r"\x1b(?:\[[0-?]{0,40}[ -/]{0,4}[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\|\Z))")
PEM = re.compile(r"-----BEGIN [A-Z0-9 ]{1,40}-----(?s:.*?)(?:-----END [A-Z0-9 ]{1,40}-----|\Z)")
_JSON_WEB_TOKEN = re.compile(r"eyJ[A-Za-z0-9_+/=-]{5,}(?:\.[A-Za-z0-9_+/=-]*){0,4}")  # cut off ones too
# Words after a space belong to a query if another name and value follow: "?q=jane doe&page=2".
_ADDRESS = re.compile(
    r"\b([a-zA-Z][a-zA-Z0-9+.-]{1,20}://)([^\s'\"<>]*(?:(?<=[?&=\w])(?: [^\s'\"<>&=]{1,40}){1,6}(?=&[\w.-]{1,40}=)[^\s'\"<>]*)?)"
)
_IBAN = re.compile(r"\b[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]){11,40}")
# subprocess names a command as a list: quotes within quotes.
_COMMAND = re.compile(r"Command '.*' (?=returned non-zero exit status|died with|timed out after)", re.DOTALL)
# Text in quotes, including bytes literals. An apostrophe inside a word neither opens nor closes a quote. A quote that is cut off
# ends with the message.
_QUOTED = re.compile(
    r"(?<![^\W_])(?P<prefix>[bBrRuUfF]{0,2})(?P<quote>['\"`])(?P<value>(?:(?!(?P=quote)).|(?P=quote)(?=[^\W_]))*)(?:(?P=quote)|\Z)"
    r"|[\u2018\u201c\u201e\u00ab][^\u2018-\u201e\u00ab\u00bb]*(?:[\u2019\u201c\u201d\u00bb]|\Z)",
    re.DOTALL,
)
_WORD = re.compile(r"(?P<object>\bat 0x[0-9a-fA-F]{6,16}\b)|[A-Za-z0-9+/_=.-]{10,}")
# A password has letters of both cases, a digit, and often a sign.
_PASSWORD = re.compile(r"(?<![^\s:='\"(,])[A-Za-z0-9!#$%&*@^~?._+-]{8,16}(?![^\s:;,.'\")])")
# Texts that say how a connection failed are no data, even in quotes: those of errno, resolvers, ssl, requests and urllib3.
_FAILURES = re.compile(
    r"\[Errno -?\d+\]|\[WinError \d+\]|\[SSL: [A-Z0-9_]+\]|\(_ssl\.c:\d+\)"
    r"|<(?:urllib3|httpcore|http)\.[\w.]+ object(?: at 0x[0-9a-fA-F]+)?>"
    r"|(?i:connection (?:refused|reset by peer|aborted|timed out|broken|was reset)|broken pipe"
    r"|host is unreachable|no route to host|network is unreachable|name or service not known"
    r"|temporary failure in name resolution|getaddrinfo failed"
    r"|nodename nor servname provided, or not known|no address associated with hostname"
    r"|failed to (?:resolve|establish a new connection)"
    r"|(?:read |connect )?timed out|\((?:read|connect) timeout=[\d.]+\)|remote end closed connection without response"
    r"|certificate verify failed|self[- ]signed certificate(?: in certificate chain)?|unable to get local issuer certificate"
    r"|certificate has expired|hostname mismatch|wrong version number"
    r"|unexpected eof(?: while reading)?"
    r"|eof occurred in violation of protocol"
    r"|tunnel connection failed|cannot connect to proxy|too many redirects"
    r"|incompleteread\(\d+ bytes read(?:, \d+ more expected)?\)"
    r"|no such file or directory|permission denied|address already in use)\.?"
)
_HOST = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]{1,20}://[A-Za-z0-9.-]+(?::\d+)?")
_STATUS = re.compile(r"[1-5]\d\d ([A-Z][A-Za-z' -]{1,40})")
# The parts of a name, a version or a platform: words, joined or in CamelCase, and numbers.
_PIECE = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d")
_PLATFORM = re.compile(
    r"(?<![A-Za-z0-9])(?:x86_64|amd64|aarch64|arm64|i[3-6]86|universal2|(?:many|musl)linux(?:[_\d]+)?|macosx(?:[_\d]+)?|win(?:32|_amd64)|linux|gnu"
    r"|(?:cp|py|pp)\d{1,3}|abi3|none|any|v?\d+(?:\.\d+)+(?:(?:a|b|rc|dev|post)\d+)?)(?=[-_.]|\Z)"
)
_PLACEHOLDER = re.compile(f"<[a-z]+>|[{ARGUMENT}{FILE}{REDACTED}]")
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
_ENTITY = re.compile(r"&(?:#\w{1,8}|[A-Za-z]\w{1,31});")
_OPTION = re.compile(r"--?[A-Za-z][\w-]{0,40}")
_PYTHON_NAMES = frozenset({*dir(builtins), "NoneType", "function", "module", "method", "generator", "coroutine"})


def readable(message: str) -> str:
    """Return ``message`` in a form in which the patterns of this module recognize secrets.

    The function decodes URL and HTML escapes, and removes terminal escape sequences, PEM blocks, and source lines that a parser
    or pytest has quoted.
    """
    message = _QUOTED_LINE.sub(r"<value>\n\1", message)
    if "\n+" in message or "\nE" in message:
        message = _COMPARED_LINES.sub(r"\1 <value>", message)
    message = replace_unencodable(message).translate(_PLACEHOLDER_ESCAPES)
    if _TERMINAL.search(message):  # a secret that follows such a sequence would be joined to the word before it
        message = _TERMINAL.sub("", _without_known_shapes(message))
    message = decoded(message)
    return PEM.sub(REDACTED, message)  # before a line of it that was typed is taken out alone


def without_secrets(message: str, quoted: "frozenset[str] | None") -> str:
    """Return ``message`` without text that looks like a secret, and without quoted text that is not in ``quoted``.

    If ``quoted`` is None, quoted text stays unless it looks like a secret.
    """
    message = _JSON_WEB_TOKEN.sub(REDACTED, message)
    message = _without_known_shapes(message)
    for pattern, replacement in _ANSWERS:
        message = pattern.sub(replacement, message)
    message = _ADDRESS.sub(_address, message)
    message = _IBAN.sub(_without_account, message)
    for pattern, replacement in _PATTERNS:
        message = pattern.sub(replacement, message)
    if quoted is not None:
        kept = _PYTHON_NAMES.union(quoted)
        message = _COMMAND.sub("Command '<value>' ", message)
        message = _QUOTED.sub(lambda match: _quoted(match, kept), message)
    message = _PASSWORD.sub(lambda match: REDACTED if _is_mixed(match.group()) else match.group(), message)
    return _WORD.sub(_without_randomness, message)


def with_placeholders(message: str) -> str:
    """Return ``message`` on one line, with placeholders such as ``<redacted>`` for the text that was removed."""
    return " ".join(message.translate(_PLACEHOLDERS).split())


def decoded(message: str) -> str:
    """Return ``message`` with URL and HTML escapes decoded, because the patterns do not recognize an escaped secret."""
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
    """Return the text of ``match``, but redact the part that the group ``value`` matched.

    If the pattern has a group ``separator``, a value that looks like an ordinary word stays, for example "authentication" in
    "basic authentication".
    """
    whole, start = match.group(), match.start()
    if "separator" in match.groupdict() and not _IS_SECRET.match(match["value"]):
        return whole  # "basic authentication"
    return f"{whole[: match.start('value') - start]}{REDACTED}{whole[match.end('value') - start :]}"


def _address(found: re.Match[str]) -> str:
    """Return only the scheme and the host of a URL, so that a maintainer can see which server failed.

    If the host is uncertain, for example because the URL contains two @ characters, the function returns the scheme and a
    placeholder.
    """
    scheme, rest = found.groups()
    authority = re.split(r"[/?#;\\]", rest, maxsplit=1)[0]
    if rest.count("@") > authority.count("@") or authority.count("@") > 1 or (ARGUMENT in authority and ":" in authority):
        return f"{scheme}{REDACTED}"
    return scheme + authority.rpartition("@")[2][:300]


def _quoted(match: re.Match[str], kept: "frozenset[str]") -> str:
    value = match.group("value")
    if value is None:
        return f"{match.group()[0]}<value>{match.group()[-1]}"
    if not value or value in kept or _PLACEHOLDER.fullmatch(value) or _OPTION.fullmatch(value):
        return match.group()
    if _HOST.fullmatch(value):  # part of an address that _address has handled
        return match.group()
    mark = match.group("quote")
    return f"{match.group('prefix')}{mark}{_failure(value)}{mark}"


def _failure(value: str) -> str:
    """In a quoted text, keep the words that say how a connection failed, and replace all others with ``<value>``."""
    status = _STATUS.fullmatch(value)
    if status is not None:
        from http import HTTPStatus

        return value if any(each.phrase == status.group(1) for each in HTTPStatus) else "<value>"
    kept, place = "", 0
    for match in _FAILURES.finditer(value):
        between = value[place : match.start()]
        kept += f"{'' if not kept else ' '}<value> " if any(map(str.isalnum, between)) else between
        kept, place = kept + match.group(), match.end()
    if not kept:
        return "<value>"
    return kept + (" <value>" if any(map(str.isalnum, value[place:])) else value[place:])


def _without_account(match: re.Match[str]) -> str:
    """Return the matched text with ``<number>`` in place of a valid account number (IBAN) at its start.

    An account number is valid if its numeric form leaves a remainder of 1 when divided by 97 (ISO 13616).
    """
    text = match.group()
    for end in range(len(text), 14, -1):
        number = "".join(filter(str.isalnum, text[:end]))
        if len(number) > 34 or (end < len(text) and text[end].isalnum()):  # noqa: PLR2004 - the longest, and a word's middle
            continue
        if int("".join(str(int(character, 36)) for character in number[4:] + number[:4])) % 97 == 1:
            return f"<number>{text[end:]}"
    return text


def _without_randomness(match: re.Match[str]) -> str:
    word = match.group()
    return word if match["object"] or not _looks_random(word) else REDACTED


def _looks_random(word: str) -> bool:
    """Return whether a word looks like a key rather than a name.

    A word looks like a key in three cases:

    - The word mixes several kinds of characters (digits, lower case, upper case), and does not consist of pronounceable parts.
    - The word is long and contains many different characters.
    - The word consists of hexadecimal digits that encode readable text.
    """
    if _is_text_in_hex(word):
        return True
    kinds = sum(
        (
            any(character.isdigit() for character in word),
            any(character.islower() for character in word),
            any(character.isupper() for character in word),
        )
    )
    if kinds >= 2 and _is_name(word):  # noqa: PLR2004
        return False
    entropy = _entropy(word)
    if len(word) < 12:  # noqa: PLR2004 - a digit or two stand in many names
        return kinds == 3 and entropy > 3.0 and len(re.findall(r"\d+", word)) > 1  # noqa: PLR2004
    if kinds >= 2:  # noqa: PLR2004 - bits a character; English words of this length stay below
        return entropy > (3.0 if word.isalpha() or len(word) < 16 else 2.5)  # noqa: PLR2004
    return len(word) >= 24 and word.isalnum() and entropy > 3.5  # noqa: PLR2004 - no word is that long


def _is_text_in_hex(word: str) -> bool:
    return (
        re.fullmatch(r"(?=\d*[A-Fa-f])(?:[2-7][0-9A-Fa-f]){6,}", word) is not None
        and bytes.fromhex(word).decode("latin-1").isprintable()
    )


def _is_name(word: str) -> bool:
    """Return whether a word consists of pronounceable parts, like the name of a class, a module or a package.

    For example, "HTTPSConnectionPool", "google.api_core.exceptions.PermissionDenied" and "manylinux_2_17_x86_64" are names. The
    runs of letters in a name are long and contain vowels. Between two separators (``-``, ``_`` or ``.``), a name contains at most
    one number.
    """
    if _TIME.fullmatch(word):
        return True
    rest = _PLATFORM.sub("", word)
    letters: list[str] = []
    for chunk in re.split(r"[-_.]", rest):
        pieces = _PIECE.findall(chunk)
        numbers = [piece for piece in pieces if piece.isdigit()]
        if len(numbers) > 1 or any(len(number) > 3 for number in numbers):  # noqa: PLR2004
            return False
        letters += [piece for piece in pieces if not piece.isdigit()]
    if not letters:
        return rest != word
    if "+" in word or "=" in word:
        return False
    return sum(map(len, letters)) >= 3.5 * len(letters) and all(map(_can_be_spoken, letters))


def _can_be_spoken(piece: str) -> bool:
    if len(piece) <= 4 or (piece.isupper() and len(piece) <= 5):  # noqa: PLR2004 - "HTTPS", "str", "core"
        return True
    lowered = piece.lower()
    return len(piece) <= 18 and re.search(r"[aeiouy]", lowered) is not None and re.search(r"[^aeiouy]{5}", lowered) is None  # noqa: PLR2004


def _is_mixed(word: str) -> bool:
    """Return whether a short word looks like a password: it mixes digits, lower case and upper case, and is not a name."""
    plain = word.rstrip("!?.")
    if not (any(map(str.isdigit, plain)) and any(map(str.islower, plain)) and any(map(str.isupper, plain))) or _is_name(plain):
        return False
    letters = [piece for piece in _PIECE.findall(plain) if not piece.isdigit()]
    return not plain.isalnum() or (len(letters) > 2 and sum(map(len, letters)) < 3 * len(letters))  # noqa: PLR2004


def _entropy(word: str) -> float:
    counts = [word.count(character) for character in set(word)]
    return -sum(count / len(word) * math.log2(count / len(word)) for count in counts)
