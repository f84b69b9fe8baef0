"""``usage forget`` deletes the events and receipts that are stored on this machine, and creates a new anonymous ID."""

import os
import shutil
from contextlib import suppress

from arcade_otel import consent, identity as identity_file, sender
from arcade_otel.cli import local_state
from arcade_otel.cli.commands import EXIT_FAILURE, EXIT_OK
from arcade_otel.cli.doctor.directory import require_config_dir
from arcade_otel.cli.doctor.trial import SCRATCH_PREFIX
from arcade_otel.cli.output import Output
from arcade_otel.handoff import history, queue, receipts
from arcade_otel.settings import Settings
from arcade_otel.storage.directories import Directory

__all__ = ["forget"]

#: No sender lives longer.
_MAX_WAIT_SECONDS = 12.0


def forget(settings: Settings, output: Output) -> int:
    """Delete the queued events, the receipts and the damaged files in ``corrupt/``. Rotate the anonymous ID if there is one.

    The command keeps the user's stored choice, and the file that records that the notice was shown. ``usage forget`` itself is
    not recorded.

    Running senders could write new receipts, so ``forget`` waits up to 12 s for them to stop before it deletes the receipts.
    A sender lives for at most 10 s.

    Return 0, or 1 if a file cannot be deleted, for example because another process has it open on Windows. If one file cannot be
    deleted, ``forget`` still deletes the other files.

    Raises:
        OSError: If the config directory cannot be used, or the identity cannot be written.
    """
    consent.suppress_for_this_run()
    require_config_dir(settings)
    before = identity_file.read(settings.config_dir) if settings.config_dir else None
    removed = local_state.queued_count(settings)
    receipt_count = len(receipts.events(settings.state_dir))
    failures: list[OSError] = []
    with suppress(OSError):  # a file is open on Windows. It is deleted below, when the senders have ended
        queue.clear(settings.state_dir)
    if os.path.isdir(settings.state_dir):
        sender.wait_for_lanes(settings.state_dir, _MAX_WAIT_SECONDS)
        for remove in (queue.clear, receipts.remove):
            try:
                remove(settings.state_dir)
            except OSError as error:
                failures.append(error)
        for name in os.listdir(settings.state_dir):
            if name in ("unresolved", "rotation", history.FILE) or name.startswith(("dropped-", "pause-")):
                try:
                    with Directory.at(settings.state_dir) as state:
                        state.unlink(name)
                except OSError as error:
                    failures.append(error)
            elif name.startswith(SCRATCH_PREFIX):
                shutil.rmtree(os.path.join(settings.state_dir, name), ignore_errors=True)
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
    left = local_state.queued_count(settings)
    receipts_left = len(receipts.events(settings.state_dir))
    removed, receipt_count = max(0, removed - left), max(0, receipt_count - receipts_left)
    output.result(
        {"removed": removed, "receipts": receipt_count, "left": len(failures), "was": was, "anon_id": anon_id},
    )
    output.line(f"Deleted queued events: {removed}")
    output.line(f"Deleted receipts: {receipt_count}")
    if was is not None:
        output.line(f"Previous ID: {was} (ask the vendor to delete the events of this ID)")
        output.line(f"New ID: {anon_id}")
    if failures:
        reason = failures[0].strerror or str(failures[0])
        output.line(f"Not deleted: {left} queued events, {receipts_left} receipts ({reason}). Run forget again.")
        return EXIT_FAILURE
    return EXIT_OK
