"""Make the data for the ``usage view`` page: the status, and for each event a row that contains the exact payload."""

import json
import math
from contextlib import suppress
from datetime import datetime, timezone
from typing import Any

from arcade_otel import conventions, terminal
from arcade_otel.cli import local_state, status
from arcade_otel.settings import Settings
from arcade_otel.spans import otlp

__all__ = ["row", "snapshot"]

#: A larger number of milliseconds (30,000 years) is not a duration.
_MAX_DURATION_MS = 1e15


def snapshot(settings: Settings) -> bytes:
    """Return the page's data as one JSON object in ASCII, with the newest event first.

    The JSON contains no NaN, because JavaScript could not parse it.

    Raises:
        OSError: If the config directory cannot be read.
    """
    facts = status.collect_status(settings)
    lanes = {lane["lane"]: lane for lane in facts["lanes"]}
    rows = [row(each, lanes.get(each["lane"])) for each in local_state.all_events(settings)]
    rows.reverse()
    rows.sort(key=lambda each: str(each["ran"]), reverse=True)
    return json.dumps({"status": terminal.escape_all(facts), "events": rows}, separators=(",", ":"), allow_nan=False).encode()


def row(event: dict[str, Any], lane: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return one row of the page, which describes one event.

    The strings in the row are escaped (:func:`arcade_otel.terminal.escape`). The field ``payload`` contains the exact payload as
    indented JSON in ASCII, or None if the event has no payload.

    Args:
        event: An event from :func:`arcade_otel.cli.local_state.all_events`.
        lane: The state of the event's lane, or None if there is no such lane. If the event is queued because a delivery failed,
            the row contains the lane's last problem.
    """
    fields = _command_fields(event["payload"])
    code = fields.get("exit_code")
    why, until = event["why"], None
    if event["state"] == "queued" and lane is not None:
        until = lane["pauses_until"]
        if lane["failures_in_a_row"] and lane["last_problem"]:
            why = lane["last_problem"]["why"]
    return {
        "id": _text(event["id"]),
        "lane": _text(event["lane"]),
        "state": event["state"],
        "at": event["at"],
        "ran": _start_time(fields) or event["ended"] or event["at"],
        "command": _text(fields.get("command")) or _text(event["command"]),
        "duration": _number(fields.get("duration")),
        "outcome": None if not isinstance(code, int) else "failed" if code else "succeeded",
        "exit_code": code if isinstance(code, int) else None,
        "error_type": _text(fields.get("error_type")),
        "error_message": _text(fields.get("error_message")),
        "why": _text(why),
        "pauses_until": until,
        "too_large": event["too_large"],
        "payload": json.dumps(event["payload"], indent=2) if event["payload"] else None,
    }


def _command_fields(payload: list[Any]) -> dict[str, Any]:
    """If ``payload`` describes a command, return its fields under PostHog's names, otherwise an empty dictionary.

    Skip malformed parts of the payload.
    """
    for part in payload:
        if not isinstance(part, dict):
            continue
        properties = part.get("properties")
        if isinstance(properties, dict) and "command_name" in properties:
            return {**properties, "command": properties["command_name"], "started": part.get("timestamp")}
        with suppress(ValueError):  # a receipt that another program wrote
            for span, _ in otlp.spans(part):
                attributes = otlp.read_attributes(span)
                if conventions.COMMAND in attributes:
                    return {
                        "command": attributes[conventions.COMMAND],
                        "started": str(otlp.read_integer(span, "startTimeUnixNano", otlp.UINT64)),
                        "duration": attributes.get(conventions.DURATION),
                        "exit_code": attributes.get(conventions.PROCESS_EXIT_CODE),
                        "error_type": attributes.get(conventions.ERROR_TYPE),
                        "error_message": attributes.get(conventions.ERROR_MESSAGE),
                    }
    return {}


def _start_time(fields: dict[str, Any]) -> str | None:
    """Return the start time of the command in ISO 8601, to the millisecond. If the start time is unknown, return None.

    A PostHog event contains its start time in ISO 8601. A span contains its start time in nanoseconds since the epoch.
    """
    started = fields.get("started")
    try:
        if isinstance(started, str) and started.isdigit():
            moment = datetime.fromtimestamp(int(started) / 1e9, timezone.utc)
        else:
            moment = datetime.fromisoformat(str(started)).astimezone(timezone.utc)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):
        return None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and abs(value) < _MAX_DURATION_MS and math.isfinite(value) else None


def _text(value: object) -> str | None:
    return terminal.escape(value) if isinstance(value, str) else None
