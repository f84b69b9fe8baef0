"""One sender works at a time, other senders end at once, and no sender lives longer than ten seconds."""

import os
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from arcade_otel import conventions, handoff, spans
from arcade_otel.handoff import zombies
from arcade_otel.sender.lane_lock import LaneLock
from arcade_otel.settings import make_settings
from arcade_otel.spans.outcome import Outcome
from arcade_otel.testing import FakePostHog, Fault
from tests.benchmarks import counter
from tests.support.machine import Machine
from tests.support.programs import read_program


@pytest.fixture
def machine(machine: Machine) -> Machine:
    """Return a computer whose senders wait for more spans as long as the library's default says."""
    del machine.environ[conventions.ENV_IDLE]
    return machine


def commands(posthog: FakePostHog) -> Counter[str]:
    """Return how often PostHog shows each command."""
    return Counter(event.properties["command_name"] for event in posthog.visible())


def lane(machine: Machine) -> str:
    """Return the lane of the stand-in."""
    (folder,) = (machine.state / "queue").iterdir()
    return folder.name


@pytest.mark.timeout(300)
def test_a_sender_without_work_costs_at_most_two_and_a_half_bare_pythons(machine: Machine) -> None:
    """The sender finds another sender at work, or a pause, and ends. Its span is in the queue by then."""
    machine.run("one")
    machine.settle()
    settings = make_settings(
        name="tool", config_dir=machine.config_dir, posthog_api_key="phc_test", posthog_host=machine.posthog_url
    )
    text = spans.encode(
        settings, path="two", timing=(time.time_ns(), time.time_ns()), outcome=Outcome(0), identity=("someone", True)
    )
    command = handoff.sender_command()
    assert command is not None
    environ = handoff.sender_environment(str(machine.config_dir), text, machine.with_environ())
    bare = counter.pythons_own(machine.with_environ(), machine.root)
    turn = LaneLock.acquire(str(machine.state), lane(machine))
    assert turn is not None
    try:
        subprocess.run(command, env=environ, cwd=machine.root, check=True)  # writes every *.pyc
        busy = counter.count(command, environ, machine.root)
    finally:
        turn.release()
    assert "another sender is at work" in machine.log
    assert len(machine.queue) == 1
    assert busy <= 2.5 * bare, f"{busy / bare:.2f} times a bare Python"
    (machine.state / f"pause-{lane(machine)}").write_text(f"{time.time() + 600:.0f} 6")
    paused = counter.count(command, environ, machine.root)
    assert "pauses" in machine.log
    assert paused <= 2.5 * bare, f"{paused / bare:.2f} times a bare Python"


@pytest.mark.timeout(300)
def test_200_commands_in_a_row_share_a_few_senders_and_the_last_delivers_all(machine: Machine, posthog: FakePostHog) -> None:
    """At most ten senders start up fully, each command arrives once, and the queue is empty at the end."""
    for number in range(200):
        assert machine.run(f"c{number}").returncode == 0
    machine.settle()
    assert commands(posthog) == Counter(f"c{number}" for number in range(200))
    assert machine.queue == []
    assert 1 <= machine.log.count("at work: ") <= 10


@pytest.mark.parametrize(("asked", "full_starts"), [("5", 1), ("0", 2)])
def test_how_long_a_sender_waits_for_more_can_be_said(
    machine: Machine, posthog: FakePostHog, asked: str, full_starts: int
) -> None:
    """A variable sets the number of seconds."""
    machine.environ[conventions.ENV_IDLE] = asked
    machine.run("one")
    machine.wait_until(posthog.visible, "the first was delivered")
    if asked == "0":
        machine.settle()
    machine.run("two")
    machine.settle()
    assert commands(posthog) == Counter(["one", "two"])
    assert machine.log.count("at work: ") == full_starts


@pytest.mark.parametrize("asked", ["soon", "-1", "inf", "nan"])
def test_what_is_no_number_of_seconds_to_wait_changes_nothing(machine: Machine, posthog: FakePostHog, asked: str) -> None:
    """An invalid number only adds a line to the debug log."""
    machine.environ[conventions.ENV_IDLE] = asked
    began = time.monotonic()
    machine.run("one")
    machine.settle()
    assert time.monotonic() - began > 2.0  # they are two, as for everybody
    assert commands(posthog) == Counter(["one"])
    assert "ARCADE_USAGE_IDLE_SECONDS is no number of seconds: 2.0 it is" in machine.log


@pytest.mark.timeout(300)
def test_forty_commands_eight_at_a_time_from_a_fresh_home(machine: Machine, posthog: FakePostHog) -> None:
    """Forty events arrive with one ID, and no event arrives twice."""
    numbers = iter(range(40))
    lock = threading.Lock()

    def work() -> None:
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            assert machine.run(f"c{number}").returncode == 0

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    machine.settle()
    assert commands(posthog) == Counter(f"c{number}" for number in range(40))
    assert {event.distinct_id for event in posthog.events} == {machine.usage["anon_id"]}


