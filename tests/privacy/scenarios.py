"""The programs of these tests. A specification says what they read, what they ask for, and how they end."""

import builtins
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import arcade_otel
from tests.support.programs import read_program

__all__ = ["PROGRAMS", "act", "declarations"]

#: The programs; ``spec`` is there when they are run, and holds nothing that argv, the environment or a file does not.
PROGRAMS = {
    "typer": read_program("privacy/typer"),
    "click": read_program("privacy/click"),
    "plain": read_program("privacy/plain"),
}


def declarations(spec: dict[str, Any]) -> dict[str, Any]:
    """Return what each program declares: free texts of the command and of an event, which quote the canaries."""
    text = arcade_otel.FreeText(reason="shows what the scenario says")
    return {
        "properties": {"note": text, "last_note": text},
        "property_values": lambda: {"last_note": spec.get("said")},
        "events": {"acted": {"count": int, "word": ["yes"], "note": text}},
    }


class _Odd:
    def __init__(self, told: str) -> None:
        self._told = told

    def __repr__(self) -> str:
        return f"<Odd {self._told}>"


class _MessageError(Exception):
    def __init__(self, message: str) -> None:
        super().__init__("there is a message")
        self.message = message


class _BrokenError(Exception):
    def __str__(self) -> str:
        raise ValueError(*self.args)


def act(spec: dict[str, Any]) -> None:
    """Read the configuration as any program would, set free texts, and then end as ``spec`` says."""
    for name in spec["files"]:
        Path(name).read_text()
    spec["said"] = spec["text"]
    arcade_otel.set_property("note", spec["text"])
    arcade_otel.track("acted", {"note": spec["text"]})
    ending = spec["ending"]
    if ending != "success":
        _end(ending, spec["text"], spec["canary"])


def _end(ending: str, text: str, canary: str) -> None:
    import click
    import typer

    if ending == "exit text":
        sys.exit(text)
    if ending == "exit object":
        sys.exit({"reason": text})  # type: ignore[arg-type]
    if ending == "exit 3":
        raise typer.Exit(3)
    if ending == "interrupt":
        raise KeyboardInterrupt(text)
    if ending == "abort":
        raise click.Abort(text)
    error = ValueError("it did not work")
    if ending == "cause":
        raise error from ValueError(text)
    if ending == "context":
        try:
            int(text + ".")
        except ValueError:
            raise error  # noqa: B904 - what is tested
    if ending == "note":
        getattr(error, "add_note", lambda _: None)(text)  # Python 3.11
        raise error
    if ending == "group":
        raise getattr(builtins, "ExceptionGroup", ValueError)("several things failed", [ValueError(text)])
    errors: dict[str, Callable[[], Exception]] = {
        "error": lambda: ValueError(text),
        "runtime": lambda: RuntimeError(f"{text}\n  at line 3\n"),
        "several arguments": lambda: ValueError("it did not work", text, 3),
        "odd argument": lambda: ValueError(_Odd(text)),
        "nested argument": lambda: ValueError({"settings": [text, {"key": canary}]}),
        "bytes argument": lambda: ValueError(text.encode("utf-8", "replace")),
        "key": lambda: KeyError(canary),
        "message": lambda: _MessageError(text),
        "broken": lambda: _BrokenError(text),
        "file": lambda: FileNotFoundError(2, os.strerror(2), canary),
        "two files": lambda: OSError(18, os.strerror(18), canary, None, canary + ".new"),
        "called process": lambda: subprocess.CalledProcessError(1, ["psql", "--password", canary]),
        "timed out process": lambda: subprocess.TimeoutExpired(f"psql {text}", 3),
        "not text": lambda: UnicodeDecodeError("utf-8", canary.encode("utf-8", "replace") + b"\xff", 0, 1, text),
        "click": lambda: click.ClickException(text),
        "click usage": lambda: click.UsageError(text),
        "bad parameter": lambda: typer.BadParameter(text),
    }
    raise errors[ending]()  # noqa: RSE102 - it is called to make one
