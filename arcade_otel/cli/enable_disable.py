"""``usage enable`` and ``usage disable`` store the user's choice, and print whether the choice takes effect.

The choice is stored in the config directory, and applies to all programs that use this directory. The output of both commands
names the config directory.
"""

from contextlib import suppress

from arcade_otel import consent, identity as identity_file, sender, storage
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
    """Store ``on``.

    Return 0, or 1 if usage data stays off because another setting (for example, an environment variable) takes precedence.

    While usage data is off, the library does not notice logouts. If ``on`` replaces ``off`` and an account is linked, the next
    command rotates the anonymous ID before it records its event, because the user may have logged out while usage data was off.
    If the user is still logged in, the sender finds the account again through the credentials file.

    Raises:
        OSError: If the choice, or the request to rotate the anonymous ID, cannot be stored.
    """
    _require_rotation(settings)
    _store(settings, consent.ON)
    decision = settings.decide()
    output.result(
        {
            "stored": consent.ON,
            "scope": settings.config_dir,
            "tracking": decision.mode,
            "reason": decision.reason,
            "detail": decision.detail,
        }
    )
    if decision.mode == consent.ON:
        output.line(f"Enabled usage data for every program that uses {settings.config_dir}. Thank you.")
        return EXIT_OK
    output.line(f"Stored your choice (on), but it is overridden: {decision.detail}. Change that to enable usage data.")
    return EXIT_FAILURE


def disable(settings: Settings, output: Output) -> int:
    """Store ``off`` and delete the queued events.

    Return 0, or 1 if usage data stays on because another setting takes precedence, or if an event cannot be deleted. The command
    ``usage disable`` itself is not recorded.

    A sender checks before each request whether usage data is still on. If a sender has already begun a request, ``disable`` waits
    up to 6 s for the request to end. A request to PostHog takes at most 5 s.

    Raises:
        OSError: If the choice cannot be stored.
    """
    _store(settings, consent.OFF)
    decision = settings.decide()
    consent.suppress_for_this_run()
    removed = local_state.queued_count(settings)
    with suppress(OSError):  # a file is open on Windows. It is deleted below, when the senders have ended
        queue.clear(settings.state_dir)
    if decision.mode == consent.OFF and not sender.wait_for_lanes(settings.state_dir, _SENDERS_SECONDS):
        debug("a sender is still at work")
    failure = None
    try:
        queue.clear(settings.state_dir)  # spans that the sender has written back since
    except OSError as error:
        failure = error
    left = local_state.queued_count(settings) if failure is not None else 0
    output.result(
        {
            "stored": consent.OFF,
            "scope": settings.config_dir,
            "tracking": decision.mode,
            "reason": decision.reason,
            "detail": decision.detail,
            "removed": removed - left,
            "left": left,
        }
    )
    if decision.mode == consent.OFF:
        output.line(f"Disabled usage data for every program that uses {settings.config_dir}.")
        output.line(f"Deleted queued events: {removed - left}")
        if failure is not None:
            # The remaining spans are never sent: the choice is stored, so the next run or sender deletes them.
            output.line(
                f"Not deleted: {left} queued events ({failure.strerror or failure}). They are not sent. Run disable again."
            )
            return EXIT_FAILURE
        output.line("To disable one program only, run enable again and start that program with ARCADE_USAGE_TRACKING=0.")
        return EXIT_OK
    output.line(f"Stored your choice (off), but it is overridden: {decision.detail}. Change that, or set DO_NOT_TRACK=1.")
    return EXIT_FAILURE


def _require_rotation(settings: Settings) -> None:
    """If an account is linked and the stored choice is not ``on``, make the next command rotate the anonymous ID.

    If no choice is stored, do nothing.
    """
    identity = identity_file.read(settings.config_dir) if settings.config_dir else None
    if identity is None or identity[1] is None:
        return
    try:
        choice = storage.read_file(settings.config_dir, "usage", "consent", max_bytes=16)
    except (storage.UnusableFileError, ValueError):
        choice = b""  # what cannot be understood counts as off
    if choice is not None and choice.strip() != consent.ON.encode():
        from arcade_otel.identity.store import UsageIdentity

        UsageIdentity(settings.config_dir).require_rotation(identity[0])


def _store(settings: Settings, choice: str) -> None:
    if not settings.config_dir:
        raise FileNotFoundError(2, "no config directory (HOME is not set); set ARCADE_USAGE_TRACKING instead")
    storage.ensure_private_dir(settings.state_dir)
    storage.write_private(consent.choice_file(settings.config_dir), choice, durable=True)
