"""``arcade mcp``: an MCP server over stdio leaves one event of its command and the events of Arcade's own server tracker."""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from arcade_otel import conventions
from arcade_otel.testing import Event, FakePostHog
from tests.examples import released
from tests.support.event_order import in_order
from tests.support.machine import Machine
from tests.support.mcp_client import McpClient
from tests.support.programs import read_program

EXAMPLE = released.ROOT / "examples/arcade_mcp.py"
SERVER = read_program("examples/released_mcp_server")
STARTED, CALLED = "MCP server started", "MCP tool called"
#: The properties of Arcade's tracker. The release of the system is compared by its first part, because the rest is left out.
COMPARED = (
    *("transport", "host", "port", "tool_count", "resource_server_type", "arcade_mcp_server_version"),
    *("is_execution_success", "failure_reason", "runtime_language", "runtime_version", "os_type", "$process_person_profile"),
)


def run_example(machine: Machine, *calls: tuple[str, dict[str, Any]]) -> tuple[list[bool], str]:
    """Serve a client that calls tools and closes stdin. Return which calls succeeded, and the server's stderr."""
    shutil.copy(EXAMPLE, machine.root / "arcade.py")
    command = [machine.python, str(machine.root / "arcade.py"), "mcp", "stdio"]
    with McpClient(command, environ=machine.environ, cwd=machine.home) as client:
        succeeded = [client.call(tool, **arguments) for tool, arguments in calls]
        code, out, err = client.close()
    assert (code, out) == (0, ""), err
    machine.settle()
    return succeeded, err


def own(event: Event, *names: str) -> dict[str, Any]:
    """Return the properties of ``event`` that have one of ``names``."""
    return {name: event.properties[name] for name in names if name in event.properties}


def test_a_server_over_stdio_leaves_exactly_its_events_and_only_the_protocol_on_stdout(
    tmp_path: Path, posthog: FakePostHog
) -> None:
    """The notice of the first run is on stderr. Arguments of tools, names of tools and errors are in no event.

    The events are compared in the order of their times: on a slow computer the server hands them over in several spans, which
    can arrive in another order.
    """
    calls: tuple[tuple[str, dict[str, Any]], ...] = (
        ("greet", {"name": "Quokka"}),
        ("divide", {"a": 7919, "b": 0}),
        ("wombat", {}),
    )
    machine = Machine(tmp_path / "new", posthog.url)
    succeeded, err = run_example(machine, *calls)
    assert succeeded == [True, False, False]
    assert err.count("To opt out") == 1
    command, started, *called = in_order(posthog)
    assert (command.event, command.properties["command_name"]) == (conventions.EVENT_SUCCEEDED, "mcp")
    assert (command.properties["exit_code"], command.properties["outcome"]) == (0, "success")
    assert [started.event, *(event.event for event in called)] == [STARTED, CALLED, CALLED, CALLED]
    assert own(started, *COMPARED) == {
        "transport": "stdio",
        "tool_count": 2,
        "resource_server_type": "none",
        "arcade_mcp_server_version": "unknown",
        "runtime_language": "python",
        "runtime_version": command.properties["python_version"],
        "os_type": command.properties["os_type"],
        "$process_person_profile": False,
    }
    assert [own(event, "is_execution_success", "failure_reason") for event in called] == [
        {"is_execution_success": True},
        {"is_execution_success": False, "failure_reason": "error during tool execution"},
        {"is_execution_success": False, "failure_reason": "unknown tool"},
    ]
    assert {event.properties["command_name"] for event in called} == {"mcp"}
    sent = b"".join(request.content for request in posthog.requests).lower()
    assert [word for word in (b"quokka", b"7919", b"wombat", b"greet", b"divi") if word in sent] == []
    assert run_example(machine) == ([], "")
    assert [event.event for event in in_order(posthog)][5:] == [conventions.EVENT_SUCCEEDED, STARTED]
    machine.off()


