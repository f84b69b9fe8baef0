"""A module of the library that cannot be loaded while a command runs changes neither the command's output nor its exit code."""

import json

import pytest

from tests.support.machine import Machine
from tests.support.programs import read_program

#: The exit code and the output of each command.
ENDS = {"serve": [0, "served\n"], "fail": [1, "it broke\n"], "leave": [0, "left\n"]}


def ends(machine: Machine, *words: str, **environ: str) -> dict[str, list[object]]:
    """Return the exit code and the output of a command for each module that cannot be loaded."""
    machine.program("unreadable", read_program("frameworks/unreadable"))
    work_dir = machine.root / "work"
    work_dir.mkdir()
    environ = {"ARCADE_USAGE_TRACKING": "on", "ARCADE_USAGE_STRICT": "0", **environ}
    ended = machine.run(str(work_dir), *words, program="unreadable", environ=environ)
    assert ended.stdout, ended.stderr
    told: dict[str, list[object]] = json.loads(ended.stdout)
    return told


@pytest.mark.posix
@pytest.mark.parametrize(
    ("how", "command"),
    [("click", "serve"), ("click", "fail"), ("click", "leave"), ("program", "serve"), ("command", "serve"), ("command", "leave")],
)
def test_a_module_that_cannot_be_loaded_while_a_command_runs_changes_nothing(machine: Machine, how: str, command: str) -> None:
    """The process has no descriptor left, or the library was removed. The test fails each import of the library in turn."""
    told = ends(machine, how, command)
    assert len(told) > 10
    assert told == dict.fromkeys(told, ENDS[command])


@pytest.mark.posix
def test_neither_does_a_module_of_the_live_span(machine: Machine) -> None:
    """The variables ask for a live span. The SDK would print it to the console."""
    modules = ("arcade_otel.handoff.exporter_config", "arcade_otel.recording.live")
    told = ends(machine, "command", "serve", *modules, OTEL_TRACES_EXPORTER="console")
    whole = told.pop("")
    assert (whole[0], str(whole[1]).splitlines()[-1]) == (0, "served")
    assert told == dict.fromkeys(modules, ENDS["serve"])
