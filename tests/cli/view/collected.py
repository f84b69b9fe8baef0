"""Put events on a machine as commands and senders would: some are queued, some were sent, some were dropped."""

import json
import time
from typing import Any

from arcade_otel import settings, spans
from arcade_otel.handoff import lanes, queue, receipts
from arcade_otel.sender.receipt_writer import sent_payload
from arcade_otel.spans.outcome import Outcome
from arcade_otel_exporters import otlp_json
from tests.support.machine import Machine

__all__ = ["Collected"]

WHO = ("0b1f7a52-8d0e-4b7e-9d0c-6f3f5a1f9a10", True)


class Collected:
    """The events that a machine has collected. Each method adds one event and returns its payload.

    Args:
        machine: The machine that has collected the events.
    """

    def __init__(self, machine: Machine) -> None:
        self._folder = str(machine.state)
        self._settings = settings.make_settings(
            name="tool",
            version="1.2.3",
            posthog_api_key="phc_test",
            posthog_host=machine.posthog_url,
            config_dir=machine.config_dir,
            error_messages=str,
        )
        self._now = time.time_ns()

    def queued(self, command: str, *, ago: float = 0, ms: float = 12, error: BaseException | None = None) -> list[Any]:
        """Add an event that is still queued."""
        name, text, lane = self._made(command, ago, ms, error)
        queue.enqueue(self._folder, text, [lane])
        assert name in queue.list_spans(queue.lane_dir(self._folder, lane))
        return sent_payload(lane, otlp_json.decode(text))

    def sent(self, command: str, *, ago: float = 0, ms: float = 12, error: BaseException | None = None) -> list[Any]:
        """Add an event that was sent."""
        return self._done(receipts.SENT, command, ago, ms, error)

    def dropped(
        self, command: str, why: str, *, ago: float = 0, ms: float = 12, error: BaseException | None = None, known: bool = True
    ) -> list[Any]:
        """Add an event that was dropped. If it is not ``known``, its payload was lost, too."""
        return self._done(receipts.DROPPED, command, ago, ms, error, why, known=known)

    def sent_by_otlp(self, command: str, *, ago: float = 0, ms: float = 12, error: BaseException | None = None) -> list[Any]:
        """Add an event that was sent to a collector, as a span."""
        return self._done(receipts.SENT, command, ago, ms, error, lane="otlp")

    def fails(self, why: str) -> None:
        """Let the delivery of the lane with the queued events fail."""
        lane = queue.lanes(self._folder)[0]
        receipts.write(self._folder, [receipts.receipt(receipts.FAILED, lane, why=why)])

    def raw(self, receipt: dict[str, Any]) -> None:
        """Write a receipt that this library would never write."""
        with open(receipts.receipts_file(self._folder), "a", encoding="ascii") as file:
            file.write(json.dumps(receipt) + "\n")

    def _made(self, command: str, ago: float, ms: float, error: BaseException | None) -> tuple[str, str, str]:
        end = self._now - int(ago * 1e9)
        self._now += 1000  # no two at once
        text = spans.encode(
            self._settings,
            path=command,
            timing=(end - int(ms * 1e6), end),
            outcome=Outcome(0 if error is None else 1, error),
            identity=WHO,
        )
        (found,) = json.loads(text)["resourceSpans"][0]["scopeSpans"][0]["spans"]
        (lane,) = lanes.lanes_for({}, api_key=self._settings.posthog_api_key, host=self._settings.posthog_host)
        return f"{end:020d}-{found['spanId']}.json", text, lane

    def _done(
        self,
        state: str,
        command: str,
        ago: float,
        ms: float,
        error: BaseException | None,
        why: str | None = None,
        *,
        known: bool = True,
        lane: str | None = None,
    ) -> list[Any]:
        name, text, posthog = self._made(command, ago, ms, error)
        payload = sent_payload(lane or posthog, otlp_json.decode(text))
        made = receipts.receipt(state, lane or posthog, name=name, why=why, payload=payload if known else None)
        made["at"] = round(self._now / 1e9 - ago + 1, 3)
        receipts.write(self._folder, [made])
        return payload
