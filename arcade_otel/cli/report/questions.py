"""The questions that ``report`` and the dashboards answer. Each question is one file in ``questions/``.

A file begins with comment lines that describe the question. The rest of the file is portable SQL over a table ``commands``, which
contains one row for each command. The same SQL runs in sqlite (``report``), in ClickHouse and in PostHog, where
``dashboards/dialects`` defines ``commands``.

The columns of ``commands``:

- ``seconds``: when the command began, in seconds since the epoch, to the millisecond.
- ``week``: the Monday of the command's week as text, in UTC.
- ``week_number``: the number of the command's week, where weeks that follow each other have consecutive numbers.
- ``distinct_id``: the ID that the event was sent under.
- ``person``: the person to whom ``distinct_id`` belongs, once aliases are followed.
- ``identified``: 1 if the ID is that of an account, 0 if it is anonymous.
- ``command``: the name of the command, or "" if no command was reached.
- ``version``: the version of the program.
- ``failed``: 1 if the exit code was not 0, or else 0.
- ``outcome``: how the command ended.
- ``duration``: the duration in milliseconds, or NULL.
- ``error_type``: the exception's class.
- ``os``: the operating system.
- ``python``: Python's major and minor version.
- ``ci``: 1 in continuous integration.
- ``agent``: the name of the coding agent that ran the command, or "".
- ``interactive``: "yes", "no" or "unknown".
- ``install_method``: how the program was installed.
- ``first_run``: 1 on the first run of an installation, or else 0.
- ``previous_version``: on the first run after a change of version, the earlier version, or else "".
- ``session``: the session's ID, or "".
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
        labels: The columns that label a point or a bar. For ``heat``, the two columns that label the row and the column.
        values: The columns with the numbers.
        series: The column by which the data is split into several lines, or "" for a single line.
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
    """Return every question, in the order of the report.

    Raises:
        OSError: If a file of this package cannot be read.
        KeyError: If one of the required comment lines is missing in a file.
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
