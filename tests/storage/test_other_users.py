"""Other local users, and obstacles in the files of a command or a sender, cause no wait and no change of other files."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from arcade_otel.testing import FakePostHog, Fault
from tests.support.machine import Machine

needs_root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be two other users")
pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX owners, links and pipes")

USER, ATTACKER = 12345, 12346

# Imported before the change of user: this Python may lie where others cannot read.
AS_USER = """
import os, sys
import arcade_otel
from arcade_otel.cli import console, enable_disable, flush, forget, local_state, output, show_and_log, status
from arcade_otel.handoff import exporter_config, queue, receipts
from arcade_otel.identity import store
from arcade_otel.sender import backoff
import argparse, ctypes, gettext, json, pwd, grp, uuid
user = int(sys.argv.pop(1))
os.setgroups([]); os.setgid(user); os.setuid(user)
"""


def as_user(user: int, source: str, *arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    """Run Python as another user."""
    return subprocess.run(
        [sys.executable, "-c", AS_USER + source, str(user), *arguments],
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def reachable(path: Path) -> None:
    """Let every user pass through to ``path``, as through /home."""
    for directory in (path, *path.parents):
        if directory.stat().st_uid == os.geteuid() and str(directory) != "/":
            directory.chmod(directory.stat().st_mode | 0o111)


def tree(directory: Path) -> dict[str, tuple[int, int, bytes]]:
    """Return the owner, the mode and the content of each file in a directory."""
    return {
        str(path.relative_to(directory)): (
            path.lstat().st_uid,
            path.lstat().st_mode,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in directory.rglob("*")
    }


def usage(user: int, config_dir: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run ``arcade-otel …`` as another user with the config directory of the victim."""
    source = "sys.exit(console.main(sys.argv[1:]))\n"
    return as_user(user, source, *arguments, ARCADE_WORK_DIR=str(config_dir), ARCADE_USAGE_POSTHOG_API_KEY="phc_test")


@pytest.fixture
def victims(machine: Machine, posthog: FakePostHog) -> Path:
    """Return the config directory of a user who has run a command.

    The user owns the directory, and others may pass through its parents.
    """
    reachable(machine.home)
    machine.run("one")
    posthog.wait_for(posthog.visible)
    machine.settle()
    for path in (machine.home, machine.config_dir, *machine.config_dir.rglob("*")):
        os.chown(path, USER, USER)
    return machine.config_dir


@needs_root
@pytest.mark.parametrize("choice", ["on", "off"])
@pytest.mark.parametrize("open_to_readers", [False, True], ids=["private", "readable by everybody"])
def test_another_user_cannot_switch_consent_on_or_off(victims: Path, choice: str, open_to_readers: bool) -> None:  # noqa: FBT001
    """The other user runs the usage commands with the victim's directory, or changes its files, even if it is readable."""
    (victims / "usage" / "consent").write_text(choice)
    (victims / "usage" / "consent").chmod(0o600)
    os.chown(victims / "usage" / "consent", USER, USER)
    for directory in (victims, victims / "usage"):
        directory.chmod(0o755 if open_to_readers else 0o700)
    before = tree(victims)
    for command in ("enable", "disable", "forget", "flush"):
        ended = usage(ATTACKER, victims, command)
        if command in ("enable", "disable"):
            assert ended.returncode == 1, (command, ended.stdout, ended.stderr)
        assert "Traceback" not in ended.stderr
    files = as_user(
        ATTACKER,
        "for act in (lambda p: open(p, 'w'), os.unlink, lambda p: os.rename(p, p + '2'), lambda p: os.symlink('/x', p + '3')):\n"
        "    try:\n        act(sys.argv[1] + '/usage/consent')\n"
        "    except PermissionError:\n        print('refused')\n",
        str(victims),
    )
    assert files.stdout.split() == ["refused"] * 4, files.stderr
    assert tree(victims) == before
    decided = as_user(
        USER,
        "from arcade_otel import consent\ndecision = consent.decide(sys.argv[1], environ={})\n"
        "print(decision.mode)\nprint(decision.reason, file=sys.stderr)\n",
        str(victims),
    )
    assert decided.stdout.strip() == choice, decided.stderr


@needs_root
def test_status_says_whose_the_directory_is(victims: Path) -> None:
    """Neither root without sudo nor another user can use the directory, and ``status`` says why."""
    for directory in (victims, victims / "usage"):
        directory.chmod(0o755)
    for user in (0, ATTACKER):
        ended = usage(user, victims, "status")
        assert ended.returncode == 3, ended.stderr
        assert f"belongs to another user (uid {USER})" in ended.stdout


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1024**3)


def _deep(path: Path) -> None:
    path.write_text("[" * 100_000)


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _directory(path: Path) -> None:
    path.mkdir()


OBSTACLES = [_pipe, _sparse, _deep, _device, _directory]


@pytest.mark.timeout(180)
@pytest.mark.parametrize("obstacle", OBSTACLES)
def test_no_obstacle_among_the_files_of_the_sender_keeps_anybody_waiting(
    machine: Machine, posthog: FakePostHog, obstacle: Callable[[Path], None]
) -> None:
    """The obstacle replaces a queued span and every file of the last sender. The next command and its sender end in time."""
    posthog.always(Fault.status(503))
    machine.run("one")
    machine.settle()
    (waiting,) = machine.queue
    obstacle(waiting.parent / f"{1:020d}-{1:016x}.json")
    left = [path for path in machine.state.iterdir() if path.is_file() and path.name not in ("notice", "consent")]
    assert left
    for path in left:
        path.unlink()
        obstacle(path)
    began = time.monotonic()
    ended = machine.run("two")
    assert (ended.returncode, ended.stdout) == (0, "")
    assert time.monotonic() - began < 5
    machine.settle()
    assert time.monotonic() - began < 15


@pytest.mark.parametrize("obstacle", [_pipe, _sparse, _deep, _device, _directory])
def test_a_hostile_span_in_the_queue_holds_up_no_other(
    machine: Machine, posthog: FakePostHog, obstacle: Callable[[Path], None]
) -> None:
    """The user's own spans arrive, whatever is before them in the queue."""
    posthog.always(Fault.status(503))
    machine.run("one")
    machine.settle()
    (waiting,) = machine.queue
    obstacle(waiting.parent / f"{1:020d}-{1:016x}.json")
    posthog.heal()
    machine.time_passes()
    machine.run("two")
    posthog.wait_for(lambda: len(posthog.visible()) == 2)
