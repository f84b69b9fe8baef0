"""Send the events of a server command while the command is still running, because it may end days later.

A command counts as a server command if it has called ``arcade_otel.end_run()``, or if the option ``record_start`` names it. The
events of any other command are stored on its own span (``spans.own_events``). The events of a server command are sent on extra
spans, because the command's own span is sent either before the events occur (by ``end_run()``) or days later. The library imports
this module only for server commands.

The library limits how often it sends the events of a server command. If no event was sent in the last ``INTERVAL_SECONDS``, the
thread that tracks a new event passes it to a sender at once. Otherwise the new event waits in memory until a background thread
passes all waiting events to a sender together. The background thread exists only while events are waiting.
"""

# ruff: noqa: SLF001 - the other half of Run, whose import other commands are spared

from __future__ import annotations

import os
import time
from _thread import allocate_lock, start_new_thread
from collections import deque

from arcade_otel import consent, conventions, spans
from arcade_otel.diagnostics import debug, guard
from arcade_otel.frameworks import extra_spans

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from arcade_otel.frameworks import Run
    from arcade_otel.spans.own_events import OwnEvent

__all__ = ["INTERVAL_SECONDS", "MAX_WAITING", "LateEvents", "serving"]

#: The shortest time between two spans with events, so that a busy server does not start a sender for each event.
INTERVAL_SECONDS = 10.0
#: The number of events that can wait for the next span. More are dropped.
MAX_WAITING = 100

#: Runs that ``end_run()`` has ended and whose commands go on, the innermost last.
serving: list[Run] = []


class LateEvents:
    """The events that a server command tracks while it runs. Any thread may add an event.

    Guarantees:

    - An event that is not dropped is passed to a sender at most ``INTERVAL_SECONDS`` after :meth:`add`, provided that the process
      is still running and can start a thread. An event is dropped if ``MAX_WAITING`` events are already waiting.
    - An event is passed to a sender at most once, and never after the user has opted out.
    - An event belongs to the person who is logged in when :meth:`add` is called, even if that person logs out before the event is
      sent.
    - The methods of this class never wait for the network or for another thread.

    Args:
        run: The run of the server command.
        get_values: A function that returns the values of the command's parameters, which the library removes from free text.
    """

    def __init__(self, run: Run, get_values: Callable[[], tuple[str, ...]] | None = None) -> None:
        self._run = run
        self._get_values = get_values
        self._trace_id, span_id = run._ids or spans.new_ids()
        self._sampled_out = extra_spans.is_sampled_out(run._settings, run.path or run.program, span_id)
        # Two threads can add to a deque and take from it without a lock. A signal handler that tracks an event could wait for a
        # lock for ever, because it interrupts the thread that holds it.
        self._waiting: deque[tuple[OwnEvent, tuple[str, bool] | None]] = deque()
        self._busy = allocate_lock()
        self._due = 0.0  # when the next span may be handed over, by the monotonic clock
        self._sleeping = False
        self._groups: dict[str, str | bool | int] | None = None

    @property
    def get_values(self) -> Callable[[], tuple[str, ...]] | None:
        """A function that returns the values of the command's parameters, or None if no such function is known."""
        return self._get_values or self._run._get_values

    def add(self, event: OwnEvent) -> None:
        """Pass ``event`` to a sender now, or together with other events at most ``INTERVAL_SECONDS`` later."""
        if self._sampled_out:
            return
        if len(self._waiting) >= MAX_WAITING:
            debug(f"event dropped: {event.name} (a server can track {MAX_WAITING} events in {INTERVAL_SECONDS:.0f} s)")
            return
        event.time_ns = time.time_ns()  # not by the monotonic clock, which stands still while a computer sleeps
        if self._groups is None:
            self._groups = self._declared_groups()
        self._waiting.append((event, extra_spans.identity_of(self._run._settings, self._run._decision)))
        if time.monotonic() >= self._due:
            self._hand_over()
        else:
            self._hand_over_later()

    def close(self) -> None:
        """When the command ends, pass the waiting events to a sender. This never raises."""
        run = self._run
        run._late = None
        if run in serving:
            serving.remove(run)
        if os.getpid() == run._pid:
            with guard("the last events of a server"):
                self._hand_over()

    def _declared_groups(self) -> dict[str, str | bool | int]:
        """Return the span attributes for the groups that the program declares.

        An event that a server command tracks includes the command's groups, but none of the command's declared properties.
        """
        settings = self._run._settings
        if not settings.groups:
            return {}
        from arcade_otel.spans import declared

        found = declared.attributes(settings, self._run.values)
        return {key: value for key, value in found.items() if key.startswith(declared.GROUP_PREFIX)}

    def _hand_over_later(self) -> None:
        if not self._sleeping:
            self._sleeping = True
            from contextvars import copy_context

            # The program's function ``arcade_context`` may read a variable of the context.
            start_new_thread(copy_context().run, (self._sleep_and_hand_over,))

    def _sleep_and_hand_over(self) -> None:
        with guard("the events of a server"):
            time.sleep(max(0.0, self._due - time.monotonic()))
            self._sleeping = False  # before the events are taken, so that an event after that gets a thread of its own
            if os.getpid() == self._run._pid:
                self._hand_over()

    def _hand_over(self) -> None:
        if not self._busy.acquire(blocking=False):
            self._hand_over_later()  # another thread is at it, and may have missed the newest event
            return
        try:
            self._due = time.monotonic() + INTERVAL_SECONDS
            events: dict[tuple[str, bool] | None, list[OwnEvent]] = {}
            while self._waiting:
                event, identity = self._waiting.popleft()
                events.setdefault(identity, []).append(event)
            for identity, of_person in events.items():
                self._submit(of_person, identity)
        finally:
            self._busy.release()

    def _submit(self, events: list[OwnEvent], identity: tuple[str, bool] | None) -> None:
        run = self._run
        decision = run._settings.decide(asked_before=True)
        if decision.mode == consent.OFF:
            debug(f"{len(events)} events of a server are not sent: {decision.reason}")
            return
        outcome = spans.Success()
        outcome.declared = self._groups
        outcome.events = events
        extra_spans.submit(
            run._settings,
            run.path or run.program,  # a program of one command
            (events[0].time_ns, max(events[0].time_ns, time.time_ns())),
            trace_id=self._trace_id,
            outcome=outcome,
            mark=conventions.RESOURCE_EVENTS_ONLY,
            identity=identity,
        )
