"""Make text from outside (error messages, names, a server's reply) safe to print on any terminal, in any encoding."""

from typing import Any, TextIO

__all__ = ["encoding_of", "escape", "escape_all", "write"]


def escape(text: str, encoding: str = "utf-8") -> str:
    r"""Return ``text``, with every character escaped that a terminal would act on instead of showing it.

    The escaped characters are control characters and line ends, characters that are invisible or change the direction of writing,
    lone surrogates, and characters that ``encoding`` does not have. The escapes are Python's (``\x1b``, ``\r``, ``\u202e``). An
    escaped message can neither control the terminal, nor hide or reorder text, nor print a line that looks like another one.

    A terminal executes escape sequences in any text that it prints (CWE-150), and bidirectional controls change how a text looks
    (CVE-2021-42574).
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
    """Write one escaped line to ``stream``. Do nothing if ``stream`` is None, because ``pythonw`` has no standard streams.

    Raises:
        OSError: The stream cannot be written, for example because its reader has closed it.
    """
    if stream is None:
        return
    stream.write(f"{escape(text, encoding_of(stream))}{end}")
    stream.flush()


def encoding_of(stream: object) -> str:
    """Return the encoding of a text stream, or ``ascii`` if the stream has no encoding."""
    return getattr(stream, "encoding", None) or "ascii"


def _escaped(letter: str) -> str:
    return letter.encode("unicode_escape", "surrogatepass").decode("ascii")
