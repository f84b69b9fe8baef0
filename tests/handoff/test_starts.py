"""Start marks, which a command leaves for its sender, and what they say about senders that did not come up."""

import os
import time
from pathlib import Path

import pytest

from arcade_otel.handoff import starts

NAME = "0001-{:016x}.json"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state directory."""
    (tmp_path / "usage").mkdir(mode=0o700)
    return tmp_path / "usage"


def leave(state: Path, *numbers: int, made_at: float | None = None) -> None:
    """Leave marks without a span."""
    for number in numbers:
        assert starts.leave_mark(str(state.parent), NAME.format(number), "")
        if made_at is not None:
            os.utime(state / "starting" / NAME.format(number), (made_at, made_at))


def test_a_sender_that_comes_up_forgives_the_starts_before_it(state: Path) -> None:
    """Their senders may still be coming up, so the marks stay. They do not count as failed starts later."""
    leave(state, 1, 2, 3)
    starts.finish(str(state), NAME.format(3))
    later = time.time() + starts.START_SECONDS + 1
    assert len(os.listdir(state / "starting")) == 2
    assert starts.failures(str(state), later) == []
    assert not starts.spawning_suspended(str(state), later)
    leave(state, 4, 5, made_at=later)
    assert len(starts.failures(str(state), later + starts.START_SECONDS)) == 2


def test_a_command_starts_no_65th_sender_while_64_are_coming_up(state: Path) -> None:
    """A sender that does not come up costs a burst of commands at most 64 files. One that does finds the later spans queued."""
    now = time.time()
    leave(state, *range(63), made_at=now)
    assert not starts.spawning_suspended(str(state), now)
    leave(state, 63, made_at=now)
    assert starts.spawning_suspended(str(state), now)


def test_no_more_than_16_empty_marks_are_kept_as_evidence(state: Path) -> None:
    """A sender that never comes up leaves one an hour."""
    now = time.time()
    for number in range(30):
        leave(state, number, made_at=now - 60 + number)
    assert starts.spawning_suspended(str(state), now)
    assert len(os.listdir(state / "starting")) == 16


@pytest.mark.parametrize("ahead", [-5, 5], ids=["behind", "ahead"])
def test_a_file_servers_clock_may_differ_by_some_seconds(state: Path, ahead: float) -> None:
    """A start of this moment is no failed one."""
    now = time.time()
    leave(state, 1, 2, made_at=now + ahead)
    assert starts.failures(str(state), now) == []


def test_a_mark_that_was_cut_off_is_no_span(state: Path) -> None:
    """As after a power failure. It counts as a failed start, and the next sender removes it."""
    assert starts.leave_mark(str(state.parent), NAME.format(1), '{"resourceSpans":[{"resource":{')
    os.utime(state / "starting" / NAME.format(1), (1, 1))
    assert starts.queued(str(state)) == []
    assert len(starts.failures(str(state))) == 1
    starts.finish(str(state), "")
    assert not (state / "starting").exists()
    assert starts.failures(str(state)) == []
