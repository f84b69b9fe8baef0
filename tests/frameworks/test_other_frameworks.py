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


META = """
import asyncio
from cyclopts import App, Parameter
from typing import Annotated
def main():
    app = App(name="tool", version="1.0")
    sub = App(name="sub")
    app.command(sub)
    @sub.command(name=["first", "f"])
    async def first(n: int = 1):
        if n == 5:
            app(["other"])
        if n == 6:
            raise ValueError("async and broken")
        print("first", n)
    @app.command
    def other():
        print("other")
    @app.meta.default
    def meta(*tokens: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)], user: str = "nobody"):
        if user == "canary":
            raise RuntimeError("not for " + user)
        return app(tokens)
    instrument(app)
    if sys.argv[1:2] == ["async"]:
        asyncio.run(app.run_async(sys.argv[2:]))
    elif sys.argv[1:2] == ["plain"]:
        app(sys.argv[2:], exit_on_error=False, print_error=False)
    else:
        app.meta()
import sys
"""


def test_a_cyclopts_program_may_have_a_meta_app_run_asynchronously_and_call_itself(tmp_path: Path) -> None:
    """One event each, in whichever way the app is started."""
    cases: list[tuple[list[str], str | None]] = [
        (["sub", "f"], "sub.first"),
        (["--user", "me", "sub", "f", "6"], "sub.first"),
        (["--user", "canary", "sub", "first"], "sub.first"),
        (["sub", "nosuch"], "sub"),
        (["--help"], None),
        ([], None),
        (["async", "sub", "first"], "sub.first"),
        (["async", "sub", "first", "6"], "sub.first"),
        (["plain", "other"], "other"),
        (["plain", "sub", "first", "5"], "sub.first"),
        (["plain", "nosuch"], ""),
    ]
    found = run_all(tmp_path, META, [words for words, _ in cases])
    assert [[attributes["command"] for _, attributes in ended.spans] for ended in found] == [
        [] if name is None else [name] for _, name in cases
    ]
    assert "canary" not in str(found[2].spans)


SINGLE_AND_NESTED = """
import sys
from cleo.application import Application
from cleo.commands.command import Command
from cleo.helpers import argument
class Only(Command):
    name = "only"
    arguments = [argument("word", optional=True)]
    def handle(self):
        if self.argument("word") == "raise":
            raise KeyError("broken")
        if self.argument("word") == "interrupt":
            raise KeyboardInterrupt
        if self.argument("word") == "call":
            return self.call("second")
        self.line("only")
        return 0
class Second(Command):
    name = "second"
    def handle(self):
        self.line("second")
        return 0
def main():
    app = Application("tool", "1.0")
    app.add(Only())
    app.add(Second())
    app.auto_exits(False)
    if sys.argv[1:2] == ["raises"]:
        del sys.argv[1]
        app.catch_exceptions(False)
    instrument(app)
    print("returned", app.run())
"""


def test_a_cleo_application_may_return_raise_and_call_its_commands(tmp_path: Path) -> None:
    """One event each; a bare program shows its commands, which is no command."""
    cases: list[tuple[list[str], list[tuple[str, int]]]] = [
        (["only"], [("only", 0)]),
        (["only", "raise"], [("only", 1)]),
        (["raises", "only", "raise"], [("only", 1)]),
        (["raises", "nosuch"], [("", 1)]),
        (["only", "interrupt"], [("only", 1)]),
        (["only", "call"], [("only", 0)]),
        ([], []),
        (["help", "only"], []),
        (["list"], []),
    ]
    found = run_all(tmp_path, SINGLE_AND_NESTED, [words for words, _ in cases])
    assert [[(attributes["command"], attributes["process.exit.code"]) for _, attributes in ended.spans] for ended in found] == [
        expected for _, expected in cases
    ]


def test_a_cliff_program_is_named_by_what_the_manager_knows(tmp_path: Path) -> None:
    """Also where the user abbreviates, and with ``--debug``, which prints tracebacks."""
    cases = [
        (["tool", "fail"], "toolkit.fail"),
        (["buil"], "build"),
        (["--debug", "toolkit", "fail"], "toolkit.fail"),
        (["--debug", "nosuch"], ""),
        (["help"], None),
        (["help", "build"], None),
        (["complete"], None),
        (["build", "--n", "many"], "build"),
    ]
    found = run_all(tmp_path, CLIFF, [words for words, _ in cases])
    assert [[attributes["command"] for _, attributes in ended.spans] for ended in found] == [
        [] if name is None else [name] for _, name in cases
    ]


@pytest.mark.parametrize("source", [CYCLOPTS, CLEO, CLIFF, ASYNCCLICK], ids=["cyclopts", "cleo", "cliff", "asyncclick"])
def test_an_uninstrumented_app_is_recorded_no_more(tmp_path: Path, source: str) -> None:
    """And works as before; instrumenting twice is instrumenting once."""
    line = "    instrument(app, record_option_names=True)\n"
    undone = line * 2 + "    if os.environ.get('OUT') and sys.argv[1] == 'leave':\n        arcade_otel.uninstrument(app)\n"
    before = "import sys\nif os.environ.get('OUT'):\n    import arcade_otel\n"
    found = run_all(tmp_path, before + source.replace(line, undone), [["leave"], ["build"], ["leave"]])
    assert [len(ended.spans) for ended in found] == [0, 1, 0]
