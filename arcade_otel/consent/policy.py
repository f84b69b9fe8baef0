"""Read the machine's policy, in which packagers and administrators turn recording on or off for all users."""

__all__ = ["CORRUPT", "parse"]

#: The result of :func:`parse` for a file with unknown lines. It counts as off.
CORRUPT = "corrupt"

_KEY = "tracking"


def parse(data: bytes, program: str) -> str | None:
    """Return the policy's decision for ``program``: ``on``, ``off`` or ``CORRUPT``, or None if no line of the policy applies.

    The line ``tracking = off`` turns recording off for every program, and ``tracking.NAME = off`` turns it off for the program
    NAME. The value ``on`` turns recording on. A line for one program takes precedence over a line for every program. If two lines
    with the same key contradict each other, ``off`` takes precedence. Empty lines and lines that begin with ``#`` are comments. A
    line of any other form makes the whole file corrupt, because the library must not follow a policy that it understands only in
    part.

    Args:
        data: The content of the file in UTF-8, with or without a byte order mark.
        program: Name of the program, or "".
    """
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except ValueError:
        return CORRUPT
    decided: dict[str, str] = {}
    for line in lines:
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        key, separator, value = text.partition("=")
        key, value = key.strip(), value.strip().lower()
        if "\0" in text or not separator or value not in ("on", "off") or not (key == _KEY or key.startswith(f"{_KEY}.")):
            return CORRUPT
        if decided.get(key) != "off":
            decided[key] = value
    return decided.get(f"{_KEY}.{program}") or decided.get(_KEY)
