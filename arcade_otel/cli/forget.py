"""``usage forget``: removes everything that was collected on this machine, and takes a new anonymous id."""

import os
from contextlib import suppress

from arcade_otel import consent, sender
from arcade_otel import identity as identity_file
from arcade_otel.cli import local_state
from arcade_otel.cli.commands import EXIT_OK
from arcade_otel.cli.output import Output
from arcade_otel.handoff import queue, receipts
from arcade_otel.settings import Settings
from arcade_otel.storage.directories import Directory

__all__ = ["forget"]

#: No sender lives longer.
_SENDERS_SECONDS = 12.0


def forget(settings: Settings, output: Output) -> int:
    """Remove what waits, the receipts, and what was set aside; rotate the anonymous id, if there is one.

    The stored choice and that the notice was seen stay. This command itself is not recorded. A sender at work is waited for,
    at most 12 s, so that it leaves nothing behind.

    Raises:
        OSError: Something cannot be removed or written.
    """
    consent.suppress_for_this_run()
    before = identity_file.read(settings.config_dir) if settings.config_dir else None
    removed = local_state.waiting_count(settings)
    known = len(receipts.events(settings.state_dir))
    queue.clear(settings.state_dir)
    if os.path.isdir(settings.state_dir):
        sender.wait_for_lanes(settings.state_dir, _SENDERS_SECONDS)
        queue.clear(settings.state_dir)
        receipts.remove(settings.state_dir)
        for name in os.listdir(settings.state_dir):
            if name in ("unresolved", "rotation") or name.startswith(("dropped-", "pause-")):
                with Directory.at(settings.state_dir) as directory:
                    directory.unlink(name)
    anon_id = None
    if before is not None:
        from arcade_otel.identity.store import UsageIdentity

        store = UsageIdentity(settings.config_dir)
        store.reset_to_anonymous()
        anon_id = store.anon_id
        for name in os.listdir(settings.config_dir):
            if name.startswith("usage.json.corrupt"):
                with suppress(OSError):
                    os.unlink(os.path.join(settings.config_dir, name))
    was = (before[1] or before[0]) if before else None
    output.result({"removed": removed, "receipts": known, "was": was, "anon_id": anon_id})
    output.line(f"Removed: waiting events {removed}, receipts {known}.")
    if was is not None:
        output.line(f"You were {was}, under which id whoever received events can find and delete them; you are {anon_id} now.")
    return EXIT_OK
