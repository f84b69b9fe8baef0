"""``arcade-otel report`` reads events from files and answers the same questions as the PostHog dashboards."""

import os
import sys
from collections.abc import Sequence
from datetime import datetime

from arcade_otel import terminal
from arcade_otel.cli.output import Output
from arcade_otel.cli.report.answers import Report, answer
from arcade_otel.cli.report.events import EventFiles

__all__ = ["report", "write_page"]

_DONE, _NO_EVENTS, _UNREADABLE = 0, 1, 2


def report(files: Sequence[str], *, as_json: bool, html: str | None) -> int:
    """Answer all questions about usage from the events in ``files``. Return the exit code.

    Args:
        files: Paths of the files with events. The path ``-`` stands for stdin.
        as_json: Whether to print one JSON object instead of text.
        html: Path of the HTML page to write, or None to print tables on stdout.
    """
    output = Output(as_json=as_json)
    read = EventFiles()
    for path in files:
        try:
            read.read(path)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            output.error(f"Cannot read {path}: {reason}")
            return _UNREADABLE
    result = answer(read.events)
    if skipped := read.skipped:
        terminal.write(sys.stderr, f"{skipped} records are no events and were left out.")
    if not result.commands:
        output.error("There are no command events in these files.")
        return _NO_EVENTS
    if html is not None:
        try:
            write_page(html, result, [os.path.basename(path) if path != "-" else "stdin" for path in files])
        except OSError as error:
            output.error(f"Cannot write {html}: {error.strerror or error}")
            return _UNREADABLE
    _print(output, result, skipped, html)
    return _DONE


def write_page(path: str, result: Report, sources: Sequence[str]) -> None:
    """Write the answers as one HTML page, which needs no other files.

    Args:
        path: The file to write. An existing file is replaced.
        result: The answers.
        sources: Names of the files that contain the events, for the page's header.

    Raises:
        OSError: If the file cannot be written.
    """
    from arcade_otel.cli.report.page import render

    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write(render(result, sources))


def _print(output: Output, result: Report, skipped: int, html: str | None) -> None:
    output.result(
        {
            "commands": result.commands,
            "people": result.people,
            "begin": _iso(result.begin),
            "end": _iso(result.end),
            "skipped": skipped,
            "html": html,
            "questions": [
                {
                    "name": each.question.name,
                    "title": each.question.title,
                    "question": each.question.question,
                    "unit": each.question.unit,
                    "note": each.question.note,
                    "columns": each.columns,
                    "rows": [list(row) for row in each.rows],
                }
                for each in result.answers
            ],
        }
    )
    if html is not None:
        output.line(f"Wrote {html}.")
        return
    output.line(f"{result.commands} commands by {result.people} people, {_day(result.begin)} to {_day(result.end)}")
    for each in result.answers:
        output.line()
        output.line(each.question.title)
        output.line(f"{each.question.question} Unit: {each.question.unit}.")
        if each.question.note:
            output.line(each.question.note)
        if each.rows:
            output.table([column.replace("_", " ") for column in each.columns], each.rows)
        else:
            output.line("(no rows)")


def _iso(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()


def _day(time: datetime | None) -> str:
    return "" if time is None else time.strftime("%Y-%m-%d")
