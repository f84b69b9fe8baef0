"""Prints a command's result: one JSON object for programs, tables for people (rich's on a terminal, if it is installed)."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

__all__ = ["Output", "iso", "printable"]


def iso(seconds: float | None) -> str | None:
    """Return a time, in seconds since the epoch, as ISO 8601 in UTC; None for None, and for what is no time."""
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):
        return None


class Output:
    """Where a command's result goes: stdout, and nothing but the result.

    Args:
        as_json: Print :meth:`result` only, as JSON; else everything else.
    """

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json

    def result(self, result: Mapping[str, Any]) -> None:
        """Print the whole result, for programs."""
        if self.as_json:
            sys.stdout.write(json.dumps(result, indent=2) + "\n")
            sys.stdout.flush()

    def line(self, text: str = "") -> None:
        """Print a line for people."""
        if not self.as_json:
            sys.stdout.write(f"{printable(text)}\n")
            sys.stdout.flush()

    def payload(self, payload: object) -> None:
        """Print a payload for people, as indented JSON in ASCII: nothing in it steers a terminal."""
        if not self.as_json:
            sys.stdout.write(json.dumps(payload, indent=2) + "\n")
            sys.stdout.flush()

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Print a table for people; no columns' names if they are all empty."""
        if self.as_json:
            return
        cells = [["" if cell is None else printable(str(cell)) for cell in row] for row in rows]
        if not (sys.stdout.isatty() and _by_rich(columns, cells)):
            _plain(columns, cells)
        sys.stdout.flush()


def printable(text: str) -> str:
    """Return ``text`` without what steers a terminal or turns the direction of writing, each letter of it as U+FFFD."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text).encode("utf-8", "replace").decode()


def _by_rich(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    try:
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text
    except ImportError:
        return False
    table = Table(show_header=any(columns), box=None if not any(columns) else Table().box)
    for name in columns:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))  # Text: what looks like markup is none
    Console(file=sys.stdout).print(table)
    return True


def _plain(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    lines = [list(columns), *rows] if any(columns) else list(rows)
    widths = [max((len(line[index]) for line in lines), default=0) for index in range(len(columns))]
    for line in lines:
        text = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        sys.stdout.write(f"{text.rstrip()}\n")
