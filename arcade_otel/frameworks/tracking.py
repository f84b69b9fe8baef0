"""Add the properties that a program sets, and the events that it tracks, to the run of its command.

The library imports this module only if the program sets a property or tracks an event.
"""

# ruff: noqa: SLF001 - the other half of Run, whose import other programs are spared

from __future__ import annotations

import os
import sys
import time
from _thread import get_ident

from arcade_otel import frameworks
from arcade_otel.diagnostics import debug
from arcade_otel.spans import declared

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MAX_EVENTS", "set_property", "track"]

#: The number of events that one command can track. A loop over a program's data could otherwise fill the queue.
MAX_EVENTS = 50


def _current_run(*, also_serving: bool = False) -> frameworks.Run | None:
    """Return the innermost run that this thread has begun, or else the innermost run of the process, or None if there is no run.

    In a forked child, the runs of the parent process are ignored.

    Args:
        also_serving: Whether to include runs that ``end_run()`` has ended but whose commands are still running.
    """
    late_events = sys.modules.get("arcade_otel.frameworks.late_events")
    served = late_events.serving if also_serving and late_events is not None else []
    runs = [run for run in (*served, *frameworks._running) if run._pid == os.getpid()]
    return next((run for run in reversed(runs) if run.thread == get_ident()), runs[-1] if runs else None)


def set_property(name: str, value: object) -> None:
    """Set a property of the innermost run. See :func:`arcade_otel.set_property`."""
    run = _current_run()
    if run is None:
        return
    if isinstance(value, str) and declared.is_free_text(run._settings.properties.get(name)):
        # Now, because the functions that have asked the user something may have returned when the command ends.
        value = declared.accept(run._settings.properties[name], value, (run.path, run._get_values))
    run.values[name] = value


def track(name: str, properties: Mapping[str, object] | None) -> None:
    """Add an event to the innermost run. See :func:`arcade_otel.track`."""
    run = _current_run(also_serving=True)
    if run is None:
        debug("track: no command is recorded, and so no event")
        return
    time_ns = run._start_ns + time.monotonic_ns() - run._start_monotonic_ns
    from arcade_otel.spans import own_events

    late = run._late
    get_values = run._get_values if late is None else late.get_values
    event = own_events.check(run._settings, name, properties or {}, time_ns, (run.path, get_values))
    if event is None:
        return
    if late is not None:
        late.add(event)
        return
    events = run.__dict__.setdefault("events", [])  # in one step, because another thread may track its first event, too
    if len(events) >= MAX_EVENTS:
        debug(f"event dropped: {event.name} (one command can track {MAX_EVENTS} events)")
    else:
        events.append(event)
