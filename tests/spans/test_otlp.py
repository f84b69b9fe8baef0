"""All parts of the library read OTLP/JSON by the same functions, so they accept and refuse the same payloads."""

import ast
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from arcade_otel import conventions, spans
from arcade_otel.handoff import receipts
from arcade_otel.handoff.span_summary import summarize
from arcade_otel.sender.identity_resolution import SpanIdentityResolver
from arcade_otel.settings import make_settings
from arcade_otel.spans import otlp
from arcade_otel.spans.outcome import Outcome
from arcade_otel_exporters import otlp_json, span_record

ROOT = Path(__file__).parents[2]

#: The words of the format that only its reader and the three encoders know: text for commands, the SDK's spans, the report.
WORDS = {"resourceSpans", "scopeSpans", "stringValue", "intValue", "boolValue", "doubleValue", "arrayValue", "kvlistValue"}
KNOW_THE_FORMAT = {"arcade_otel/spans/otlp.py", "exporters/arcade_otel_exporters/otlp_json.py"}


def payload() -> str:
    """Return a payload that equals what a command writes."""
    settings = make_settings(name="tool", version="1.2.3", posthog_api_key="phc_test")
    return spans.encode(settings, path="a", timing=(1, 5), outcome=Outcome(0), identity=("someone", True))


def test_only_the_reader_and_the_encoders_know_the_words_of_the_format() -> None:
    """A module that looks into a payload calls the reader. Only text that is written without JSON is one long string."""
    found = {
        str(path.relative_to(ROOT))
        for package in (ROOT / "arcade_otel", ROOT / "exporters")
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and node.value in WORDS
    }
    assert found == KNOW_THE_FORMAT


def mangled() -> Iterator[Any]:
    """Yield payloads that are broken in a part that every reader needs."""
    yield from (pytest.param(text, id=text[:20] or "empty") for text in ("", "null", "[]", "{", "{}", "[" * 100_000, "1"))
    wrong: Any
    for wrong in (5, "x", True, {"a": 1}):
        yield pytest.param(json.dumps({"resourceSpans": wrong}), id=f"resourceSpans {wrong}")
        yield pytest.param(json.dumps({"resourceSpans": [{"scopeSpans": wrong}]}), id=f"scopeSpans {wrong}")
        ours = {"scope": {"name": conventions.SCOPE}, "spans": wrong}
        yield pytest.param(json.dumps({"resourceSpans": [{"scopeSpans": [ours]}]}), id=f"spans {wrong}")
    for wrong in (5, "x", True, [1]):
        for name in ("resource", "scope", "span"):
            traces = json.loads(payload())
            group = traces["resourceSpans"][0]
            scoped = group["scopeSpans"][0]
            holder, key = {"resource": (group, "resource"), "scope": (scoped, "scope"), "span": (scoped["spans"], 0)}[name]
            holder[key] = wrong
            yield pytest.param(json.dumps(traces), id=f"{name} {wrong}")
    yield pytest.param(payload().replace('"attributes":[', '"attributes":[5,'), id="an attribute that is a number")
    yield pytest.param(payload().replace('"stringValue":"someone"', '"stringValue":NaN'), id="a constant that JSON does not have")
    deep = '{"arrayValue":{"values":[' * 20_000 + "{}" + "]}}" * 20_000
    yield pytest.param(payload().replace('{"stringValue":"someone"}', deep), id="a value nested without end")


def _resolve(text: str) -> object:
    return SpanIdentityResolver("/nonexistent").with_drop_count("/nonexistent/span", text, 1)


DECODERS: dict[str, Callable[[str], object]] = {
    "the events of PostHog": span_record.decode,
    "the spans of the SDK": otlp_json.decode,
    "the resolution of identities": _resolve,
}


@pytest.mark.parametrize("decode", DECODERS.values(), ids=DECODERS)
@pytest.mark.parametrize("text", list(mangled()))
def test_a_malformed_payload_is_a_value_error_for_everyone_who_needs_its_span(decode: Callable[[str], object], text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any of them
        decode(text)


@pytest.mark.parametrize("text", list(mangled()))
def test_a_malformed_payload_has_no_summary_and_its_receipt_holds_no_private_attribute(text: str) -> None:
    """The queue stores the file without a project. The receipt shows no private attribute of the file, such as the key."""
    summary = summarize(text)
    assert (summary.api_key, summary.span_id, summary.end_ns) == (None, None, None)
    assert "phc_test" not in json.dumps(receipts.public(text))


def test_of_two_attributes_with_one_key_every_reader_takes_the_last() -> None:
    """Otherwise one value could choose the lane while the event has the other value."""
    traces = otlp.loads(payload())
    _, resource = otlp.command_span(traces)
    resource["attributes"].append({"key": conventions.RESOURCE_API_KEY, "value": {"stringValue": "phc_last"}})
    text = otlp.dumps(traces)
    assert summarize(text).api_key == "phc_last"
    assert span_record.decode(text)[0].resource[conventions.RESOURCE_API_KEY] == "phc_last"
    assert otlp_json.decode(text)[0].resource.attributes[conventions.RESOURCE_API_KEY] == "phc_last"


@pytest.mark.parametrize("value", ["text", True, False, 0, -7, otlp.INT64 - 1])
def test_an_attribute_that_is_set_is_read_back_and_replaces_the_older_one(value: str | bool | int) -> None:  # noqa: FBT001
    traces = otlp.loads(payload())
    span, _ = otlp.command_span(traces)
    assert span is not None
    otlp.set_attribute(span, "ours", "before")
    otlp.set_attribute(span, "ours", value)
    again, _ = otlp.command_span(otlp.loads(otlp.dumps(traces)))
    assert again is not None
    assert otlp.read_attribute(again, "ours") == otlp.read_attributes(again)["ours"] == value
    assert [each["key"] for each in again["attributes"]].count("ours") == 1
