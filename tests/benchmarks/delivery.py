"""The part of ``make bench`` about delivery: what arrives under each fault, the kill window, and what a sender costs."""

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from arcade_otel import conventions, handoff, spans
from arcade_otel.sender.lane_lock import LaneLock
from arcade_otel.settings import Settings, make_settings
from arcade_otel.spans.outcome import Outcome
from arcade_otel.testing import FakePostHog, Fault, blackhole, refused_port
from tests.benchmarks import senders
from tests.support.machine import Machine

__all__ = ["lines"]

#: What happens while ten commands run; afterwards the network is well again and an eleventh runs.
FAULTS: dict[str, Callable[[], Fault]] = {
    "500": lambda: Fault.status(500),
    "429, Retry-After": lambda: Fault.status(429, headers={"Retry-After": "60"}),
    "accepts and never answers": Fault.hang,
    "closes before it reads": Fault.close_before_reading,
    "closes after it stored": Fault.store_then_close,
    "resets": Fault.reset,
    "truncated answer": Fault.truncate,
    "a captive portal's page": Fault.garbage,
}


@contextmanager
def _machine() -> Iterator[tuple[Machine, FakePostHog]]:
    with FakePostHog() as posthog, tempfile.TemporaryDirectory(prefix="arcade-otel-bench-") as folder:
        machine = Machine(Path(folder, "machine"), posthog.url)
        try:
            yield machine, posthog
        finally:
            machine.off()


def lines() -> Iterator[str]:
    """Measure, and yield each line of the report as soon as it is known."""
    yield "## What arrives"
    yield ""
    yield "Ten commands under the fault, one after it; *arrived* counts uuids, *more than once* what PostHog has to drop by uuid."
    yield ""
    yield "| fault | sent | arrived | more than once |"
    yield "|---|---:|---:|---:|"
    for name, make in FAULTS.items():
        with _machine() as (machine, posthog):
            posthog.always(make())
            yield _delivered(name, machine, posthog, posthog.heal, {})
    with _machine() as (machine, posthog), refused_port() as port:
        yield _delivered(
            "nobody listens", machine, posthog, lambda: None, {"HTTP_PROXY": f"http://127.0.0.1:{port}", "NO_PROXY": ""}
        )
    with _machine() as (machine, posthog), blackhole() as url:
        yield _delivered("a black hole", machine, posthog, lambda: None, {"HTTP_PROXY": url, "NO_PROXY": ""})
    with _machine() as (machine, posthog):
        yield _killed(machine, posthog)
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


def _delivered(name: str, machine: Machine, posthog: FakePostHog, heal: Callable[[], None], environ: dict[str, str]) -> str:
    for number in range(10):
        machine.run(f"c{number}", environ=environ)
    machine.settle()
    heal()
    machine.time_passes()
    machine.run("last")
    machine.settle()
    return _row(name, 11, posthog)


def _row(name: str, sent: int, posthog: FakePostHog) -> str:
    arrived = len(posthog.visible())
    return f"| {name} | {sent} | {arrived} | {len(posthog.events) - arrived} |"


def _killed(machine: Machine, posthog: FakePostHog) -> str:
    """Kill every sender as soon as it has taken over its span, and while it works."""
    for number in range(10):
        known = set(machine.queue)
        machine.run(f"c{number}")
        machine.wait_until(lambda: set(machine.queue) - known or not machine.senders(), "the span was taken over")  # noqa: B023
        machine.kill_senders()
    machine.run("last")
    machine.settle()
    return _row("SIGKILL of each sender that has its span", 11, posthog)


def _settings(machine: Machine) -> Settings:
    return make_settings(name="tool", config_dir=machine.config_dir, posthog_api_key="phc_test", posthog_host=machine.posthog_url)


def _text(settings: Settings) -> str:
    now = time.time_ns()
    return spans.encode(settings, path="bench", timing=spans.Timing(now, now), outcome=Outcome(0), identity=("somebody", True))


def _kill_window() -> str:
    with _machine() as (machine, posthog):
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
    with _machine() as (machine, posthog):
        for number in range(200):
            machine.run(f"c{number}")
        machine.settle()
        senders = machine.log.count("at work: ")
        return f"{len(posthog.requests)} requests, {senders} full start-ups of the sender, {len(posthog.visible())} events."
