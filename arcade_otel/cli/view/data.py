"""What the page of ``usage view`` shows: the status, and a row with its exact payload of every event that is known here."""

import json
import math
from datetime import datetime, timezone
from typing import Any

from arcade_otel import conventions
from arcade_otel.cli import local_state, status
from arcade_otel.cli.output import printable
from arcade_otel.settings import Settings

__all__ = ["row", "snapshot"]

#: A duration of more milliseconds (30,000 years) is none.
_LONGEST = 1e15


def snapshot(settings: Settings) -> bytes:
    """Return the page's data, newest event first: one JSON object in ASCII, without what JavaScript's JSON does not know (NaN).

    Raises:
        OSError: The config directory cannot be read.
    """
    told = status.facts(settings)
    lanes = {lane["lane"]: lane for lane in told["lanes"]}
    rows = [row(each, lanes.get(each["lane"])) for each in local_state.known(settings)]
    rows.reverse()
    rows.sort(key=lambda each: str(each["ran"]), reverse=True)
    return json.dumps({"status": told, "events": rows}, separators=(",", ":"), allow_nan=False).encode()


def row(event: dict[str, Any], lane: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what the page shows of an event of :func:`arcade_otel.cli.local_state.known`.

    Its texts are for a person: nothing in them turns the direction of writing. ``payload`` is the exact payload, as indented JSON
    in ASCII; None if it is not kept.

    Args:
        event: The event.
        lane: The lane in which it waits, which tells why a queued one has not left.
    """
    told = _told_by(event["payload"])
    code = told.get("exit_code")
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
        "ran": _began(told) or event["ended"] or event["at"],
        "command": _text(told.get("command")) or _text(event["command"]),
        "duration": _number(told.get("duration")),
        "outcome": None if not isinstance(code, int) else "failed" if code else "succeeded",
        "exit_code": code if isinstance(code, int) else None,
        "error_type": _text(told.get("error_type")),
        "error_message": _text(told.get("error_message")),
        "why": _text(why),
        "pauses_until": until,
        "too_large": event["too_large"],
        "payload": json.dumps(event["payload"], indent=2) if event["payload"] else None,
    }


def _told_by(payload: list[Any]) -> dict[str, Any]:
    """Return what a payload tells of its command, in the names of PostHog's properties; it may be anything, so nothing raises."""
    for part in payload:
        if not isinstance(part, dict):
            continue
        properties = part.get("properties")
        if isinstance(properties, dict) and "command_name" in properties:
            return {**properties, "command": properties["command_name"], "began": part.get("timestamp")}
        for span in _spans(part):
            attributes = _attributes(span)
            if conventions.COMMAND in attributes:
                return {
                    "command": attributes[conventions.COMMAND],
                    "began": span.get("startTimeUnixNano"),
                    "duration": attributes.get(conventions.DURATION),
                    "exit_code": attributes.get(conventions.PROCESS_EXIT_CODE),
                    "error_type": attributes.get(conventions.ERROR_TYPE),
                    "error_message": attributes.get(conventions.ERROR_MESSAGE),
                }
    return {}


def _spans(traces: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for group in _dicts(traces.get("resourceSpans")):
        for scoped in _dicts(group.get("scopeSpans")):
            found += _dicts(scoped.get("spans"))
    return found


def _attributes(span: dict[str, Any]) -> dict[str, Any]:
    """Return a span's attributes: OTLP/JSON writes an integer as text."""
    found: dict[str, Any] = {}
    for attribute in _dicts(span.get("attributes")):
        value = attribute.get("value")
        for kind, held in value.items() if isinstance(value, dict) else ():
            number = str(held).removeprefix("-")
            found[str(attribute.get("key"))] = int(held) if kind == "intValue" and number.isdigit() and len(number) < 20 else held  # noqa: PLR2004 - 64 bits
    return found


def _dicts(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _began(told: dict[str, Any]) -> str | None:
    """Return when the command began, to the millisecond: PostHog's events say it in ISO 8601, spans in nanoseconds."""
    began = told.get("began")
    try:
        if isinstance(began, str) and began.isdigit():
            moment = datetime.fromtimestamp(int(began) / 1e9, timezone.utc)
        else:
            moment = datetime.fromisoformat(str(began)).astimezone(timezone.utc)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):
        return None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and abs(value) < _LONGEST and math.isfinite(value) else None


def _text(value: object) -> str | None:
    return printable(value) if isinstance(value, str) else None
