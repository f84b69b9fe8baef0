"""A program with one command for each way to end that the table of outcomes names."""

import signal
import sys
from collections.abc import Callable

import typer

import arcade_otel

app = typer.Typer()


def refuse() -> None:
    raise typer.BadParameter("no")


def abort() -> None:
    raise typer.Abort


def exit_with(code: int) -> None:
    raise typer.Exit(code)


WAYS: dict[str, Callable[[], object]] = {
    "returns": lambda: None,
    "sys-exit-0": lambda: sys.exit(0),
    "exit-0": lambda: exit_with(0),
    "bad-parameter": refuse,
    "ctrl-c": lambda: signal.raise_signal(signal.SIGINT),
    "abort": abort,
    "declines": lambda: typer.confirm("Sure?", abort=True),
    "sys-exit-3": lambda: sys.exit(3),
    "exit-3": lambda: exit_with(3),
    "exception": lambda: 1 / 0,
    "message": lambda: sys.exit("message"),
}


def add(name: str, way: Callable[[], object]) -> None:
    @app.command(name)
    def command() -> None:
        way()


for each, end in WAYS.items():
    add(each, end)
arcade_otel.instrument(app, name="tool")
app()
