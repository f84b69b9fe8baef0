"""A command that serves: one event for the command, none for the processes that it starts, and nothing on its stdout."""

import subprocess

from arcade_otel.testing import FakePostHog
from tests.support.machine import Machine

SERVER = """
import json, multiprocessing, os, subprocess, sys
import click
import arcade_otel

@click.group()
def app(): pass

def work():
    print("worker", file=sys.stderr)

@app.command()
@click.option("--reload", is_flag=True)
def serve(reload):
    if reload and os.environ.get("WERKZEUG_RUN_MAIN") != "true":
        # What Werkzeug's reloader does: the same command line again, and its exit code.
        sys.exit(subprocess.call([sys.executable, *sys.argv], env={**os.environ, "WERKZEUG_RUN_MAIN": "true"}))
    for method in ("fork", "spawn"):
        process = multiprocessing.get_context(method).Process(target=work)
        process.start()
        process.join()
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": {}}), flush=True)

arcade_otel.instrument(app, name="server")
if __name__ == "__main__":
    app()
"""


def test_a_server_with_a_reloader_and_workers_is_one_event(machine: Machine, posthog: FakePostHog) -> None:
    """An MCP server over stdio speaks JSON on its stdout, and nothing else comes there: not even the notice of a first run."""
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
