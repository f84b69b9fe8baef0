"""``usage enable`` and ``usage disable``: store the choice, and say whether it is what counts."""

from arcade_otel import consent, storage
from arcade_otel.cli import local_state
from arcade_otel.cli.commands import EXIT_FAILURE, EXIT_OK
from arcade_otel.cli.output import Output
from arcade_otel.handoff import queue
from arcade_otel.settings import Settings

__all__ = ["disable", "enable"]


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

    A sender that is at work looks at the choice before each request: of what it holds, only a request that is under way
    in this moment still arrives.

    Raises:
        OSError: It cannot be stored.
    """
    _store(settings, consent.OFF)
    decided = settings.decide()
    consent.suppress_for_this_run()
    removed = local_state.waiting_count(settings)
    queue.clear(settings.state_dir)
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
