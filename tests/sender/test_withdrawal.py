"""``usage disable`` and ``usage forget`` stop a sender that is in the middle of a delivery to a slow server."""

import time

import pytest

from arcade_otel import handoff, spans
from arcade_otel.handoff import queue
from arcade_otel.settings import Settings, make_settings
from arcade_otel.spans.outcome import Outcome
from arcade_otel.testing import FakePostHog, Fault
from tests.support.machine import Machine

USAGE = "import sys\nfrom arcade_otel.cli.console import main\nsys.exit(main(sys.argv[1:]))\n"


def settings_of(machine: Machine) -> Settings:
    return make_settings(name="tool", config_dir=machine.config_dir, posthog_api_key="phc_test", posthog_host=machine.posthog_url)


def fill(machine: Machine, count: int) -> None:
    """Put spans into the queue, as commands do while no delivery succeeds."""
    settings = settings_of(machine)
    lanes = queue.lanes_for({}, api_key="phc_test", host=machine.posthog_url)
    for number in range(count):
        now = time.time_ns()
        text = spans.encode(settings, path=f"c{number}", timing=(now, now), outcome=Outcome(0), identity=("someone", True))
        queue.enqueue(settings.state_dir, text, lanes)


def start_sender(machine: Machine) -> None:
    command = handoff.sender_command()
    assert command is not None
    handoff.start_sender(
        command, handoff.sender_environment(str(machine.config_dir), None, machine.with_environ()), str(machine.home)
    )


@pytest.mark.waits
@pytest.mark.timeout(300)
@pytest.mark.parametrize("command", ["disable", "forget"])
def test_nothing_leaves_once_the_command_has_returned(machine: Machine, posthog: FakePostHog, command: str) -> None:
    """The command runs before the first request, during a request, or between two requests.

    One second later, no new request has come.
    """
    machine.program("usage", USAGE)
    posthog.always(Fault.delay(0.05))
    posthog.most_events(5)  # so that one look into the queue becomes some forty requests: each is asked about
    interrupted = 0
    for attempt in range(30):
        choice = machine.state / "consent"
        choice.unlink(missing_ok=True)
        fill(machine, 120)
        before = len(posthog.requests)
        start_sender(machine)
        if attempt % 3:
            posthog.wait_for(lambda: len(posthog.requests) > before)  # noqa: B023
        time.sleep(attempt * 0.01)
        ended = machine.run(command, program="usage")
        returned = time.monotonic()
        assert ended.returncode == 0, ended.stderr
        sent = len(posthog.requests) - before
        interrupted += 0 < sent < 40
        machine.settle()
        late = [request.time - returned for request in posthog.requests if request.time > returned]
        assert late == [], f"attempt {attempt}"
        assert len(posthog.requests) - before == sent
        assert machine.queue == []
    assert interrupted > 5, "the command came in the middle of a delivery"


@pytest.mark.waits
def test_a_hanging_server_keeps_nobody_from_opting_out(machine: Machine, posthog: FakePostHog) -> None:
    """The command returns when the running request ends, which takes at most 5 s."""
    machine.program("usage", USAGE)
    posthog.always(Fault.hang())
    fill(machine, 150)
    start_sender(machine)
    posthog.wait_for(lambda: posthog.requests)
    began = time.monotonic()
    assert machine.run("disable", program="usage").returncode == 0
    assert time.monotonic() - began < 8
    assert len(posthog.requests) == 1
    machine.settle()
    assert len(posthog.requests) == 1
    assert machine.queue == []
