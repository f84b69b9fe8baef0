"""Read the lanes, queued events, receipts and exporters on this machine, without changing any file."""

import os
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from arcade_otel import conventions
from arcade_otel.cli.output import iso
from arcade_otel.handoff import exporter_config, queue, receipts, starts, zombies
from arcade_otel.settings import Settings
from arcade_otel.spans import otlp

__all__ = ["all_events", "command_name", "exporters", "lanes", "log", "queued_count", "queued_events", "sender_problem"]


def lanes(settings: Settings) -> list[dict[str, Any]]:
    """Return one dictionary per lane, with its number of queued events, its last problem, and so on."""
    from arcade_otel.sender.backoff import Backoff

    state_dir = settings.state_dir
    problems = receipts.problems(state_dir)
    rows = []
    for lane in queue.lanes(state_dir):
        directory = queue.lane_dir(state_dir, lane)
        names = queue.list_spans(directory)
        backoff = Backoff(state_dir, lane)
        until, failures = backoff.read()
        problem = problems.get(lane)
        rows.append(
            {
                "lane": lane,
                "exporter": queue.lane_exporter(lane),
                "waiting": len(names),
                "bytes": sum(_size(os.path.join(directory, name)) for name in names),
                "oldest": iso(queue.end_time(names[0])) if names else None,
                "pauses_until": iso(until) if backoff.is_active() else None,
                "failures_in_a_row": failures,
                "dropped_and_untold": queue.DropCounter(state_dir, lane).count(),
                "last_problem": {"at": iso(problem["at"]), "why": problem.get("why")} if problem else None,
            }
        )
    return rows


def sender_problem(settings: Settings) -> dict[str, Any] | None:
    """Return when and why a sender last failed to start, or None if no sender has failed since the last successful start."""
    if not settings.config_dir:
        return None
    problem = receipts.problems(settings.state_dir).get(receipts.SENDER)
    if problem is not None and zombies.FAILED_IMPORT in zombies.causes(settings.state_dir):
        return {"at": iso(problem["at"]), "why": problem.get("why")}
    failed = starts.failures(settings.state_dir)
    if not failed:
        return None
    why = "a sender was started and did not come up" if len(failed) == 1 else "senders were started and did not come up"
    return {"at": iso(failed[-1]), "why": why}


def queued_count(settings: Settings) -> int:
    """Return the number of events in all lanes, plus the events that a starting sender has yet to put into a lane."""
    state_dir = settings.state_dir
    in_lanes = sum(len(queue.list_spans(queue.lane_dir(state_dir, lane))) for lane in queue.lanes(state_dir))
    return in_lanes + len(starts.queued(state_dir))


def exporters(settings: Settings) -> list[dict[str, Any]]:
    """Return the exporters that the environment names or that have queued events, each with a field ``installed``."""
    named = exporter_config.exporter_names(os.environ)
    backlogged = [queue.lane_exporter(lane) for lane in queue.lanes(settings.state_dir)]
    return [{"name": name, "installed": _installed(name)} for name in dict.fromkeys([*named, *backlogged])]


def queued_events(settings: Settings) -> list[dict[str, Any]]:
    """Return the queued events of each lane, oldest first, and then the events that a starting sender has yet to put into a lane.

    Each event contains the payload that its exporter would send now. If the user logged in after an anonymous event, the sender
    may still attribute that event to the account and send an alias, although the payload does not show this.
    """
    from arcade_otel.sender.receipt_writer import queued_payload

    rows = []
    for lane, name, text in [*_lane_files(settings.state_dir), *starts.queued(settings.state_dir)]:
        payload: list[Any] = []  # if the file contains no span, the sender will move it to corrupt/
        with suppress(ValueError):
            payload = queued_payload(lane, text)
        identity = name.removesuffix(".json").partition("-")[2]
        ended = queue.end_time(name)
        queued = {"at": ended, "ended": ended, "state": "queued", "lane": lane, "id": identity, "payload": payload}
        rows.append(_to_row(queued))
    return rows


def _lane_files(state_dir: str) -> Iterator[tuple[str, str, str]]:
    """Yield the lane, the name and the content of each queued file. For a file that cannot be read as text, the content is ""."""
    for lane in queue.lanes(state_dir):
        directory = queue.lane_dir(state_dir, lane)
        for name in queue.list_spans(directory):
            try:
                text = queue.read_span(os.path.join(directory, name))
            except ValueError:
                text = ""
            if text is not None:  # None: a sender has just sent it
                yield lane, name, text


def all_events(settings: Settings) -> list[dict[str, Any]]:
    """Return all queued events, and the last 100 events that were sent or dropped. The newest event is last."""
    if not settings.config_dir:
        return []
    done = [_to_row(each) for each in receipts.events(settings.state_dir)]
    done_keys = {(each["lane"], each["id"]) for each in done}
    queued = [each for each in queued_events(settings) if (each["lane"], each["id"]) not in done_keys]
    return sorted([*done, *queued], key=lambda each: str(each["at"]))


def log(settings: Settings) -> list[dict[str, Any]]:
    """Return the last 100 events, including sent, dropped and queued events. The newest event is last."""
    return all_events(settings)[-receipts.MAX_COUNT :]


def command_name(payload: list[Any]) -> str | None:
    """Return the name of the command in ``payload``, or None if ``payload`` names no command."""
    for part in payload:
        try:
            if "properties" in part:
                if "command_name" in part["properties"]:
                    return str(part["properties"]["command_name"])
            elif otlp.is_traces(part):
                # A live trace also has the program's own spans, and they end before the command's span.
                names = [
                    (otlp.read_attribute(span, conventions.COMMAND), otlp.read_string(span, "name"))
                    for span, _ in otlp.spans(part)
                ]
                commands = [str(command) for command, _ in names if command]
                return next(iter([*commands, *(name for _, name in names if name)]), None)
        except (TypeError, ValueError):
            continue
    return None


def _to_row(each: receipts.Receipt) -> dict[str, Any]:
    payload = each.get("payload")
    payload = payload if isinstance(payload, list) else []
    ended = each.get("ended")
    return {
        "at": iso(each["at"]),
        "ended": iso(ended) if isinstance(ended, int | float) else None,
        "state": each["state"],
        "why": _optional_text(each.get("why")),
        "lane": each["lane"],
        "command": command_name(payload),
        "id": _optional_text(each.get("id")),
        "payload": payload,
        "too_large": each.get("too_large") is True,
    }


def _optional_text(value: object) -> str | None:
    """Return a receipt's field as text, or None if the field is None.

    The field can be of any type if another program wrote the receipt.
    """
    return None if value is None else str(value)


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def _installed(name: str) -> bool:
    if name == "posthog":
        return True
    from arcade_otel.sender import exporter_loader

    exporter = exporter_loader.make_exporter(name)
    if exporter is None:
        return False
    exporter.shutdown()
    return True
