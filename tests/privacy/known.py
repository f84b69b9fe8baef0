"""Leaks that are known and not mended yet: each with its shortest example, and what the scenarios leave out because of it."""

import html
import shlex
from collections.abc import Callable
from typing import NamedTuple

from tests.privacy.planted import Scenario, Telling

__all__ = ["KNOWN", "Leak", "is_unknown"]


class Leak(NamedTuple):
    """A leak: a message, the words on the command line, and what of them is told; ``like`` tells a telling that is like it."""

    name: str
    message: str
    secret: str
    like: Callable[[Telling, Scenario], bool]
    arguments: tuple[str, ...] = ()


def _found(telling: Telling) -> bool:
    """Tell whether nothing but its shape tells the secret: it was neither typed nor set."""
    return telling.told_from in ("file", "folder")


#: Base64 of fewer bytes does not look random.
_SHORT = 16
_MARKED = "a word that is replaced ends what it stands in"
_SHELL = "]hxcyzcxm';^"
_PEM = "-----BEGIN PRIVATE KEY-----\naaaa/bbbbbbb\n-----END PRIVATE KEY-----"

KNOWN: list[Leak] = [
    Leak(
        "an e-mail address, percent-encoded outside of an address",
        "bad body: mail=jane.roe%40corp.example",
        "jane.roe",
        lambda telling, _: telling.quoted == "percent-encoded" and _found(telling),
    ),
    Leak(
        "a path, percent-encoded outside of an address",
        "bad body: file=%2Fhome%2Fjane%20roe%2Fnotes.txt",
        "/home/jane roe/notes.txt",
        lambda telling, _: telling.quoted == "percent-encoded" and _found(telling),
    ),
    Leak(
        "a password in an address, percent-encoded",
        "bad body: value=amqp%3A%2F%2Fadmin%3Aopensesame%40db.example.com",
        "opensesame",
        lambda telling, _: telling.quoted == "percent-encoded" and _found(telling),
    ),
    Leak(
        "the company of an e-mail address after 'token' or 'Bearer'",
        "no access with token jane.roe@acme-corporation.example",
        "acme-corporation",
        lambda telling, _: (
            telling.canary.kind == "email" and _found(telling) and (telling.quoted == "in a header" or "token" in telling.frame)
        ),
    ),
    Leak(
        "an IPv6 address before a colon",
        "2001:db8:fed2:5753:3593:ccba:9647:29bd: no such host",
        "2001:db8:fed2:5753:3593:ccba:9647:29bd",
        lambda telling, _: telling.canary.kind == "ipv6" and _found(telling) and f"{telling.canary}:" in telling.text,
    ),
    Leak(
        "a typed value as HTML writes it",
        "bad page: <b>rock&amp;rollers</b>",
        "rock&rollers",
        lambda telling, _: telling.quoted == "by HTML" and html.escape(telling.canary) != telling.canary,
        ("rock&rollers",),
    ),
    Leak(
        "a typed value as a shell quotes it",
        f"sh -c 'echo {shlex.quote(_SHELL)}'",
        "hxcyzcxm",
        lambda telling, _: telling.quoted == "by a shell" and "'" in telling.canary,
        (_SHELL,),
    ),
    Leak(
        "a short typed value in base64",
        "cannot decode dHVmaGZyb3g=",
        "tufhfrox",
        lambda telling, _: telling.quoted == "in base64 alone" and len(telling.canary.encode()) < _SHORT,
        ("tufhfrox",),
    ),
    Leak(
        "a typed word that is not ASCII, percent-encoded",
        "bad body: name=Jos%C3%A9rodriguez",
        "rodriguez",
        lambda telling, _: telling.canary.isalnum() and not telling.canary.isascii(),
        ("Josérodriguez",),
    ),
    Leak(
        "a key block, where the command line holds '--'",
        _PEM,
        "aaaa/bbbbbbb",
        lambda telling, scenario: (
            telling.canary.kind == "pem" and _found(telling) and any("--" in word for word in scenario.argv)
        ),
        ("--",),
    ),
    Leak(
        f"{_MARKED}: the query of an address",
        "GET https://api.example.com/?a=run&q=jane-roe-of-acme",
        "jane-roe-of-acme",
        lambda telling, scenario: False,  # so rare that no scenario meets it
        ("run",),
    ),
]


def is_unknown(scenario: Scenario) -> bool:
    """Tell whether a scenario is like none of these."""
    return not any(leak.like(telling, scenario) for leak in KNOWN for telling in scenario.tellings)
