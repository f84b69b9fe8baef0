"""The properties that the sender adds to a span before it writes the span to the queue."""

import json
import time
from pathlib import Path

import pytest

from arcade_otel import spans
from arcade_otel.handoff import enrichment
from arcade_otel.settings import make_settings
from arcade_otel.spans import otlp, versions
from arcade_otel.spans.outcome import Outcome


def enriched_resource(tmp_path: Path) -> dict[str, object]:
    """Return the attributes of a span's resource as the queue gets them."""
    settings = make_settings(name="tool", config_dir=tmp_path, posthog_api_key="phc_test")
    now = time.time_ns()
    payload = spans.encode(settings, path="one", timing=(now, now), outcome=Outcome(0), identity=("anon", True))
    _, resource = otlp.command_span(otlp.loads(enrichment.enrich(payload, str(tmp_path / "usage"), {})))
    return {each["key"]: otlp.read_attribute(resource, each["key"]) for each in resource["attributes"]}


def test_an_installed_version_is_found_without_its_local_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A local part, such as ``+jane``, may name the person who built the program (PEP 440)."""
    monkeypatch.setattr(versions, "owner", lambda program: (None, "1.2.3+jane" if program == "tool" else None))
    assert enriched_resource(tmp_path)["service.version"] == "1.2.3"
    assert "jane" not in json.dumps([path.read_text() for path in tmp_path.rglob("*.json")])
