"""``usage status`` prints whether usage data is collected and why, the identity, the queued events and the last problem."""

from typing import Any

from arcade_otel import consent, conventions, identity as identity_file
from arcade_otel.cli import local_state
from arcade_otel.cli.commands import EXIT_OFF, EXIT_OK
from arcade_otel.cli.doctor.directory import check_config_dir, full_disk
from arcade_otel.cli.output import Output, iso
from arcade_otel.handoff import receipts
from arcade_otel.settings import Settings

__all__ = ["collect_status", "print_status", "status"]


def status(settings: Settings, output: Output) -> int:
    """Print the status. Return 3 if usage data is off, otherwise 0.

    The command changes no files, and creates neither an ID nor a directory.
    """
    facts = collect_status(settings)
    output.result(facts)
    print_status(facts, output, standalone=_is_standalone(settings))
    return EXIT_OFF if facts["tracking"] == consent.OFF else EXIT_OK


def collect_status(settings: Settings) -> dict[str, Any]:
    """Return the status as a dictionary, which is also the JSON output of the command. Do not change any file."""
    decision = settings.decide()
    mode, reason, detail = decision.mode, decision.reason, decision.detail
    if mode != consent.OFF and not settings.has_destination and not _is_standalone(settings):
        mode, reason = consent.OFF, "nobody to send to"
        detail = "no project key and no exporter is set" if settings.config_dir else "no config directory (HOME is not set)"
    identity = identity_file.read(settings.config_dir) if settings.config_dir else None
    lanes = local_state.lanes(settings) if settings.config_dir else []
    events = receipts.events(settings.state_dir) if settings.config_dir else []
    sent = [each for each in events if each["state"] == receipts.SENT]
    failures = receipts.problems(settings.state_dir) if settings.config_dir else {}
    latest = sorted(failures.values(), key=lambda each: each["at"])
    directory = check_config_dir(settings)
    return {
        "program": settings.name,
        "tracking": mode,
        "reason": reason,
        "detail": detail,
        "scope": settings.config_dir or None,
        "distinct_id": (identity[1] or identity[0]) if identity else None,
        "anonymous": identity[1] is None if identity else None,
        "config_dir": settings.config_dir or None,
        "config_dir_problem": (full_disk(settings) if directory.ok else directory.detail) if settings.config_dir else None,
        "posthog": settings.posthog_host if settings.posthog_api_key else None,
        "exporters": local_state.exporters(settings),
        "waiting": local_state.queued_count(settings) if settings.config_dir else 0,
        "lanes": lanes,
        "last_sent": {"at": iso(sent[-1]["at"]), "lane": sent[-1]["lane"]} if sent else None,
        "last_problem": _failure(latest[-1]) if latest else None,
        "sender_problem": local_state.sender_problem(settings),
    }


def print_status(facts: dict[str, Any], output: Output, *, standalone: bool) -> None:
    """Print the result of :func:`collect_status` for people.

    Args:
        facts: The result of :func:`collect_status`.
        output: Where to print the status.
        standalone: True to describe the config directory, as ``arcade-otel`` does, or False to describe one program.
    """
    words = {"on": "on", "off": "off", "log": "log (printed, not sent)"}
    sent, problem, sender_problem = facts["last_sent"], facts["last_problem"], facts["sender_problem"]
    missing = [each["name"] for each in facts["exporters"] if not each["installed"]]
    identity = "none yet"
    if facts["distinct_id"] is not None:
        identity = f"{facts['distinct_id']} ({'anonymous' if facts['anonymous'] else 'your account'})"
    scope = f"every program that uses {facts['config_dir']}" if facts["config_dir"] else "no config directory"
    rows = [
        ("Usage data:", f"{words[facts['tracking']]}: {facts['detail']}"),
        ("Your choice counts for:", scope),
        ("Identity:", identity),
        ("Config directory:", facts["config_dir"] or "none (HOME is not set)"),
        ("PostHog:", facts["posthog"] or ("set by each program" if standalone else "not used")),
        ("Queued events:", facts["waiting"]),
        ("Last sent:", f"{sent['at']} to {sent['lane']}" if sent else "never"),
        ("Last problem:", f"{problem['at']} {problem['lane']}: {problem['why']}" if problem else "none"),
    ]
    if not standalone:
        rows.insert(0, ("Program:", facts["program"]))
    if facts["config_dir_problem"] and facts["tracking"] == consent.ON:
        text = facts["config_dir_problem"]
        if ", so " not in text:
            text = f"{text}, so events are lost"
        rows.append(("Not recorded:" if text.endswith("events are lost") else "Not queued:", f"{text}. Run doctor."))
    if sender_problem:
        rows.append(("Sender:", f"could not run at {sender_problem['at']}: {sender_problem['why']}. Run doctor."))
    if missing:
        rows.append(("Not installed:", f"{', '.join(missing)} (their events stay queued)"))
    output.table(("", ""), rows)
    backlogged = [lane for lane in facts["lanes"] if lane["waiting"]]
    if backlogged:
        output.line()
        columns = ("Lane", "Queued", "Bytes", "Oldest", "Next attempt after", "Problem")
        output.table(columns, [_lane_row(lane) for lane in backlogged])


def _lane_row(lane: dict[str, Any]) -> tuple[object, ...]:
    problem = (lane["last_problem"] or {}).get("why")
    return lane["lane"], lane["waiting"], lane["bytes"], lane["oldest"], lane["pauses_until"], problem


def _is_standalone(settings: Settings) -> bool:
    """Return whether the settings belong to the program ``arcade-otel``, which does not record its own commands."""
    return settings.name == conventions.LIB


def _failure(each: receipts.Receipt) -> dict[str, Any]:
    return {"at": iso(each["at"]), "lane": each["lane"], "why": each.get("why")}
