"""The marker that lets commands start one sender an hour. A sender that works removes the marker."""

import os
from pathlib import Path

import pytest

from arcade_otel.handoff import zombies


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
