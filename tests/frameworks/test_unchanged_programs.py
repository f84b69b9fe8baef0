"""The program behaves as before: options that Click hides, warnings of pytest, and copies that a program makes."""

import copy
import pickle
import subprocess
from pathlib import Path

import click
import typer
from click.testing import CliRunner

import arcade_otel
from arcade_otel.frameworks import SETTINGS
from tests.frameworks.battery import run_all
from tests.support.machine import Machine
from tests.support.programs import read_program

HIDDEN = read_program("frameworks/hidden_options")


def test_options_that_click_does_not_expose_are_named_and_their_values_redacted(tmp_path: Path) -> None:
    """With ``expose_value=False``, the value is in no context."""
    (ended,) = run_all(tmp_path, HIDDEN, [["--secret=plumbago", "--loud"]])
    ((_, attributes),) = ended.spans
    assert [each["stringValue"] for each in attributes["command_options"]["values"]] == ["--loud", "--secret"]
    assert "plumbago" not in attributes["error.message"]
    assert "marzipan" not in attributes["error.message"]


RUNS_PYTEST = """
import sys
import click, pytest
import arcade_otel, arcade_otel_exporters
@click.command()
def app():
    sys.exit(pytest.main(["-q", "-W", "error", "-p", "no:cacheprovider", "test_it.py"]))
arcade_otel.instrument(app)
app()
"""


def test_a_program_that_runs_pytest_sees_no_warning_of_ours(machine: Machine) -> None:
    """Pytest rewrites the modules of each distribution with a plugin, and warns if they were imported before."""
    (machine.home / "test_it.py").write_text("def test_it(): pass\n")
    ended: subprocess.CompletedProcess[str] = machine.run(program=machine.program("tests", RUNS_PYTEST).stem)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "1 passed" in ended.stdout
    assert "Warning" not in ended.stdout + ended.stderr


def test_copies_run_and_share_no_state() -> None:
    """The copies are made by ``copy.deepcopy`` and ``pickle``, also of a group with a ``make_context`` of its own."""
    group = _Group("g")
    group.add_command(click.Command("sub", callback=_nothing))
    arcade_otel.instrument(group, name="g")
    unpickled = pickle.loads(pickle.dumps(group))  # noqa: S301 - our own bytes
    copied = copy.deepcopy(group)
    for each in (unpickled, copied):
        assert CliRunner().invoke(each, ["sub"]).exit_code == 0
        assert vars(each)["make_context"]._command is each
    arcade_otel.uninstrument(copied)
    assert (hasattr(group, SETTINGS), hasattr(copied, SETTINGS)) == (True, False)
    app = arcade_otel.instrument(typer.Typer(), name="t")
    assert copy.deepcopy(app) is not app


class _Group(click.Group):
    def make_context(self, *args: object, **kwargs: object) -> click.Context:
        return super().make_context(*args, **kwargs)  # type: ignore[arg-type]


def _nothing() -> None:
    """Do nothing."""
