"""A program whose command ``become`` becomes another program, or tries to; its argument says how."""

import os
import shutil
import sys
import threading
import traceback
from pathlib import Path
from typing import Any
from unittest import mock

import click

import arcade_otel

SYSTEM: Any = sys.modules[os.name]
TRUE = shutil.which("true") or ""
HERE = Path(sys.argv[0]).parent
SCRIPT, TEXT, NO_INTERPRETER, NOT_EXECUTABLE = (str(HERE / name) for name in ("script", "text", "bad", "plain"))
unchecked: Any = os


def in_a_thread() -> None:
    thread = threading.Thread(target=os.execv, args=(TRUE, ["true"]))
    thread.start()
    thread.join()


def nested() -> None:
    with arcade_otel.command("inner", name="tool"):
        os.execv(TRUE, ["true"])


def of_a_child() -> None:
    os.spawnv(os.P_WAIT, TRUE, ["true"])
    sys.exit(4)


def under_a_mock() -> None:
    with mock.patch("os.execv") as mocked:
        os.execl("anything", "anything")
        with arcade_otel.command("inner", name="tool"):
            pass
        assert os.execv is mocked
    sys.exit(5)


WAYS = {
    "execv": lambda: os.execv(TRUE, ["true"]),
    "execve": lambda: os.execve(TRUE, ["true"], {}),
    "execl": lambda: os.execl(TRUE, "true"),
    "execle": lambda: os.execle(TRUE, "true", {}),
    "execlp": lambda: os.execlp("true", "true"),
    "execlpe": lambda: os.execlpe("true", "true", os.environ),
    "execvp": lambda: os.execvp("true", ["true"]),
    "execvpe": lambda: os.execvpe("true", ["true"], os.environ),
    "names": lambda: os.execve(path=TRUE, argv=["true"], env={}),
    "bytes": lambda: os.execv(os.fsencode(TRUE), (b"true",)),
    "path": lambda: unchecked.execv(Path(TRUE), [Path("true")]),
    "descriptor": lambda: os.execve(os.open(TRUE, os.O_RDONLY), ["true"], {}),
    "script": lambda: os.execv(SCRIPT, [SCRIPT]),
    "thread": in_a_thread,
    "nested": nested,
    "child": of_a_child,
    "mock": under_a_mock,
}

# Each of these raises an exception, also without telemetry.
FAILURES = {
    "missing": lambda: unchecked.execv("/no/such/program", ["program"]),
    "in no directory": lambda: unchecked.execvp("no-such-program", ["no-such-program"]),
    "directory": lambda: unchecked.execv("/", ["program"]),
    "not executable": lambda: unchecked.execv(NOT_EXECUTABLE, ["program"]),
    "no interpreter": lambda: unchecked.execv(NO_INTERPRETER, ["program"]),
    "text": lambda: unchecked.execve(TEXT, ["program"], {}),
    "no arguments": lambda: unchecked.execv(TRUE, []),
    "a text for a list": lambda: unchecked.execv(TRUE, "true"),
    "a number": lambda: unchecked.execv(TRUE, ["true", 3]),
    "NUL": lambda: unchecked.execv(TRUE, ["true", "\0"]),
    "NUL in the path": lambda: unchecked.execv("\0", ["true"]),
    "a descriptor for execv": lambda: unchecked.execv(0, ["true"]),
    "a keyword for execv": lambda: unchecked.execv(path=TRUE, argv=["true"]),
    "no variables": lambda: unchecked.execve(TRUE, ["true"], None),
    "a number in the variables": lambda: unchecked.execve(TRUE, ["true"], {"A": 3}),
    "too few": lambda: unchecked.execve(TRUE, ["true"]),
}


@click.group()
def app() -> None:
    pass


@app.command()
@click.argument("how")
def become(how: str) -> None:
    WAYS[how]()


@app.command()
def fail() -> None:
    """Print how each of them fails, and exit with 3."""
    for name, attempt in FAILURES.items():
        try:
            attempt()
        except Exception as error:
            # Python 3.10 adds the frame of a function that raises an exception again.
            frames = traceback.format_tb(error.__traceback__) if sys.version_info >= (3, 11) else []
            print(name, type(error), error, *frames)
    sys.exit(3)


@app.command()
def again() -> None:
    """Start this command line again, once, and exit with 6."""
    if "AGAIN" in os.environ:
        sys.exit(6)
    os.environ["AGAIN"] = "1"
    os.execv(sys.executable, [sys.executable, *sys.argv])


@app.command()
def environment() -> None:
    print(os.environ["TRACEPARENT"], flush=True)
    os.execvp("env", ["env"])


@app.command()
def look() -> None:
    """Print whether the two functions are the builtins while the command runs, and what Python says of them."""
    print(os.execv is SYSTEM.execv, os.execve is SYSTEM.execve, os.execve in os.supports_fd, os.execv.__name__)


arcade_otel.instrument(app, name="tool")
if sys.argv[1] == "look":
    app(standalone_mode=False)
    print(os.execv is SYSTEM.execv, os.execve is SYSTEM.execve)
else:
    app()
