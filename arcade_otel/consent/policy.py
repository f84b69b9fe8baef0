"""Reads the machine's policy: what packagers and administrators decided for everybody, or for one program."""

__all__ = ["CORRUPT", "parse"]

#: What :func:`parsed` returns for a file that it does not understand: it counts as off.
CORRUPT = "corrupt"

_KEY = "tracking"


def parse(data: bytes, program: str) -> str | None:
    """Return ``on`` or ``off`` as the policy ``data`` decides for ``program``, None if it says nothing of it, or ``CORRUPT``.

    Lines are ``tracking = off`` (or ``on``), for every program, or ``tracking.NAME = off``, for the one called NAME, which wins
    over the former. Empty lines and lines that begin with ``#`` are comments. Of two lines about the same, off wins. Any line
    that is none of these makes the whole file corrupt: half a policy is no decision.

    Args:
        data: The file's content, UTF-8, with or without a byte order mark.
        program: Name of the program; "" is none.
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
