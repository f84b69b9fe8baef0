"""Two hundred messages without any word of a user. This counts how many of them redaction changes, and which."""

import os
import re
import sys
from pathlib import Path
from typing import NamedTuple
from unittest import mock

from arcade_otel.spans.redaction import error_message

__all__ = ["Change", "changes", "count"]

MESSAGES = Path(__file__).with_name("ordinary.txt")
_WORD = re.compile(r"[A-Za-z]{2,}|\d+")


class Change(NamedTuple):
    """A message that redaction changes. It is ``meaningless`` if fewer than half of its words are left."""

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
        error = _raised(line)
        before = str(error)
        with mock.patch.dict(os.environ, clear=True), mock.patch.object(sys, "argv", ["tool", "run"]):
            after = error_message(error, "redacted", path="run") or ""
        if after != before[:300].strip():
            words = _WORD.findall(before)
            left = _WORD.findall(re.sub(r"<[a-z]+>", " ", after))
            found.append(Change(before, after, 2 * len(left) < len(words)))
    return found


def _lines() -> list[str]:
    return [line for line in MESSAGES.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]


def _raised(line: str) -> BaseException:
    """Return the error of a program whose source contains ``line`` without the text in braces, or an error that ``line`` is."""
    values: list[str] = re.findall(r"\{([^}]*)\}", line)
    source = line.removeprefix(">>> ")
    if source == line:
        source = f"raise RuntimeError({re.sub(r'{[^}]*}', '{}', line)!r}.format(*values))"
    try:
        exec(source, {"__name__": "program", "values": values})  # noqa: S102 - a program of ours
    except Exception as error:  # noqa: BLE001 - of whatever class
        traceback = error.__traceback__
        return error.with_traceback(traceback and traceback.tb_next)
    raise AssertionError(source)
