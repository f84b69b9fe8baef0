"""Record that a command has begun (``record_start``), so that a server leaves an event even if it is killed.

The span of the start has the trace ID of the command's own span, and another span ID. Only PostHog gets the span of the start,
because other receivers would see a second span of the same command. The library imports this module only if the program sets
``record_start``.
"""

# ruff: noqa: SLF001 - the other half of Run, whose import other commands are spared

from __future__ import annotations

import os

from arcade_otel import consent, conventions, handoff, identity as identity_file, spans
from arcade_otel.diagnostics import guard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from arcade_otel.frameworks import Run
    from arcade_otel.settings import Settings

__all__ = ["record_start"]

#: Attributes that say how a command ended.
_OF_THE_END = (conventions.DURATION, conventions.PROCESS_EXIT_CODE, "outcome")


def record_start(run: Run) -> None:
    """Send the start event of the run's command once.

    This never raises. The caller has checked that the option ``record_start`` names the command.
    """
    if run._ended or run._ids is not None or run._decision.unreadable or run.in_worker:
        return
    with guard("the start of a command"):
        run._ids = _record(
            run._settings,
            run.path or run.program,  # a program of one command
            run._start_ns,
            ids=None if run._live is None else run._live.ids,
            values=run.values,
            is_dry=run._decision.mode == consent.LOG,
        )


def _record(
    settings: Settings,
    path: str,
    start_ns: int,
    *,
    ids: tuple[str, str] | None,
    values: Mapping[str, object],
    is_dry: bool,
) -> tuple[str, str] | None:
    """Pass the start event of a command to a sender.

    Args:
        settings: The program's settings.
        path: The command path, joined by dots.
        start_ns: The start of the command in nanoseconds since the epoch.
        ids: Trace ID and span ID of the command's live span, or None.
        values: The values that the program has set so far for its declared properties.
        is_dry: Whether to print the event instead of sending it.

    Returns:
        Trace ID and span ID for the command's own span, or None if the command is excluded. Sampling depends on the span ID, so
        either both events of a command are recorded, or neither. Both events of a login or a logout are always recorded.

    Raises:
        OSError: There is no identity, or the span could not be handed over.
    """
    is_change = path in settings.login_commands or path in settings.logout_commands  # these are neither excluded nor sampled
    if settings.exclude and not is_change and f"{path}.".startswith(settings.exclude):
        return None
    environ = dict(os.environ)
    ids = ids or spans.new_ids()
    if path in settings.sample and not is_change and int(ids[1], 16) >= settings.sample[path] * 2**64:
        return ids
    outcome = spans.Success()
    if settings.properties or settings.groups:
        from arcade_otel.spans import declared

        outcome.declared = declared.attributes(settings, values)
    if is_dry:
        from arcade_otel.recording import dry_run

        dry_run.show_span(settings, _encode(settings, path, start_ns, (ids[0], spans.new_ids()[1]), outcome, None))
    elif settings.posthog_api_key:
        span_id = spans.new_ids()[1]
        payload = _encode(settings, path, start_ns, (ids[0], span_id), outcome, identity_file.current(settings))
        handoff.submit(payload, settings, end_ns=start_ns, span_id=span_id, environ=environ)
    return ids


def _encode(
    settings: Settings,
    path: str,
    start_ns: int,
    ids: tuple[str, str],
    outcome: spans.Success,
    identity: tuple[str, bool] | None,
) -> str:
    """Return the command's span as a start event, without the attributes that are known only when the command ends."""
    if identity is None:
        from arcade_otel.recording import dry_run

        identity = dry_run.shown_identity(settings)
    payload = spans.encode(
        settings,
        path=path,
        timing=spans.Timing(start_ns, start_ns),
        outcome=outcome,  # type: ignore[arg-type]  # a Success stands for an Outcome
        identity=identity,
        usage_only=True,
        fresh_ids=ids,
    )
    from arcade_otel.spans import otlp

    traces = otlp.loads(payload)
    span, resource = otlp.command_span(traces)
    if span is not None:
        span["attributes"] = [each for each in span["attributes"] if each["key"] not in _OF_THE_END]
        otlp.set_attribute(resource, conventions.RESOURCE_STARTED, "1")
    return otlp.dumps(traces)
