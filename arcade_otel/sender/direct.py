"""Try once to send a span without the queue, for example because the disk is full or read-only."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

from arcade_otel import consent
from arcade_otel.diagnostics import debug, guard
from arcade_otel.handoff import queue
from arcade_otel.handoff.lanes import POSTHOG
from arcade_otel.handoff.span_summary import summarize
from arcade_otel.sender import exporter_loader
from arcade_otel.sender.backoff import Backoff
from arcade_otel.sender.receipt_writer import ReceiptWriter

TYPE_CHECKING = False  # type checkers know better; the module typing costs a sender a third of a bare Python
if TYPE_CHECKING:
    from typing import Any

__all__ = ["send_directly"]

#: Seconds to wait for a lane with queued spans, which another sender may be delivering.
_MAX_WAIT_SECONDS = 3.0
_POLL_SECONDS = 0.1
#: The time limit of a request, in seconds.
_REQUEST_SECONDS = 5.0


def send_directly(config_dir: str, text: str, lanes: Sequence[str]) -> None:
    """Try once to send the span ``text`` to each of ``lanes``, with the identity that the command wrote into the span.

    The function first waits until the queued spans are delivered, because one of them may contain the alias that links the
    anonymous ID to an account. If a lane is in back-off, or still contains spans after a wait of 3 s, the function does not send
    the span to that lane. Before each request, the function checks again whether the user has opted out. If a backend cannot be
    reached or does not accept the span, the span is lost for that backend.

    Args:
        config_dir: The config directory.
        text: A span in OTLP/JSON.
        lanes: Names of the span's lanes.
    """
    state_dir = os.path.join(config_dir, "usage")
    for lane in lanes:
        with guard(f"the direct delivery to {lane}"):
            if Backoff(state_dir, lane).is_active() or not _becomes_empty(queue.lane_dir(state_dir, lane)):
                debug(f"{lane}: the span is lost, because it can neither be queued nor be sent before the queued ones")
                continue
            _send(config_dir, text, lane)


def _becomes_empty(lane_dir: str) -> bool:
    deadline = time.monotonic() + _MAX_WAIT_SECONDS
    while True:
        try:
            waiting = any(name.endswith(".json") for name in os.listdir(lane_dir))
        except (FileNotFoundError, NotADirectoryError):
            waiting = False
        if not waiting or time.monotonic() > deadline:
            return not waiting
        time.sleep(_POLL_SECONDS)


def _send(config_dir: str, text: str, lane: str) -> None:
    state_dir = os.path.join(config_dir, "usage")
    name = queue.lane_exporter(lane)
    if name != POSTHOG:
        from arcade_otel.sender.site_packages import add_site_packages

        add_site_packages()
    exporter: Any = exporter_loader.make_exporter(name)
    if exporter is None:
        return
    try:
        spans = exporter.decode(text)
        program = exporter.program(spans[0])
        result = exporter.export(
            spans,
            seconds=_REQUEST_SECONDS,
            may_begin=lambda: consent.decide(config_dir, program=program).mode != consent.OFF,
        )
    finally:
        exporter.shutdown()
    receipts = ReceiptWriter(state_dir, lane)
    summary = summarize(text)
    name = f"{summary.end_ns or time.time_ns():020d}-{summary.span_id}.json"
    if result.done == len(spans):
        debug(f"{lane}: the span was sent without the queue")
        receipts.record_exported([(name, spans)], {name} if result.refused else set())
    elif not result.withdrawn:
        debug(f"{lane}: the span is lost: {result.reason}")
        receipts.record_dropped([name], f"not queued, and not sent: {result.reason}")
