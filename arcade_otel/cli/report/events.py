"""Read events from a PostHog export (JSON Lines, JSON or CSV), OTLP/JSON, or a log of the fake PostHog server."""

import csv
import gzip
import io
import json
import re
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from typing import Any, NamedTuple

from arcade_otel.exporters import events_of, is_command, span_record
from arcade_otel.spans import otlp

__all__ = ["Event", "EventFiles"]

_FRACTION = re.compile(r"(?<=:\d\d)\.(\d{1,6})\d*")
_GZIP = b"\x1f\x8b"
#: Prefix of columns in PostHog's CSV, if a query has selected single properties.
_COLUMN_PREFIX = "properties."
_REQUIRED = ("event", "distinct_id")


class Event(NamedTuple):
    """An event, with only the fields that a report needs."""

    event: str
    distinct_id: str
    time: datetime
    uuid: str
    properties: dict[str, Any]


class EventFiles:
    """The events of one or more files.

    Attributes:
        events: The events, in the order in which they were read.
        skipped: The number of entries that are not events.
    """

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.skipped = 0

    def read(self, path: str) -> None:
        """Read a file, and add its events. The file can be compressed with gzip. The path ``-`` stands for stdin.

        Raises:
            OSError: If the file cannot be read.
            ValueError: If the file is not in one of the known formats.
        """
        if path == "-":
            data = sys.stdin.buffer.read()
        else:
            with open(path, "rb") as file:
                data = file.read()
        if data[:2] == _GZIP:
            try:
                data = gzip.decompress(data)
            except EOFError:
                raise ValueError("the gzip stream is cut off") from None
        self.add(data.decode("utf-8-sig", "replace"))

    def add(self, text: str) -> None:
        """Add the events from ``text``, the content of a file.

        Raises:
            ValueError: If the text is not in one of the known formats.
        """
        if not text.strip():
            return
        for record in _records(text):
            for raw in _unpacked(record):
                event = _event(raw)
                if event is None:
                    self.skipped += 1
                else:
                    self.events.append(event)


def _records(text: str) -> Iterator[Any]:
    """Yield each JSON value or each CSV row in ``text``. For a malformed line of JSON Lines, yield None."""
    if text.lstrip()[0] not in "{[":
        yield from _rows(text)
        return
    try:
        yield json.loads(text)
    except RecursionError:
        raise ValueError("JSON nested too deeply") from None
    except ValueError:
        pass
    else:
        return
    lines = [line for line in text.splitlines() if line.strip()]
    good = 0
    for line in lines:
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            record = None  # counted as no event
        else:
            good += 1
        yield record
    if not good:
        raise ValueError("neither JSON nor JSON Lines")


def _rows(text: str) -> Iterator[dict[str, Any]]:
    rows = csv.DictReader(io.StringIO(text, newline=""))
    try:
        names = rows.fieldnames or ()
        if not all(name in names for name in _REQUIRED):
            raise ValueError("neither JSON nor a CSV file with the columns event and distinct_id")
        for row in rows:
            properties = _json_object(row.get("properties") or "{}") or {}
            for name, value in row.items():
                if isinstance(name, str) and name.startswith(_COLUMN_PREFIX) and value not in ("", None):
                    properties[name.removeprefix(_COLUMN_PREFIX)] = _typed(value)
            yield {**row, "properties": properties}
    except csv.Error as error:
        raise ValueError(f"broken CSV: {error}") from None


def _typed(value: str) -> Any:
    """Convert the CSV cells "true" and "false" to booleans, and leave other cells, for example the version "1.2", as text."""
    return {"true": True, "True": True, "false": False, "False": False}.get(value, value)


def _unpacked(record: Any) -> Iterable[Any]:
    """Return the events of a record, as dictionaries. The result can also contain non-events, which ``_event`` rejects.

    A record is one event, an array of events, a PostHog API response that contains events, or spans in OTLP/JSON.
    """
    if isinstance(record, list):
        return [event for each in record for event in ([None] if isinstance(each, list) else _unpacked(each))]
    if not isinstance(record, dict):
        return [record]
    if otlp.is_traces(record):
        return _of_spans(record)
    for key in ("results", "batch"):
        if isinstance(record.get(key), list):
            columns = record.get("columns")
            if isinstance(columns, list):
                return [dict(zip(columns, row, strict=False)) for row in record[key] if isinstance(row, list)]
            return list(record[key])
    return [record]


def _of_spans(record: dict[str, Any]) -> list[Any]:
    try:
        spans = span_record.read_spans(record)
    except ValueError:
        return [None]
    return [event for span in spans if is_command(span) for event in events_of(span)]


def _event(raw: Any) -> Event | None:
    if not isinstance(raw, dict):
        return None
    name, distinct_id = raw.get("event"), raw.get("distinct_id")
    time = _time(raw.get("timestamp"))
    properties = raw.get("properties")
    if isinstance(properties, str):
        properties = _json_object(properties)
    if not isinstance(name, str) or not isinstance(distinct_id, str) or time is None or not isinstance(properties, dict):
        return None
    identity = raw.get("uuid")
    return Event(name, distinct_id, time, identity if isinstance(identity, str) else "", properties)


def _json_object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _time(value: Any) -> datetime | None:
    """Parse an ISO 8601 timestamp in the format of PostHog or ClickHouse, and convert it to UTC.

    A timestamp without a time zone is assumed to be in UTC. If ``value`` is not a timestamp, return None.
    """
    if not isinstance(value, str):
        return None
    text = value.strip().replace("Z", "+00:00")
    text = _FRACTION.sub(lambda found: "." + found[1].ljust(6, "0"), text)  # Python 3.10 reads three or six digits
    try:
        time = datetime.fromisoformat(text)
        return time.replace(tzinfo=timezone.utc) if time.tzinfo is None else time.astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return None
