"""A command that serves leaves one event. The processes that it starts leave none, and its stdout has no other output."""

import subprocess

from arcade_otel.testing import FakePostHog
from tests.support.machine import Machine
from tests.support.programs import read_program

SERVER = read_program("frameworks/server")


def test_a_server_with_a_reloader_and_workers_is_one_event(machine: Machine, posthog: FakePostHog) -> None:
    """An MCP server over stdio writes JSON on its stdout, so not even the notice of a first run may be there."""
    path = machine.program("server", SERVER)
    for words in (["serve"], ["serve", "--reload"]):
        ended = subprocess.run(
            [machine.python, str(path), *words],
            env=machine.environ,
            input='{"jsonrpc": "2.0", "id": 7, "method": "ping"}\n',
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ended.stdout == '{"jsonrpc": "2.0", "id": 7, "result": {}}\n', ended.stderr
        assert ended.stderr.count("worker") == 2
    posthog.wait_for(lambda: len(posthog.visible()) == 2)
    machine.settle()
    assert [event.properties["command_name"] for event in posthog.visible()] == ["serve", "serve"]
