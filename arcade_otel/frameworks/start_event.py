"""Send an event when a command begins (option ``record_start``), so that even a server that is killed is recorded.

The library imports this module only if the program sets ``record_start``.
"""

# ruff: noqa: SLF001 - the other half of Run, whose import other commands are spared

from __future__ import annotations

import os

from arcade_otel import conventions, spans
from arcade_otel.diagnostics import guard
from arcade_otel.frameworks import extra_spans

TYPE_CHECKING = False
if TYPE_CHECKING:
    from arcade_otel.frameworks import Run

__all__ = ["record_start"]


def record_start(run: Run) -> None:
    """Send the start event of the run's command, unless it was already sent.

    This never raises. The caller must have checked that the option ``record_start`` names the command. An excluded command gets
    no start event. If the command is not excluded, the function sets the IDs of the command's own span, because the span ID
    decides whether the option ``sample`` drops the run.
    """
    if run._ended or run._ids is not None or run._decision.unreadable or run.is_in_worker(os.environ):
        return
    with guard("the start of a command"):
        settings, path = run._settings, run.path or run.program  # a program of one command
        if extra_spans.is_left_out(settings, path):
            return
        run._ids = spans.new_ids() if run._live is None else run._live.ids
        if settings.events and settings.posthog_api_key:  # otherwise they travel on the command's span, to other backends
            from arcade_otel.frameworks.late_events import LateEvents

            run._late = LateEvents(run)
        if extra_spans.is_sampled_out(settings, path, run._ids[1]):
            return
        outcome = spans.Success()
        if settings.properties or settings.groups:
            from arcade_otel.spans import declared

            outcome.declared = declared.attributes(settings, run.values)
        extra_spans.submit(
            settings,
            path,
            (run._start_ns, run._start_ns),
            trace_id=run._ids[0],
            outcome=outcome,
            mark=conventions.RESOURCE_STARTED,
            identity=extra_spans.identity_of(settings, run._decision),
        )
