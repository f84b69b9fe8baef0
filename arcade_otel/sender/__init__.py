"""The detached sender: writes its span down, and delivers what waits unless another sender is at it."""

import os
import time

from arcade_otel import consent, conventions
from arcade_otel.consent import decision
from arcade_otel.diagnostics import debug, guard
from arcade_otel.handoff import exporter_config, queue, zombies
from arcade_otel.sender.backoff import Backoff
from arcade_otel.sender.lane_lock import LaneLock

__all__ = ["enforce_limits", "main", "run"]

# Imports above are all that a sender needs which finds another at work, or nothing to do: 2.5 times a bare Python is its limit.


def main() -> None:
    """Run the sender that the environment describes: ``ARCADE_USAGE_SENDER`` is the config directory, absolute."""
    started_at = time.monotonic()
    config_dir = os.environ.get(conventions.ENV_SENDER, "")
    text = os.environ.pop(conventions.ENV_EVENT_DATA, None)
    if not os.path.isabs(config_dir):
        debug("a sender without a config directory does nothing")
        return
    with guard("the sender"):
        run(config_dir, text, started_at)


def run(config_dir: str, text: str | None, started_at: float) -> None:
    """Put ``text`` into the spool of ``config_dir`` and deliver every lane whose lock nobody else has.

    Args:
        config_dir: Config directory, absolute.
        text: A span in OTLP/JSON, or None if it is in the spool already.
        started_at: When this process began, by ``time.monotonic()``.

    Raises:
        OSError: The spool cannot be written.
    """
    state_dir = os.path.join(config_dir, "usage")
    decided = consent.decide(config_dir)
    if decided.mode == consent.OFF and decided.reason != decision.REASON_POLICY:  # that may be about some programs only
        debug(f"nothing is sent: {decided.reason}")
        _discard_queue(state_dir, f"{decided.reason} says off")  # without the path of a file in somebody's home
        return
    if text:
        queue.enqueue(state_dir, text, queue.lanes_for(os.environ, text), durable=True)
    os.chdir(config_dir)
    with guard("the note of who sends"):
        zombies.register_sender(state_dir)
    acquired = _acquire_lanes(state_dir)
    if acquired:
        # Only here: the SDK and posthog are a third of a second of CPU.
        from arcade_otel.sender import delivery

        delivery.deliver(config_dir, acquired, started_at)


def enforce_limits(state_dir: str, lane: str) -> None:
    """Bound what waits in ``lane``, and write receipts of what goes."""
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
    """Empty the spool: somebody opted out since what waits there was recorded."""
    waiting = {lane: queue.list_spans(queue.lane_dir(state_dir, lane)) for lane in queue.lanes(state_dir)}
    queue.clear(state_dir)
    if any(waiting.values()):
        with guard("the receipts"):
            from arcade_otel.handoff import receipts

            made = [receipts.receipt(receipts.DROPPED, lane, name=name, why=why) for lane in waiting for name in waiting[lane]]
            receipts.write(state_dir, made[-receipts.MAX_COUNT :])


def _acquire_lanes(state_dir: str) -> dict[str, LaneLock]:
    """Take the lock of each lane that has something to do, that nobody is at and that does not pause."""
    acquired = {}
    exporters = exporter_config.exporter_names(os.environ)
    for lane in queue.lanes(state_dir):
        if queue.lane_exporter(lane) not in exporters:
            continue
        lock = LaneLock.acquire(state_dir, lane)
        if lock is None:
            debug(f"{lane}: another sender is at work")
            continue
        enforce_limits(state_dir, lane)
        if Backoff(state_dir, lane).is_active():
            debug(f"{lane}: pauses")
        elif queue.list_spans(queue.lane_dir(state_dir, lane)):
            acquired[lane] = lock
            continue
        lock.release()
    return acquired
