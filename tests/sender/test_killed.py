"""A sender may die at any moment, and a disk or the power may fail. A span that the sender took over is delivered later."""

import fcntl
import os
import pty
import signal
import subprocess
import sys
import termios

import pytest

from arcade_otel.testing import FakePostHog, Fault
from tests.support.machine import Machine

pytestmark = pytest.mark.posix  # imports modules that Windows lacks, or needs signals, users or file modes


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_sender_that_is_killed_while_it_delivers_loses_nothing(machine: Machine, posthog: FakePostHog, number: int) -> None:
    """PostHog has received the request and has not answered when the sender is killed."""
    posthog.script(Fault.hang())
    machine.run("one")
    posthog.wait_for(lambda: len(posthog.requests) == 1)
    assert machine.kill_senders(number)
    machine.settle()
    assert len(machine.queue) == 1
    machine.run("two")
    machine.settle()
    assert [event.properties["command_name"] for event in posthog.visible()] == ["one", "two"]


def test_half_a_file_is_never_sent_and_blocks_nobody(machine: Machine, posthog: FakePostHog) -> None:
    """A file that is empty after a power cut, cut off, or no text is set aside. The other files are sent."""
    posthog.stop()
    machine.run("one")
    machine.settle()
    posthog.start()
    (whole,) = machine.queue
    text = whole.read_text()
    for number, content in enumerate((b"", text[: len(text) // 2].encode(), b"\xff\xfe\x00", b"[]", b"{}")):
        (whole.parent / f"{whole.name[:20]}-{number:016x}.json").write_bytes(content)
    (whole.parent / ".half.json.1.tmp").write_text(text)
    machine.time_passes()
    machine.run("two")
    machine.settle()
    assert [event.properties["command_name"] for event in posthog.events] == ["one", "two"]
    assert len(list((machine.state / "corrupt").iterdir())) == 5


def test_a_full_disk_is_no_matter_of_the_user(machine: Machine, posthog: FakePostHog) -> None:
    """The library cannot write any file. The command's output and exit code do not change."""
    quota = f"""
import resource, runpy, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
sys.argv = ["tool", "one"]
runpy.run_path({str(machine.root / "tool.py")!r}, run_name="__main__")
print("done", flush=True)
"""
    machine.program("full", quota)
    result = machine.run(program="full")
    assert (result.returncode, result.stdout, result.stderr) == (0, "done\n", "")
    machine.settle()
    assert machine.queue == []
    machine.run("two")
    machine.settle()
    assert [event.properties["command_name"] for event in posthog.events] == ["two"]


def test_the_hangup_of_the_terminal_does_not_reach_the_sender(machine: Machine, posthog: FakePostHog) -> None:
    """The sender has a session of its own, so closing the window or killing the shell's process group does not end it."""
    posthog.script(Fault.delay(1))  # the sender is at work meanwhile
    ours, theirs = pty.openpty()
    shell = subprocess.Popen(
        [sys.executable, str(machine.root / "tool.py"), "one"],
        env=machine.with_environ(),
        cwd=machine.home,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - its terminal from now on
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    assert shell.wait(60) == 0
    os.close(ours)
    assert machine.senders() != []
    with pytest.raises(ProcessLookupError):  # the sender is not in the group that a shell would kill
        os.killpg(shell.pid, signal.SIGHUP)
    machine.settle()
    assert [event.properties["command_name"] for event in posthog.visible()] == ["one"]


def test_a_lock_left_by_the_dead_holds_nobody_up(machine: Machine, posthog: FakePostHog) -> None:
    """The files of a lock prove nothing, because the system knows which processes live."""
    machine.run("one")
    machine.settle()
    (lock,) = machine.state.glob("sender-posthog*.lock")
    lock.write_text("4711")
    machine.run("two")
    machine.settle()
    assert len(posthog.events) == 2
