"""Make text from other sources (error messages, names, a server's reply) safe to print on any terminal, in any encoding."""

from typing import Any, TextIO

__all__ = ["encoding_of", "escape", "escape_all", "write"]


def escape(text: str, encoding: str = "utf-8") -> str:
    r"""Return ``text`` with every character escaped that a terminal would interpret instead of showing it.

    These are control characters and line ends, characters that are invisible or change the direction of writing, lone surrogates,
    and characters that ``encoding`` does not have. They are escaped as in Python (``\x1b``, ``\r``, ``\u202e``). So a message can
    neither control the terminal, nor hide or reorder text, nor print a line that looks like another one.

    A terminal executes escape sequences in any text that it prints (CWE-150), and bidirectional controls change how a text looks
    (CVE-2021-42574).
    """
    safe = "".join(letter if letter.isprintable() else _escaped(letter) for letter in text)
    return safe.encode(encoding, "backslashreplace").decode(encoding)


def escape_all(value: Any) -> Any:
    """Return ``value``, a value of JSON, with :func:`escape` applied to every text and key in it."""
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, dict):
        return {escape(str(key)): escape_all(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [escape_all(each) for each in value]
    return value


def write(stream: TextIO | None, text: str, end: str = "\n") -> None:
    """Write one escaped line to ``stream``. Do nothing if the process has no such stream (``pythonw``).

    Raises:
        OSError: The stream cannot be written, because its reader has closed it.
    """
    if stream is None:
        return
    stream.write(f"{escape(text, encoding_of(stream))}{end}")
    stream.flush()


def encoding_of(stream: object) -> str:
    """Return the encoding of a text stream, or ASCII if it has none."""
    return getattr(stream, "encoding", None) or "ascii"


def _escaped(letter: str) -> str:
    return letter.encode("unicode_escape", "surrogatepass").decode("ascii")
