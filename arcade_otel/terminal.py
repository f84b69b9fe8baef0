"""Makes text from elsewhere (error messages, names, a server's reply) safe to print, on any terminal and in any code page."""

from typing import Any, TextIO

__all__ = ["encoding_of", "escape", "escape_all", "write"]


def escape(text: str, encoding: str = "utf-8") -> str:
    r"""Return ``text`` with every character escaped that could act on a terminal instead of being shown.

    Escaped as Python writes them (``\x1b``, ``\r``, ``\u202e``) are control characters, line ends included, characters that
    change the direction of writing or are invisible, lone surrogates, and what ``encoding`` cannot express. So a message can
    neither steer a terminal, nor hide or reorder what is printed, nor forge a line of its own.

    Why: a terminal executes escape sequences in whatever it prints (CWE-150), and bidirectional controls show a text other than
    it is (CVE-2021-42574).
    """
    safe = "".join(letter if letter.isprintable() else _escaped(letter) for letter in text)
    return safe.encode(encoding, "backslashreplace").decode(encoding)


def escape_all(value: Any) -> Any:
    """Return ``value``, what JSON can hold, with :func:`escape` applied to every text in it; keys too."""
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, dict):
        return {escape(str(key)): escape_all(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [escape_all(each) for each in value]
    return value


def write(stream: TextIO | None, text: str, end: str = "\n") -> None:
    """Write one line to ``stream``, escaped for it; nothing if the process has no such stream (``pythonw``).

    Raises:
        OSError: The stream cannot be written, because its reader has closed it.
    """
    if stream is None:
        return
    stream.write(f"{escape(text, encoding_of(stream))}{end}")
    stream.flush()


def encoding_of(stream: object) -> str:
    """Return the encoding of a text stream; ASCII for one that does not say."""
    return getattr(stream, "encoding", None) or "ascii"


def _escaped(letter: str) -> str:
    return letter.encode("unicode_escape", "surrogatepass").decode("ascii")
