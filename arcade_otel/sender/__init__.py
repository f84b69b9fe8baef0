"""Run the detached sender, which writes the span of one command to the queue and then delivers queued spans.

Each lane holds the queued spans for one exporter, or for one PostHog project. The sender delivers every lane that no other sender
is delivering.
"""

import os
import time

from arcade_otel import consent, conventions, handoff
from arcade_otel.diagnostics import debug, guard
from arcade_otel.handoff import enrichment, exporter_config, queue, starts, zombies
from arcade_otel.handoff.lanes import is_old_name
from arcade_otel.handoff.span_summary import summarize
from arcade_otel.sender.backoff import Backoff
from arcade_otel.sender.lane_lock import LaneLock

__all__ = ["enforce_limits", "is_switched_off", "main", "record_import_failure", "run", "wait_for_lanes"]

#: Seconds between two checks in :func:`wait_for_lanes`.
_POLL_SECONDS = 0.02

# A sender without work, for example because another one is running, needs only the imports above. Its limit is 2.5 bare Python
# starts.


def main() -> None:
    """Run the sender. The variable ``ARCADE_USAGE_SENDER`` contains the absolute path of the config directory."""
    started_at = time.monotonic()
    config_dir = os.environ.get(conventions.ENV_SENDER, "")
    text = os.environ.pop(conventions.ENV_EVENT_DATA, None)
    mark = os.environ.pop(handoff.ENV_START, "")
    if not os.path.isabs(config_dir):
        debug("a sender without a config directory does nothing")
        return
    with guard("the sender"):
        run(config_dir, text, started_at, mark)


def run(config_dir: str, text: str | None, started_at: float, mark: str = "") -> None:
    """Write the span ``text`` to the queue, and deliver the lanes that no other sender is delivering.

    If the user has opted out, delete the queued spans, and neither write nor send ``text``. If the queue cannot be written, for
    example because the disk is full, try once to send the span without the queue.

    Args:
        config_dir: Absolute path of the config directory.
        text: A span in OTLP/JSON, or None if all spans are already in the queue.
        started_at: The value of ``time.monotonic()`` when this process started.
        mark: Name of the start mark, or "" if there is none.

    Raises:
        OSError: If a lock file cannot be opened, or a queued span cannot be deleted.
    """
    state_dir = os.path.join(config_dir, "usage")
    decided = consent.decide(config_dir)
    if is_switched_off(config_dir, decided):
        debug(f"nothing is sent: {decided.reason}")
        if not decided.opted_out:
            _finish_start(state_dir, mark)
            return  # no decision could be read, or the directory is not used, so nothing is sent or deleted
        _discard_queue(state_dir, f"{decided.reason} says off")  # the text has no path, because that may be in the user's home
        return
    if text and not (mark and starts.is_taken_over(state_dir, mark)):
        text = enrichment.enrich(text, state_dir, enrichment.command_environment(os.environ))
        summary = summarize(text)
        lanes = queue.lanes_for(os.environ, api_key=summary.api_key, host=summary.host, usage_only=summary.usage_only)
        try:
            queue.enqueue(state_dir, text, lanes, durable=True, end_ns=summary.end_ns, span_id=summary.span_id)
        except OSError as error:
            debug("the queue cannot be written; the span is sent directly", error)
            with guard("the delivery of the queue"):
                _deliver_queue(config_dir, state_dir, started_at)
            # Imported here, because a sender with a queue does not need it.
            from arcade_otel.sender import direct

            direct.send_directly(config_dir, text, lanes)
            _finish_start(state_dir, mark)
            return
    _finish_start(state_dir, mark)
    _deliver_queue(config_dir, state_dir, started_at)


def _finish_start(state_dir: str, mark: str) -> None:
    with guard("the start marks"):
        starts.finish(state_dir, mark)


def _deliver_queue(config_dir: str, state_dir: str, started_at: float) -> None:
    with guard("the note of who sends"):
        zombies.register_sender(state_dir)
    acquired = _acquire_lanes(state_dir)
    if acquired:
        try:
            # Imported here, so that a sender without work does not pay for the client.
            from arcade_otel.sender import delivery
        except (Exception, SystemExit) as error:  # a module is missing, does not compile, or raises
            for lane, lock in acquired.items():
                record_import_failure(state_dir, lane, error)
                lock.release()
            raise
        delivery.deliver(config_dir, acquired, started_at)


def is_switched_off(config_dir: str, decided: "consent.Decision | None" = None) -> bool:
    """Return whether the sender must not send anything, for example because the user has opted out.

    The machine's policy does not stop the sender, because the policy may allow some programs and forbid others.
    """
    decided = decided or consent.decide(config_dir)
    return decided.mode == consent.OFF and decided.reason != consent.REASON_POLICY


