"""The questions that ``report`` and the dashboards answer. Each question is one file in ``questions/``.

Each file contains comment lines that describe the question, and then a query in portable SQL. The query reads the table
``commands``, which contains one row for each command. The same query runs in sqlite (``report``), in ClickHouse and in
PostHog. For ClickHouse and PostHog, the files in ``dashboards/dialects`` define the table ``commands``.

The columns of ``commands``:

- ``seconds``: the command's start time in seconds since the epoch, to the millisecond.
- ``week``: the Monday of the week in which the command began, as a date in UTC, for example "2026-01-26".
- ``week_number``: the number of weeks from Monday, 1970-01-05, to the Monday of the command's week.
- ``distinct_id``: the event's distinct ID, which is an anonymous ID or the ID of an account.
- ``person``: the ID of the person's account if ``distinct_id`` has an alias, otherwise ``distinct_id``.
- ``identified``: 1 if ``distinct_id`` is the ID of an account, or 0 if it is anonymous.
- ``command``: the name of the command, or "" if the command line named no valid command.
- ``version``: the version of the program.
- ``failed``: 0 if the command ended with exit code 0, otherwise 1.
- ``outcome``: how the command ended.
- ``duration``: the duration of the command in milliseconds, or NULL if it is unknown.
- ``error_type``: the exception's class.
- ``os``: the operating system.
- ``python``: the major and minor version of Python, for example "3.12".
- ``ci``: 1 if the command ran in continuous integration, otherwise 0.
- ``agent``: the name of the coding agent that ran the command, or "" if no agent was recognized.
- ``interactive``: "yes", "no" or "unknown".
- ``install_method``: how the program was installed, for example "pipx".
- ``first_run``: 1 if the command was the program's first run on the machine, or 0 if it was a later run or if this is unknown.
- ``previous_version``: the version that ran before, if this is the first run after a change of version, otherwise "".
- ``session``: the ID of the session, or "" if it is unknown.
"""

import os
from typing import NamedTuple

__all__ = ["COLUMNS", "Chart", "Question", "load_questions"]

#: The columns of ``commands``, in the order of a row, with sqlite's types.
COLUMNS = {
    "seconds": "REAL",
    "week": "TEXT",
    "week_number": "INTEGER",
    "distinct_id": "TEXT",
    "person": "TEXT",
    "identified": "INTEGER",
    "command": "TEXT",
    "version": "TEXT",
    "failed": "INTEGER",
    "duration": "REAL",
    "error_type": "TEXT",
    "os": "TEXT",
    "python": "TEXT",
    "ci": "INTEGER",
    "agent": "TEXT",
    "interactive": "TEXT",
    "install_method": "TEXT",
    "outcome": "TEXT",
    "first_run": "INTEGER",
    "previous_version": "TEXT",
    "session": "TEXT",
}
_DIRECTORY = os.path.join(os.path.dirname(__file__), "questions")


class Chart(NamedTuple):
    """The chart of an answer.

    Attributes:
        kind: ``line``, ``bar`` or ``heat``.
        labels: Names of the columns that label a point or a bar. A chart of the kind ``heat`` has two labels: the first is for
            the chart's rows, and the second for its columns.
        values: Names of the columns that contain the numbers.
        series: Name of the column by which the numbers are split into several lines, or "" for one line per column in ``values``.
    """

    kind: str
    labels: tuple[str, ...]
    values: tuple[str, ...]
    series: str


class Question(NamedTuple):
    """A question, and the SQL that answers it."""

    name: str
    title: str
    question: str
    unit: str
    note: str
    chart: Chart
    sql: str


def load_questions() -> list[Question]:
    """Return all questions, in the order in which the report shows them.

    Raises:
        OSError: If a file of this package cannot be read.
        KeyError: If a file lacks a required comment line.
    """
    return [_load(name) for name in sorted(os.listdir(_DIRECTORY)) if name.endswith(".sql")]


def _load(file_name: str) -> Question:
    with open(os.path.join(_DIRECTORY, file_name), encoding="utf-8") as file:
        lines = file.read().splitlines()
    comments = {}
    while lines[0].startswith("-- "):
        key, _, value = lines.pop(0)[3:].partition(": ")
        comments[key] = value
    return Question(
        file_name.removesuffix(".sql"),
        comments["title"],
        comments["question"],
        comments["unit"],
        comments.get("note", ""),
        _chart(comments["chart"]),
        "\n".join(lines),
    )


def _chart(text: str) -> Chart:
    words, _, series = text.partition(" by ")
    kind, label, *values = words.split()
    if kind == "heat":
        return Chart(kind, (label, values[0]), (values[1],), series)
    return Chart(kind, tuple(label.split("+")), tuple(values), series)
