"""Markdown of the catalogue's records, and the difference of two texts: what the page and a manifest have in common."""

import difflib
from collections.abc import Iterable, Sequence

from arcade_otel.cli.manifest import catalogue

__all__ = ["attributes", "code", "difference", "events", "fields", "properties", "table"]


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; a bar in a cell does not end it."""
    lines = [columns, ["---"] * len(columns), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def code(text: str) -> str:
    """Return ``text`` as code, whatever is in it; nothing in it steers a terminal or ends the line."""
    text = "".join(letter if letter.isprintable() else "\ufffd" for letter in text)
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
    """Return the table of the properties ``wanted`` of the events ``of``."""
    return table(
        ("property", "type", "example", "in", "why", "from"),
        [(code(each.name), _type(each), code(each.example), _in(each, of), each.reason, _from(each)) for each in wanted],
    )


def fields(wanted: Sequence[catalogue.FieldSpec]) -> str:
    """Return the table of the fields of an event, or of a request."""
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


def difference(before: str, after: str, name: str, made: str) -> str:
    """Return what differs as a unified diff from the file ``name`` to what was ``made``; "" if nothing does."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), name, made, lineterm="")
    return "".join(f"{line}\n" for line in lines)


def _type(entry: catalogue.FieldSpec) -> str:
    return f"{entry.type}, {entry.unit}" if entry.unit else entry.type


def _why(entry: catalogue.FieldSpec) -> str:
    return f"{entry.reason} ({entry.when})" if entry.when else entry.reason


def _in(entry: catalogue.FieldSpec, of: Sequence[catalogue.Event]) -> str:
    having = [event.short for event in of if event.name in entry.events]
    where = "all" if len(having) == len(of) else ", ".join(having)
    return f"{where}; {entry.when}" if entry.when else where


def _from(entry: catalogue.FieldSpec) -> str:
    return code(entry.attribute) if entry.attribute else entry.source
