"""Payloads are read as dictionaries: whatever they contain, the queue gets a summary and no exception is raised."""

import json

import pytest

from arcade_otel import conventions, spans
from arcade_otel.handoff.span_summary import summarize
from arcade_otel.settings import make_settings
from arcade_otel.spans.outcome import Outcome


def test_the_summary_of_a_commands_payload_says_when_whose_and_where_to() -> None:
    """The payload is as the library's encoder writes it."""
    settings = make_settings(name="tool", posthog_api_key="phc_x", posthog_host="https://eu.example")
    payload = spans.encode(
        settings,
        path="a",
        timing=(1, 5),
        outcome=Outcome(0),
        identity=("id", True),
        fresh_ids=("a" * 32, "00000000000000ab"),
    )
    summary = summarize(payload)
    assert (summary.end_ns, summary.span_id, summary.api_key, summary.host) == (
        5,
        "00000000000000ab",
        "phc_x",
        "https://eu.example",
    )
    assert (summary.usage_only, summary.dropped) == (False, 0)


def test_a_value_that_holds_a_field_of_ours_does_not_pass_for_it() -> None:
    """A command has the name of such a field."""
    evil = f'"{conventions.RESOURCE_API_KEY}","value":{{"stringValue":"phc_evil"}},"endTimeUnixNano":"7"'
    settings = make_settings(name=evil, posthog_api_key="phc_x", version=evil)
    payload = spans.encode(settings, path=evil, timing=(1, 5), outcome=Outcome(0), identity=(evil, True))
    assert (summarize(payload).api_key, summarize(payload).end_ns) == ("phc_x", 5)


@pytest.mark.parametrize(
    "payload",
    [
        "",
        "null",
        "[]",
        "{",
        "[" * 100_000,
        '{"resourceSpans": 5}',
        '{"resourceSpans": [{"scopeSpans": [{"spans": [5]}]}]}',
        '{"resourceSpans": [{"scopeSpans": [{"spans": [{"attributes": [{"key": "command", "value": {"intValue": "x"}}]}]}]}]}',
        json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [{"spanId": "../x", "endTimeUnixNano": "-5"}]}]}]}),
    ],
)
def test_what_is_no_otlp_has_an_empty_summary(payload: str) -> None:
    """The payloads are cut off, nested without end, or of another form."""
    summary = summarize(payload)
    assert (summary.end_ns, summary.span_id, summary.api_key, summary.dropped) == (None, None, None, 0)
