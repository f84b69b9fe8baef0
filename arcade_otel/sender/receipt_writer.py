"""Writes the receipts of one lane, with exactly what its exporter sends; never holds a delivery up."""

import json
from collections.abc import Collection, Sequence
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan

from arcade_otel.diagnostics import guard
from arcade_otel.handoff import queue, receipts
from arcade_otel.sender.identity_resolution import SpanIdentityResolver
from arcade_otel_exporters import otlp_json
from arcade_otel_exporters.events import alias_of, event_of, is_command

__all__ = ["ReceiptWriter", "sent_payload"]


def sent_payload(lane: str, spans: Sequence[ReadableSpan]) -> list[Any]:
    """Return what the exporter of ``lane`` sends of the spans of one file: PostHog's events, or for any other OTLP/JSON."""
    if queue.lane_exporter(lane) == "posthog":
        found = [event for span in spans if is_command(span) for event in (alias_of(span), event_of(span))]
        return [event for event in found if event is not None]
    return [json.loads(otlp_json.encode([SpanIdentityResolver.public(span) for span in spans]))]


class ReceiptWriter:
    """The receipts of one lane. Nothing here raises, but for faults of ours under our own test suite."""

    def __init__(self, state_dir: str, lane: str) -> None:
        self._state_dir = state_dir
        self._lane = lane

    def record_exported(self, files: Sequence[tuple[str, Sequence[ReadableSpan]]], refused: Collection[str]) -> None:
        """Say that the files were sent, but for those that the backend will never take.

        Args:
            files: Names of the files, each with its spans as they were sent.
            refused: Names of the files that were dropped.
        """
        with guard("the receipts"):
            made = []
            for name, spans in files:
                state, why = (receipts.DROPPED, "refused for good") if name in refused else (receipts.SENT, None)
                payload = sent_payload(self._lane, spans)
                made.append(receipts.receipt(state, self._lane, name=name, why=why, payload=payload))
            receipts.write(self._state_dir, made)

    def record_dropped(self, names: Sequence[str], why: str) -> None:
        """Say that files are gone unsent, without what they held."""
        with guard("the receipts"):
            made = [receipts.receipt(receipts.DROPPED, self._lane, name=name, why=why) for name in names]
            receipts.write(self._state_dir, made)

    def record_failure(self, why: str) -> None:
        """Say that the lane cannot deliver for now."""
        with guard("the receipts"):
            receipts.write(self._state_dir, [receipts.receipt(receipts.FAILED, self._lane, why=why)])
