"""``usage show`` prints the payloads of the last event and of the queued events. ``usage log`` lists the last events."""

from arcade_otel.cli import local_state
from arcade_otel.cli.commands import EXIT_OK
from arcade_otel.cli.output import Output
from arcade_otel.settings import Settings

__all__ = ["log", "show"]

_NOTHING = "Events: none yet, or their receipts were deleted."


def show(settings: Settings, output: Output) -> int:
    """Print the payload of the last event on this machine, and of every queued event."""
    queued = local_state.queued_events(settings)
    events = local_state.log(settings)
    last = events[-1] if events else None
    output.result({"last": last, "waiting": queued})
    if last is None:
        output.line(_NOTHING)
        return EXIT_OK
    output.line(f"Last event: {last['state']}, {last['at']}, lane {last['lane']}")
    output.payload(last["payload"])
    others = [each for each in queued if (each["lane"], each["id"]) != (last["lane"], last["id"])]
    output.line(f"Queued events: {len(queued)}")
    for each in others:
        output.line(f"Queued event: {each['at']}, lane {each['lane']}")
        output.payload(each["payload"])
    return EXIT_OK


def log(settings: Settings, output: Output, limit: int) -> int:
    """Print what happened to each of the last ``limit`` events, one line per event, with the newest event last."""
    events = local_state.log(settings)[-limit:]
    output.result({"events": events})
    if events:
        rows = [(each["at"], each["state"], each["command"], each["lane"], each["why"]) for each in events]
        output.table(("When", "State", "Command", "Lane", "Why"), rows)
    else:
        output.line(_NOTHING)
    return EXIT_OK
