"""The detached sender: writes its span down, and delivers what waits unless another sender is at it."""

import os
import time

from arcade_otel import consent, conventions
from arcade_otel.consent import decision
from arcade_otel.diagnostics import debug, guard
from arcade_otel.handoff import exporter_config, queue, zombies
from arcade_otel.sender.backoff import Pause
from arcade_otel.sender.lane_lock import Turn

__all__ = ["bound", "main", "run"]

# Imports above are all that a sender needs which finds another at work, or nothing to do: 2.5 times a bare Python is its limit.


def main() -> None:
    """Run the sender that the environment describes: ``ARCADE_USAGE_SENDER`` is the config folder, absolute."""
    born = time.monotonic()
    folder = os.environ.get(conventions.ENV_SENDER, "")
    text = os.environ.pop(conventions.ENV_EVENT_DATA, None)
    if not os.path.isabs(folder):
        debug("a sender without a config folder does nothing")
        return
    with guard("the sender"):
        run(folder, text, born)


def run(folder: str, text: str | None, born: float) -> None:
    """Put ``text`` into the spool of ``folder`` and deliver every lane whose turn nobody else has.

    Args:
        folder: Config folder, absolute.
        text: A span in OTLP/JSON, or None if it is in the spool already.
        born: When this process began, by ``time.monotonic()``.

    Raises:
        OSError: The spool cannot be written.
    """
    state_folder = os.path.join(folder, "usage")
    decided = consent.decide(folder)
    if decided.mode == consent.OFF and decided.reason != decision.REASON_POLICY:  # that may be about some programs only
        debug(f"nothing is sent: {decided.reason}")
        _refuse(state_folder, f"{decided.reason} says off")  # without the path of a file in somebody's home
        return
    if text:
        queue.put(state_folder, text, queue.lanes_for(os.environ, text), durable=True)
    os.chdir(folder)
    with guard("the note of who sends"):
        zombies.note_sender(state_folder)
    mine = _turns(state_folder)
    if mine:
        # Only here: the SDK and posthog are a third of a second of CPU.
        from arcade_otel.sender import delivery

        delivery.deliver(folder, mine, born)


def bound(state_folder: str, lane: str) -> None:
    """Bound what waits in ``lane``, and write receipts of what goes."""
    lost: list[tuple[str, str, str]] = []
    queue.bound(state_folder, lane, lost=lost)
    if lost:
        with guard("the receipts"):
            from arcade_otel.handoff import receipts

            made = [
                receipts.receipt(receipts.DROPPED, lane, name=name, why=why, payload=receipts.public(text))
                for name, text, why in lost[-receipts.LARGEST_COUNT :]
            ]
            receipts.write(state_folder, made)


def _refuse(state_folder: str, why: str) -> None:
    """Empty the spool: somebody opted out since what waits there was recorded."""
    waiting = {lane: queue.names(queue.lane_folder(state_folder, lane)) for lane in queue.lanes(state_folder)}
    queue.empty(state_folder)
    if any(waiting.values()):
        with guard("the receipts"):
            from arcade_otel.handoff import receipts

            made = [receipts.receipt(receipts.DROPPED, lane, name=name, why=why) for lane in waiting for name in waiting[lane]]
            receipts.write(state_folder, made[-receipts.LARGEST_COUNT :])


def _turns(state_folder: str) -> dict[str, Turn]:
    """Take the turn of each lane that has something to do, that nobody is at and that does not pause."""
    mine = {}
    exporters = exporter_config.exporter_names(os.environ)
    for lane in queue.lanes(state_folder):
        if queue.exporter_of(lane) not in exporters:
            continue
        turn = Turn.take(state_folder, lane)
        if turn is None:
            debug(f"{lane}: another sender is at work")
            continue
        bound(state_folder, lane)
        if Pause(state_folder, lane).lasts():
            debug(f"{lane}: pauses")
        elif queue.names(queue.lane_folder(state_folder, lane)):
            mine[lane] = turn
            continue
        turn.give_back()
    return mine
