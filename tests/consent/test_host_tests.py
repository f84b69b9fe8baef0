"""The tests of a program that uses this library record no usage data under any runner, unless they ask for it."""

import subprocess
import sys

import pytest

from arcade_otel.testing import FakePostHog
from tests.support.machine import Machine

CLI = """
import click
import arcade_otel
@click.group()
def app(): pass
@app.command()
def hello(): print("hello")
arcade_otel.instrument(app, name="tool", version="1")
if __name__ == "__main__":
    app()
"""
TYPER_RUNNER = """
import typer, arcade_otel
from typer.testing import CliRunner
app = typer.Typer()
@app.command()
def hello(): print("hello")
@app.command()
def other(): pass
arcade_otel.instrument(app, name="tool", version="1")
assert CliRunner().invoke(app, ["hello"]).output == "hello\\n"
"""
CLICK_RUNNER = """
import cli
from click.testing import CliRunner
assert CliRunner().invoke(cli.app, ["hello"]).output == "hello\\n"
"""
UNITTEST = """
import unittest
import cli
class Hello(unittest.TestCase):
    def test_hello(self):
        cli.app(["hello"], standalone_mode=False)
if __name__ == "__main__":
    unittest.main()
"""
PYTEST = """
import cli
def test_hello():
    cli.app(["hello"], standalone_mode=False)
"""
CHILD = """
import subprocess, sys
def test_hello():
    assert subprocess.run([sys.executable, "cli.py", "hello"]).returncode == 0
"""
WITHOUT_PLUGIN = ("-m", "pytest", "-q", "-p", "no:arcade_otel", "-p", "no:cacheprovider")
RUNNERS = {
    "python -m unittest": (UNITTEST, ("-m", "unittest", "tests")),
    "a file with unittest.main()": (UNITTEST, ("tests.py",)),
    "Click's runner in a script": (CLICK_RUNNER, ("tests.py",)),
    "Typer's runner in a script": (TYPER_RUNNER, ("tests.py",)),
    "pytest without the plugin": (PYTEST, (*WITHOUT_PLUGIN, "tests.py")),
    "a process that pytest starts": (CHILD, (*WITHOUT_PLUGIN, "tests.py")),
}


def run_tests(machine: Machine, words: tuple[str, ...], **environ: str) -> None:
    """Run the developer's tests, which must pass, and wait for senders."""
    words = (sys.executable, *words)
    ended = subprocess.run(
        words, env=machine.with_environ(environ), cwd=machine.home, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    machine.settle()


@pytest.mark.parametrize("runner", RUNNERS)
def test_a_hosts_own_tests_send_nothing_unless_they_ask_for_it(machine: Machine, posthog: FakePostHog, runner: str) -> None:
    """There is no request and no file. ``ARCADE_USAGE_TRACKING=1`` asks for recording."""
    source, words = RUNNERS[runner]
    (machine.home / "cli.py").write_text(CLI)
    (machine.home / "tests.py").write_text(source)
    (machine.home / "pytest.ini").write_text("[pytest]\n")
    before = sorted(machine.config_dir.rglob("*"))
    run_tests(machine, words)
    assert posthog.requests == []
    assert sorted(machine.config_dir.rglob("*")) == before
    run_tests(machine, words, ARCADE_USAGE_TRACKING="1")
    assert [event.properties["command_name"] for event in posthog.visible()] == ["hello"]


@pytest.mark.parametrize("variable", ["TOX_ENV_NAME", "NOX_CURRENT_SESSION"])
def test_a_command_that_tox_or_nox_runs_sends_nothing(machine: Machine, posthog: FakePostHog, variable: str) -> None:
    """Both runners mark every process that they start. Events that were queued before stay queued."""
    posthog.stop()
    machine.run("hello")
    machine.settle()
    assert len(machine.queue) == 1
    machine.run("hello", environ={variable: "py311"})
    machine.settle()
    assert len(machine.queue) == 1


def test_a_program_that_only_imports_unittest_is_recorded(machine: Machine, posthog: FakePostHog) -> None:
    """Some programs use ``unittest.mock`` in production."""
    machine.program("cli", f"import unittest.mock\n{CLI}")
    machine.run("hello", program="cli")
    machine.settle()
    assert [event.properties["command_name"] for event in posthog.visible()] == ["hello"]