@pytest.mark.waits
@pytest.mark.parametrize("stuck", ["an import that never ends", "a loop in C that keeps the lock of the interpreter"])
def test_nothing_outlives_ten_seconds(machine: Machine, stuck: str) -> None:
    """The watchdog ends a sender whatever it is doing. The watchdog starts before any import and does not depend on Python."""
    machine.run("one", environ={"ARCADE_USAGE_POSTHOG_HOST": "http://127.0.0.1:9"})
    machine.settle()
    machine.time_passes()
    block = {
        "an import that never ends": "while True: time.sleep(1)",
        "a loop in C that keeps the lock of the interpreter": "re.match('(a+)+$', 'a' * 64 + 'b')",
    }[stuck]
    prelude = f"""
import re, runpy, sys, time
class Stuck:
    def find_spec(self, name, path=None, target=None):
        if name.startswith("arcade_otel_exporters"):
            {block}
sys.meta_path.insert(0, Stuck())
runpy.run_path(sys.argv[1], run_name="__main__")
"""
    command = handoff.sender_command()
    assert command is not None
    environ = handoff.sender_environment(str(machine.config_dir), None, machine.with_environ())
    began = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-c", prelude, command[-1]],
        env=environ,
        cwd=machine.root,
        timeout=60,
        check=False,
        capture_output=True,
    )
    assert ended.returncode == 1
    assert 5 < time.monotonic() - began < 20  # the watchdog's 9.5 s, and room for a loaded machine
    assert len(machine.queue) == 1


def test_no_more_senders_work_at_once_than_one(machine: Machine, posthog: FakePostHog) -> None:
    """While one sender waits for PostHog, the senders of later commands end. The first sender also delivers their spans."""
    posthog.script(Fault.delay(3))
    machine.run("one")
    posthog.wait_for(lambda: len(posthog.requests) == 1)
    (first,) = machine.senders()
    for number in range(4):
        machine.run(f"more{number}")
    machine.wait_until(lambda: machine.senders() == [first], "the later senders had left")
    machine.settle()
    assert len(commands(posthog)) == 5
    assert machine.log.count("at work: ") == 1


def test_senders_start_no_senders(machine: Machine) -> None:
    """The guard variable keeps commands that run in a sender from being recorded."""
    machine.run("one", environ={conventions.ENV_SENDER: str(machine.config_dir)})
    assert machine.senders() == []
    assert machine.queue == []


#: The first process of a container: it runs the commands that it is told of, and reaps no process but those.
NO_REAPER = read_program("sender/no_reaper")


@pytest.mark.linux
def test_where_nobody_reaps_only_a_few_zombies_are_left_and_nothing_is_lost(machine: Machine, posthog: FakePostHog) -> None:
    """In a container whose PID 1 is ``sleep``, eight senders end as zombies, then one an hour.

    Other spans wait in the queue.
    """
    notes = machine.state / "senders"

    def twenty_seconds_pass() -> None:
        if notes.exists():
            lines = [line.split() for line in notes.read_text().splitlines()]
            notes.write_text("\n".join(f"{pid} {start} {max(0, int(since) - 21)}" for pid, start, since in lines))

    tool = machine.root / "tool.py"
    with subprocess.Popen(
        [sys.executable, "-c", NO_REAPER], env=machine.environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdin is not None
        assert first.stdout is not None

        def told(line: str) -> int:
            print(line, file=first.stdin, flush=True)
            return int(first.stdout.readline())  # type: ignore[union-attr]

        for number in range(30):
            assert told(f"{sys.executable} {tool} c{number}") == 0
            waits = (machine.state / "unreaped").exists()
            machine.wait_until(lambda: waits or (commands(posthog)[f"c{number}"] and not machine.queue), "it was delivered")  # noqa: B023
            machine.kill_senders()  # they have nothing left to do but to wait for more
            twenty_seconds_pass()
        assert zombies.MAX_COUNT <= told("zombies") <= zombies.MAX_COUNT + 3
        assert 20 <= len(machine.queue) < 30
        os.utime(machine.state / "unreaped", (1, 1))  # an hour passes
        assert told(f"{sys.executable} {tool} later") == 0
        machine.settle()
        assert machine.queue == []
        assert told("zombies") <= zombies.MAX_COUNT + 4
        assert told(f"{sys.executable} {tool} last") == 0
        machine.settle()
        assert len(machine.queue) == 1
    assert commands(posthog) == Counter([*(f"c{number}" for number in range(30)), "later"])
    machine.run("where somebody reaps")
    assert len(machine.queue) == 2, "an hour has not passed"
    os.utime(machine.state / "unreaped", (1, 1))
    pids = [line.split()[0] for line in notes.read_text().splitlines()]
    machine.wait_until(lambda: not any(Path("/proc", pid).exists() for pid in pids), "the system's own PID 1 reaped them")
    machine.run("again")
    machine.settle()
    assert machine.queue == []
    assert not (machine.state / "unreaped").exists()
