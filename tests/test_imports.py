"""The tests say which modules the foreground of a command may not import, because each costs millions of instructions."""

import pytest

from arcade_otel.testing import FakePostHog
from tests.support.machine import Machine
from tests.support.programs import CLICK, TYPER, with_us, with_usage

NEVER = frozenset(
    {
        "asyncio",
        "concurrent",
        "dataclasses",
        "datetime",
        "email",
        "filelock",
        "hashlib",
        "http",
        "httpx",
        "importlib.metadata",
        "inspect",
        "json",
        "logging",
        "multiprocessing",
        "opentelemetry",
        "platform",
        "posthog",
        "requests",
        "shutil",
        "socket",
        "ssl",
        "subprocess",
        "tempfile",
        "threading",
        "urllib.request",
        "urllib3",
        "uuid",
        "yaml",
    }
)

# Written after the span was handed over: the context of the outermost command is left before the program ends.
TELL = """
import atexit, os, sys
from pathlib import Path
atexit.register(lambda: Path(os.environ["MODULES"]).write_text(" ".join(sorted(sys.modules))))
"""


def _imported(machine: Machine, program: str, changes: dict[str, str] | None = None) -> set[str]:
    told = machine.root / f"{program}.json"
    for _ in range(2):  # the second is the steady state
        result = machine.run("hello", program=program, environ={"MODULES": str(told), **(changes or {})})
        assert result.stdout == "hello you\n", (result.stderr, machine.log)
        machine.settle()  # a command looks at the start marks of senders that are still starting
    return set(told.read_text().split())


@pytest.mark.parametrize("source", [TYPER, CLICK], ids=["typer", "click"])
def test_a_recorded_command_imports_nothing_dear(machine: Machine, posthog: FakePostHog, source: str) -> None:
    """Modules that Typer or Click import themselves do not count."""
    # What the measuring itself needs is in both.
    machine.program("plain", TELL + source)
    machine.program("ours", TELL + with_us(source))
    extra = _imported(machine, "ours") - _imported(machine, "plain")
    assert len(posthog.visible()) == 2
    assert "arcade_otel.handoff" in extra
    assert not {name for name in extra if name in NEVER or name.split(".")[0] in NEVER}


SAY = 'print("hello you")\n'
WITH_COMMAND = 'import arcade_otel\nwith arcade_otel.command("hello", name="tool", version="1.2.3"):\n    print("hello you")\n'
PARSE = """
import argparse
def main():
    parser = argparse.ArgumentParser()
    parser.add_subparsers(dest="command").add_parser("hello")
    parser.parse_args()
    print("hello you")
"""
WITH_PROGRAM = 'import arcade_otel\nwith arcade_otel.program(name="tool", version="1.2.3"):\n    main()\n'


@pytest.mark.parametrize(
    ("plain", "ours"), [(SAY, WITH_COMMAND), (PARSE + "main()", PARSE + WITH_PROGRAM)], ids=["no framework", "argparse"]
)
def test_a_program_that_imports_little_gets_nothing_but_this_library(
    machine: Machine, posthog: FakePostHog, plain: str, ours: str
) -> None:
    """Typer and Click import ``typing``, ``enum`` and ``contextlib`` themselves.

    In other programs, each of these modules would cost milliseconds.
    """
    machine.program("plain", TELL + plain)
    machine.program("ours", TELL + ours)
    extra = _imported(machine, "ours") - _imported(machine, "plain")
    assert len(posthog.visible()) == 2
    assert {name for name in extra if not name.startswith("arcade_otel")} <= {"__future__"}


@pytest.mark.parametrize("source", [TYPER, CLICK], ids=["typer", "click"])
def test_the_usage_commands_are_imported_only_when_one_of_them_runs(machine: Machine, source: str) -> None:
    """A program that mounts the usage commands imports one small module for them."""
    machine.program("plain", TELL + with_us(source))
    machine.program("ours", TELL + with_usage(source))
    assert _imported(machine, "ours") - _imported(machine, "plain") == {"arcade_otel.cli"}


def test_the_sender_imports_no_sdk_unless_it_has_work(machine: Machine) -> None:
    """A sender that finds another sender at work must end at almost no cost."""
    machine.program("leaves", "import sys\nimport arcade_otel.sender\nprint(*sorted(sys.modules))\n")
    extra = set(machine.run(program="leaves").stdout.split())
    assert "arcade_otel.sender" in extra
    assert not {name for name in extra if name.split(".")[0] in ("opentelemetry", "posthog", "requests", "httpx", "yaml")}


def test_who_opted_out_imports_next_to_nothing(machine: Machine) -> None:
    """The program imports one module, which reads the environment."""
    machine.program("plain", TELL + CLICK)
    machine.program("ours", TELL + with_us(CLICK))
    extra = _imported(machine, "ours", {"DO_NOT_TRACK": "1"}) - _imported(machine, "plain")
    assert extra - {"__future__"} == {"arcade_otel"}  # Click imports the former since 8.2
