"""The search finds a secret in every form and in part, and does not find a secret that is not there."""

import base64
import html
import json
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given, settings, strategies as st

from arcade_otel.testing.canaries import Canaries, Canary
from arcade_otel.testing.secret_search import found_in

FORMS: dict[str, Callable[[str], str]] = {
    "plain": lambda text: text,
    "upper case": str.upper,
    "percent-encoded": lambda text: quote(text, safe=""),
    "each byte percent-encoded": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "JSON": json.dumps,
    "JSON in JSON": lambda text: json.dumps(json.dumps(text)),
    "each character escaped": lambda text: "".join(f"\\u{ord(letter):04X}" for letter in text),
    "percent-encoded in JSON": lambda text: json.dumps({"a": quote(text, safe="/:")}),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64, second place": lambda text: base64.b64encode(b"!" + text.encode() + b"?").decode(),
    "base64, third place": lambda text: base64.b64encode(b"??" + text.encode() + b"!!").decode(),
    "base64 for addresses": lambda text: base64.urlsafe_b64encode(b"~~" + text.encode() + b"~").decode(),
    "HTML": lambda text: "".join(f"&#{ord(letter)};" for letter in text),
    "lines made one": lambda text: " ".join(text.split()),
    "hex": lambda text: text.encode().hex().upper(),
    "its first half": lambda text: text[: max(14, len(text) // 2)],
    "its second half": lambda text: text[-max(14, len(text) // 2) :],
}
SEEDS = st.integers(0, 2**32)


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=20, derandomize=True, deadline=None)
@given(seed=SEEDS, before=st.text(max_size=30), after=st.text(max_size=30))
def test_a_secret_is_found_in_every_form(form: str, seed: int, before: str, after: str) -> None:
    """The secret is in the middle of any text."""
    for canary in Canaries(seed):
        for secret in canary.secrets:
            data = f"{before} {FORMS[form](secret)} {after}".encode("utf-8", "replace")
            assert found_in(data, canary), (form, secret)


@settings(max_examples=50, derandomize=True, deadline=None)
@given(SEEDS, st.integers(0, 2**32))
def test_a_secret_is_not_found_where_another_one_stands(one: int, other: int) -> None:
    """The other secret is not found in any form."""
    there = [canary for canary in Canaries(one) if canary.kind != "jwt"]  # all tokens of a kind begin alike
    data = json.dumps([[form(canary) for form in FORMS.values()] for canary in there]).encode()
    if one != other:
        assert [canary for canary in Canaries(f"other {other}") if canary.kind != "jwt" and found_in(data, canary)] == []


def test_unicode_and_odd_characters_are_found_too() -> None:
    """The secrets are a password with all kinds of characters, and a name that is not ASCII."""
    for text in ('p"ß\\w/ö rd%25', "José Müller 🙂", "🙂 & 🙂", "C:\\Users\\Jane Doe"):
        for make in (json.dumps, lambda word: json.dumps(word, ensure_ascii=False), quote, lambda word: quote(json.dumps(word))):
            assert found_in(b"x=" + make(text).encode(), text), (text, make(text))
        assert found_in(html.escape(text).encode(), text)
        assert found_in(base64.b64encode(text.encode()), text)
    assert found_in(base64.urlsafe_b64encode(b"???>>>???>>>"), "???>>>???>>>")


def test_of_a_canary_only_the_secret_parts_count() -> None:
    """The host of an address may be sent, because a maintainer needs it."""
    canary = Canary("https://bob:hunter22@host.example/x", "password_url", ("hunter22",))
    assert canary == "https://bob:hunter22@host.example/x"
    assert found_in(b"cannot reach https://host.example", canary) is None
    assert found_in(b"cannot reach https://bob:HUNTER22@host.example", canary) == (
        "plain: …cannot reach https://bob:hunter22@host.example…"
    )


def test_canaries_are_the_same_for_a_seed_and_others_for_another() -> None:
    """A failure can be repeated, and parallel tests do not find each other's canaries."""
    assert list(Canaries("a")) == list(Canaries("a"))
    ours, theirs = set(Canaries("a")), set(Canaries("b"))
    assert len(ours) == len(Canaries("a"))
    assert not ours & theirs
