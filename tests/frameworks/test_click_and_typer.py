"""Each command is one span, however it ends, and everything else is the same as without this library."""

from pathlib import Path
from typing import Any

import pytest

from tests.frameworks.recording import run
from tests.support.programs import read_program

TYPER = read_program("frameworks/typer_cli")

CLICK = read_program("frameworks/click_cli")

#: Arguments, the command that is recorded, its exit code and the type of its error.
CASES: list[tuple[str, str, int, str | None]] = [
    ("toolkit run", "toolkit.run", 0, None),
    ("toolkit run --count 3", "toolkit.run", 0, None),
    ("toolkit list", "toolkit.list", 1, "ValueError"),
    ("leave", "leave", 0, None),
    ("leave --code 3", "leave", 3, "Exit"),
    ("exits --what text", "exits", 1, "SystemExit"),
    ("exits --what none", "exits", 0, None),
    ("exits --what zero", "exits", 0, None),
    ("exits --what seven", "exits", 7, "SystemExit"),
    ("abort", "abort", 1, "Abort"),
    ("pipe", "pipe", 1, "BrokenPipeError"),
    ("needs", "needs", 2, "MissingParameter"),
    ("toolkit run --count x", "toolkit.run", 2, "BadParameter"),
    ("toolkit run --s3cr3t", "toolkit.run", 2, "NoSuchOption"),
    ("toolkit s3cr3t", "toolkit", 2, "UsageError"),
    ("s3cr3t", "", 2, "UsageError"),
    ("--s3cr3t", "", 2, "NoSuchOption"),
]
NO_COMMANDS = ["--help", "toolkit --help", "toolkit run --help", "--version"]


@pytest.mark.parametrize("source", [TYPER, CLICK], ids=["typer", "click"])
@pytest.mark.parametrize(("arguments", "command", "exit_code", "error_type"), CASES, ids=[case[0] for case in CASES])
def test_every_end_of_a_command_is_one_span(
    tmp_path: Path, source: str, arguments: str, command: str, exit_code: int, error_type: str | None
) -> None:
    """The span is named by the part of the tree that was reached, and has the exit code that the shell sees.

    The output is the same as without this library.
    """
    ended = run(tmp_path, source, *arguments.split())
    ((name, attributes),) = ended.spans
    assert name == f"tool {command.replace('.', ' ')}".strip()
    assert attributes["command"] == command
    assert (attributes["process.exit.code"], ended.exit_code) == (exit_code, exit_code)
    assert attributes.get("error.type") in (error_type, _newer(error_type))
    assert ("error.message" in attributes) <= (exit_code != 0)
    assert "s3cr3t" not in str(ended.spans)


def _newer(error_type: str | None) -> str | None:
    """Click 8.2 and Typer's copy of it have a separate class for an unknown command."""
    return "NoSuchCommand" if error_type == "UsageError" else error_type


@pytest.mark.parametrize(("source", "exit_code"), [(TYPER, 130), (CLICK, 1)], ids=["typer", "click"])
def test_ctrl_c_has_the_exit_code_of_the_framework(tmp_path: Path, source: str, exit_code: int) -> None:
    """Typer exits with 130, Click aborts with 1."""
    ended = run(tmp_path, source, "interrupt")
    ((_, attributes),) = ended.spans
    assert (attributes["command"], attributes["process.exit.code"]) == ("interrupt", ended.exit_code)
    assert attributes["error.type"] == "KeyboardInterrupt"
    assert ended.exit_code == exit_code


@pytest.mark.parametrize("source", [TYPER, CLICK], ids=["typer", "click"])
@pytest.mark.parametrize("arguments", NO_COMMANDS)
def test_help_and_version_are_no_commands(tmp_path: Path, source: str, arguments: str) -> None:
    """A user who only looks around leaves no event."""
    assert run(tmp_path, source, *arguments.split()).spans == []


@pytest.mark.parametrize("source", [TYPER, CLICK], ids=["typer", "click"])
def test_completion_is_no_command(tmp_path: Path, source: str) -> None:
    """The shell asks for completions at every press of the tab key."""
    asked = {
        "_TOOL_PY_COMPLETE": "bash_complete",  # Click's name of the variable
        "_TOOL.PY_COMPLETE": "complete_bash",  # Typer's
        "COMP_WORDS": "tool toolkit r",
        "COMP_CWORD": "2",
        "_TYPER_COMPLETE_ARGS": "tool toolkit r",
    }
    ended = run(tmp_path, source, environ=asked)
    assert b"run" in ended.stdout
    assert ended.spans == []


