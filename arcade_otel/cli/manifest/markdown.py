"""Render parts of the catalogue as Markdown tables, and render the difference between two texts."""

import difflib
from collections.abc import Iterable, Sequence

from arcade_otel import terminal
from arcade_otel.cli.manifest import catalogue

__all__ = ["attributes", "code", "difference", "events", "fields", "properties", "table"]


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table. A vertical bar in a cell is escaped."""
    lines = [columns, ["---"] * len(columns), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def code(text: str) -> str:
    """Return ``text`` as inline code, even if it contains backticks.

    The result is escaped for a terminal (:func:`arcade_otel.terminal.escape`).
    """
    text = terminal.escape(text)
    ticks = "`"
    while ticks in text:
        ticks += "`"
    space = " " if len(ticks) > 1 or not text.strip() else ""
    return f"{ticks}{space}{text}{space}{ticks}"


def events(wanted: Sequence[catalogue.Event]) -> str:
    """Return the table of events."""
    return table(
        ("event", "called here", "sent when", "why"),
        [(code(each.name), each.short, each.when, each.reason) for each in wanted],
    )


def properties(wanted: Sequence[catalogue.FieldSpec], of: Sequence[catalogue.Event]) -> str:
    """Return a table of the properties ``wanted``. For each property, the column "in" shows which events in ``of`` contain it."""
    return table(
        ("property", "type", "example", "in", "why", "from"),
        [(code(each.name), _type(each), code(each.example), _in(each, of), _why(each), _from(each)) for each in wanted],
    )


def fields(wanted: Sequence[catalogue.FieldSpec]) -> str:
    """Return a table of the fields of an event or of a request."""
    return table(
        ("field", "type", "example", "why", "from"),
        [(code(each.name), _type(each), code(each.example), _why(each), _from(each)) for each in wanted],
    )


def attributes(wanted: Sequence[catalogue.FieldSpec]) -> str:
    """Return the table of attributes."""
    return table(
        ("attribute", "type", "example", "why", "from"),
        [(code(each.name), _type(each), code(each.example), _why(each), each.source) for each in wanted],
    )


def difference(before: str, after: str, name: str, source: str) -> str:
    """Return a unified diff from ``before`` to ``after``, or "" if they are equal. The diff is escaped for a terminal.

    Args:
        before: The current text of a file.
        after: The newly generated text.
        name: The file's name, for the diff's header.
        source: The source of the generated text, for the diff's header.
    """
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), name, source, lineterm="")
    return "".join(f"{terminal.escape(line)}\n" for line in lines)


def _type(entry: catalogue.FieldSpec) -> str:
    return f"{entry.type}, {entry.unit}" if entry.unit else entry.type


def _why(entry: catalogue.FieldSpec) -> str:
    return f"{entry.reason}. Sent {entry.when}" if entry.when else entry.reason


def _in(entry: catalogue.FieldSpec, of: Sequence[catalogue.Event]) -> str:
    having = [event.short for event in of if event.name in entry.events]
    return "all" if len(having) == len(of) else ", ".join(having)


def _from(entry: catalogue.FieldSpec) -> str:
    return code(entry.attribute) if entry.attribute else entry.source
