"""The part of ``make bench`` about senders: what a process that delivers one event costs, compared with a bare Python's start."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from arcade_otel import conventions, handoff, spans
from arcade_otel.handoff import queue
from arcade_otel.sender.lane_lock import LaneLock
from arcade_otel.settings import Settings, make_settings
from arcade_otel.spans.outcome import Outcome
from arcade_otel.testing import FakePostHog
from tests.support.machine import Machine
from tests.support.terminals import TlsFront, certified

__all__ = ["lines"]

_REPEATS = 9
_MEASURE = """
import os, sys, time
began = time.monotonic()
_, _, used = os.wait4(os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ), 0)
print((used.ru_utime + used.ru_stime) * 1000, used.ru_maxrss / 1024)
"""
_POSTHOG = """
import os, sys
from posthog import Posthog
client = Posthog("phc_test", host=os.environ["ENDPOINT"])
client.capture("CLI execution succeeded", distinct_id="somebody")
client.shutdown()
"""


def lines() -> Iterator[str]:
    """Measure, and yield each line of the report as soon as it is known."""
    with FakePostHog() as posthog, tempfile.TemporaryDirectory(prefix="arcade-otel-bench-") as directory:
        machine = Machine(Path(directory, "machine"), posthog.url)
        del machine.environ[conventions.ENV_IDLE]  # two seconds, as everybody's
        try:
            machine.run("first")
            machine.settle()
            yield from _table(machine, posthog)
            yield ""
            yield _arrival(machine, posthog)
            yield ""
            yield _drain(machine, posthog)
        finally:
            machine.off()


def _table(machine: Machine, posthog: FakePostHog) -> Iterator[str]:
    python = [sys.executable, "-c", "pass"]
    bare = _measured(machine, lambda: (python, machine.with_environ()))
    yield "| process | CPU, ms | bare starts | memory, MiB |"
    yield "|---|---:|---:|---:|"

    def row(name: str, cost: tuple[float, float]) -> str:
        return f"| {name} | {cost[0]:.0f} | {cost[0] / bare[0]:.1f} | {cost[1]:.0f} |"

    yield row("a bare Python (`python -c pass`)", bare)
    yield row("sender, delivers one event by http and waits 2 s for more", _measured(machine, lambda: _sender(machine)))
    context, bundle = certified(machine.root)
    with TlsFront(context, int(posthog.url.rpartition(":")[2])) as front:
        address = {"ARCADE_USAGE_POSTHOG_HOST": front.url, "SSL_CERT_FILE": str(bundle)}
        yield row("the same by https", _measured(machine, lambda: _sender(machine, front.url, address)))
    (lane,) = queue.lanes_for({}, api_key="phc_test", host=posthog.url)
    lock = LaneLock.acquire(str(machine.state), lane)
    if lock is None:
        raise RuntimeError("the lane is busy")
    yield row("sender, finds another at work", _measured(machine, lambda: _sender(machine)))
    lock.release()
    environ = {**machine.with_environ(), "ENDPOINT": posthog.url}
    client = [sys.executable, "-c", _POSTHOG]
    yield row("posthog's own client, which captures and flushes one event", _measured(machine, lambda: (client, environ)))
    released = [_arcade_cli(machine.root / "released"), "-m", "arcade_core.usage"]
    event = {"event_name": "used", "properties": {}, "distinct_id": "somebody", "api_key": "phc_test", "host": posthog.url}
    environ = {**machine.with_environ(), conventions.ENV_EVENT_DATA: json.dumps(event)}
    yield row("the released Arcade CLI's sender (arcade-mcp)", _measured(machine, lambda: (released, environ)))


def _arcade_cli(venv: Path) -> str:
    """Install the released Arcade CLI in an environment of its own, and return its Python."""
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    python = str(venv / "bin" / "python")
    pip = [python, "-m", "pip", "--quiet", "--quiet", "--disable-pip-version-check", "install"]
    subprocess.run([*pip, "arcade-mcp"], check=True)
    return python


def _settings(machine: Machine, host: str | None = None) -> Settings:
    return make_settings(
        name="tool", config_dir=machine.config_dir, posthog_api_key="phc_test", posthog_host=host or machine.posthog_url
    )


def _text(settings: Settings) -> str:
    now = time.time_ns()
    return spans.encode(settings, path="bench", timing=(now, now), outcome=Outcome(0), identity=("somebody", True))


def _sender(
    machine: Machine, host: str | None = None, changes: Mapping[str, str] | None = None
) -> tuple[Sequence[str], dict[str, str]]:
    command = handoff.sender_command()
    if command is None:
        raise RuntimeError("no interpreter")
    text = _text(_settings(machine, host))
    return command, handoff.sender_environment(str(machine.config_dir), text, machine.with_environ(changes))


def _measured(machine: Machine, make: Callable[[], tuple[Sequence[str], Mapping[str, str]]]) -> tuple[float, float]:
    """Return the median CPU time in milliseconds and the largest memory in MiB of several processes, after one to warm up."""
    costs = []
    for _ in range(_REPEATS + 1):
        command, environ = make()
        # From a small process: a child's largest memory counts that of the process that started it.
        ended = subprocess.run(
            [sys.executable, "-S", "-c", _MEASURE, *command],
            env=dict(environ),
            cwd=machine.root,
            capture_output=True,
            text=True,
            check=True,
        )
        cpu, memory = ended.stdout.split()
        costs.append((float(cpu), float(memory)))
    return statistics.median(cpu for cpu, _ in costs[1:]), max(memory for _, memory in costs[1:])


def _arrival(machine: Machine, posthog: FakePostHog) -> str:
    """Measure the time from a command's exit to the request with its event, and the time of a bare Python's start."""
    arrivals, starts = [], []
    for _ in range(_REPEATS):
        began = time.monotonic()
        subprocess.run([sys.executable, "-c", "pass"], env=machine.with_environ(), check=True)
        starts.append(time.monotonic() - began)
        before = len(posthog.requests)
        machine.run("one")
        exited = time.monotonic()
        posthog.wait_for(lambda: len(posthog.requests) > before)  # noqa: B023
        arrivals.append(posthog.requests[-1].time - exited)
        machine.settle()
    arrival, start = statistics.median(arrivals), statistics.median(starts)
    starts_of_python = f"{arrival / start:.1f} starts of a bare Python"
    return f"An event arrives {arrival * 1000:.0f} ms after its command's exit (median), {starts_of_python}."


def _drain(machine: Machine, posthog: FakePostHog) -> str:
    """Measure how fast ten full lanes are delivered."""
    settings = _settings(machine)
    for project in range(10):
        lanes = queue.lanes_for({}, api_key=f"phc_{project}", host=posthog.url)
        text = _text(settings).replace("phc_test", f"phc_{project}")
        for _ in range(queue.MAX_COUNT):
            queue.enqueue(settings.state_dir, text, lanes, end_ns=time.time_ns(), span_id=os.urandom(8).hex())
    before = len(posthog.events)
    command = handoff.sender_command()
    if command is None:
        raise RuntimeError("no interpreter")
    environ = handoff.sender_environment(str(machine.config_dir), None, machine.with_environ({conventions.ENV_IDLE: "0"}))
    began = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-S", "-c", _MEASURE, *command], env=environ, capture_output=True, text=True, check=True
    )
    took, sent = time.monotonic() - began, len(posthog.events) - before
    memory = float(ended.stdout.split()[1])
    rate = f"{sent / took:.0f} a second"
    return f"One sender delivers {sent} queued spans of ten projects in {took:.1f} s ({rate}), with {memory:.0f} MiB."
