"""Two hundred messages without a word of a user's: how many redaction changes, and which."""

import re
from pathlib import Path
from typing import NamedTuple

from arcade_otel.spans.redaction import error_message

__all__ = ["Change", "changes", "count"]

MESSAGES = Path(__file__).with_name("ordinary.txt")
_WORD = re.compile(r"[A-Za-z]{2,}|\d+")


class Change(NamedTuple):
    """A message that is told otherwise than it is; ``meaningless`` if fewer than half of its words are left."""

    before: str
    after: str
    meaningless: bool


def count() -> int:
    """Return how many messages there are."""
    return len(_lines())


def changes() -> list[Change]:
    """Return the messages that redaction changes."""
    found = []
    for line in _lines():
        before = re.sub(r"\{([^}]*)\}", r"\1", line)
        after = error_message(_raised(line), "redacted") or ""
        if after != before[:300].strip():
            words = _WORD.findall(before)
            left = _WORD.findall(re.sub(r"<[a-z]+>", " ", after))
            found.append(Change(before, after, 2 * len(left) < len(words)))
    return found


def _lines() -> list[str]:
    return [line for line in MESSAGES.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]


def _raised(line: str) -> BaseException:
    """Return the error of a program whose source has all of ``line`` but what stands in braces."""
    values: list[str] = re.findall(r"\{([^}]*)\}", line)
    template = re.sub(r"\{[^}]*\}", "{}", line)
    source = f"raise RuntimeError({template!r}.format(*values))" if values else f"raise RuntimeError({line!r})"
    try:
        exec(source, {"__name__": "program", "values": values})  # noqa: S102 - a program of ours
    except RuntimeError as error:
        return error
    raise AssertionError(source)
