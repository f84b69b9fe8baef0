"""End runs before their commands return, because the program has called ``arcade_otel.end_run``."""

# ruff: noqa: SLF001 - the other half of Run, whose import other commands are spared

import os
from _thread import get_ident

from arcade_otel import frameworks
from arcade_otel.diagnostics import guard

__all__ = ["end_runs"]


def end_runs() -> None:
    """End each run that this thread has begun as a success, the innermost first. This never raises."""
    for run in _active_runs():
        if run.thread == get_ident():
            with guard("the end of a run"):
                _end(run)


def _active_runs() -> list[frameworks.Run]:
    """Return the runs that this process has begun and not ended, the innermost first.

    In a forked child the list is empty.
    """
    return [run for run in reversed(frameworks._running) if run._pid == os.getpid()]


def _end(run: frameworks.Run) -> None:
    if run.discarded_by_program:
        return  # the end of its block settles it
    if not run.path:
        run.path = run.program  # a program of one command
    get_values = run._get_values
    run.end()
    if run._settings.events and run._settings.posthog_api_key and run._recorded:
        from arcade_otel.frameworks import extra_spans, late_events

        if not extra_spans.is_left_out(run._settings, run.path):
            run._late = late_events.LateEvents(run, get_values)
            late_events.serving.insert(0, run)  # the innermost run was ended first