@pytest.mark.parametrize("source", [TYPER, CLICK], ids=["typer", "click"])
def test_on_a_terminal_too_nothing_differs(tmp_path: Path, source: str) -> None:
    """Colours, boxes and tracebacks are the same."""
    for arguments in (("toolkit", "list"), ("needs",), ("--help",)):
        run(tmp_path, source, *arguments, terminal=True)


@pytest.mark.parametrize("source", [TYPER, CLICK], ids=["typer", "click"])
def test_the_attributes_of_a_span(tmp_path: Path, source: str) -> None:
    """The span has exactly these names and types."""
    ((_, attributes),) = run(tmp_path, source, "toolkit", "run", "--count", "3").spans
    kinds: dict[str, type] = {
        "command": str,
        "duration": float,
        "process.executable.name": str,
        "process.pid": int,
        "process.exit.code": int,
        "process.interactive": bool,
        "outcome": str,
        "is_ci": bool,
        "distinct_id": str,
        "is_anon": bool,
    }
    assert {key: type(value) for key, value in attributes.items()} == kinds
    assert attributes["process.executable.name"] == "tool"
    assert 0 < attributes["duration"] < 60_000


SHAPES: dict[str, tuple[str, list[str], list[str]]] = {
    "typer, one command": (
        """
import typer
app = typer.Typer()
@app.command()
def main(name: str = 'x'):
    print(name)
instrument(app)
app()
""",
        [],
        ["tool"],
    ),
    "typer, instrumented before its commands": (
        """
import typer
app = instrument(typer.Typer())
@app.command()
def main(name: str = 'x'):
    print(name)
app()
""",
        [],
        ["tool"],
    ),
    "typer, a sub-class with its own group": (
        """
import typer, typer.core
class App(typer.Typer): pass
class G(typer.core.TyperGroup):
    def list_commands(self, ctx):
        return sorted(self.commands)
app = App(cls=G)
@app.command()
def a(): pass
@app.command()
def b(): pass
instrument(app)
app()
""",
        ["b"],
        ["b"],
    ),
    "typer, a callback that does the work": (
        """
import typer
app = typer.Typer(invoke_without_command=True)
@app.callback()
def main(): print('x')
@app.command()
def a(): pass
instrument(app)
app()
""",
        [],
        ["tool"],
    ),
    "click, one command": (
        """
import click
@click.command()
def hello(): print('x')
instrument(hello)
hello()
""",
        [],
        ["tool"],
    ),
    "click, standalone_mode=False": (
        """
import click
@click.group()
def app(): pass
@app.command()
@click.pass_context
def a(ctx): ctx.exit(5)
instrument(app)
print(app(standalone_mode=False))
""",
        ["a"],
        ["a"],
    ),
    "click, an abbreviation": (
        """
import click
class G(click.Group):
    def get_command(self, ctx, name):
        for full in self.commands:
            if full.startswith(name):
                return self.commands[full]
@click.group(cls=G)
def app(): pass
@app.command()
def status(): pass
instrument(app)
app()
""",
        ["st"],
        ["status"],
    ),
    "click, registered under another name": (
        """
import click
@click.group()
def app(): pass
@click.command()
def inner(): pass
app.add_command(inner, 'outer')
instrument(app)
app()
""",
        ["outer"],
        ["outer"],
    ),
    "click, loaded when asked for": (
        """
import click
@click.command()
def late(): print('late')
class G(click.Group):
    def list_commands(self, ctx):
        return ['late']
    def get_command(self, ctx, name):
        return late if name == 'late' else None
@click.group(cls=G)
def app(): pass
instrument(app)
app()
""",
        ["late"],
        ["late"],
    ),
    "click, a chain": (
        """
import click
@click.group(chain=True)
def app(): pass
@app.command()
def a(): pass
@app.command()
def b(): pass
instrument(app)
app()
""",
        ["a", "b"],
        ["a"],
    ),
    "click, a command that invokes another": (
        """
import click
@click.group()
def app(): pass
@app.command()
def a(): pass
@app.command()
@click.pass_context
def b(ctx): ctx.invoke(a); ctx.forward(a)
instrument(app)
app()
""",
        ["b"],
        ["b"],
    ),
    "click, a program run by a program": (
        """
import click
@click.group()
def app(): pass
@app.command()
def a(): print('a')
@app.command()
def b(): app(['a'], standalone_mode=False)
instrument(app)
app()
""",
        ["b"],
        ["b"],
    ),
    "click, twice in a process": (
        """
import click
@click.group()
def app(): pass
@app.command()
def a(): pass
@app.command()
def b(): pass
instrument(app)
app(['a'], standalone_mode=False)
app(['b'], standalone_mode=False)
""",
        [],
        ["a", "b"],
    ),
    "click, a context class of its own": (
        """
import click
class C(click.Context): pass
class Cmd(click.Command):
    context_class = C
@click.group()
def app(): pass
@app.command(cls=Cmd)
@click.pass_context
def a(ctx): assert isinstance(ctx, C); print(type(ctx).__name__, repr(ctx)[:8])
instrument(app)
app()
""",
        ["a"],
        ["a"],
    ),
    "click, a child that is forked off": (
        """
import click, os
@click.group()
def app(): pass
@app.command()
def a():
    if os.fork() == 0: return
    os.wait()
instrument(app)
app()
""",
        ["a"],
        ["a"],
    ),
    "click, another that was not instrumented": (
        """
import click
@click.group()
def app(): pass
@app.command()
def a(): pass
@click.group()
def other(): pass
other.add_command(a)
instrument(app)
other()
""",
        ["a"],
        [],
    ),
    "click, instrumented twice": (
        """
import click
@click.group()
def app(): pass
@app.command()
def a(): pass
instrument(app)
instrument(app)
app()
""",
        ["a"],
        ["a"],
    ),
}


