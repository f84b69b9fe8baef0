"""The marker that lets commands start one sender an hour. A sender that works removes the marker."""

import json
import os
from pathlib import Path

import pytest

from arcade_otel.handoff import receipts, zombies
from tests.support.machine import Machine
from tests.support.programs import read_program


@pytest.mark.parametrize("proc", ["/proc", "/nowhere"], ids=["with /proc", "without /proc, as on macOS"])
def test_a_sender_that_works_removes_the_marker(tmp_path: Path, proc: str) -> None:
    """A sender that could not import the library has left the marker. Commands start senders again, also without ``/proc``."""
    state = tmp_path / "usage"
    state.mkdir(mode=0o700)
    (state / "unreaped").touch(mode=0o600)
    assert zombies.spawning_suspended(str(state))
    zombies.register_sender(str(state), proc=proc)
    assert not os.path.lexists(state / "unreaped")
    assert not zombies.spawning_suspended(str(state))


@pytest.mark.posix
@pytest.mark.parametrize(
    ("marker", "failed"),
    [
        ("zombies\n", ["process reaping"]),
        ("import\n", ["last sender"]),
        ("zombies\nimport\n", ["last sender", "process reaping"]),
    ],
)
def test_doctor_names_each_cause_of_the_marker_and_no_other(machine: Machine, marker: str, failed: list[str]) -> None:
    """An earlier sender could not import the library. That hides no zombies, and is over once another sender has come up."""
    machine.program("cli", read_program("sender/named_sender"))
    machine.mark_notice_as_shown()
    problem = receipts.receipt(receipts.FAILED, receipts.SENDER, why="the sender cannot import json (ModuleNotFoundError)")
    receipts.write(str(machine.state), [problem])
    (machine.state / "unreaped").write_text(marker)
    (machine.state / "unreaped").chmod(0o600)
    ended = machine.run("usage", "doctor", "--json", program="cli")
    assert [check["name"] for check in json.loads(ended.stdout)["checks"] if check["ok"] is False] == failed
