"""These tests need Windows' Python: on Windows, or under Wine by ``make test-windows``."""

import sys
from pathlib import Path

import pytest

from arcade_otel.testing import FakePostHog
from tests.support.machine import Machine

if sys.platform != "win32":
    collect_ignore_glob = ["test_*.py"]

#: A Click program with everything that a program can have: it fails, it logs in and out, it dies, and it has the usage commands.
CLI = """
import os, signal, sys
import click
import arcade_otel

if sys.argv[1:2] == ["login"]:
    import httpx  # else its import takes more than the 2 s for the API's answer, under Wine on a busy machine

CREDENTIALS = os.path.join(os.environ.get("ARCADE_WORK_DIR") or os.path.expanduser("~/.arcade"), "credentials.yaml")

@click.group()
def cli(): pass

@cli.command()
def ok():
    click.echo("done")

@cli.command()
@click.argument("code", type=int)
def fail(code):
    click.echo("failing", err=True)
    sys.exit(code)

@cli.command()
def crash():
    raise RuntimeError("no such toolkit")

@cli.command()
def interrupted():
    signal.raise_signal(signal.SIGINT)  # what Ctrl-C does to a program

@cli.command()
def killed():
    click.echo("done")

@cli.command()
@click.argument("key")
@click.argument("url")
def login(key, url):
    os.makedirs(os.path.dirname(CREDENTIALS), exist_ok=True)
    with open(CREDENTIALS, "w") as file:
        file.write(f"cloud:\\n  api:\\n    key: {key}\\n  coordinator_url: {url}\\n")
    click.echo("logged in")

@cli.command()
def logout():
    if os.path.exists(CREDENTIALS):
        os.unlink(CREDENTIALS)
    click.echo("logged out")

arcade_otel.instrument(cli, name="tool", version="1.2.3")
cli.add_command(arcade_otel.usage_commands(cli), "usage")

if __name__ == "__main__":
    try:
        cli(prog_name="tool")
    finally:
        if sys.argv[1:] == ["killed"]:
            os.kill(os.getpid(), signal.SIGTERM)  # TerminateProcess: nothing more of this process runs
"""


@pytest.fixture
def computer(machine: Machine) -> Machine:
    """A computer with the program ``cli``. Its PostHog and its Arcade are at the same address."""
    machine.program("cli", CLI)
    return machine


@pytest.fixture
def accounts(posthog: FakePostHog) -> FakePostHog:
    """Two accounts, ``alice`` and ``bob``; their keys are their names."""
    for name in ("alice", "bob"):
        posthog.arcade.add(api_key=name, principal_id=f"principal-{name}")
    return posthog


@pytest.fixture
def tool(computer: Machine) -> Path:
    """The program's path."""
    return computer.root / "cli.py"
