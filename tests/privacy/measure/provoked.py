"""Two hundred real exceptions about something that was typed, prompted for or set, and which of them reveal it.

A Click program is run in this process as it would run in its own, except that no sender is started. Each of 23 ways to fail is
combined with each of nine ways in which a value gets into a message.
"""

import base64
import codecs
import configparser
import contextlib
import enum
import http.client
import importlib
import importlib.metadata
import io
import ipaddress
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import zoneinfo
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, NamedTuple
from unittest import mock
from urllib.parse import quote

import click
import pydantic
import yaml

import arcade_otel
from arcade_otel import handoff

__all__ = ["Provoked", "provoke"]


class Provoked(NamedTuple):
    """One exception: how it was raised, how the value got into it, what was recorded, and which words of the value were."""

    failure: str
    way: str
    message: str
    told: tuple[str, ...]


class _Transport(enum.Enum):
    STDIO = "stdio"


class _Worker(pydantic.BaseModel):
    port: int


def _raise(error: BaseException) -> None:
    raise error


def _select(text: str) -> None:
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        database.execute(f'select * from "{text}"')  # noqa: S608 - it fails


def _column(text: str) -> None:
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        database.execute(f"select [{text}]")


FAILURES: dict[str, Callable[[str], Any]] = {
    "a sentence": lambda text: _raise(ValueError(f"there is no toolkit called {text} in the catalog")),
    "an answer": lambda text: _raise(RuntimeError(f"the server said: {text} is suspended")),
    "a pair": lambda text: _raise(RuntimeError(f"invalid setting region={text}, see the documentation")),
    "a usage error": lambda text: _raise(click.UsageError(f"{text}: no such worker")),
    "int": int,
    "float": float,
    "a missing key": lambda text: {"stdio": 1}[text],
    "an enumeration": _Transport,
    "a missing file": open,
    "a missing directory": os.listdir,
    "a program that fails": lambda text: subprocess.run(["false", text], check=True),
    "a program that is missing": lambda text: subprocess.run([text], check=True),
    "a module": importlib.import_module,
    "a distribution": importlib.metadata.version,
    "a table": _select,
    "a column": _column,
    "a codec": codecs.lookup,
    "an IP address": ipaddress.ip_address,
    "YAML": lambda text: yaml.safe_load(f"first: 1\nsecond: [{text}\nthird: }}"),
    "a configuration": lambda text: configparser.ConfigParser().read_string(f"{text}\n"),
    "pydantic": lambda text: _Worker(port=text),  # type: ignore[arg-type]
    "a time zone": zoneinfo.ZoneInfo,
    "a port": lambda text: http.client.HTTPConnection(f"localhost:{text}"),
}


class Value(NamedTuple):
    """A value that a user gives, its spelling in the text that fails, and the part that must not be recorded."""

    given: str
    spelled: str
    secrets: tuple[str, ...]


def _word(chance: Random) -> str:
    pairs = [consonant + vowel for consonant in "bdfghjklmnpqrtvwxz" for vowel in "aeiou"]
    return "".join(chance.choices(pairs, k=4))


def _pascal(first: str, last: str) -> str:
    return first.title() + last.title()


def _encoded(number: int, text: str) -> str:
    return text.encode().hex() if number % 2 else base64.b64encode(text.encode()).decode()


WAYS: dict[str, Callable[[str, str, int], Value]] = {
    "typed": lambda a, b, _: Value(f"{a}-{b}", f"{a}-{b}", (a, b)),
    "prompted": lambda a, b, _: Value(f"{a}-{b}", f"{a}-{b}", (a, b)),
    "environment": lambda a, b, _: Value(f"{a}-{b}", f"{a}-{b}", (a, b)),
    "part": lambda a, b, n: Value(f"{a}{':.@='[n % 4]}{b}", b, (b,)),
    "joined": lambda a, b, n: Value(f"{a}-{b}", (f"{a}_{b}", _pascal(a, b), a + b)[n % 3], (a, b)),
    "case": lambda a, b, n: Value(f"{a}-{b}", (f"{a}-{b}".upper(), f"{a} {b}".title())[n % 2], (a, b)),
    "plural": lambda a, b, _: Value(a, f"{a}s", (a,)),
    "URL-encoded": lambda a, b, _: Value(f"{a}/ü {b}", quote(f"{a}/ü {b}", safe=""), (a, b)),
    "hex or base64": lambda a, b, n: Value(f"{a}-{b}", _encoded(n, f"{a}-{b}"), (_encoded(n, f"{a}-{b}")[:12],)),
}


class _Swapping(click.Group):
    """A group that lists a placeholder and runs another command, as groups do that load their commands late."""

    def resolve_command(self, context: click.Context, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(context, args)
        assert command is not None
        return name, click.Command(name, params=command.params, callback=command.callback), rest


def _app(failure: Callable[[str], Any], value: Value, group: type[click.Group]) -> click.Group:
    app = group("tool")

    @app.command()
    @click.argument("names", nargs=-1)
    def run(names: tuple[str, ...]) -> None:
        failure(value.spelled)

    @app.command()
    @click.option("--name", prompt=True)
    def ask(name: str) -> None:
        failure(value.spelled)

    @app.command()
    def question() -> None:
        name = click.prompt("Name")
        if name:
            failure(value.spelled)

    @app.command()
    def line() -> None:
        name = input("Name: ")
        if name:
            failure(value.spelled)

    return app


def _message(app: click.Group, arguments: list[str], answer: str, environ: dict[str, str]) -> str:
    """Return the message of the span that the program makes."""
    spans: list[str] = []
    with (
        tempfile.TemporaryDirectory() as directory,
        mock.patch.dict(os.environ, {**environ, "ARCADE_WORK_DIR": directory, "ARCADE_USAGE_TRACKING": "1"}),
        mock.patch.object(sys, "argv", ["tool", *arguments]),
        mock.patch.object(sys, "stdin", io.StringIO(f"{answer}\n")),
        mock.patch.object(sys, "stdout", io.StringIO()),
        mock.patch.object(sys, "stderr", io.StringIO()),
        mock.patch.object(handoff, "submit", lambda payload, *_, **__: spans.append(payload)),
    ):
        arcade_otel.instrument(app, name="tool", version="1", posthog_api_key="phc_measure")
        with contextlib.suppress(Exception, SystemExit):
            app(standalone_mode=True)
    (span,) = json.loads(spans[0])["resourceSpans"][0]["scopeSpans"][0]["spans"]
    told = {each["key"]: each["value"].get("stringValue", "") for each in span["attributes"]}
    return str(told.get("error.message", ""))


def provoke(*, every: int = 1) -> Iterator[Provoked]:
    """Run each program, or one in ``every`` programs, and yield what is recorded of its exception."""
    chance = Random("provoked")  # noqa: S311 - the same each time
    for place, (way, make) in enumerate(WAYS.items()):
        for number, (name, failure) in enumerate(FAILURES.items()):
            value = make(_word(chance), _word(chance), number)
            if (place + number) % every:
                continue
            arguments, environ, answer = ["run", value.given], {}, ""
            if way == "prompted":
                arguments, answer = [("ask", "question", "line", "ask")[number % 4]], value.given
            elif way == "environment":
                arguments, environ = ["run"], {"WORKSPACE": value.given}
            group = _Swapping if number % 4 == 3 else click.Group
            message = _message(_app(failure, value, group), arguments, answer, environ)
            told = tuple(secret for secret in value.secrets if secret.lower() in message.lower())
            yield Provoked(name, way, message, told)