def wait_for_lanes(state_dir: str, seconds: float) -> bool:
    """Wait until all lane locks are free, but for at most ``seconds``. Return whether they are free.

    Right before each request, a sender checks whether the user has opted out. After an opt-out, the sender sends no further
    request and releases its lock. Once the opt-out is stored and the queue is empty, this function therefore waits only for
    requests that have already begun.
    """
    deadline = time.monotonic() + seconds
    prefix, suffix = "sender-", ".lock"
    try:
        names = [name for name in os.listdir(state_dir) if name.startswith(prefix) and name.endswith(suffix)]
    except OSError:
        return True
    for name in names:
        while (lock := LaneLock.acquire(state_dir, name[len(prefix) : -len(suffix)])) is None:
            if time.monotonic() >= deadline:
                return False
            time.sleep(_POLL_SECONDS)
        lock.release()
    return True


def record_import_failure(state_dir: str, lane: str, error: BaseException) -> None:
    """Write a receipt, so that ``usage status`` shows which import failed, and begin a back-off of about a minute."""
    from arcade_otel.handoff import receipts

    Backoff(state_dir, lane).record_failure(60.0)
    name = error.name if isinstance(error, ImportError) else None
    why = f"the sender cannot import {name or 'the library'} ({type(error).__name__})"
    receipts.write(state_dir, [receipts.receipt(receipts.FAILED, lane, why=why)])


def enforce_limits(state_dir: str, lane: str) -> None:
    """Delete the spans of ``lane`` that exceed the queue's limits, and write receipts for at most 100 of the deleted spans."""
    lost: list[tuple[str, str, str]] = []
    queue.enforce_limits(state_dir, lane, lost=lost)
    if lost:
        with guard("the receipts"):
            from arcade_otel.handoff import receipts

            made = [
                receipts.receipt(receipts.DROPPED, lane, name=name, why=why, payload=receipts.public(text))
                for name, text, why in lost[-receipts.MAX_COUNT :]
            ]
            receipts.write(state_dir, made)


def _discard_queue(state_dir: str, why: str) -> None:
    """Delete all queued spans, because the user has opted out.

    Write receipts for at most 100 of the deleted spans.
    """
    waiting = {lane: queue.list_spans(queue.lane_dir(state_dir, lane)) for lane in queue.lanes(state_dir)}
    queue.clear(state_dir)
    if any(waiting.values()):
        with guard("the receipts"):
            from arcade_otel.handoff import receipts

            made = [receipts.receipt(receipts.DROPPED, lane, name=name, why=why) for lane in waiting for name in waiting[lane]]
            receipts.write(state_dir, made[-receipts.MAX_COUNT :])


def _acquire_lanes(state_dir: str) -> dict[str, LaneLock]:
    """Take the lock of each lane that this sender can deliver now, and return a dictionary from lane names to locks.

    This sender can deliver a lane if the lane contains spans and is not in back-off, the environment selects the lane's exporter
    (``OTEL_TRACES_EXPORTER``), and no other sender holds the lane's lock.

    The function enforces the queue's limits in each lane whose lock is free, even if this sender cannot deliver the lane.
    """
    acquired = {}
    exporters = exporter_config.exporter_names(os.environ)
    # Old lanes (``posthog@host``) come first, because their spans move to the lanes of their projects, which are listed next.
    _migrate(state_dir)
    for lane in queue.lanes(state_dir):
        lock = LaneLock.acquire(state_dir, lane)
        if lock is None:
            debug(f"{lane}: another sender is at work")
            continue
        enforce_limits(state_dir, lane)
        if queue.lane_exporter(lane) not in exporters:
            debug(f"{lane}: not an exporter of this environment")
        elif Backoff(state_dir, lane).is_active():
            debug(f"{lane}: pauses")
        elif queue.list_spans(queue.lane_dir(state_dir, lane)):
            acquired[lane] = lock
            continue
        lock.release()
    return acquired


def _migrate(state_dir: str) -> None:
    """Move the spans that version 0.1.0 queued to the lanes of their projects.

    Version 0.1.0 had one lane for each PostHog host. This version has one lane for each host and project.
    """
    for lane in queue.lanes(state_dir):
        if not is_old_name(lane):
            continue
        lock = LaneLock.acquire(state_dir, lane)
        if lock is None:
            continue  # a sender of that version is running
        try:
            with guard("the migration of a lane"):
                queue.migrate(state_dir, lane)
        finally:
            lock.release()
