"""What is known on this machine, read without changing anything: lanes, what waits in them, payloads, exporters."""

import os
from typing import Any

from arcade_otel.cli.output import iso
from arcade_otel.handoff import exporter_config, queue, receipts
from arcade_otel.settings import Settings

__all__ = ["command_of", "exporters", "known", "lanes", "log", "waiting", "waiting_count"]


def lanes(settings: Settings) -> list[dict[str, Any]]:
    """Return for each lane how much waits, since when, whether it pauses, and what last went wrong."""
    from arcade_otel.sender.backoff import Backoff

    state_dir = settings.state_dir
    problems = receipts.problems(state_dir)
    found = []
    for lane in queue.lanes(state_dir):
        config_dir = queue.lane_dir(state_dir, lane)
        names = queue.list_spans(config_dir)
        pause = Backoff(state_dir, lane)
        until, failures = pause.read()
        problem = problems.get(lane)
        found.append(
            {
                "lane": lane,
                "exporter": queue.lane_exporter(lane),
                "waiting": len(names),
                "bytes": sum(_size(os.path.join(config_dir, name)) for name in names),
                "oldest": iso(queue.end_time(names[0])) if names else None,
                "pauses_until": iso(until) if pause.is_active() else None,
                "failures_in_a_row": failures,
                "dropped_and_untold": queue.DropCounter(state_dir, lane).count(),
                "last_problem": {"at": iso(problem["at"]), "why": problem.get("why")} if problem else None,
            }
        )
    return found


def waiting_count(settings: Settings) -> int:
    """Return how many events wait, in all lanes."""
    state_dir = settings.state_dir
    return sum(len(queue.list_spans(queue.lane_dir(state_dir, lane))) for lane in queue.lanes(state_dir))


def exporters(settings: Settings) -> list[dict[str, Any]]:
    """Return the exporters that the environment names or for which something waits, and whether each can be had."""
    named = exporter_config.exporter_names(os.environ)
    behind = [queue.lane_exporter(lane) for lane in queue.lanes(settings.state_dir)]
    return [{"name": name, "installed": _installed(name)} for name in dict.fromkeys([*named, *behind])]


def waiting(settings: Settings) -> list[dict[str, Any]]:
    """Return what waits, oldest first in each lane, each with the payload that its exporter would send now.

    The sender may still settle whose an anonymous event is (somebody logged in), and add an alias.
    """
    from arcade_otel.sender.receipt_writer import queued_payload

    found = []
    for lane in queue.lanes(settings.state_dir):
        config_dir = queue.lane_dir(settings.state_dir, lane)
        for name in queue.list_spans(config_dir):
            try:
                text = queue.read_span(os.path.join(config_dir, name))
                if text is None:
                    continue  # sent meanwhile
                payload: list[Any] = queued_payload(lane, text)
            except ValueError:
                payload = []  # the sender will set it aside
            identity = name.removesuffix(".json").partition("-")[2]
            ended = queue.end_time(name)
            queued = {"at": ended, "ended": ended, "state": "queued", "lane": lane, "id": identity, "payload": payload}
            found.append(_told(queued))
    return found


def known(settings: Settings) -> list[dict[str, Any]]:
    """Return what became of the last 100 events, and everything that waits, newest last."""
    if not settings.config_dir:
        return []
    done = [_told(each) for each in receipts.events(settings.state_dir)]
    told = {(each["lane"], each["id"]) for each in done}
    queued = [each for each in waiting(settings) if (each["lane"], each["id"]) not in told]
    return sorted([*done, *queued], key=lambda each: str(each["at"]))


def log(settings: Settings) -> list[dict[str, Any]]:
    """Return what became of the last 100 events, what waits among them, newest last."""
    return known(settings)[-receipts.MAX_COUNT :]


def command_of(payload: list[Any]) -> str | None:
    """Return the command that a payload tells of, if it tells of one."""
    for part in payload:
        try:
            if "properties" in part:
                if "command_name" in part["properties"]:
                    return str(part["properties"]["command_name"])
                continue
            for group in part["resourceSpans"]:
                for scoped in group["scopeSpans"]:
                    for span in scoped["spans"]:
                        return str(span["name"])
        except (KeyError, TypeError):
            continue
    return None


def _told(each: receipts.Receipt) -> dict[str, Any]:
    payload = each.get("payload")
    payload = payload if isinstance(payload, list) else []
    ended = each.get("ended")
    return {
        "at": iso(each["at"]),
        "ended": iso(ended) if isinstance(ended, int | float) else None,
        "state": each["state"],
        "why": _words(each.get("why")),
        "lane": each["lane"],
        "command": command_of(payload),
        "id": _words(each.get("id")),
        "payload": payload,
        "too_large": each.get("too_large") is True,
    }


def _words(value: object) -> str | None:
    """Return what a line of a file that anybody could have written holds in the place of a text."""
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
