"""Deliver queued spans, oldest first, and delete the spans that the backends have accepted or refused for good."""

from __future__ import annotations

import math
import os
import sys
import threading
import time
from collections.abc import Sequence

from arcade_otel import consent, conventions, sender
from arcade_otel.consent import Decision
from arcade_otel.diagnostics import debug, guard
from arcade_otel.handoff import queue
from arcade_otel.sender import exporter_loader
from arcade_otel.sender.backoff import Backoff
from arcade_otel.sender.identity_resolution import SpanIdentityResolver
from arcade_otel.sender.lane_lock import LaneLock
from arcade_otel.sender.receipt_writer import ReceiptWriter

TYPE_CHECKING = False  # type checkers know better; the module typing costs a sender a third of a bare Python
if TYPE_CHECKING:
    from typing import Any

    from arcade_otel.sender.export_result import ExportResult

_POSTHOG = "posthog"  # the only exporter without other packages

__all__ = ["BATCH", "HANDS_OVER_AFTER_SECONDS", "HOLDS_LOCK_WHILE_IDLE", "IDLE_SECONDS", "Lane", "deliver"]

#: The number of spans that an exporter gets at once.
BATCH = 100
#: Seconds for which a sender with an empty queue waits for more, unless ``ARCADE_USAGE_IDLE_SECONDS`` is set. So commands in a
#: row share one sender.
IDLE_SECONDS = 2.0
#: At this age, in seconds, a sender stops waiting and lets a younger one take the lock, well before the watchdog's 10 s.
HANDS_OVER_AFTER_SECONDS = 6.0
#: Whether an idle sender keeps its lane's lock. On Windows an open file cannot be removed, so there a sender has the lock file
#: open only while it delivers. So a test or an uninstaller can remove the config directory.
HOLDS_LOCK_WHILE_IDLE = sys.platform != "win32"
#: Seconds that an old sender waits for a younger one before it checks the queue again.
_HANDOVER_SECONDS = 0.15
#: At this age, in seconds, a sender begins no further export.
_STOP_ACCEPTING_AFTER_SECONDS = 8.5
#: Seconds between two checks of the queue's limits while a sender delivers.
_LIMITS_SECONDS = 1.0
#: Seconds between two checks for more spans while a sender is idle. Each check costs 0.2 ms of CPU.
_POLL_SECONDS = 0.1


