"""End runs before their commands return: when the program calls ``end_run()``, or before it calls an ``os.exec…`` function."""

# ruff: noqa: SLF001 - the other half of Run, whose import other commands are spared

import os
from _thread import get_ident

from arcade_otel import frameworks
from arcade_otel.diagnostics import guard

__all__ = ["end_all_runs", "end_runs"]


def end_runs() -> None:
    """End this thread's runs, the innermost first, and record each as a success. This never raises.

    A run that the program has discarded stays open until its ``with`` block ends.
    """
    for run in _active_runs():
        if run.thread == get_ident():
            with guard("the end of a run"):
                if not run.discarded_by_program:  # otherwise the end of its block settles it
                    _end(run)


def end_all_runs() -> None:
    """End this process's runs, the innermost first, and record each as a success. This never raises.

    The caller is about to start another program in this process, so the runs cannot end later. A discarded run is not recorded.
    """
    for run in _active_runs():
        with guard("the end of a run"):
            if run.discarded_by_program:
                from arcade_otel.frameworks.context_manager import end_discarded

                end_discarded(run, run._settings, None)
            elif run.has_command_line:
                _end(run)


def _active_runs() -> list[frameworks.Run]:
    """Return the runs that this process has begun but not ended, the innermost first.

    In a forked child, the runs of the parent process are not included.
    """
    return [run for run in reversed(frameworks._running) if run._pid == os.getpid()]


def _end(run: frameworks.Run) -> None:
    if not run.path:
        run.path = run.program  # a program of one command
    get_values = run._get_values
    run.end()
    if run._settings.events and run._settings.posthog_api_key and run._recorded:
        from arcade_otel.frameworks import extra_spans, late_events

        if not extra_spans.is_left_out(run._settings, run.path):
            run._late = late_events.LateEvents(run, get_values)
            late_events.serving.insert(0, run)  # the innermost run was ended first