@pytest.mark.parametrize(("source", "arguments", "commands"), SHAPES.values(), ids=list(SHAPES))
def test_programs_of_any_shape(tmp_path: Path, source: str, arguments: list[str], commands: list[str]) -> None:
    """The programs have single commands, subclasses, commands that are added late, or other programs in them."""
    assert [attributes["command"] for _, attributes in run(tmp_path, source, *arguments).spans] == commands


def test_a_failing_clean_up_is_the_commands_failure(tmp_path: Path) -> None:
    """Functions that the program registers with its context belong to the command."""
    source = (
        "import click\n@click.group()\n@click.pass_context\ndef app(ctx): ctx.call_on_close(lambda: print('closed'))\n"
        "@app.command()\ndef a(): pass\ninstrument(app)\napp()\n"
    )
    ended = run(tmp_path, source, "a")
    assert ended.stdout == b"closed\n"
    assert ended.spans[0][1]["process.exit.code"] == 0


@pytest.mark.parametrize("framework", ["typer", "click"])
def test_the_frameworks_own_runner_sees_the_same(tmp_path: Path, framework: str) -> None:
    """With the ``CliRunner`` of a maintainer's tests, exit codes and output are the same, and each run is one span."""
    source = (
        (TYPER if framework == "typer" else CLICK).replace('if __name__ == "__main__":\n    app()\n', "")
        + f"""
import os
os.environ["ARCADE_USAGE_IN_TESTS"] = "1"
from {framework}.testing import CliRunner
for arguments in (["toolkit", "run"], ["leave", "--code", "3"], ["nosuch"], ["--help"]):
    result = CliRunner().invoke(app, arguments)
    print(result.exit_code, len(result.output) > 3)
"""
    )
    ended = run(tmp_path, source)
    assert [attributes["process.exit.code"] for _, attributes in ended.spans] == [0, 3, 2]
    assert ended.stdout.split()[::2] == [b"0", b"3", b"2", b"0"]


def test_a_command_that_runs_long_ends_with_its_span(tmp_path: Path) -> None:
    """The span of a server ends when the server does, with the time that it ran."""
    source = (
        "import click, time\n@click.group()\ndef app(): pass\n@app.command()\ndef serve():\n    time.sleep(0.3)\n"
        "    raise KeyboardInterrupt\ninstrument(app)\napp()\n"
    )
    ((_, attributes),) = run(tmp_path, source, "serve").spans
    assert attributes["duration"] >= 300


