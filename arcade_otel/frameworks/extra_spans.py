"""Create extra spans for a command: one for its start, and others for events that a server command tracks while it runs.

An extra span has the same trace ID as the command's own span, but a different span ID. Only PostHog gets extra spans, because
other receivers would see a second span of the same command. The library imports this module only for programs that need extra
spans.
"""

from __future__ import annotations

import os

from arcade_otel import consent, conventions, handoff, identity as identity_file, spans

TYPE_CHECKING = False
if TYPE_CHECKING:
    from arcade_otel.settings import Settings

__all__ = ["identity_of", "is_left_out", "is_sampled_out", "submit"]

#: Attributes that say how a command ended.
_OF_THE_END = (conventions.DURATION, conventions.PROCESS_EXIT_CODE, "outcome")


def is_left_out(settings: Settings, path: str) -> bool:
    """Return whether the option ``exclude`` excludes the command ``path``.

    ``exclude`` never applies to login and logout commands.
    """
    return bool(settings.exclude) and not _is_change(settings, path) and f"{path}.".startswith(settings.exclude)


def is_sampled_out(settings: Settings, path: str, span_id: str) -> bool:
    """Return whether this run of the command ``path`` is dropped by the option ``sample``.

    The decision depends only on the ID of the command's own span, so it is the same for all events of a run. ``sample`` never
    applies to login and logout commands.
    """
    return path in settings.sample and not _is_change(settings, path) and int(span_id, 16) >= settings.sample[path] * 2**64


def identity_of(settings: Settings, decision: consent.Decision) -> tuple[str, bool] | None:
    """Return the current ``(distinct_id, is_anon)``, or None in a dry run (``ARCADE_USAGE_TRACKING=log``).

    Raises:
        OSError: If the identity cannot be read or created.
    """
    return None if decision.mode == consent.LOG else identity_file.current(settings)


def submit(
    settings: Settings,
    path: str,
    timing: spans.Timing,
    *,
    trace_id: str,
    outcome: spans.Success,
    mark: str,
    identity: tuple[str, bool] | None,
) -> None:
    """Pass an extra span to a sender. In a dry run, only print the events of the span.

    An extra span has no attributes that are known only at the end of the command.

    Args:
        settings: The program's settings.
        path: The command path joined by dots.
        timing: The start and the end of the span.
        trace_id: The trace ID of the command's own span.
        outcome: The declared properties and the program's own events that the span carries.
        mark: The name of the resource attribute that says which kind of span this is.
        identity: The result of :func:`identity_of`.

    Raises:
        OSError: If the span could be neither passed to a sender nor written to the queue.
    """
    ids = trace_id, spans.new_ids()[1]
    if identity is None:
        from arcade_otel.recording import dry_run

        dry_run.show_span(settings, _encode(settings, path, timing, ids, outcome, mark, dry_run.shown_identity(settings)))
    elif settings.posthog_api_key:
        environ = dict(os.environ)
        payload = _encode(settings, path, timing, ids, outcome, mark, identity)
        handoff.submit(payload, settings, end_ns=timing[1], span_id=ids[1], environ=environ)


def _encode(
    settings: Settings,
    path: str,
    timing: spans.Timing,
    ids: tuple[str, str],
    outcome: spans.Success,
    mark: str,
    identity: tuple[str, bool],
) -> str:
    payload = spans.encode(
        settings,
        path=path,
        timing=timing,
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
        otlp.set_attribute(resource, mark, "1")
    return otlp.dumps(traces)


def _is_change(settings: Settings, path: str) -> bool:
    return path in settings.login_commands or path in settings.logout_commands
