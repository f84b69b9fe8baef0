"""These tests need a Windows Python, either on Windows or under Wine by ``make test-windows``."""

import sys
from pathlib import Path

import pytest

from arcade_otel.testing import FakePostHog
from tests.support.machine import Machine
from tests.support.programs import read_program

if sys.platform != "win32":
    collect_ignore_glob = ["test_*.py"]

#: A Click program with everything that a program can have: it fails, it logs in and out, it dies, and it has the usage commands.
CLI = read_program("windows/cli")


@pytest.fixture
def computer(machine: Machine) -> Machine:
    """Return a computer with the program ``cli``. Its PostHog and its Arcade are at the same address."""
    machine.program("cli", CLI)
    return machine


@pytest.fixture
def accounts(posthog: FakePostHog) -> FakePostHog:
    """Add two accounts, ``alice`` and ``bob``, whose API keys are their names."""
    for name in ("alice", "bob"):
        posthog.arcade.add(api_key=name, principal_id=f"principal-{name}")
    return posthog


@pytest.fixture
def tool(computer: Machine) -> Path:
    """Return the path of the program."""
    return computer.root / "cli.py"
