"""The part of ``make bench`` about delivery: what arrives under each fault, the kill window, and what a sender costs."""

import os
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from arcade_otel import conventions, handoff, spans
from arcade_otel.sender.lane_lock import LaneLock
from arcade_otel.settings import Settings, make_settings
from arcade_otel.spans.outcome import Outcome
from tests.benchmarks import faults, senders
from tests.support.machine import Machine

__all__ = ["lines"]


def lines() -> Iterator[str]:
    """Measure, and yield each line of the report as soon as it is known."""
    yield from faults.lines()
    yield ""
    yield "## What a sender costs"
    yield ""
    yield from senders.lines()
    yield ""
    yield _kill_window()
    yield ""
    yield "## 200 commands in a row"
    yield ""
    yield _two_hundred()


def _settings(machine: Machine) -> Settings:
    return make_settings(name="tool", config_dir=machine.config_dir, posthog_api_key="phc_test", posthog_host=machine.posthog_url)


def _text(settings: Settings) -> str:
    now = time.time_ns()
    return spans.encode(settings, path="bench", timing=(now, now), outcome=Outcome(0), identity=("somebody", True))


def _kill_window() -> str:
    with faults.switched_on() as (machine, posthog):
        machine.run("first")
        machine.settle()
        settings = _settings(machine)
        (folder,) = (machine.state / "queue").iterdir()
        turn = LaneLock.acquire(str(machine.state), folder.name)
        assert turn is not None
        windows = [_window(settings, folder) for _ in range(40)]
        turn.release()
        del posthog
    return (
        f"The kill window, from the start of the sender to its span on the disk: {statistics.median(windows):.0f} ms "
        f"(median of {len(windows)}; {max(windows):.0f} ms at most)."
    )


def _window(settings: Settings, folder: Path) -> float:
    """Return the milliseconds from the start of a sender to the span's file in the queue."""
    before = len(os.listdir(folder))
    os.environ[conventions.ENV_DEBUG] = os.devnull
    began = time.perf_counter()
    handoff.submit(_text(settings), settings)
    while len([name for name in os.listdir(folder) if name.endswith(".json") and not name.startswith(".")]) <= before:
        time.sleep(0.0002)
    return (time.perf_counter() - began) * 1000


def _two_hundred() -> str:
    with faults.switched_on() as (machine, posthog):
        for number in range(200):
            machine.run(f"c{number}")
        machine.settle()
        senders = machine.log.count("at work: ")
        return f"{len(posthog.requests)} requests, {senders} full start-ups of the sender, {len(posthog.visible())} events."
