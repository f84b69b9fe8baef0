"""A test computer knows its senders, and waits for their end without repeated searches."""

import errno
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from arcade_otel import conventions
from arcade_otel.testing import CliSandbox, sender_processes
from tests.support.machine import Machine

pytestmark = pytest.mark.posix  # looks at process groups

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


def test_waiting_ends_when_the_process_does() -> None:
    """The wait neither ends before the process nor always lasts for the whole given time."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True) as process:
        assert not sender_processes.wait_for_end([process.pid], 0.1)
        assert process.stdin is not None
        process.stdin.close()
        before = time.monotonic()
        assert sender_processes.wait_for_end([process.pid], 60)
        assert time.monotonic() - before < 30


@pytest.mark.linux
def test_a_process_that_has_the_id_of_an_old_sender_is_none(tmp_path: Path) -> None:
    """The system reuses process IDs. A debug log that names the ID does not make the process a sender."""
    machine = Machine(tmp_path, "http://127.0.0.1:9")
    with subprocess.Popen(SLEEP, start_new_session=True) as process:
        machine.debug_log.write_text(f"[1]: sender {process.pid} started\n")
        try:
            machine.wait_until(lambda: Path("/proc", str(process.pid), "environ").read_bytes(), "the process has its environment")
            assert machine.senders() == []
            machine.settle()
        finally:
            process.kill()


@pytest.mark.linux
def test_a_sender_that_its_shell_starts_during_the_search_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shell of a busy computer can start the sender after the processes were listed, and end before it is looked at."""
    listdir = os.listdir
    script = f"read line; {shlex.join(SLEEP)} </dev/null & echo $!"
    environ = {**os.environ, conventions.ENV_SENDER: "/home/jane/.arcade"}
    with subprocess.Popen(
        ["/bin/sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ, start_new_session=True
    ) as shell:
        assert shell.stdin is not None
        assert shell.stdout is not None
        stdin, stdout = shell.stdin, shell.stdout
        started: list[int] = []

        def list_and_let_the_shell_go_on(path: str) -> list[str]:
            listed = listdir(path)
            if not started:
                stdin.write(b"\n")
                stdin.close()
                started.append(int(stdout.readline()))
                shell.wait(60)
            return listed

        monkeypatch.setattr(os, "listdir", list_and_let_the_shell_go_on)
        try:
            assert sender_processes.running({shell.pid}) == started
        finally:
            os.killpg(shell.pid, signal.SIGKILL)


@pytest.mark.linux
def test_where_there_is_no_proc_the_sender_is_found_after_its_shell_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """On macOS, there is no ``/proc``. The log names the shell, and the sender is another process of the shell's group."""
    script = f"{shlex.join(SLEEP)} </dev/null >/dev/null & echo $!"
    with subprocess.Popen(["/bin/sh", "-c", script], stdout=subprocess.PIPE, start_new_session=True) as shell:
        assert shell.stdout is not None
        sender = int(shell.stdout.readline())
        shell.wait(60)
        monkeypatch.setattr(sys, "platform", "darwin")
        assert sender_processes.running({shell.pid}) == [sender]
        os.killpg(shell.pid, signal.SIGKILL)
        assert sender_processes.wait_for_end([sender], 60)
        assert sender_processes.running({shell.pid}) == []


@pytest.mark.linux
def test_a_sender_that_no_log_names_is_found_and_awaited(machine: Machine) -> None:
    """The sender is found by its environment. A command that was killed could not log the start of its sender."""
    machine.run("one", environ={"ARCADE_USAGE_DEBUG": None, "ARCADE_USAGE_IDLE_SECONDS": "1"})
    (sender,) = machine.senders()
    assert sender not in sender_processes.logged(machine.log)
    machine.settle()
    assert sender_processes.wait_for_end([sender], 0)


@pytest.mark.linux
def test_settling_looks_at_all_processes_twice_and_not_all_the_time(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first search finds the senders, and the second shows that no other sender has started.

    A search costs a busy computer tens of milliseconds.
    """
    looks = []
    listdir = os.listdir

    def counted(path: str = ".") -> list[str]:
        if path == "/proc":
            looks.append(path)
        return listdir(path)

    machine.run("one", environ={"ARCADE_USAGE_IDLE_SECONDS": "1"})
    monkeypatch.setattr(os, "listdir", counted)
    machine.settle()
    assert len(looks) == 2


def test_a_computer_that_cannot_settle_says_what_is_left(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error shows the queue and the log, which a developer reads first."""
    machine.run("one", environ={"ARCADE_USAGE_IDLE_SECONDS": "5"})
    with pytest.raises(AssertionError, match=r"a sender is still running\nqueue: \[.*\]\nlog:\n(?s:.*)sender \d+ started"):
        machine.settle(timeout=0.2)
    machine.kill_senders()


def test_no_directory_of_the_developer_reaches_a_program_in_the_sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``HOME`` does not lead to the developer's files.

    The variables of the XDG base directories, which programs read before ``HOME``, do not lead there either.
    """
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, "/of/jane")
    with CliSandbox(tmp_path) as sandbox:
        ended = sandbox.run(sys.executable, "-c", "import os; print([v for v in os.environ.values() if '/of/jane' in v])")
    assert ended.stdout == "[]\n"


@pytest.mark.posix
@pytest.mark.parametrize("kernel", ["old headers", "an old kernel", "a sandbox"])
def test_the_end_of_a_process_is_awaited_without_a_pidfd_too(monkeypatch: pytest.MonkeyPatch, kernel: str) -> None:
    """Linux before 5.3 has no pidfd, and neither has a Python that was built for it. Some sandboxes forbid pidfds."""
    if kernel == "old headers":
        monkeypatch.delattr(os, "pidfd_open", raising=False)
    else:
        number = errno.ENOSYS if kernel == "an old kernel" else errno.EPERM

        def refuse(_: int) -> int:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(os, "pidfd_open", refuse, raising=False)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert not sender_processes.wait_for_end([process.pid], 0.1)
        process.communicate(b"\n", timeout=60)
        assert sender_processes.wait_for_end([process.pid], 60)
