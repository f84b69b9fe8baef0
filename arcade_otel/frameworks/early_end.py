"""Ends runs before their commands return: the program asks for it, or becomes another program by ``exec``."""

import os
from _thread import get_ident
from typing import Any

from arcade_otel import frameworks
from arcade_otel.diagnostics import guard

__all__ = ["end_before_exec", "end_runs"]


def end_runs() -> None:
    """End each run that this thread has begun, the innermost first, as one that succeeded. Never raises."""
    for run in _active_runs():
        if run.thread == get_ident():
            with guard("the end of a run"):
                _end(run)


def end_before_exec(path: Any) -> None:
    """End every run of this process, if there is a program ``path`` that it can become.

    ``os.execvp`` tries one directory of ``PATH`` after the other. Without this look, the first one would end the runs, also where
    no directory has the program and the command goes on.
    """
    if isinstance(path, int) or (os.path.isfile(path) and os.access(path, os.X_OK)):
        for run in _active_runs():
            _end(run)


def _active_runs() -> list[frameworks.Run]:
    """Return the runs that this process has begun and that have not ended, the innermost first. A forked child has none."""
    return [run for run in reversed(frameworks._running) if run._pid == os.getpid()]  # noqa: SLF001 - the other half of that module


def _end(run: frameworks.Run) -> None:
    if not run.path:
        run.path = run.program  # a program of one command
    run.end()
