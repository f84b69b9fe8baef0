"""For ``ARCADE_USAGE_TRACKING=log``, print on stderr the event that PostHog would receive. Write and send nothing."""

import json
import os
import sys
from typing import TYPE_CHECKING

from arcade_otel import identity as identity_file, spans
from arcade_otel.handoff import enrichment

if TYPE_CHECKING:
    from arcade_otel.settings import Settings
    from arcade_otel.spans.outcome import Outcome

__all__ = ["show", "show_span", "shown_identity"]


def show(settings: "Settings", path: str, timing: spans.Timing, outcome: "Outcome") -> None:
    """Print on stderr, as indented JSON, the event that PostHog would receive for a command.

    The function reads the identity but never creates one. If there is no identity, the output contains a random ID, which is not
    stored. The output never includes the alias event that a login sends.
    """
    text = spans.encode(settings, path=path, timing=timing, outcome=outcome, identity=shown_identity(settings))
    show_span(settings, text)


def shown_identity(settings: "Settings") -> tuple[str, bool]:
    """Return ``(distinct_id, is_anon)`` of this installation.

    If there is no identity yet, return a random ID, which is not stored.
    """
    identity = identity_file.read(settings.config_dir)
    if identity is None:
        import uuid

        identity = str(uuid.uuid4()), None
    anon_id, linked = identity
    return (linked, False) if linked else (anon_id, True)


def show_span(settings: "Settings", text: str) -> None:
    """Print on stderr, as indented JSON, the events that PostHog would receive for the span ``text`` (OTLP/JSON)."""
    if sys.stderr is None:
        return
    from arcade_otel.exporters import events_of, otlp_json

    text = enrichment.enrich(text, settings.state_dir, os.environ, write=False)
    for finished in otlp_json.decode(text):
        for event in events_of(finished):
            sys.stderr.write(json.dumps(event, indent=2, sort_keys=True) + "\n")
    sys.stderr.flush()
