"""Search bytes for a secret, even if it is encoded, escaped, truncated, or written in a different case."""

import base64
import re
from functools import lru_cache
from html import unescape
from urllib.parse import unquote

from arcade_otel.testing.canaries import Canary

__all__ = ["found_in"]

#: This many characters in a row of a secret are a leak, because a limit of length may have cut the rest.
_PART = 12
_PART_OF_BASE64 = 16
_AROUND = 40

_ESCAPED = re.compile(r"\\(?:u([0-9a-fA-F]{4})|([\"\\/bfnrt']))")
_CONTROL = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def _unescaped(text: str) -> str:
    unescaped = _ESCAPED.sub(lambda found: chr(int(found[1], 16)) if found[1] else _CONTROL.get(found[2], found[2]), text)
    # A pair of surrogates becomes its character.
    return unescaped.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


#: For each encoding its name, a text that is in every encoded text, and the function that decodes it.
_ENCODINGS = (("JSON-escaped", "\\", _unescaped), ("percent-encoded", "%", unquote), ("HTML-escaped", "&", unescape))


def found_in(data: bytes, canary: str) -> str | None:
    """Search ``data`` for ``canary``, and for any 12 consecutive characters of ``canary``.

    Return the encoding of the first match and the text around the match, or None if there is no match.

    Args:
        data: Bytes that are mostly UTF-8.
        canary: A string of at least four characters, or a :class:`Canary`, whose ``secrets`` the function searches for.

    Raises:
        ValueError: If a secret has fewer than four characters, because almost any data would contain it.
    """
    for secret in canary.secrets if isinstance(canary, Canary) else (canary,):
        if len(secret.strip()) < 4:  # noqa: PLR2004
            raise ValueError(f"{secret!r} is too short to search for")
        for form, text in _forms(data):
            part = _first_part(_even(secret), _PART, text)
            if part is not None:
                return f"{form}: {_excerpt(text, part)}"
            if secret.encode("utf-8", "replace").hex() in text:
                return f"hex{'' if form == 'plain' else ', ' + form}: {_excerpt(text, secret.encode('utf-8', 'replace').hex())}"
            for encoded in _in_base64(secret):
                part = _first_part(encoded, _PART_OF_BASE64, text)
                if part is not None:
                    return f"base64{'' if form == 'plain' else ', ' + form}: {_excerpt(text, part)}"
    return None


def _even(text: str) -> str:
    """Return ``text`` in lower case, with one space in place of each sequence of white space."""
    return " ".join(text.casefold().split())


def _first_part(secret: str, length: int, text: str) -> str | None:
    """Return the first substring of ``secret`` with ``length`` characters that occurs in ``text``, or None if none does.

    If ``secret`` is shorter than ``length``, the function looks for the whole ``secret``.
    """
    if len(secret) <= length:
        return secret if secret in text else None
    # Each part contains exactly one of these shorter probes, so a text without a probe contains no part. Looking for the probes
    # alone is several times faster.
    probe = length // 2
    if not any(secret[start : start + probe] in text for start in range(0, len(secret) - probe + 1, length - probe + 1)):
        return None
    parts = (secret[start : start + length] for start in range(len(secret) - length + 1))
    return next((part for part in parts if part in text), None)


@lru_cache(maxsize=64)
def _forms(data: bytes) -> list[tuple[str, str]]:
    """Decode ``data`` in several ways. Return pairs of an encoding, for example "JSON-escaped", and the decoded ``data``."""
    forms = {data.decode("utf-8", "replace"): "plain"}
    newest = dict(forms)
    for _ in range(3):  # JSON in a string of JSON in a URL is not rare
        newest = {
            decoded: name if form == "plain" else f"{name} in {form}"
            for text, form in newest.items()
            for name, mark, decode in _ENCODINGS
            if mark in text and (decoded := decode(text)) not in forms
        }
        forms |= newest
    return [(form, _even(text)) for text, form in forms.items()]


@lru_cache(maxsize=256)
def _in_base64(secret: str) -> list[str]:
    """Return the forms that ``secret`` can take in base64-encoded data, in the standard and the URL-safe alphabet.

    The results are in lower case, and omit base64 characters that also depend on the bytes before or after the secret.
    """
    data = secret.encode("utf-8", "surrogatepass")
    found = []
    for before, skipped in ((0, 0), (1, 2), (2, 3)):
        encoded = base64.b64encode(b"\0" * before + data).decode()[skipped : (before + len(data)) * 8 // 6].casefold()
        if len(encoded) >= 6:  # noqa: PLR2004 - fewer are found anywhere
            found += [encoded, encoded.replace("+", "-").replace("/", "_")]
    return list(dict.fromkeys(found))


def _excerpt(text: str, part: str) -> str:
    at = text.index(part)
    return f"…{text[max(0, at - _AROUND) : at + len(part) + _AROUND]}…"
