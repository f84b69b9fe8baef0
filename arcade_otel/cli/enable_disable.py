"""``usage enable`` and ``usage disable``: store the choice, and say whether it is what counts."""

from arcade_otel import consent, sender, storage
from arcade_otel.cli import local_state
from arcade_otel.cli.commands import EXIT_FAILURE, EXIT_OK
from arcade_otel.cli.output import Output
from arcade_otel.diagnostics import debug
from arcade_otel.handoff import queue
from arcade_otel.settings import Settings

__all__ = ["disable", "enable"]

#: A request to PostHog takes at most 5 s.
_SENDERS_SECONDS = 6.0


def enable(settings: Settings, output: Output) -> int:
    """Store a yes; 1 if something stronger still says no.

    Raises:
        OSError: It cannot be stored.
    """
    _store(settings, consent.ON)
    decided = settings.decide()
    output.result({"stored": consent.ON, "tracking": decided.mode, "reason": decided.reason, "detail": decided.detail})
    if decided.mode == consent.ON:
        output.line(f"Usage data of {settings.name} is collected from now on. Thank you.")
        return EXIT_OK
    output.line(f"Your choice is stored, but something stronger decides: {decided.detail}.")
    return EXIT_FAILURE


def disable(settings: Settings, output: Output) -> int:
    """Store a no and remove what waits; 1 if something stronger still says yes. This command itself is not recorded.

    A sender that is at work looks at the choice before each request, and this waits until the request that is under way, if
    there is one, is over (at most 6 s, longer than a request may take): nothing is sent any more once it has returned.

    Raises:
        OSError: It cannot be stored.
    """
    _store(settings, consent.OFF)
    decided = settings.decide()
    consent.suppress_for_this_run()
    removed = local_state.waiting_count(settings)
    queue.clear(settings.state_dir)
    if decided.mode == consent.OFF and not sender.wait_for_lanes(settings.state_dir, _SENDERS_SECONDS):
        debug("a sender is still at work")
    queue.clear(settings.state_dir)  # what the sender wrote back meanwhile
    output.result(
        {
            "stored": consent.OFF,
            "tracking": decided.mode,
            "reason": decided.reason,
            "detail": decided.detail,
            "removed": removed,
        }
    )
    if decided.mode == consent.OFF:
        output.line(f"Usage data of {settings.name} is not collected from now on. Waiting events removed: {removed}.")
        return EXIT_OK
    output.line(f"Your choice is stored, but something stronger decides: {decided.detail}.")
    return EXIT_FAILURE


def _store(settings: Settings, choice: str) -> None:
    if not settings.config_dir:
        raise FileNotFoundError(
            2, "there is no config_dir to keep a choice in (HOME is not set); set ARCADE_USAGE_TRACKING instead"
        )
    storage.ensure_private_dir(settings.state_dir)
    storage.write_private(consent.choice_file(settings.config_dir), choice, durable=True)
