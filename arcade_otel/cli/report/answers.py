"""Answer the report's questions from a list of events. The module loads the events into an sqlite database in memory."""

import math
import re
import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

from arcade_otel.cli.report.events import Event
from arcade_otel.cli.report.questions import COLUMNS, Question, load_questions
from arcade_otel.conventions import EVENT_ALIAS, EVENT_FAILED, EVENT_SUCCEEDED

__all__ = ["Answer", "Report", "answer"]

#: A Monday, from which weeks are counted.
_FIRST_MONDAY = datetime(1970, 1, 5, tzinfo=timezone.utc)
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MILLISECOND = timedelta(milliseconds=1)
_WEEK = timedelta(days=7)
_PYTHON = re.compile(r"[0-9]+[.][0-9]+")
_NOTHING = ("", "false", "0")
_TRUE = ("true", "1")


class Answer(NamedTuple):
    """A question, and its answer in the form of columns and rows."""

    question: Question
    columns: list[str]
    rows: list[tuple[Any, ...]]


class Report(NamedTuple):
    """The answers to all questions, and totals over all commands.

    Attributes:
        commands: The number of commands. Events with the same UUID count as one command.
        people: The number of people who ran the commands.
        begin: The start time of the first command, or None if there are no commands.
        end: The start time of the last command, or None if there are no commands.
    """

    commands: int
    people: int
    begin: datetime | None
    end: datetime | None
    answers: list[Answer]


def answer(events: Sequence[Event]) -> Report:
    """Answer every question from ``events``.

    Raises:
        OSError: If a file of this package cannot be read.
    """
    chosen = _without_repeats([event for event in events if event.event in (EVENT_SUCCEEDED, EVENT_FAILED)])
    accounts = _accounts(events)
    rows = [_row(event, accounts) for event in chosen]
    connection = sqlite3.connect(":memory:")
    try:
        connection.create_function("round", 2, _round)
        connection.execute(f"CREATE TABLE commands ({', '.join(f'{name} {kind}' for name, kind in COLUMNS.items())})")
        connection.executemany(f"INSERT INTO commands VALUES ({', '.join('?' * len(COLUMNS))})", rows)  # noqa: S608 - marks
        answers = []
        for question in load_questions():
            cursor = connection.execute(question.sql)
            answers.append(Answer(question, [column[0] for column in cursor.description], cursor.fetchall()))
    finally:
        connection.close()
    times = [event.time for event in chosen]
    people = {accounts.get(event.distinct_id, event.distinct_id) for event in chosen}
    return Report(len(chosen), len(people), min(times, default=None), max(times, default=None), answers)


def _round(value: float | None, digits: int) -> float | None:
    """Round halves to the even digit, as ClickHouse does. The function ``round`` of sqlite rounds halves away from zero."""
    if value is None:
        return None
    factor = 10.0**digits
    return round(value * factor) / factor


def _without_repeats(events: Sequence[Event]) -> list[Event]:
    """Return the earliest event for each UUID, and all events without a UUID."""
    kept: dict[object, Event] = {}
    for number, event in enumerate(events):
        key: object = event.uuid or number
        if key not in kept or event.time < kept[key].time:
            kept[key] = event
    return list(kept.values())


def _accounts(events: Sequence[Event]) -> dict[str, str]:
    """Return a dictionary that maps each aliased anonymous ID to the ID of its account.

    If an anonymous ID has several aliases, the earliest alias counts.
    """
    aliases = sorted((event for event in events if event.event == EVENT_ALIAS), key=lambda event: (event.time, event.uuid))
    accounts: dict[str, str] = {}
    for event in aliases:
        account = event.properties.get("alias")
        if isinstance(account, str) and account:
            accounts.setdefault(event.distinct_id, account)
    return accounts


def _row(event: Event, accounts: dict[str, str]) -> tuple[Any, ...]:
    """Return the values for one row of ``commands``, in the order of ``COLUMNS``."""
    properties = event.properties
    failed = event.event == EVENT_FAILED
    week = (event.time - _FIRST_MONDAY) // _WEEK
    python = _PYTHON.match(_text(properties, "python_version"))
    agent = _word(properties, "agent")
    is_ci = _word(properties, "is_ci") in _TRUE or _word(properties, "ci") not in _NOTHING
    interactive = _word(properties, "interactive")
    return (
        (event.time - _EPOCH) // _MILLISECOND / 1000.0,
        (_FIRST_MONDAY + week * _WEEK).strftime("%Y-%m-%d"),
        week,
        event.distinct_id,
        accounts.get(event.distinct_id, event.distinct_id),
        int(_word(properties, "$process_person_profile") not in ("false", "0")),
        _text(properties, "command_name"),
        _text(properties, "cli_version") or "unknown",
        int(failed),
        _number(properties.get("duration")),
        _text(properties, "error_type") or "_OTHER",
        _text(properties, "os_type") or "unknown",
        python[0] if python else "unknown",
        int(is_ci),
        "" if agent in _NOTHING else "agent" if agent in _TRUE else agent,
        "yes" if interactive in _TRUE else "no" if interactive in ("false", "0") else "unknown",
        _text(properties, "install_method") or "unknown",
        _text(properties, "outcome") or ("failure" if failed else "success"),
        int(_word(properties, "first_run") in _TRUE),
        _text(properties, "previous_version"),
        _text(properties, "$session_id"),
    )


def _text(properties: dict[str, Any], name: str) -> str:
    value = properties.get(name)
    return value if isinstance(value, str) else ""


def _word(properties: dict[str, Any], name: str) -> str:
    """Return the property ``name`` as text if it is a string or a boolean, otherwise ""."""
    value = properties.get(name)
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else ""


def _number(value: Any) -> float | None:
    if isinstance(value, str):  # a cell of a CSV file
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)
