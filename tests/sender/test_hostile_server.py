"""A hostile answer costs a sender bounded time and memory, gets no key, keeps no cookie, and silences it for at most an hour."""

import contextlib
import subprocess
import sys
import time

import pytest

from arcade_otel import handoff, spans
from arcade_otel.settings import make_settings
from arcade_otel.spans.outcome import Outcome
from arcade_otel.testing import FakePostHog, Fault
from tests.support.machine import Machine
from tests.support.raw_server import GOOD, HOSTILE, RawServer

#: Starts a sender and prints the seconds that it lived and its largest memory in KiB. A small process without ``site`` does
#: this, because the largest memory of a child includes that of the process that started it.
_MEASURE = """
import os, sys, time
began = time.monotonic()
_, _, used = os.wait4(os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ), 0)
print(time.monotonic() - began, used.ru_maxrss)
"""


def _measure_sender(machine: Machine, name: str, server: RawServer) -> "subprocess.Popen[str]":
    """Start a sender that has one span for a server."""
    config_dir = machine.root / name
    config_dir.mkdir()
    host = server.url.removesuffix("/batch/")
    settings = make_settings(name="tool", version="1.2.3", config_dir=config_dir, posthog_api_key="phc_test", posthog_host=host)
    now = time.time_ns()
    payload = spans.encode(settings, path="one", timing=(now, now), outcome=Outcome(0), identity=("someone", True))
    environ = handoff.sender_environment(
        str(config_dir), payload, machine.with_environ({"ARCADE_USAGE_POSTHOG_HOST": host, "ARCADE_WORK_DIR": str(config_dir)})
    )
    command = handoff.sender_command()
    assert command is not None
    return subprocess.Popen([sys.executable, "-S", "-c", _MEASURE, *command], env=environ, stdout=subprocess.PIPE, text=True)


@pytest.mark.waits
def test_a_whole_sender_stays_within_ten_seconds_and_24_mebibytes_over_its_usual_size(machine: Machine) -> None:
    """Each hostile server has a sender of its own. The usual size is that of a sender whose server answers well."""
    with contextlib.ExitStack() as stack:

        def serve(name: str) -> RawServer:
            script = HOSTILE[name] if name in HOSTILE else lambda client, _: client.sendall(GOOD)
            return stack.enter_context(contextlib.closing(RawServer(script)))

        servers = {name: serve(name) for name in ["good", *HOSTILE]}
        running = {name: _measure_sender(machine, name, server) for name, server in servers.items()}
        measured = {
            name: [float(word) for word in process.communicate(timeout=60)[0].split()] for name, process in running.items()
        }
    _, usual = measured["good"]
    for name, (seconds, kibibytes) in measured.items():
        assert servers[name].heads, f"{name}: nothing was asked"
        assert seconds <= 10, name
        assert kibibytes <= usual + 24 * 1024, name
        left = list((machine.root / name / "usage" / "queue").glob("*/*.json"))
        assert len(left) == (name != "good"), f"{name}: what was not acknowledged stays in the queue"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_carries_the_event_or_its_key_to_another_host(machine: Machine, posthog: FakePostHog, status: int) -> None:
    """The event waits in the queue."""
    with FakePostHog() as other:
        posthog.always(Fault.status(status, headers={"Location": f"{other.url}/batch/", "Refresh": f"0; url={other.url}"}))
        machine.run("one")
        machine.settle()
        assert len(posthog.requests) == 1
        assert other.requests == []
    assert len(machine.queue) == 1


@pytest.mark.parametrize(
    "value", ["99999999999999", "1e308", "inf", "nan", "-1", "-99999999999", "Fri, 31 Dec 9999 23:59:59 GMT", "\x7f"]
)
def test_no_retry_after_silences_anybody_for_longer_than_an_hour(machine: Machine, posthog: FakePostHog, value: str) -> None:
    """The value of ``Retry-After`` is huge, negative or no number. The pause is at most an hour."""
    posthog.script(Fault.status(429, headers={"Retry-After": value}))
    machine.run("one")
    machine.settle()
    until = float(machine.pause.read_text().split()[0])
    assert until <= time.time() + 3600
    machine.time_passes()
    machine.run("two")
    posthog.wait_for(lambda: len(posthog.visible()) == 2)


def test_a_cookie_is_never_returned(machine: Machine, posthog: FakePostHog) -> None:
    """One sender uses one connection, and still a server cannot mark a machine by a cookie."""
    posthog.script(Fault.status(503, headers={"Set-Cookie": "id=canary; Path=/; Max-Age=99999999"}))
    machine.run("one")
    machine.settle()
    machine.time_passes()
    machine.run("two")
    posthog.wait_for(lambda: len(posthog.visible()) == 2)
    machine.settle()
    assert len(posthog.requests) >= 2
    for request in posthog.requests:
        assert "canary" not in str(request.headers)
    assert not [path for path in machine.config_dir.rglob("*") if path.is_file() and b"canary" in path.read_bytes()]
