"""Programs that change how Click finds commands run as they do without us, and are recorded under the names that they define."""

from pathlib import Path

import pytest

from tests.frameworks.recording import run

LAZY = """
import click
calls = []

@click.command()
def cli():
    print("leaf")

@click.group(name="inner")
def bar(): pass

@bar.command()
def baz(): print("baz")

class LazyGroup(click.Group):
    def __init__(self, *args, lazy_subcommands=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.lazy_subcommands = lazy_subcommands or {}
    def list_commands(self, ctx):
        calls.append("list")
        return super().list_commands(ctx) + sorted(self.lazy_subcommands)
    def get_command(self, ctx, name):
        calls.append("get")
        if name in self.lazy_subcommands:
            return self.lazy_subcommands[name]()
        return super().get_command(ctx, name)

@click.group(cls=LazyGroup, lazy_subcommands={"foo": lambda: cli, "bar": lambda: bar})
def app(): pass
instrument(app)
try:
    app()
finally:
    print(calls)
"""
ANY_WORD = """
import click
class AnyWord(click.Group):
    def get_command(self, ctx, name):
        command = click.Command(name, callback=lambda: print("ran"))
        self.add_command(command)
        return command
@click.group(cls=AnyWord)
def app(): pass
instrument(app)
app()
"""
STRINGS = """
import click
class Strings(click.Group):
    def get_command(self, ctx, name):
        found = super().get_command(ctx, name)
        return real if isinstance(found, str) else found
    def list_commands(self, ctx):
        return list(self.commands)
@click.command()
@click.option("--token", prompt=True)
def real(token):
    raise ValueError(f"bad token {token}")
app = Strings("app", commands={})
app.commands["logout"] = "package.module:real"
instrument(app)
app()
"""
MAKE_CONTEXT = """
import click
class Late(click.Command):
    def make_context(self, *args, **kwargs):
        super().make_context(*args, **kwargs)
        raise click.ClickException("after the parsing")
app = Late("app", callback=lambda: None)
other = click.Command("other", callback=lambda: print("other"))
instrument(app)
instrument(other)
try:
    app(standalone_mode=False)
except click.ClickException as error:
    print(error.message)
other()
"""


@pytest.mark.parametrize(("arguments", "command"), [(["foo"], "foo"), (["bar", "baz"], "bar.baz")])
def test_clicks_documented_lazy_group_is_recorded_by_registered_names(tmp_path: Path, arguments: list[str], command: str) -> None:
    """Not by the function's name; and ``get_command`` is called as often as without us."""
    ended = run(tmp_path, LAZY, *arguments)
    ((_, attributes),) = ended.spans
    assert attributes["command"] == command
    assert b"['get']" in ended.stdout


def test_a_command_made_of_any_word_is_recorded_under_its_group(tmp_path: Path) -> None:
    """What a user typed never becomes a name, even where the group keeps what it made."""
    ((_, attributes),) = run(tmp_path, ANY_WORD, "secretword").spans
    assert "secretword" not in str(attributes)
    assert attributes["command"] == "tool"


def test_a_placeholder_that_is_swapped_is_recorded_by_its_name_and_prompted_values_do_not_leak(tmp_path: Path) -> None:
    """A mapping of strings in place of commands crashes nothing; the command that really ran is followed."""
    ended = run(tmp_path, STRINGS, "logout", "--token", "quokkazanzibar")
    ((_, attributes),) = ended.spans
    assert (attributes["command"], attributes["process.exit.code"]) == ("logout", 1)
    assert "quokkazanzibar" not in attributes["error.message"]


def test_an_error_after_the_parsing_is_recorded_and_the_next_run_too(tmp_path: Path) -> None:
    """An overridden ``make_context`` may raise where no context sees it."""
    first, second = run(tmp_path, MAKE_CONTEXT).spans
    assert (first[1]["process.exit.code"], second[1]["process.exit.code"]) == (1, 0)
