"""The foreground's own writer and reader of JSON agree with the ``json`` module."""

import json

from hypothesis import given, strategies as st

from arcade_otel import identity as identity_file, spans
from arcade_otel.settings import make_settings
from arcade_otel.spans.outcome import Outcome

# Letters that are escaped, that look like JSON, that are no characters at all, and any other.
LETTERS = st.one_of(st.sampled_from('"\\/{}[]:, \x00\x1f\x7f\n\u2028\ud800é😀'), st.characters())
TEXT = st.text(LETTERS, max_size=20)
TIMING = (1_700_000_000_000_000_000, 1_700_000_000_012_345_678)


@given(TEXT)
def test_a_string_is_written_as_json_writes_it(value: str) -> None:
    assert spans.json_string(value) == json.dumps(value)


@given(TEXT, TEXT, st.integers(0, 255), st.lists(TEXT, max_size=3))
def test_a_span_is_written_byte_by_byte_as_json_writes_it(
    path: str, distinct_id: str, exit_code: int, options: list[str]
) -> None:
    """The bytes agree for any names and values, and for commands that succeed or fail."""
    outcome = Outcome(exit_code, SystemExit(exit_code) if exit_code else None)
    outcome.options = tuple(options)
    settings = make_settings(name="tool", version="1.2.3", posthog_api_key="phc_x")
    payload = spans.encode(settings, path=path, timing=TIMING, outcome=outcome, identity=(distinct_id, True))
    assert payload == json.dumps(json.loads(payload), separators=(",", ":"), allow_nan=False)


def by_json(data: bytes) -> tuple[str, str | None] | None:
    """Read the file with the ``json`` module only.

    A space in front keeps the own reader away and does not change the meaning.
    """
    return identity_file.parse(b" " + data)


@given(TEXT, st.one_of(st.none(), TEXT))
def test_the_identity_is_read_as_json_reads_it(anon_id: str, linked: str | None) -> None:
    written = {"anon_id": anon_id, "linked_principal_id": linked}
    for text in (json.dumps(written), json.dumps(written, ensure_ascii=False), json.dumps(written, indent=1)):
        data = text.encode("utf-8", "surrogatepass")
        assert identity_file.parse(data) == by_json(data)


@given(
    st.lists(
        st.sampled_from(
            ['"', "{", "}", ": ", ", ", ":", ",", "anon_id", "linked_principal_id", "null", "x", "\\", "\n", " ", "é", "\x7f"]
        ),
        max_size=14,
    )
)
def test_whatever_else_the_file_holds_is_read_as_json_reads_it(parts: list[str]) -> None:
    data = "".join(parts).encode()
    assert identity_file.parse(data) == by_json(data)
    data = ('{"anon_id": "x"' + "".join(parts)).encode()
    assert identity_file.parse(data) == by_json(data)
