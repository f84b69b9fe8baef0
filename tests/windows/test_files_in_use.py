"""Windows refuses to replace or remove a file that another process has open.

The library loses no data by that, and goes on.
"""

import ctypes
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from arcade_otel.testing import FakePostHog
from tests.support.machine import Machine
from tests.support.programs import read_program

READER = read_program("windows/reader")


@contextmanager
def opened_alone(path: Path, seconds: float | None = None) -> Iterator[None]:
    """Open a file as virus scanners do, so that no other process can read or remove the file, for ``seconds`` if given."""
    if sys.platform != "win32":
        raise NotImplementedError
    kernel32: Any = ctypes.WinDLL("kernel32", use_last_error=True)
    kernel32.CreateFileW.restype = ctypes.c_void_p
    handle = kernel32.CreateFileW(str(path), 0x80000000, 0, None, 3, 0x80, None)
    assert handle not in (None, ctypes.c_void_p(-1).value), ctypes.get_last_error()
    closed = threading.Event()

    def close() -> None:
        if not closed.is_set():
            closed.set()
            kernel32.CloseHandle(ctypes.c_void_p(handle))

    timer = threading.Timer(seconds, close) if seconds else None
    if timer:
        timer.start()
    try:
        yield
    finally:
        if timer:
            timer.cancel()
        close()


def test_a_lock_has_one_holder(tmp_path: Path) -> None:
    """Three processes take the same lock fifty times each, and never hold the lock at the same time. No lease is made."""
    command = [sys.executable, str(Path(__file__).with_name("contender.py")), str(tmp_path)]
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(3)]
    assert [process.communicate(timeout=60)[0].strip() for process in processes] == [b"0"] * 3
    assert [path.name for path in tmp_path.iterdir()] == ["test.lock"]


def test_every_change_succeeds_beside_two_readers(tmp_path: Path) -> None:
    """Two processes read ``usage.json`` all the time. Fifty rotations in a row succeed, and no rotation stays pending."""
    from arcade_otel.identity.store import UsageIdentity

    store = UsageIdentity(str(tmp_path))
    ids = [store.get_or_create()[0]]
    stop = tmp_path / "stop"
    command = [sys.executable, "-S", "-c", READER, str(tmp_path / "usage.json"), str(stop)]
    readers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(2)]
    try:
        for _ in range(50):
            store.reset_to_anonymous()
            ids.append(json.loads((tmp_path / "usage.json").read_text())["anon_id"])
    finally:
        stop.touch()
        counts = [int(reader.communicate(timeout=60)[0]) for reader in readers]
    assert len(set(ids)) == 51
    assert min(counts) > 0
    assert not (tmp_path / "usage" / "rotation").exists()
    assert not list(tmp_path.glob("*corrupt*"))


def test_a_logout_beside_readers_is_honoured(computer: Machine, accounts: FakePostHog) -> None:
    """The file is open for so long that it cannot be replaced. The next command rotates the ID before its event."""
    computer.run("login", "alice", accounts.url, program="cli")
    computer.settle()
    before = computer.usage
    assert before["linked_principal_id"] == "principal-alice"
    with (computer.config_dir / "usage.json").open():
        assert computer.run("logout", program="cli").stdout == "logged out\n"
    computer.run("ok", program="cli")
    accounts.wait_for(lambda: any(event.properties.get("command_name") == "ok" for event in accounts.events))
    after = next(event for event in accounts.events if event.properties.get("command_name") == "ok")
    assert after.distinct_id not in (before["anon_id"], "principal-alice")


def test_login_switch_and_logout_make_three_persons(computer: Machine, accounts: FakePostHog) -> None:
    """Alice logs in, then Bob without a logout, and then Bob logs out. Each person has their own commands."""
    computer.run("login", "alice", accounts.url, program="cli")
    computer.run("ok", program="cli")
    computer.run("login", "bob", accounts.url, program="cli")
    computer.run("fail", "5", program="cli")
    computer.run("logout", program="cli")
    computer.run("crash", program="cli")
    accounts.wait_for(lambda: any(event.properties.get("command_name") == "crash" for event in accounts.events))
    computer.settle()
    by_name = {event.properties.get("command_name"): event.distinct_id for event in accounts.visible()}
    assert by_name["ok"] == "principal-alice"
    assert by_name["fail"] == by_name["logout"] == "principal-bob"
    assert by_name["crash"] == computer.usage["anon_id"]
    aliases = [event for event in accounts.visible() if event.event == "$create_alias"]
    assert len({event.distinct_id for event in aliases}) == 2


def test_a_file_that_cannot_be_read_for_now_is_not_thrown_away(computer: Machine, posthog: FakePostHog) -> None:
    """A scanner has ``usage.json`` open alone while a command runs. The identity stays the same."""
    computer.run("ok", program="cli")
    computer.settle()
    before = computer.usage
    with opened_alone(computer.config_dir / "usage.json"):
        assert computer.run("ok", program="cli").stdout == "done\n"
    computer.run("ok", program="cli")
    computer.settle()
    assert computer.usage == before
    assert not list(computer.config_dir.glob("*corrupt*"))
    assert {event.distinct_id for event in posthog.events} == {before["anon_id"]}


def test_disable_and_forget_go_on_past_a_file_in_use(computer: Machine, posthog: FakePostHog) -> None:
    """Another process has one queued span open.

    The choice is stored, all other spans are removed, and the exit code reports the remaining one.
    """
    from arcade_otel.testing import Fault

    posthog.always(Fault.status(503))
    for _ in range(3):
        computer.run("ok", program="cli")
    computer.settle()
    first, *others = computer.queue
    with opened_alone(first):
        result = computer.run("usage", "disable", program="cli")
    assert result.returncode == 1, result.stdout + result.stderr
    assert (computer.state / "consent").read_text().strip() == "off"
    assert computer.queue == [first], others
    assert computer.run("usage", "disable", program="cli").returncode == 0
    assert not computer.queue


def test_the_config_directory_can_be_removed_while_a_sender_waits_for_more(computer: Machine, posthog: FakePostHog) -> None:
    """A test or an uninstaller removes the directory right after the delivery.

    The sender has neither the directory nor a file in it open.
    """
    computer.run("ok", program="cli", environ={"ARCADE_USAGE_IDLE_SECONDS": "5"})
    posthog.wait_for(lambda: posthog.events)
    computer.wait_until(lambda: not computer.queue, "the event had left the queue")
    removed: list[str] = []

    def remove() -> bool:
        try:
            shutil.rmtree(computer.config_dir)
        except OSError as error:
            removed.append(str(error))
            return False
        return True

    computer.wait_until(remove, "the directory could be removed")
    assert computer.senders(), removed
