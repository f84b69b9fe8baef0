"""Write one lane's receipts. If a receipt cannot be written, the delivery continues without it."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence

from arcade_otel.diagnostics import guard
from arcade_otel.exporters import events_of, is_command, span_record
from arcade_otel.handoff import queue, receipts

TYPE_CHECKING = False  # type checkers know better; the module typing costs a sender a third of a bare Python
if TYPE_CHECKING:
    from typing import Any

__all__ = ["ReceiptWriter", "queued_payload", "sent_payload"]

_POSTHOG = "posthog"


def queued_payload(lane: str, text: str) -> list[Any]:
    """Return the payload that the exporter of ``lane`` would send for ``text``, which is the content of a queued file.

    For any lane other than PostHog's, the function imports the SDK.

    Raises:
        ValueError: If ``text`` does not contain spans in OTLP/JSON.
    """
    if queue.lane_exporter(lane) == _POSTHOG:
        return sent_payload(lane, span_record.decode(text))
    from arcade_otel.exporters import otlp_json

    return sent_payload(lane, otlp_json.decode(text))


def sent_payload(lane: str, spans: Sequence[Any]) -> list[Any]:
    """Return the payload that the exporter of ``lane`` sends for the spans of one file.

    The payload is a list of events for PostHog, or OTLP/JSON for any exporter except PostHog's.

    Args:
        lane: Name of a lane.
        spans: The spans as decoded by the exporter of ``lane``.
    """
    if queue.lane_exporter(lane) == _POSTHOG:
        return [event for span in spans if is_command(span) for event in events_of(span)]
    from arcade_otel.exporters import otlp_json
    from arcade_otel.sender.sdk_lane import public_span

    return [json.loads(otlp_json.encode([public_span(span) for span in spans]))]


class ReceiptWriter:
    """Write the receipts of one lane. The methods log exceptions and do not raise them, except in this library's own tests."""

    def __init__(self, state_dir: str, lane: str) -> None:
        self._state_dir = state_dir
        self._lane = lane

    def record_exported(self, files: Sequence[tuple[str, Sequence[Any]]], refused: Collection[str]) -> None:
        """Record that the queued files were sent, except those in ``refused``, which were dropped.

        Args:
            files: Pairs of a file name and the file's spans, as they were sent.
            refused: Names of the files that were dropped because the backend will never accept them.
        """
        with guard("the receipts"):
            made = []
            for name, spans in files:
                state, why = (receipts.DROPPED, "refused for good") if name in refused else (receipts.SENT, None)
                payload = sent_payload(self._lane, spans)
                made.append(receipts.receipt(state, self._lane, name=name, why=why, payload=payload))
            receipts.write(self._state_dir, made)

    def record_dropped(self, names: Sequence[str], why: str) -> None:
        """Record that queued files were deleted without being sent. These receipts have no payload."""
        with guard("the receipts"):
            made = [receipts.receipt(receipts.DROPPED, self._lane, name=name, why=why) for name in names]
            receipts.write(self._state_dir, made)

    def record_failure(self, why: str) -> None:
        """Record that the lane's spans could not be delivered and stay queued."""
        with guard("the receipts"):
            receipts.write(self._state_dir, [receipts.receipt(receipts.FAILED, self._lane, why=why)])
