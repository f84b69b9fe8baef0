"""ClickHouse in this process (chdb), with events in tables as PostHog and a warehouse have them."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from chdb import session

__all__ = ["DASHBOARDS", "Engine"]

DASHBOARDS = Path(__file__).parents[2] / "dashboards"
#: HogQL's name of a function that ClickHouse spells otherwise.
#: Source: PostHog, posthog/hogql/functions/clickhouse/conversions.py.
_HOGQL_FUNCTIONS = "CREATE FUNCTION IF NOT EXISTS toFloat AS (x) -> accurateCastOrNull(toString(x), 'Float64')"


class Engine:
    """A ClickHouse database in one directory. A process can have only one at a time.

    Args:
        directory: The directory of the database's files, which the engine makes.
        events: The events in the format of PostHog's export.
        people: The person behind each ID, as PostHog's ``person_id`` has it once aliases are followed.
    """

    def __init__(self, directory: Path, events: Iterable[dict[str, Any]], people: dict[str, str]) -> None:
        self._session = session.Session(str(directory))
        self._run(_HOGQL_FUNCTIONS)
        for name in ("warehouse", "posthog"):
            self._run(f"CREATE DATABASE {name}")
        self.replace(directory.parent, events, people)

    def replace(self, directory: Path, events: Iterable[dict[str, Any]], people: dict[str, str]) -> None:
        """Replace the events in the tables, by means of files in ``directory``."""
        columns = "uuid String, event String, distinct_id String, timestamp DateTime64(6, 'UTC')"
        exported, ingested = directory / "exported.jsonl", directory / "ingested.jsonl"
        seen: dict[str, dict[str, Any]] = {}
        with exported.open("w", encoding="utf-8") as file:
            for event in events:
                row = {key: event[key] for key in ("uuid", "event", "distinct_id")} | {"timestamp": _utc(event["timestamp"])}
                file.write(json.dumps(row | {"properties": json.dumps(event["properties"])}) + "\n")
                seen[row["uuid"]] = row | {"properties": event["properties"]}
        with ingested.open("w", encoding="utf-8") as file:
            for row in seen.values():  # PostHog shows a second delivery once
                file.write(json.dumps(row | {"person_id": people.get(row["distinct_id"], row["distinct_id"])}) + "\n")
        for name, shape, path in (
            ("warehouse", f"{columns}, properties String", exported),
            ("posthog", f"{columns}, properties JSON, person_id String", ingested),
        ):
            self._run(f"CREATE OR REPLACE TABLE {name}.events ({shape}) ENGINE = MergeTree ORDER BY timestamp")
            described = shape.replace("'", "''")
            self._run(f"INSERT INTO {name}.events SELECT * FROM file('{path}', JSONEachRow, '{described}')")  # noqa: S608

    def __enter__(self) -> "Engine":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._session.close()

    def clickhouse(self, name: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Run ``dashboards/clickhouse/NAME.sql`` over the exported events. Return the columns and the rows."""
        return self._answer("warehouse", (DASHBOARDS / f"clickhouse/{name}.sql").read_text())

    def hogql(self, name: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Run ``dashboards/hogql/NAME.sql`` over the events with PostHog's persons.

        ClickHouse reads ``properties.name`` as HogQL does. The placeholder, for which PostHog puts in the dashboard's dates, is
        true here.
        """
        return self._answer("posthog", (DASHBOARDS / f"hogql/{name}.sql").read_text().replace("{filters}", "true"))

    def _answer(self, database: str, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        self._run(f"USE {database}")
        answer = json.loads(str(self._session.query(sql, "JSONCompact")))
        return [column["name"] for column in answer["meta"]], [_row(row) for row in answer["data"]]

    def _run(self, sql: str) -> None:
        self._session.query(sql)


def _row(values: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(values)


def _utc(timestamp: str) -> str:
    return datetime.fromisoformat(timestamp).strftime("%Y-%m-%d %H:%M:%S.%f")