def deliver(config_dir: str, locks: dict[str, LaneLock], started_at: float) -> None:
    """Deliver all lanes in ``locks`` at the same time, so that a backend that is down does not delay the other lanes.

    Release the locks afterwards. Each lane creates its own exporter in its own thread, so an import that hangs does not delay the
    other lanes.
    """
    debug(f"at work: {', '.join(locks)}")
    if any(queue.lane_exporter(name) != _POSTHOG for name in locks):
        from arcade_otel.sender.site_packages import add_site_packages

        with guard("the module site"):
            add_site_packages()
    resolver = SpanIdentityResolver(config_dir)
    idle_timeout = _idle_seconds()
    lanes = [Lane(config_dir, name, lock, resolver, started_at, idle_timeout) for name, lock in locks.items()]
    if len(lanes) == 1:
        lanes[0].serve()
        return
    threads = [threading.Thread(target=lane.serve, name=lane.name, daemon=True) for lane in lanes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _idle_seconds() -> float:
    asked = os.environ.get(conventions.ENV_IDLE, "").strip()
    if not asked:
        return IDLE_SECONDS
    try:
        seconds = float(asked)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        debug(f"{conventions.ENV_IDLE} is no number of seconds: {IDLE_SECONDS} it is")
        return IDLE_SECONDS
    return seconds


class Lane:
    """Deliver the spans of one lane, and release the lane's lock afterwards."""

    def __init__(
        self,
        config_dir: str,
        name: str,
        lock: LaneLock,
        resolver: SpanIdentityResolver,
        started_at: float,
        idle_timeout: float = IDLE_SECONDS,
    ) -> None:
        self.name = name
        self._config_dir = config_dir
        self._state_dir = os.path.join(config_dir, "usage")
        self._queue = queue.lane_dir(self._state_dir, name)
        self._exporter: Any = None  # a PostHogLaneExporter or an SdkLaneExporter, each with its own type of spans
        self._lock: LaneLock | None = lock
        self._resolver = resolver
        self._backoff = Backoff(self._state_dir, name)
        self._started_at = started_at
        self._idle_timeout = idle_timeout
        self._receipts = ReceiptWriter(self._state_dir, name)

    @property
    def _age(self) -> float:
        return time.monotonic() - self._started_at

    def serve(self) -> None:
        """Deliver the lane's spans until the lane stays empty, release the lane's lock, and check once more for new spans.

        Every sender writes its span to the queue before it tries to take a lane's lock. A sender that does not get the lock can
        therefore exit at once: the holder's last check or a later sender finds the span.
        """
        with guard(f"delivery to {self.name}"):
            try:
                try:
                    self._exporter = exporter_loader.make_exporter(queue.lane_exporter(self.name))
                except (Exception, SystemExit) as error:
                    sender.record_import_failure(self._state_dir, self.name, error)
                    raise
                if self._exporter is None:
                    # The exporter is unknown or not installed. Its spans stay until they are too old, and the back-off spares
                    # further tries.
                    self._backoff.record_failure(60.0)
                    self._receipts.record_failure(f"the exporter {queue.lane_exporter(self.name)} is unknown or not installed")
                    return
                while self._lock is not None:
                    healthy = self._work()
                    self._lock.release()
                    self._lock = None
                    if healthy and self._age > HANDS_OVER_AFTER_SECONDS:
                        time.sleep(_HANDOVER_SECONDS)  # a sender that has started since goes first
                    if healthy and self._has_more():
                        self._lock = LaneLock.acquire(self._state_dir, self.name)
            finally:
                if self._lock is not None:
                    self._lock.release()
        if self._exporter is not None:
            self._exporter.shutdown()

    def _has_more(self) -> bool:
        """Return whether the lane contains spans. The caller need not hold the lane's lock.

        On Windows, where an idle sender does not hold the lane's lock, this function also waits for new spans.
        """
        idle_since = time.monotonic()
        while self._age < _STOP_ACCEPTING_AFTER_SECONDS:
            if queue.list_spans(self._queue):
                return True
            idle = self._age > HANDS_OVER_AFTER_SECONDS or time.monotonic() - idle_since > self._idle_timeout
            if HOLDS_LOCK_WHILE_IDLE or idle or sender.is_switched_off(self._config_dir):
                return False
            time.sleep(_POLL_SECONDS)
        return False

    def _work(self) -> bool:
        idle_since = limited_at = time.monotonic()  # the limits were enforced when the lock was taken
        while self._age < _STOP_ACCEPTING_AFTER_SECONDS:
            waiting = queue.list_spans(self._queue)
            if waiting:
                if len(waiting) > BATCH and time.monotonic() - limited_at > _LIMITS_SECONDS:
                    limited_at = time.monotonic()
                    sender.enforce_limits(self._state_dir, self.name)
                    waiting = queue.list_spans(self._queue)
                if not self._send(waiting[:BATCH]):
                    return False
                idle_since = time.monotonic()
            elif (
                not HOLDS_LOCK_WHILE_IDLE
                or self._age > HANDS_OVER_AFTER_SECONDS
                or time.monotonic() - idle_since > self._idle_timeout
            ):
                return True
            elif sender.is_switched_off(self._config_dir):
                return True  # ``usage disable`` waits for the lock
            else:
                time.sleep(_POLL_SECONDS)
        return True

    def _send(self, names: Sequence[str]) -> bool:
        """Send one batch of the spans in the files ``names``. Return whether the sender may send more spans now."""
        files: list[tuple[str, list[Any]]] = []
        gathered = 0
        for name in names:
            path = os.path.join(self._queue, name)
            spans = self._read(path)
            if spans:
                files.append((path, spans))
                gathered += len(spans)
                if gathered >= BATCH:
                    break  # a file with live spans may contain many
        if not files:
            return True
        read, files = files, self._permitted(files)
        if not files:
            # If no decision can be read for a span, it is neither sent nor removed, and the next sender tries again.
            return not any(os.path.exists(path) for path, _ in read)
        files[0] = (files[0][0], self._attach_drop_count(*files[0]))
        result = self._export(files)
        delivered = first = 0
        dropped = set()
        for path, spans in files:
            if first + len(spans) > result.done:
                break
            if any(first <= index < first + len(spans) for index in result.refused):
                dropped.add(os.path.basename(path))
            first += len(spans)
            delivered += 1
        # Before the files are deleted: after a kill in between, the event is delivered twice and reported, rather than not
        # reported.
        self._receipts.record_exported([(os.path.basename(path), spans) for path, spans in files[:delivered]], dropped)
        for path, _ in files[:delivered]:
            queue.remove_span(path)
        debug(f"{self.name}: {delivered} of {len(files)} spans delivered{f'; {result.reason}' if result.reason else ''}")
        if result.reason is None or result.withdrawn:
            if delivered:
                self._backoff.reset()
            return True  # withdrawn spans are checked again, and removed
        if delivered:
            self._backoff.reset()  # failures in a row are counted
        self._backoff.record_failure(result.retry_after)
        self._receipts.record_failure(result.reason)
        return False

    def _permitted(self, files: list[tuple[str, list[Any]]]) -> list[tuple[str, list[Any]]]:
        """Delete the spans of programs for which the user or the policy has turned tracking off, and return the files to send.

        If the user's choice for a program cannot be read, the function neither deletes nor returns the program's files.
        """
        permitted = []
        decisions: dict[str, Decision] = {}
        for path, spans in files:
            program = self._exporter.program(spans[0])
            if program not in decisions:
                decisions[program] = consent.decide(self._config_dir, program=program)
            if decisions[program].mode == consent.OFF and not decisions[program].opted_out:
                continue  # no decision could be read, so the span is neither sent nor removed
            if decisions[program].mode == consent.OFF:
                queue.remove_span(path)
                self._receipts.record_dropped([os.path.basename(path)], f"{decisions[program].reason} says off")
            elif os.path.exists(path):  # otherwise the queue was emptied after it was read
                permitted.append((path, spans))
        return permitted

    def _read(self, path: str) -> list[Any]:
        """Read the spans in a file, resolve their identity, and return them.

        If the file no longer exists, return an empty list. If the file contains no span, move it to ``corrupt/``, and return an
        empty list.
        """
        try:
            payload = queue.read_span(path)
        except ValueError:
            payload = ""  # not even text
        if payload is None:
            return []  # the user has just opted out
        try:
            text = self._resolver.resolve(path, payload)
            spans: list[Any] = self._exporter.decode(text)
        except ValueError as error:
            debug(f"{self.name}: a file that is no span is set aside", error)
            spans = []
        if not spans:
            queue.quarantine(self._state_dir, path)
            self._receipts.record_dropped([os.path.basename(path)], "it is no span")
        return spans

    def _attach_drop_count(self, path: str, spans: list[Any]) -> list[Any]:
        """Add the number of dropped spans to the span in the file ``path``, save the file, and return its spans.

        A dropped span is one that was deleted because the lane exceeded its limits. The span's event reports to the backend how
        many spans were dropped since the last such report. If the file contains no span that becomes an event, the function
        returns ``spans`` unchanged, and a later event reports the dropped spans.
        """
        dropped = queue.DropCounter(self._state_dir, self.name)
        count = dropped.count()
        if not count:
            return spans
        payload = queue.read_span(path)
        if payload is None:
            return spans
        text = self._resolver.with_drop_count(path, payload, count)
        if text == payload:
            return spans
        # If the sender is killed before this reset, the count is reported twice, which is better than never.
        dropped.reset()
        decoded: list[Any] = self._exporter.decode(text)
        return decoded

    def _export(self, files: Sequence[tuple[str, list[Any]]]) -> ExportResult:
        """Export the spans of ``files``. Start no request if the user has opted out or one of the files no longer exists."""
        programs = {self._exporter.program(spans[0]) for _, spans in files}

        def may_begin() -> bool:
            # ``usage disable`` and ``usage forget`` promise that no request begins once they have returned.
            return all(consent.decide(self._config_dir, program=program).mode != consent.OFF for program in programs) and all(
                os.path.exists(path) for path, _ in files
            )

        seconds = max(0.5, _STOP_ACCEPTING_AFTER_SECONDS + 0.5 - self._age)
        result: ExportResult = self._exporter.export(
            [span for _, spans in files for span in spans], seconds=seconds, may_begin=may_begin
        )
        return result
