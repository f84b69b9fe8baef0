"""The promises of ``instrument()`` and the other public functions hold whatever the environment says."""

import copy
import pickle
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import click
import pytest
import typer

import arcade_otel
from arcade_otel.frameworks import SETTINGS
from tests.frameworks.recording import run

OPTED_OUT = pytest.mark.parametrize("tracking", ["1", "0"], ids=["recorded", "opted out"])


@OPTED_OUT
def test_an_unknown_option_raises_at_once(monkeypatch: pytest.MonkeyPatch, tracking: str) -> None:
    """A typing error shows in the maintainer's first run, also if the maintainer has opted out."""
    monkeypatch.setenv("ARCADE_USAGE_TRACKING", tracking)
    wrong: Any = {"nmae": "x"}
    for call in (
        lambda: arcade_otel.configure(**wrong),
        lambda: arcade_otel.command("x", **wrong),
        lambda: arcade_otel.program(**wrong),
        lambda: arcade_otel.instrument(click.Group("x"), **wrong),
    ):
        with pytest.raises(TypeError, match="unknown option: nmae"):
            call()


@pytest.mark.latest
def test_a_wrong_option_fails_in_mypy(tmp_path: Path) -> None:
    """The options are typed: names and values are checked before the program runs."""
    program = tmp_path / "typed.py"
    program.write_text(
        textwrap.dedent("""
        import click
        import arcade_otel

        @click.group()
        def app() -> None: ...

        same: click.Group = arcade_otel.instrument(app, name="x", error_messages="class")
        arcade_otel.configure(nmae="x")
        arcade_otel.configure(error_messages="everything")
        with arcade_otel.command("x") as run:
            reveal_type(run)
        """)
    )
    ended = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), str(program)],
        capture_output=True,
        text=True,
        check=False,
    )
    errors = [line for line in ended.stdout.splitlines() if ": error:" in line]
    assert [line.split(":")[1] for line in errors] == ["9", "10"], ended.stdout
    assert "CommandContext" in ended.stdout


@pytest.mark.parametrize("make", [typer.Typer, lambda: click.Group("x")], ids=["typer", "click"])
def test_uninstrument_undoes_instrument(make: Any) -> None:
    """Instrumenting an app twice is the same as instrumenting it once, with the newer options."""
    app = make()
    assert arcade_otel.instrument(app, name="one") is app
    arcade_otel.instrument(app, name="two")
    assert getattr(app, SETTINGS).name == "two"
    assert arcade_otel.uninstrument(app) is app
    assert not hasattr(app, SETTINGS)
    assert arcade_otel.uninstrument(app) is app


UNINSTRUMENTED = """
import click, typer
@click.command()
def app(): print("ran")
instrument(app)
import os
if os.environ.get("OUT"):
    import arcade_otel
    arcade_otel.uninstrument(app)
app()
"""


def test_an_uninstrumented_app_is_not_recorded(tmp_path: Path) -> None:
    """It runs as before."""
    assert run(tmp_path, UNINSTRUMENTED).spans == []


def test_an_app_of_an_unsupported_class_raises_a_clear_error() -> None:
    """The class looks like Click's, but its runs would never be recorded."""

    class Command:
        context_class = object

        def make_context(self) -> None: ...

    Command.__module__ = "quick.core"
    with pytest.raises(TypeError, match=r"an app of Typer, Click, .*, not quick\.Command"):
        arcade_otel.instrument(Command())


def test_an_instrumented_command_can_be_copied_and_pickled() -> None:
    """A program may copy or pickle its commands."""
    command = arcade_otel.instrument(click.Command("x", callback=print), name="x")
    assert getattr(copy.deepcopy(command), SETTINGS) == getattr(command, SETTINGS)
    copied = pickle.loads(pickle.dumps(command))  # noqa: S301 - its own bytes
    assert getattr(copied, SETTINGS) == getattr(command, SETTINGS)


@pytest.mark.parametrize("kind", ["typer", "click", "command", "argparse"])
@pytest.mark.parametrize("ending", ["returns", "exits", "raises"])
def test_a_command_that_removes_the_library_ends_as_without_it(tmp_path: Path, kind: str, ending: str) -> None:
    """``pip uninstall`` or ``self-update`` inside a command keeps the command's own output, exception and exit code."""
    last = {"returns": "print('bye')", "exits": "sys.exit(5)", "raises": "raise KeyError('own')"}[ending]
    body = f"""
    import shutil, sys
    shutil.rmtree({str(tmp_path / "lib")!r})
    {last}
"""
    programs = {
        "typer": f"import typer, arcade_otel\napp = typer.Typer()\n@app.command()\ndef main():{body}\n"
        "arcade_otel.instrument(app)\napp()\n",
        "click": f"import click, arcade_otel\n@click.command()\ndef app():{body}\narcade_otel.instrument(app)\napp()\n",
        "command": f"import arcade_otel\ndef main():{body}\nwith arcade_otel.command('x'):\n    main()\n",
        "argparse": "import argparse, arcade_otel\ndef main():\n    argparse.ArgumentParser().parse_args()"
        f"{body}\nwith arcade_otel.program():\n    main()\n",
    }
    results = []
    for ours in (True, False):
        shutil.copytree(Path(arcade_otel.__file__).parent, tmp_path / "lib" / "arcade_otel", dirs_exist_ok=True)
        program = tmp_path / "main.py"
        program.write_text(programs[kind])
        environ = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(tmp_path),
            "PYTHONPATH": str(tmp_path / "lib"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "ARCADE_USAGE_POSTHOG_API_KEY": "phc_x",
            "ARCADE_USAGE_POSTHOG_HOST": "http://127.0.0.1:9",
            "ARCADE_USAGE_TRACKING": "1" if ours else "0",
        }
        ended = subprocess.run(
            [sys.executable, str(program)], env=environ, capture_output=True, text=True, check=False, cwd=tmp_path
        )
        results.append((ended.returncode, ended.stdout, ended.stderr))
    assert results[0] == results[1]
    assert "/arcade_otel/" not in results[0][2]  # no frame of ours; the program's own lines name the library
