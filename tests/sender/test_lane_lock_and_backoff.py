"""One sender works at a time, and no sender works during the pause after a failure."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from arcade_otel.sender.backoff import DELAYS_SECONDS, JITTER, MAX_RETRY_AFTER_SECONDS, Backoff
from arcade_otel.sender.lane_lock import LaneLock

HOLDER = """
import sys
from arcade_otel.sender.lane_lock import LaneLock
turn = LaneLock.acquire(sys.argv[1], "posthog")
print("taken" if turn else "busy", flush=True)
sys.stdin.read()
"""


@pytest.mark.posix
def test_the_turn_is_exclusive_and_returns_when_its_holder_is_killed(tmp_path: Path) -> None:
    """The holder may be killed by SIGKILL. The system releases the lock, so no stale marker is left."""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ
    )
    assert holder.stdout is not None
    assert holder.stdin is not None
    try:
        assert holder.stdout.readline() == b"taken\n"
        assert LaneLock.acquire(str(tmp_path), "posthog") is None
        other = LaneLock.acquire(str(tmp_path), "otlp")  # each exporter has its own
        assert other is not None
        other.release()
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        holder.stdout.close()
        holder.stdin.close()
    turn = LaneLock.acquire(str(tmp_path), "posthog")
    assert turn is not None
    turn.release()


def test_pauses_grow_to_a_minute_and_end_with_a_success(tmp_path: Path) -> None:
    """The first failure causes no pause, so the next command tries at once."""
    pause = Backoff(str(tmp_path), "posthog", random=lambda: 0.0)
    assert not pause.is_active(now=1000.0)
    assert [pause.record_failure(now=1000.0) for _ in range(8)] == [0.0, 5.0, 10.0, 20.0, 40.0, 60.0, 60.0, 60.0]
    assert max(DELAYS_SECONDS) == 60.0
    assert pause.is_active(now=1059.9)
    assert not pause.is_active(now=1060.1)
    pause.reset()
    pause.reset()
    assert not pause.is_active(now=1001.0)
    assert pause.record_failure(now=1000.0) == 0.0


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [(30.0, 30.0), (1e9, MAX_RETRY_AFTER_SECONDS / (1 + JITTER)), (float("nan"), 0.0), (-5.0, 0.0), (None, 0.0)],
)
def test_a_server_may_ask_for_up_to_an_hour(tmp_path: Path, asked: float | None, seconds: float) -> None:
    """``Retry-After`` is a lower bound up to 48 minutes.

    No server silences a client for over an hour, whatever the jitter is.
    """
    assert Backoff(str(tmp_path), "posthog", random=lambda: 0.0).record_failure(asked, now=1000.0) == seconds
    longest = Backoff(str(tmp_path), "otlp", random=lambda: 1.0).record_failure(asked, now=1000.0)
    assert longest == seconds * (1 + JITTER) <= MAX_RETRY_AFTER_SECONDS


@pytest.mark.parametrize(("asked", "failures", "floor"), [(60.0, 0, 60.0), (None, 5, 45.0)], ids=["Retry-After", "own delay"])
def test_a_thousand_clients_do_not_return_in_the_same_second(
    tmp_path: Path, asked: float | None, failures: int, floor: float
) -> None:
    """All clients fail at the same time, and try again as soon as their pauses end.

    In no second do more than an eighth of the clients try.
    """
    returns = []
    draw = random.Random(1).random  # noqa: S311 - the same clients every time
    for client in range(1000):
        (tmp_path / f"pause-posthog-{client}").write_text(f"0.000 {failures}")
        backoff = Backoff(str(tmp_path), f"posthog-{client}", random=draw)
        returns.append(backoff.record_failure(asked, now=1000.0))
    assert floor <= min(returns)
    assert max(returns) <= floor + 15.1
    seconds = [int(each) for each in returns]
    assert max(seconds.count(each) for each in set(seconds)) <= 125


@pytest.mark.parametrize("text", ["", "nonsense", "1 2 3", "x y", "99999999999 1", "nan 1"])
def test_a_broken_marker_pauses_nobody(tmp_path: Path, text: str) -> None:
    """A marker with a time that no pause can reach is ignored too, because the clock was set back."""
    (tmp_path / "pause-posthog").write_text(text)
    assert not Backoff(str(tmp_path), "posthog").is_active(now=1000.0)


def test_each_exporter_pauses_for_itself(tmp_path: Path) -> None:
    """A dead collector does not pause deliveries to PostHog."""
    Backoff(str(tmp_path), "otlp").record_failure(60.0, now=1000.0)
    assert not Backoff(str(tmp_path), "posthog").is_active(now=1001.0)