def test_wrong_arguments_raise_at_once() -> None:
    """The error is raised when the program is imported."""
    import click

    import arcade_otel

    @click.group()
    def app() -> None:
        """Do nothing."""

    for wrong in ("app", None, 3, lambda: None, object()):
        with pytest.raises(TypeError, match="an app of Typer, Click"):
            arcade_otel.instrument(wrong)
    wrong_values: list[dict[str, Any]] = [{"name": ""}, {"posthog_host": "nowhere"}, {"login_commands": ""}]
    for settings in wrong_values:
        with pytest.raises(ValueError, match=next(iter(settings))):
            arcade_otel.instrument(app, **settings)
    with pytest.raises(TypeError, match="nonsense"):
        arcade_otel.instrument(app, nonsense=True)  # type: ignore[call-arg]
    assert arcade_otel.instrument(app, name="x") is app
    for path in ("", " ", "."):
        with pytest.raises(ValueError, match="path"):
            arcade_otel.command(path)
    with pytest.raises(TypeError, match="path"):
        arcade_otel.command(3)  # type: ignore[arg-type]
    for settings in wrong_values:
        with pytest.raises(ValueError, match=next(iter(settings))):
            arcade_otel.configure(**settings)
        with pytest.raises(ValueError, match=next(iter(settings))):
            arcade_otel.command("work", **settings)


BLOCK = """
import sys
if __import__("os").environ.get("OUT"):
    import arcade_otel
    command = arcade_otel.command
else:
    import contextlib
    command = lambda path, **_: contextlib.nullcontext()
with command("toolkit run", name="tool", posthog_api_key="phc_x"):
    {body}
"""


@pytest.mark.parametrize(
    ("body", "exit_code", "error_type"),
    [
        ("pass", 0, None),
        ("raise ValueError('x')", 1, "ValueError"),
        ("sys.exit(4)", 4, "SystemExit"),
        ("sys.exit('text')", 1, "SystemExit"),
        ("sys.exit()", 0, None),
        ("sys.exit(-1)", 255, "SystemExit"),
        ("Odd = type('Odd', (Exception,), {{'exit_code': 9}}); raise Odd", 1, "Odd"),
    ],
)
def test_a_block_is_a_command(tmp_path: Path, body: str, exit_code: int, error_type: Any) -> None:
    """This is for programs without a framework. The traceback has no frame of this library."""
    ended = run(tmp_path, BLOCK.replace("{body}", body.replace("{{", "{").replace("}}", "}")))
    ((name, attributes),) = ended.spans
    assert name == "tool toolkit run"
    assert attributes["command"] == "toolkit.run"
    assert ended.exit_code == exit_code
    assert attributes.get("error.type") == error_type
    if error_type != "Odd":  # Python exits with 1 for it, and a framework that knows such errors with 9
        assert attributes["process.exit.code"] == exit_code


GATES = {
    "click": read_program("frameworks/gates_click"),
    "typer": read_program("frameworks/gates_typer"),
}


@pytest.mark.parametrize("kind", GATES)
def test_a_command_that_its_groups_callback_kept_from_running_has_a_name(tmp_path: Path, kind: str) -> None:
    """The name has the part of the tree that was resolved. The Arcade CLI stops like this if the user is not logged in."""
    ended = run(tmp_path, GATES[kind], "secret", "list")
    assert ended.exit_code == 1
    assert [name for name, _ in ended.spans] == ["tool secret"]
    assert [name for name, _ in run(tmp_path, GATES[kind], "login").spans] == ["tool login"]


@pytest.mark.parametrize("kind", GATES)
def test_an_eager_callback_that_exits_by_itself_is_no_command(tmp_path: Path, kind: str) -> None:
    """The callback of ``--version`` calls ``exit()``, as in the Arcade CLI."""
    ended = run(tmp_path, GATES[kind], "--version")
    assert (ended.exit_code, ended.stdout) == (0, b"1.2.3\n")
    assert ended.spans == []


EXITS = read_program("frameworks/exits")


@pytest.mark.parametrize("how", ["typer", "sys"])
def test_a_command_that_prints_its_error_and_exits_tells_that_error(tmp_path: Path, how: str) -> None:
    """``except X as e: print(e); raise typer.Exit(1)`` is the most common way to fail."""
    ended = run(tmp_path, EXITS, "work", how)
    ((_, attributes),) = ended.spans
    assert ended.exit_code == 1
    assert attributes["error.type"] == "LookupError"
    assert attributes["error.message"] == "the tree is not clean"
