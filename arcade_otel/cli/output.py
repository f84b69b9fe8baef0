"""Print the result of a usage command: one JSON object for programs, or lines and tables for people.

If stdout is a terminal and rich is installed, rich prints the tables.
"""

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from arcade_otel import terminal

__all__ = ["Output", "discard_stdout", "iso"]


def discard_stdout() -> None:
    """Connect stdout to the null device, because the reader of stdout has closed the pipe.

    Otherwise, Python would write the rest of its buffer when it exits, and print an error.
    """
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, sys.stdout.fileno())
    os.close(devnull)


def iso(seconds: float | None) -> str | None:
    """Convert seconds since the epoch to an ISO 8601 time in UTC. If ``seconds`` is None or out of range, return None."""
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):
        return None


class Output:
    """Print the result of a usage command, as JSON for programs or as text for people.

    Text for people is escaped (:func:`arcade_otel.terminal.escape`), so that it cannot control the terminal and can be printed in
    any encoding.

    Args:
        as_json: If True, :meth:`result` and :meth:`error` print JSON, and the other methods print nothing. If False,
            :meth:`result` prints nothing, and the other methods print text for people.
    """

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json

    def result(self, result: Mapping[str, Any]) -> None:
        """If the output is for programs, print the whole result as one JSON object."""
        if self.as_json:
            self._print_json(result)

    def line(self, text: str = "") -> None:
        """If the output is for people, print a line."""
        if not self.as_json:
            terminal.write(sys.stdout, text)

    def payload(self, payload: object) -> None:
        """If the output is for people, print a payload as indented JSON in ASCII."""
        if not self.as_json:
            self._print_json(payload)

    def error(self, message: str) -> None:
        """Print an error message: for people as text on stderr, or for programs as ``{"problem": …}`` on stdout."""
        self.result({"problem": message})
        if not self.as_json:
            terminal.write(sys.stderr, message)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """If the output is for people, print a table. If all column names are empty, omit the heading."""
        if self.as_json or sys.stdout is None:
            return
        encoding = terminal.encoding_of(sys.stdout)
        cells = [["" if cell is None else terminal.escape(str(cell), encoding) for cell in row] for row in rows]
        if not (sys.stdout.isatty() and _print_with_rich(columns, cells)):
            _print_plain(columns, cells)
        sys.stdout.flush()

    @staticmethod
    def _print_json(value: object) -> None:
        if sys.stdout is None:
            return
        # JSON in ASCII escapes every control character except DEL.
        sys.stdout.write(json.dumps(value, indent=2).replace("\x7f", "\\u007f") + "\n")
        sys.stdout.flush()


def _print_with_rich(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Print the table with rich and return True, or return False if rich is not installed."""
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
        table.add_row(*(Text(cell) for cell in row))  # a Text, so that rich interprets no markup in it
    Console(file=sys.stdout).print(table)
    return True


def _print_plain(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    lines = [list(columns), *rows] if any(columns) else list(rows)
    widths = [max((len(line[index]) for line in lines), default=0) for index in range(len(columns))]
    for line in lines:
        text = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        sys.stdout.write(f"{text.rstrip()}\n")
