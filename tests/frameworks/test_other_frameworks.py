"""cyclopts, cleo, cliff and asyncclick by ``instrument(app)``: one event or none, named by the command tree."""

from pathlib import Path

import pytest

from tests.frameworks.battery import run_all

CYCLOPTS = """
from cyclopts import App
def main():
    app = App(name="tool", version="1.0")
    toolkit = App(name="toolkit")
    app.command(toolkit)
    @app.command(name="build", alias="b")
    def build(n: int = 1, *, fast: bool = False):
        print("built", n)
    @app.command
    def leave():
        raise SystemExit(3)
    @app.command
    def code():
        return 4
    @toolkit.command(name="fail")
    def fail(word: str = ""):
        raise ValueError("it broke at " + word)
    instrument(app, record_option_names=True)
    app()
"""
CLEO = """
from cleo.application import Application
from cleo.commands.command import Command
from cleo.helpers import option
class Build(Command):
    name = "build"
    aliases = ["b"]
    options = [option("n", None, "", flag=False, default="1"), option("fast", "f", "")]
    def handle(self):
        self.line(f"built {self.option('n')}")
        return 0
class Leave(Command):
    name = "leave"
    def handle(self):
        return 3
class Code(Command):
    name = "code"
    def handle(self):
        return 4
class Fail(Command):
    name = "toolkit fail"
    def handle(self):
        raise ValueError("it broke at ")
def main():
    app = Application("tool", "1.0")
    for command in (Build(), Leave(), Code(), Fail()):
        app.add(command)
    instrument(app, record_option_names=True)
    app.run()
"""
CLIFF = """
import sys
from cliff.app import App
from cliff.command import Command
from cliff.commandmanager import CommandManager
class Build(Command):
    def get_parser(self, prog):
        parser = super().get_parser(prog)
        parser.add_argument("--n", type=int, default=1)
        parser.add_argument("--fast", action="store_true")
        return parser
    def take_action(self, args):
        self.app.stdout.write(f"built {args.n}\\n")
class Leave(Command):
    def take_action(self, args):
        sys.exit(3)
class Code(Command):
    def take_action(self, args):
        return None
    def run(self, args):
        return 4
class Fail(Command):
    def take_action(self, args):
        raise ValueError("it broke at ")
class Tool(App):
    NAME = "tool"
    def initialize_app(self, argv):
        pass
    def clean_up(self, cmd, result, err):
        print("cleaned up", result, err)
def main():
    manager = CommandManager("no.such.namespace")
    for name, command in (("build", Build), ("leave", Leave), ("code", Code), ("toolkit fail", Fail)):
        manager.add_command(name, command)
    manager.add_legacy_command("b", "build")
    app = Tool(description="", version="1.0", command_manager=manager)
    instrument(app, record_option_names=True)
    sys.exit(app.run(sys.argv[1:]))
"""
ASYNCCLICK = """
import asyncclick as click
class Aliases(click.Group):
    def get_command(self, ctx, name):
        return super().get_command(ctx, {"b": "build"}.get(name, name))
def main():
    @click.group(cls=Aliases)
    @click.version_option("1.0")
    async def app(): pass
    @app.command()
    @click.option("--n", type=int, default=1)
    @click.option("--fast", is_flag=True)
    async def build(n, fast):
        print("built", n)
    @app.command()
    async def leave():
        raise SystemExit(3)
    @app.command()
    @click.pass_context
    async def code(ctx):
        await ctx.aexit(4) if hasattr(ctx, "aexit") else ctx.exit(4)
    @app.group()
    async def toolkit(): pass
    @toolkit.command()
    async def fail():
        raise ValueError("it broke at ")
    instrument(app, record_option_names=True)
    app(_anyio_backend="asyncio")
"""

#: Command line, its exit code (None: the framework's own for a usage error), and the command's name (None: no event).
COMMAND_LINES: list[tuple[list[str], int | None, str | None]] = [
    (["build", "--n", "2"], 0, "build"),
    (["b", "--fast"], 0, "build"),
    (["leave"], 3, "leave"),
    (["code"], 4, "code"),
    (["toolkit", "fail"], 1, "toolkit.fail"),
    (["build", "--nosuch", "canary"], None, "build"),
    (["canary"], None, ""),
    (["--help"], 0, None),
    (["build", "--help"], 0, None),
    (["--version"], 0, None),
]


@pytest.mark.parametrize("source", [CYCLOPTS, CLEO, CLIFF, ASYNCCLICK], ids=["cyclopts", "cleo", "cliff", "asyncclick"])
def test_each_invocation_is_one_event_or_none(tmp_path: Path, source: str) -> None:
    """Named by the command tree, an alias as its command; output, errors and exit codes are those of the bare program."""
    found = run_all(tmp_path, source, [words for words, _, _ in COMMAND_LINES])
    for (words, code, name), ended in zip(COMMAND_LINES, found, strict=True):
        if code is None:
            assert ended.exit_code != 0, words
        else:
            assert ended.exit_code == code, words
        assert len(ended.spans) == (name is not None), (words, ended)
        for _, attributes in ended.spans:
            assert (attributes["command"], attributes["process.exit.code"]) == (name, ended.exit_code), words
            assert "canary" not in str(attributes)
    options = [[each["stringValue"] for each in ended.spans[0][1]["command_options"]["values"]] for ended in found[:2]]
    assert options == [["--n"], ["--fast"]]
    if source != CLIFF:  # argparse raises nothing else
        assert all(ended.spans[0][1]["error.type"] != "SystemExit" for ended in found[5:7])
    broken = found[4].spans[0][1]
    assert (broken["error.type"], broken["error.message"]) == ("ValueError", "it broke at")
