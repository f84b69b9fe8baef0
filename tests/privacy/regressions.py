"""Leaks that the scenarios have found and that were fixed, each with its shortest example."""

import shlex
from typing import NamedTuple

__all__ = ["MENDED", "Leak"]


class Leak(NamedTuple):
    """A leak: a message, the words on the command line, and which of them were recorded."""

    name: str
    message: str
    secret: str
    arguments: tuple[str, ...] = ()


_MARKED = "a word that is replaced ends what it stands in"
_SHELL = "]hxcyzcxm';^"
_PEM = "-----BEGIN PRIVATE KEY-----\naaaa/bbbbbbb\n-----END PRIVATE KEY-----"

MENDED: list[Leak] = [
    Leak(
        "an e-mail address, percent-encoded outside of an address",
        "bad body: mail=jane.roe%40corp.example",
        "jane.roe",
    ),
    Leak(
        "a path, percent-encoded outside of an address",
        "bad body: file=%2Fhome%2Fjane%20roe%2Fnotes.txt",
        "/home/jane roe/notes.txt",
    ),
    Leak(
        "a password in an address, percent-encoded",
        "bad body: value=amqp%3A%2F%2Fadmin%3Aopensesame%40db.example.com",
        "opensesame",
    ),
    Leak(
        "the company of an e-mail address after 'token' or 'Bearer'",
        "no access with token jane.roe@acme-corporation.example",
        "acme-corporation",
    ),
    Leak(
        "an IPv6 address before a colon",
        "2001:db8:fed2:5753:3593:ccba:9647:29bd: no such host",
        "2001:db8:fed2:5753:3593:ccba:9647:29bd",
    ),
    Leak(
        "a typed value as HTML writes it",
        "bad page: <b>rock&amp;rollers</b>",
        "rock&rollers",
        ("rock&rollers",),
    ),
    Leak(
        "a typed value as a shell quotes it",
        f"sh -c 'echo {shlex.quote(_SHELL)}'",
        "hxcyzcxm",
        (_SHELL,),
    ),
    Leak(
        "a short typed value in base64",
        "cannot decode dHVmaGZyb3g=",
        "tufhfrox",
        ("tufhfrox",),
    ),
    Leak(
        "a typed word that is not ASCII, percent-encoded",
        "bad body: name=Jos%C3%A9rodriguez",
        "rodriguez",
        ("Josérodriguez",),
    ),
    Leak(
        "a key block, where the command line holds '--'",
        _PEM,
        "aaaa/bbbbbbb",
        ("--",),
    ),
    Leak(
        f"{_MARKED}: the query of an address",
        "GET https://api.example.com/?a=run&q=jane-roe-of-acme",
        "jane-roe-of-acme",
        ("run",),
    ),
    Leak(
        "a typed value as JSON writes it with its own letters",
        'bad body: \\"a\\" ñandubay',
        "ñandubay",
        ('"a" ñandubay',),
    ),
    Leak(
        "a typed value as ASCII",
        "bad value: \\xf1andubay!",
        "andubay",
        ("ñandubay!",),
    ),
    Leak(
        "a key block of which a line was typed",
        _PEM,
        "aaaa/bbbbbbb",
        ("-----BEGIN PRIVATE KEY-----\nothers",),
    ),
    Leak(
        "a password in an address of which the rest was typed",
        "[amqp://admin:opensesame@db.example.com:5432/main]",
        "opensesame",
        ("=@db.example.com:5432/main",),
    ),
    Leak(
        "a short address in base64",
        "cannot decode MTA2LjI2Ljk0LjI2",
        "MTA2LjI2Ljk0LjI2",
    ),
]
