"""Locks between processes also work on file systems that cannot lock. A preloaded library makes ``flock`` fail."""

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from arcade_otel.storage.directories import Directory
from arcade_otel.storage.locks import FileLock
from arcade_otel.testing import FakePostHog, Fault
from tests.support.machine import Machine
from tests.support.preload import CANNOT_PRELOAD, compile_library, preload

CANNOT_LOCK = ["hang", *(str(number) for number in (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EIO))]

pytestmark = pytest.mark.skipif(bool(CANNOT_PRELOAD), reason=CANNOT_PRELOAD)


@pytest.fixture(scope="module")
def no_locks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the path of the preloaded library."""
    return compile_library("no_locks", tmp_path_factory.mktemp("no_locks"))


@pytest.mark.parametrize("failure", CANNOT_LOCK)
def test_an_event_arrives_once_where_the_file_system_cannot_lock(
    machine: Machine, posthog: FakePostHog, no_locks: Path, failure: str
) -> None:
    """The first run makes usage.json under its lock. A lease of the last sender does not keep the next sender out."""
    preload(machine, no_locks, FLOCK_ERRNO=failure)
    for command in ("one", "two"):
        assert machine.run(command).returncode == 0
        machine.settle()
    assert [event.properties["command_name"] for event in posthog.events] == ["one", "two"]
    assert machine.queue == []
    assert list(machine.config_dir.rglob("*.lease")) == []


def test_ten_commands_at_once_arrive_once_each_without_locks(machine: Machine, posthog: FakePostHog, no_locks: Path) -> None:
    """The commands have one identity, and one sender works at a time."""
    preload(machine, no_locks)
    running = [machine.start(f"c{number}") for number in range(10)]
    assert [process.wait(60) for process in running] == [0] * 10
    machine.settle()
    machine.run("last")
    machine.settle()
    assert sorted(event.properties["command_name"] for event in posthog.events) == sorted([*(f"c{n}" for n in range(10)), "last"])
    assert len({event.distinct_id for event in posthog.events}) == 1


def test_the_queue_is_bounded_without_locks(machine: Machine, posthog: FakePostHog, no_locks: Path) -> None:
    """The limits of the queue hold with and without locks."""
    posthog.always(Fault.status(503))
    preload(machine, no_locks)
    machine.run("one")
    machine.settle()
    (waiting,) = machine.queue
    content = waiting.read_text()
    for number in range(1100):
        (waiting.parent / f"{waiting.name[:20]}-{number:016x}.json").write_text(content)
    machine.run("two")
    machine.settle()
    assert len(machine.queue) == 1000


HOLDER = """
import sys, time
from arcade_otel.storage.directories import Directory
from arcade_otel.storage.locks import FileLock
with Directory.open(sys.argv[1]) as directory:
    lock = FileLock.acquire(directory, "a.lock", wait=0, stale_after=30)
print("taken" if lock else "busy", flush=True)
sys.stdin.read()
if lock:
    lock.release()
"""


def _holder(folder: Path, **environ: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)],
        env={"PATH": os.environ["PATH"], **environ},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("preloaded", [True, False], ids=["without locks", "with locks"])
def test_a_lock_is_exclusive_and_free_once_its_holder_was_killed(tmp_path: Path, no_locks: Path, preloaded: bool) -> None:  # noqa: FBT001
    """The lease has a process ID, which shows that the holder has ended."""
    environ = {"LD_PRELOAD": str(no_locks)} if preloaded else {}
    holder = _holder(tmp_path, **environ)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "taken\n"
    other = _holder(tmp_path, **environ)
    assert other.communicate("")[0] == "busy\n"
    with Directory.open(str(tmp_path)) as directory:  # a process that can lock sees the other's lease
        assert FileLock.acquire(directory, "a.lock", wait=0, stale_after=30) is None
    holder.kill()
    holder.communicate()
    assert _holder(tmp_path, **environ).communicate("")[0] == "taken\n"


def test_a_full_disk_leaves_no_lease_that_keeps_others_out(tmp_path: Path, no_locks: Path) -> None:
    """The file of a lease can be made there, and its holder cannot be written into it."""
    full = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
    ended = subprocess.run(
        [sys.executable, "-c", full + HOLDER, str(tmp_path)],
        env={"PATH": os.environ["PATH"], "LD_PRELOAD": str(no_locks)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "OSError: [Errno 27]" in ended.stderr
    assert _holder(tmp_path, LD_PRELOAD=str(no_locks)).communicate("")[0] == "taken\n"


def test_a_lease_of_another_host_is_free_once_it_is_stale(tmp_path: Path) -> None:
    """Whether a process of another host still runs cannot be checked here."""
    lease = tmp_path / "a.lock.lease"
    lease.write_text("another-host 1 abc")
    with Directory.open(str(tmp_path)) as directory:
        assert FileLock.acquire(directory, "a.lock", wait=0, stale_after=10) is None
        old = time.time() - 11
        os.utime(lease, (old, old))
        lock = FileLock.acquire(directory, "a.lock", wait=0, stale_after=10)
    assert lock is not None
    lock.release()
    assert not lease.exists()
