"""Events that a server tracks while it runs are sent while it runs, on spans of their own."""

import json
import subprocess
from collections.abc import Callable, Iterator

import pytest

from arcade_otel import consent, conventions
from arcade_otel.frameworks import late_events
from arcade_otel.handoff import queue, receipts
from arcade_otel.testing import FakePostHog
from tests.support.collector import HttpCollector
from tests.support.event_order import in_order
from tests.support.machine import Machine
from tests.support.programs import read_program

PROGRAM = read_program("frameworks/late_events")
CALLED = "tool called"
#: Properties of a command's event that an event of a server lacks: those of the command's end, and those that count runs.
OF_THE_RUN = {"duration", "exit_code", "outcome", "first_run", "$session_id"}


class Server:
    """A program that runs until its stdin is closed, and does what it is told by lines."""

    def __init__(self, machine: Machine, command: str, **environ: str) -> None:
        self.process = subprocess.Popen(
            [machine.python, str(machine.root / "server.py"), command],
            env=machine.with_environ(environ),
            cwd=machine.home,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def tell(self, *lines: str) -> None:
        """Tell it to do something, and wait until it is done."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        for line in lines:
            self.process.stdin.write(f"{line}\n")
            self.process.stdin.flush()
            assert self.process.stdout.readline() == "done\n", self.process.communicate()[1]

    def end(self, last: str = "") -> tuple[int, str, str]:
        """Close its stdin. Return its exit code and the rest of what it printed."""
        out, err = self.process.communicate(last, timeout=60)
        return self.process.returncode, out, err


@pytest.fixture
def serve(machine: Machine) -> Iterator[Callable[..., Server]]:
    """Return a function that starts the server."""
    machine.program("server", PROGRAM)
    servers: list[Server] = []

    def start(command: str, **environ: str) -> Server:
        servers.append(Server(machine, command, **environ))
        return servers[-1]

    yield start
    for server in servers:
        server.process.kill()
        server.process.communicate()


def numbers(posthog: FakePostHog) -> list[int]:
    """Return the numbers of the server's events, in the order of their times."""
    return [event.properties["number"] for event in in_order(posthog) if event.event == CALLED]


@pytest.mark.parametrize("command", ["ended", "served"])
def test_the_first_event_is_sent_while_the_server_runs(
    machine: Machine, posthog: FakePostHog, serve: Callable[..., Server], command: str
) -> None:
    """Both after ``end_run()`` and in a command of ``record_start``. It survives SIGKILL, and it has the command's properties."""
    server = serve(command)
    server.tell("track 1")
    first = [0, 1] if command == "ended" else [0]
    posthog.wait_for(lambda: numbers(posthog) == first)
    server.process.kill()
    server.process.wait()
    machine.settle()
    assert numbers(posthog) == first
    other = [event for event in posthog.visible() if event.event != CALLED]
    assert [event.event for event in other] == [conventions.EVENT_SUCCEEDED if command == "ended" else conventions.EVENT_STARTED]
    late = in_order(posthog)[-1]
    shared = set(other[0].properties) - OF_THE_RUN
    assert set(late.properties) == shared | {"number"}
    assert {name: late.properties[name] for name in shared} == {name: other[0].properties[name] for name in shared}
    assert late.properties["runtime"] == late.properties["python_version"]
    assert late.distinct_id == other[0].distinct_id == machine.usage["anon_id"]
    assert late.timestamp > other[0].timestamp
    assert len({event.uuid for event in posthog.visible()}) == len(posthog.visible())


def test_a_busy_server_starts_one_sender_for_the_first_event_and_one_for_the_rest(
    machine: Machine, posthog: FakePostHog, serve: Callable[..., Server]
) -> None:
    """The rest waits in memory until the server ends, or for the interval, which is ten minutes here. Each arrives once."""
    server = serve("ended")
    server.tell("many 30")
    assert machine.log.count(" started\n") == 2  # of the command, and of its first event after that
    assert server.end() == (0, "", "")
    machine.settle()
    assert machine.log.count("]: sender ") == 3
    assert sorted(numbers(posthog)) == list(range(31))
    assert len(receipts.events(str(machine.state))) == 3
    assert machine.log.count("track: no command is recorded, and so no event") == 1  # after the command's end


def test_events_that_wait_are_sent_together_after_the_interval(
    machine: Machine, posthog: FakePostHog, serve: Callable[..., Server]
) -> None:
    """A thread that sleeps for the interval sends them, while the server does nothing. They do not wait for its end."""
    assert late_events.INTERVAL_SECONDS == 10  # as the documentation says
    server = serve("ended", INTERVAL="0.3")
    server.tell("many 3", "thread 4")
    posthog.wait_for(lambda: sorted(numbers(posthog)) == [0, 1, 2, 3, 4])
    server.tell("track 5", "track 6")
    posthog.wait_for(lambda: sorted(numbers(posthog)) == [0, 1, 2, 3, 4, 5, 6])
    assert server.process.poll() is None


def test_more_events_than_can_wait_are_left_out(machine: Machine, posthog: FakePostHog, serve: Callable[..., Server]) -> None:
    """The first one is sent at once. The documentation has the number."""
    assert late_events.MAX_WAITING == 100
    server = serve("ended")
    server.tell("many 103")
    assert server.end()[0] == 0
    machine.settle()
    assert sorted(numbers(posthog)) == list(range(102))
    assert machine.log.count("event dropped: tool called (a server can track 100 events in 600 s)") == 2


def test_what_waits_is_lost_with_the_server_and_a_failure_loses_nothing(
    machine: Machine, posthog: FakePostHog, serve: Callable[..., Server]
) -> None:
    """SIGKILL loses the events of the last interval. An error that ends the command does not."""
    killed = serve("ended")
    killed.tell("track 1", "track 2")
    killed.process.kill()
    killed.process.wait()
    machine.settle()
    assert sorted(numbers(posthog)) == [0, 1]
    failing = serve("served")
    failing.tell("track 1", "track 2")
    code, _, err = failing.end("raise it broke\n")
    assert (code, "it broke" in err) == (1, True)
    machine.settle()
    assert sorted(numbers(posthog)) == [0, 0, 1, 1, 2]
    assert [event.event for event in posthog.visible()].count(conventions.EVENT_FAILED) == 1


def test_an_event_belongs_to_the_person_of_its_time(machine: Machine, posthog: FakePostHog, serve: Callable[..., Server]) -> None:
    """A person logs in and out while the events wait. Groups go with a person only."""
    server = serve("ended")
    posthog.wait_for(lambda: numbers(posthog) == [0])
    for number, command in enumerate(("", "login", "logout"), 1):
        if command:
            assert machine.run(command, program="server").returncode == 0
            machine.settle()
        server.tell(f"track {number}", f"track {number + 10}")
    assert server.end()[0] == 0
    machine.settle()
    found = [
        (event.properties["number"], event.distinct_id, event.properties.get("$groups"))
        for event in posthog.visible()
        if event.event == CALLED
    ]
    found.sort(key=lambda each: each[0] % 10)
    anonymous, renewed = found[0][1], found[-1][1]
    assert len({anonymous, renewed, "user-9"}) == 3
    assert found == [
        (0, anonymous, None),
        (1, anonymous, None),
        (11, anonymous, None),
        (2, "user-9", {"organization": "org_123"}),
        (12, "user-9", {"organization": "org_123"}),
        (3, renewed, None),
        (13, renewed, None),
    ]


@pytest.mark.posix
def test_a_worker_has_no_events_and_a_nested_command_has_its_own(
    machine: Machine, posthog: FakePostHog, serve: Callable[..., Server]
) -> None:
    """A forked child adds nothing. An event in another command of the server's process travels on that command's span."""
    server = serve("ended", INTERVAL="0")
    server.tell("fork 1", "nested 2", "thread 3")
    assert server.end()[0] == 0
    machine.settle()
    found = {
        (event.properties["number"], event.properties["command_name"]) for event in posthog.visible() if event.event == CALLED
    }
    assert found == {(0, "ended"), (2, "nested"), (3, "ended")}


def test_free_text_of_a_server_is_redacted(machine: Machine, posthog: FakePostHog, serve: Callable[..., Server]) -> None:
    """By the same rules."""
    server = serve("ended")
    server.tell("say sk-proj-x8XBXzrs5pl93XlfoWcBe6wS890M8pMsPPsXRXNfu1T27Kia")
    posthog.wait_for(lambda: len(numbers(posthog)) == 2)
    assert in_order(posthog)[-1].properties["why"] == "no <redacted> in <path>"


def test_a_user_who_opts_out_while_the_server_runs_sends_no_event_and_log_prints_each(
    machine: Machine, posthog: FakePostHog, serve: Callable[..., Server]
) -> None:
    """What waits is forgotten. Nor does a command that is excluded or sampled out have an event."""
    server = serve("served")
    posthog.wait_for(lambda: numbers(posthog) == [0])
    server.tell("track 1")
    machine.settle()
    (machine.state / "consent").write_text("off")
    assert server.end()[0] == 0
    machine.settle()
    assert numbers(posthog) == [0]
    (machine.state / "consent").unlink()
    for command in ("excluded", "sampled"):
        other = serve(command)
        other.tell("track 1")
        assert other.end()[0] == 0
    off = serve("ended", ARCADE_USAGE_TRACKING="0")
    off.tell("track 1")
    assert off.end() == (0, "", "")
    machine.settle()
    assert numbers(posthog) == [0]
    shown = serve("ended", ARCADE_USAGE_TRACKING=consent.LOG)
    shown.tell("track 1", "track 2")
    events = [json.loads(f"{{{text}") for text in ("\n" + shown.end()[2]).split("\n{")[1:]]
    assert [event["event"] for event in events] == [conventions.EVENT_SUCCEEDED, CALLED, CALLED, CALLED]
    assert [event["properties"].get("number") for event in events] == [None, 0, 1, 2]


@pytest.mark.parametrize("live", ["live_spans=True", "live_spans=False"])
def test_a_receiver_of_otlp_gets_the_commands_span_only(
    machine: Machine, posthog: FakePostHog, collector: HttpCollector, serve: Callable[..., Server], live: str
) -> None:
    """With the event that was tracked before the run ended. PostHog gets the later one, too."""
    machine.program("server", PROGRAM.replace('exclude="excluded"', live))
    server = serve(
        "ended",
        OTEL_TRACES_EXPORTER="posthog,otlp",
        OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
    )
    server.tell("track 1")
    assert server.end()[0] == 0
    collector.wait_for(lambda: collector.spans)
    machine.settle()
    assert sorted(numbers(posthog)) == [0, 1]
    (received,) = collector.spans
    assert [event.name for event in received.span.events] == [CALLED]
    assert conventions.RESOURCE_EVENTS_ONLY not in received.resource


def test_a_count_of_dropped_events_waits_for_the_event_of_a_command(
    machine: Machine, posthog: FakePostHog, serve: Callable[..., Server]
) -> None:
    """Events of a server do not have it, because a sum over all events would count it several times."""
    server = serve("ended", INTERVAL="0")
    posthog.wait_for(lambda: numbers(posthog) == [0])
    machine.settle()
    (lane,) = queue.lanes(str(machine.state))
    queue.DropCounter(str(machine.state), lane).increment(7)
    server.tell("track 1")
    posthog.wait_for(lambda: numbers(posthog) == [0, 1])
    machine.settle()
    assert machine.run("login", program="server").returncode == 0
    machine.settle()
    found = [event.properties.get("dropped_events") for event in posthog.visible() if event.event.startswith("CLI execution")]
    assert found == [None, 7]
