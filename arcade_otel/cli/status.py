"""``usage status``: on or off and why, who you are to us, what waits, what was last sent, what last went wrong."""

from typing import Any

from arcade_otel import consent, conventions
from arcade_otel import identity as identity_file
from arcade_otel.cli import local_state
from arcade_otel.cli.commands import EXIT_OFF, EXIT_OK
from arcade_otel.cli.output import Output, iso
from arcade_otel.handoff import receipts
from arcade_otel.settings import Settings

__all__ = ["facts", "status"]


def status(settings: Settings, output: Output) -> int:
    """Tell; 0 if commands are recorded, 3 if not. Makes and changes nothing: no ID, no directory."""
    result = facts(settings)
    output.result(result)
    _tell(result, output, alone=_is_alone(settings))
    return EXIT_OFF if result["tracking"] == consent.OFF else EXIT_OK


def facts(settings: Settings) -> dict[str, Any]:
    """Return what is known, for programs. Makes and changes nothing."""
    decided = settings.decide()
    mode, reason, detail = decided.mode, decided.reason, decided.detail
    if mode != consent.OFF and not settings.has_destination and not _is_alone(settings):
        mode, reason = consent.OFF, "nobody to send to"
        detail = "no project key and no exporter is set" if settings.config_dir else "there is no config_dir to keep anything in"
    identity = identity_file.read(settings.config_dir) if settings.config_dir else None
    lanes = local_state.lanes(settings) if settings.config_dir else []
    exporters = local_state.exporters(settings)
    known = receipts.events(settings.state_dir) if settings.config_dir else []
    sent = [each for each in known if each["state"] == receipts.SENT]
    failures = receipts.problems(settings.state_dir) if settings.config_dir else {}
    problems = sorted(failures.values(), key=lambda each: each["at"])
    return {
        "program": settings.name,
        "tracking": mode,
        "reason": reason,
        "detail": detail,
        "distinct_id": (identity[1] or identity[0]) if identity else None,
        "anonymous": identity[1] is None if identity else None,
        "config_dir": settings.config_dir or None,
        "posthog": settings.posthog_host if settings.posthog_api_key else None,
        "exporters": exporters,
        "waiting": sum(lane["waiting"] for lane in lanes),
        "lanes": lanes,
        "last_sent": {"at": iso(sent[-1]["at"]), "lane": sent[-1]["lane"]} if sent else None,
        "last_problem": _problem(problems[-1]) if problems else None,
    }


def _is_alone(settings: Settings) -> bool:
    """Tell whether this is the program ``arcade-otel``: it is no host, and records nothing itself."""
    return settings.name == conventions.LIB


def _problem(each: receipts.Receipt) -> dict[str, Any]:
    return {"at": iso(each["at"]), "lane": each["lane"], "why": each.get("why")}


def _tell(result: dict[str, Any], output: Output, *, alone: bool) -> None:
    names = {"on": "collected", "off": "not collected", "log": "shown and not sent"}
    whose = "the programs of this config_dir" if alone else result["program"]
    output.line(f"Usage data of {whose} is {names[result['tracking']]}: {result['detail']}.")
    who = result["distinct_id"]
    kind = "nobody yet" if who is None else f"{who} ({'anonymous' if result['anonymous'] else 'your account'})"
    sent, problem = result["last_sent"], result["last_problem"]
    missing = [each["name"] for each in result["exporters"] if not each["installed"]]
    rows = [
        ("You are", kind),
        ("Kept in", result["config_dir"] or "nowhere"),
        ("PostHog", result["posthog"] or ("as each program says" if alone else "nothing is sent there")),
        ("Waiting", result["waiting"]),
        ("Last sent", f"{sent['at']} to {sent['lane']}" if sent else "nothing that is known of"),
        ("Last problem", f"{problem['at']} {problem['lane']}: {problem['why']}" if problem else "none"),
    ]
    if missing:
        rows.append(("Not installed", ", ".join(missing)))
    output.table(("", ""), rows)
    lanes = [lane for lane in result["lanes"] if lane["waiting"]]
    if lanes:
        output.line()
        columns = ("Lane", "Waiting", "Bytes", "Oldest", "Pauses until", "Why")
        output.table(
            columns,
            [
                (
                    lane["lane"],
                    lane["waiting"],
                    lane["bytes"],
                    lane["oldest"],
                    lane["pauses_until"],
                    (lane["last_problem"] or {}).get("why"),
                )
                for lane in lanes
            ],
        )