class Tracked:
    """The released server on a machine of its own, with one of the trackers."""

    def __init__(self, tracker: str, root: Path, python: str, posthog: FakePostHog) -> None:
        self.tracker = tracker
        self.posthog = posthog
        self.machine = Machine(root, posthog.url, python)
        self.machine.program("server", SERVER)
        shutil.copy(EXAMPLE, root)

    def serve(self) -> list[dict[str, Any]]:
        """Serve a client whose calls succeed and fail in each way, and wait for the events. Return its answers."""
        before = len(self.events())
        command = [self.machine.python, str(self.machine.root / "server.py"), self.tracker]
        environ = self.machine.with_environ(released.OFFLINE)
        with McpClient(command, environ=environ, cwd=self.machine.home) as client:
            answers = [
                client.request("tools/call", {"name": name, "arguments": arguments})
                for name, arguments in (
                    ("Tools_Greet", {"name": "Jane"}),
                    ("Tools_Divide", {"a": 1, "b": 0}),
                    ("Tools_Divide", {"a": "one"}),
                    ("Tools_None", {}),
                )
            ]
            code, out, err = client.close()
        assert (code, out) == (0, ""), err
        self.posthog.wait_for(lambda: len(self.events()) == before + 5)
        self.machine.settle()
        return answers

    def events(self) -> list[Event]:
        """The events of the server, in the order of their arrival."""
        return [event for event in self.posthog.visible() if event.event in (STARTED, CALLED)]

    def compared(self) -> list[str]:
        """Return each event of the server with its person and its properties, sorted. The n-th anonymous ID is ``anonymous n``.

        Arcade's tracker sends each event by a process of its own, so the order is a matter of chance.
        """
        persons: dict[str, str] = {"account-1": "account-1"}
        found = []
        for event in self.posthog.visible():
            person = persons.setdefault(event.distinct_id, f"anonymous {len(persons)}")
            if event.event in (STARTED, CALLED):
                properties = {name: event.properties.get(name) for name in COMPARED}
                release = str(event.properties.get("os_release")).partition("-")[0]
                found.append(f"{event.event}, {person}, {properties}, {release}")
        return sorted(found)


@pytest.fixture
def both(tmp_path: Path, python: str) -> Iterator[tuple[Tracked, Tracked]]:
    """The server with its own tracker, and with this library."""
    with FakePostHog() as theirs, FakePostHog() as ours:
        servers = Tracked("own", tmp_path / "theirs", python, theirs), Tracked("ours", tmp_path / "ours", python, ours)
        yield servers
        for server in servers:
            server.machine.off()


@pytest.mark.released
@pytest.mark.latest
@pytest.mark.timeout(500)
@pytest.mark.skipif(sys.version_info[:2] not in [(3, 11), (3, 12)], reason="one environment of its own is enough")
def test_the_released_server_leaves_the_events_of_its_own_tracker(both: tuple[Tracked, Tracked]) -> None:
    """The same answers, events, persons and properties, before and after a login. Only times of a clock are left out."""
    theirs, ours = both
    assert ours.serve() == theirs.serve()
    for server in both:  # what a login leaves
        (server.machine.config_dir / "usage.json").write_text(
            json.dumps(server.machine.usage | {"linked_principal_id": "account-1"})
        )
    assert ours.serve() == theirs.serve()
    assert ours.compared() == theirs.compared()
    names = {name for event in theirs.events() for name in event.properties if not name.startswith("$")}
    assert names - released.NOT_SENT <= {name for event in ours.events() for name in event.properties}
    assert [event.event for event in in_order(ours.posthog) if event.event in (STARTED, CALLED)] == [STARTED, *[CALLED] * 4] * 2
    others = [event.event for event in ours.posthog.visible() if event.event not in (STARTED, CALLED)]
    assert others == [conventions.EVENT_SUCCEEDED] * 2
    assert {event.distinct_id for event in ours.events()} == {ours.machine.usage["anon_id"], "account-1"}
