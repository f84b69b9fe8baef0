"""``usage show`` and ``usage log``: exactly what was sent and what waits, and what became of the last events."""

from arcade_otel.cli import local_state
from arcade_otel.cli.commands import EXIT_OK
from arcade_otel.cli.output import Output
from arcade_otel.settings import Settings

__all__ = ["log", "show"]


def show(settings: Settings, output: Output) -> int:
    """Show the payload of the last command whose event is known of, and of everything that waits."""
    queued = local_state.waiting(settings)
    known = local_state.log(settings)
    last = known[-1] if known else None
    output.result({"last": last, "waiting": queued})
    if last is None:
        output.line("Nothing has been collected yet, or its receipt is gone.")
        return EXIT_OK
    output.line(f"The last event ({last['state']}, {last['at']}, {last['lane']}):")
    output.payload(last["payload"])
    others = [each for each in queued if (each["lane"], each["id"]) != (last["lane"], last["id"])]
    output.line(f"Events that wait to be sent: {len(queued)}")
    for each in others:
        output.line(f"{each['at']} {each['lane']}:")
        output.payload(each["payload"])
    return EXIT_OK


def log(settings: Settings, output: Output, limit: int) -> int:
    """Tell what became of the last events, newest last, at most ``limit``."""
    known = local_state.log(settings)[-limit:]
    output.result({"events": known})
    if known:
        rows = [(each["at"], each["state"], each["command"], each["lane"], each["why"]) for each in known]
        output.table(("When", "State", "Command", "Lane", "Why"), rows)
    else:
        output.line("Nothing has been collected yet, or its receipt is gone.")
    return EXIT_OK
