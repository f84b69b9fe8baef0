"""A command that serves leaves one event. The processes that it starts leave none, and its stdout has no other output."""

import contextlib
import os
import select
import signal
import subprocess
import time
from pathlib import Path

import pytest

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


class Group:
    """A server and every process that it starts, and what they print. A sender is none of them."""

    def __init__(self, command: list[str], environ: dict[str, str], directory: Path) -> None:
        self._process = subprocess.Popen(
            command,
            env={**environ, "PYTHONUNBUFFERED": "1"},
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self._descriptor = self._process.stdout.fileno()
        self.output = b""

    def __enter__(self) -> "Group":
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _read(self, seconds: float) -> bool:
        """Add to ``output`` what is printed in this time. Return False once every process has ended."""
        if not select.select([self._descriptor], [], [], seconds)[0]:
            return True
        some = os.read(self._descriptor, 65536)
        self.output += some
        return bool(some)

    def wait_for(self, text: str, times: int) -> None:
        """Wait until a text was printed so many times."""
        deadline = time.monotonic() + 60
        while self.output.count(text.encode()) < times:
            assert self._read(0.25), self.output.decode()
            assert time.monotonic() < deadline, self.output.decode()

    def reload(self, path: Path, text: str) -> None:
        """Give a file later and later times until a text was printed once more.

        A reloader that has not looked at the file yet misses a change. One that begins again at each change needs time to come to
        the text, so this waits twice as long after each change.
        """
        before, changed, patience = self.output.count(text.encode()), time.time(), 1.0
        while self.output.count(text.encode()) == before:
            changed += 5
            os.utime(path, (changed, changed))
            next_change = time.monotonic() + patience
            while self.output.count(text.encode()) == before and time.monotonic() < next_change:
                assert self._read(0.25), self.output.decode()
            patience *= 2
            assert patience <= 64, self.output.decode()

    def end(self, number: signal.Signals) -> int:
        """End the server as Ctrl-C in its terminal does (SIGINT), or as a supervisor does; wait for all. Return its exit code."""
        (os.killpg if number == signal.SIGINT else os.kill)(self._process.pid, number)
        deadline = time.monotonic() + 60
        while self._read(0.25):
            assert time.monotonic() < deadline, self.output.decode()
        return self._process.wait(60)


FLASK = read_program("frameworks/flask_cli")
SERVERS = read_program("frameworks/servers")
INT, TERM = signal.SIGINT, signal.SIGTERM


@pytest.mark.latest
@pytest.mark.posix
@pytest.mark.parametrize(
    ("package", "words", "number"),
    [
        ("flask", ["run", "--reload", "--port", "0"], INT),
        ("flask", ["run", "--reload", "--port", "0"], TERM),
        ("flask", ["--debug", "run", "--port", "0"], INT),
        ("uvicorn", ["uvicorn", "--reload"], INT),
        ("uvicorn", ["uvicorn", "--reload"], TERM),
        ("uvicorn", ["uvicorn", "--workers", "2"], INT),
        ("uvicorn", ["uvicorn", "--workers", "2"], TERM),
        ("gunicorn", ["gunicorn"], INT),
        ("gunicorn", ["gunicorn"], TERM),
        ("watchfiles", ["watchfiles"], INT),
        ("watchfiles", ["watchfiles", "--whole"], TERM),
        ("hupper", ["hupper"], INT),
        ("bottle", ["bottle"], INT),
        ("django", ["django"], INT),
        ("django", ["django"], TERM),
    ],
)
def test_a_server_that_starts_processes_is_one_event(
    machine: Machine, posthog: FakePostHog, package: str, words: list[str], number: signal.Signals
) -> None:
    """After it has reloaded, at Ctrl-C or SIGTERM: the exit code is the server's, the duration at least the time it served."""
    pytest.importorskip(package)
    name, source = ("flask_cli", FLASK) if package == "flask" else ("servers", SERVERS)
    path = machine.program(name, source)
    machine.program("watchdog", "raise ImportError('werkzeug looks at times, whatever is installed here')\n")
    with Group([machine.python, str(path), *words], machine.environ, machine.root) as group:
        group.wait_for("serving", 1)
        served_since = time.monotonic()
        if "--workers" in words:
            group.wait_for("serving", 2)
        else:
            group.reload(path, "serving")
        served_ms = (time.monotonic() - served_since) * 1000
        exit_code = group.end(number)
    machine.settle()
    (event,) = posthog.visible()
    expected = "run" if package == "flask" else package
    assert (event.properties["command_name"], event.properties["exit_code"]) == (expected, exit_code & 0xFF), group.output
    assert event.properties["duration"] >= served_ms


WORKERS = read_program("frameworks/workers")


@pytest.mark.posix
@pytest.mark.parametrize("method", ["spawn", "forkserver", "fork", "os.fork", "pool"])
def test_a_worker_that_runs_the_program_again_is_no_event(machine: Machine, posthog: FakePostHog, method: str) -> None:
    """Neither a command of the program, nor a block that is recorded by hand."""
    machine.program("workers", WORKERS)
    ended = machine.run("start", method, program="workers")
    assert (ended.stdout.split(), ended.returncode) == (["task", "block"], 0), ended.stderr
    posthog.wait_for(posthog.visible)
    machine.settle()
    assert [event.properties["command_name"] for event in posthog.visible()] == ["start"]


def test_a_command_that_another_one_starts_is_an_event_of_its_own(machine: Machine, posthog: FakePostHog) -> None:
    """By ``subprocess``: it is no worker."""
    machine.program("workers", WORKERS)
    ended = machine.run("start", "subprocess", program="workers")
    assert (ended.stdout.split(), ended.returncode) == (["task"], 0), ended.stderr
    posthog.wait_for(lambda: len(posthog.visible()) == 2)
    machine.settle()
    assert sorted(event.properties["command_name"] for event in posthog.visible()) == ["start", "task"]


def test_a_logout_in_a_worker_is_recorded_and_rotates_the_id(machine: Machine, posthog: FakePostHog) -> None:
    """Wherever an account changes, the next person's events must not reach it."""
    machine.program("workers", WORKERS)
    (machine.config_dir / "credentials.yaml").touch()
    (machine.config_dir / "usage.json").write_text(
        '{"anon_id": "4d6e7f80-0000-4000-8000-000000000001", "linked_principal_id": "user-9"}'
    )
    ended = machine.run("start", "spawn", "logout", program="workers", environ={"ARCADE_WORK_DIR": str(machine.config_dir)})
    assert ended.returncode == 0, ended.stderr
    posthog.wait_for(lambda: len(posthog.visible()) == 2)
    machine.settle()
    seen = {event.properties["command_name"]: event.distinct_id for event in posthog.visible()}
    assert (seen["logout"], set(seen)) == ("user-9", {"logout", "start"})
    assert machine.usage["linked_principal_id"] is None
    assert seen["start"] == machine.usage["anon_id"] != "4d6e7f80-0000-4000-8000-000000000001"
