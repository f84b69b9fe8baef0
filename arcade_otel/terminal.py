"""Make text from outside (error messages, names, a server's reply) safe to print on any terminal, in any encoding."""

from typing import Any, TextIO

__all__ = ["encoding_of", "escape", "escape_all", "write"]


def escape(text: str, encoding: str = "utf-8") -> str:
    r"""Escape the characters in ``text`` that a terminal would interpret instead of showing them, and return the result.

    The function escapes the characters that ``str.isprintable`` rejects, for example control characters, line ends, lone
    surrogates, and characters that change the direction of writing. The function also escapes characters that ``encoding`` cannot
    represent. The escapes are those of Python (``\x1b``, ``\r``, ``\u202e``). Escaped text cannot control the terminal or start a
    new line of output.

    A terminal would execute escape sequences in unescaped text (CWE-150). Bidirectional control characters could change the order
    in which the text appears (CVE-2021-42574).
    """
    safe = "".join(letter if letter.isprintable() else _escaped(letter) for letter in text)
    return safe.encode(encoding, "backslashreplace").decode(encoding)


def escape_all(value: Any) -> Any:
    """Return a copy of the JSON value ``value``, with :func:`escape` applied to every string and key."""
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, dict):
        return {escape(str(key)): escape_all(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [escape_all(each) for each in value]
    return value


def write(stream: TextIO | None, text: str, end: str = "\n") -> None:
    """Write one escaped line to ``stream``. Do nothing if ``stream`` is None, which is the case under ``pythonw``.

    Raises:
        OSError: If the text cannot be written, for example because the stream's reader has closed the stream.
    """
    if stream is None:
        return
    stream.write(f"{escape(text, encoding_of(stream))}{end}")
    stream.flush()


def encoding_of(stream: object) -> str:
    """Return the encoding of a text stream, or ``ascii`` if the stream does not name its encoding."""
    return getattr(stream, "encoding", None) or "ascii"


def _escaped(letter: str) -> str:
    return letter.encode("unicode_escape", "surrogatepass").decode("ascii")
