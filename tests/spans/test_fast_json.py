"""The foreground's own writer and reader of JSON say what the ``json`` module says."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arcade_otel import identity as identity_file
from arcade_otel.spans import fast_json

# Letters that are escaped, that look like JSON, that are no characters at all, and any other.
LETTERS = st.one_of(st.sampled_from('"\\/{}[]:, \x00\x1f\x7f\n\u2028\ud800é😀'), st.characters())
TEXT = st.text(LETTERS, max_size=20)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), FLOATS, TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXT, inner, max_size=4)),
)


@given(VALUES)
def test_it_writes_what_json_writes(value: Any) -> None:
    assert fast_json.dumps(value) == json.dumps(value, separators=(",", ":"), allow_nan=False)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), [float("nan")]])
def test_what_is_no_number_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="Out of range"):
        fast_json.dumps(value)


@pytest.mark.parametrize("value", [b"bytes", {1: "a"}, (1, 2), {"a": object()}])
def test_another_type_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        fast_json.dumps(value)


def by_json(data: bytes) -> tuple[str, str | None] | None:
    """Read the file by the module alone: a space before it is no JSON of ``json.dump`` and means the same."""
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
