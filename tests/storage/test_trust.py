"""Another local user, or a link, a pipe or a huge file in place of the library's files, cannot affect a command."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from arcade_otel import consent, storage
from arcade_otel.handoff import queue
from arcade_otel.storage import files
from arcade_otel.storage.directories import Directory
from arcade_otel.testing import FakePostHog
from tests.support.machine import Machine

needs_root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be two other users")
needs_posix = pytest.mark.skipif(os.name == "nt", reason="POSIX owners, links and pipes")
pytestmark = needs_posix

USER, ATTACKER = 12345, 12346


# Before the change of user: this Python may lie where other users cannot read.
IMPORTS = """
import os, sys
from arcade_otel import consent, identity, storage
from arcade_otel.consent import policy
from arcade_otel.handoff import queue
from arcade_otel.storage import directories, files
import grp, json, pwd
"""


def as_user(user: int, source: str, *arguments: str, **environ: str) -> str:
    """Run Python as another user, and return what it prints."""
    result = subprocess.run(
        [sys.executable, "-c", f"{IMPORTS}os.setgroups([]); os.setgid({user}); os.setuid({user})\n{source}", *arguments],
        env={"PATH": os.environ["PATH"], **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """Return a directory like /tmp, which every user can reach and write."""
    place = tmp_path / "shared"
    place.mkdir()
    place.chmod(0o1777)
    for directory in (tmp_path, *tmp_path.parents):
        if str(directory).startswith("/tmp/pytest"):
            directory.chmod(directory.stat().st_mode | 0o111)
    return place


DECIDE = """
config_dir = sys.argv[1]
decided = consent.decide(config_dir)
queue.clear(config_dir + "/usage")
print(decided.mode, decided.reason, decided.opted_out, identity.read(config_dir), storage.distrust_reason(config_dir), sep="|")
"""


@needs_root
@pytest.mark.parametrize("environ", [{}, {"ARCADE_USAGE_TRACKING": "1"}], ids=["unset", "tracking on"])
def test_a_config_directory_that_another_user_made_is_not_used(shared: Path, environ: dict[str, str]) -> None:
    """The choice, the identity and the queue in the directory are ignored, and no file in the directory is removed."""
    config_dir = shared / ".arcade"
    plant = (
        "os.umask(0o022); os.makedirs(sys.argv[1] + '/usage/queue/posthog')\n"
        "open(sys.argv[1] + '/usage.json', 'w').write('{\"anon_id\": \"theirs\", \"linked_principal_id\": null}')\n"
        "open(sys.argv[1] + '/usage/consent', 'w').write('on')\n"
        "open(sys.argv[1] + '/usage/queue/posthog/1-a.json', 'w').write('{}')\n"
    )
    as_user(ATTACKER, plant, str(config_dir))
    told = as_user(USER, DECIDE, str(config_dir), **environ).strip().split("|")
    assert told[:4] == ["off", "untrusted directory", "False", "None"]
    assert told[4] == f"{config_dir} belongs to another user (uid {ATTACKER})"
    assert as_user(0, DECIDE, str(config_dir), **environ).startswith("off|untrusted directory|False|None|")
    assert (config_dir / "usage" / "queue" / "posthog" / "1-a.json").exists()


@needs_root
def test_a_command_in_a_directory_that_others_may_write_runs_as_if_there_were_none(
    machine: Machine, posthog: FakePostHog
) -> None:
    """The library makes no file, no process and no request, and ``status`` says why."""
    machine.config_dir.chmod(0o777)
    before = sorted(machine.config_dir.rglob("*"))
    result = machine.run("one", environ={"ARCADE_USAGE_TRACKING": "1"})
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    machine.settle()
    assert sorted(machine.config_dir.rglob("*")) == before
    assert posthog.requests == []
    decided = consent.decide(str(machine.config_dir), environ={})
    assert decided.detail == f"{machine.config_dir} can be written by other users (mode 0777), so that it is not used"
    machine.config_dir.chmod(0o755)
    machine.run("two")
    posthog.wait_for(posthog.visible)


@needs_root
@pytest.mark.parametrize("place", ["usage.json", "usage/consent"])
def test_a_file_that_others_may_write_is_not_used(tmp_path: Path, place: str) -> None:
    """The rule also holds in a directory that the user owns."""
    (tmp_path / "usage").mkdir()
    (tmp_path / "usage.json").write_text('{"anon_id": "a", "linked_principal_id": null}')
    (tmp_path / "usage" / "consent").write_text("on")
    assert storage.distrust_reason(str(tmp_path)) is None
    (tmp_path / place).chmod(0o666)
    assert storage.distrust_reason(str(tmp_path)) == f"{tmp_path / place} can be written by other users (mode 0666)"
    with pytest.raises(storage.UntrustedStateError):
        storage.read_file(str(tmp_path), *place.split("/"))


@needs_root
def test_root_uses_the_state_of_the_user_who_invoked_sudo_and_of_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The opt-out of the user who invoked sudo counts. Without SUDO_UID, or with the ID of another user, there is no state."""
    (tmp_path / "usage").mkdir()
    (tmp_path / "usage" / "consent").write_text("off")
    for path in (tmp_path, tmp_path / "usage", tmp_path / "usage" / "consent"):
        os.chown(path, USER, USER)
    for invoker, reason in ((str(USER), consent.REASON_STORED), (str(ATTACKER), consent.REASON_UNTRUSTED)):
        monkeypatch.setenv("SUDO_UID", invoker)
        assert consent.decide(str(tmp_path), environ={}).reason == reason
    monkeypatch.delenv("SUDO_UID")
    assert consent.decide(str(tmp_path), environ={}).reason == consent.REASON_UNTRUSTED


@needs_root
def test_root_follows_no_link_in_the_state_of_the_user_who_invoked_sudo(
    machine: Machine, posthog: FakePostHog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The link replaces usage/ or a lane. Root writes and removes no file in the target of the link."""
    secret = machine.root / "roots"
    secret.mkdir()
    victims = [secret / "1-a.json", secret / f"{1:020d}-{1:016x}.json"]
    for victim in victims:
        victim.write_text("precious")
    monkeypatch.setenv("SUDO_UID", str(USER))
    sudo = {"SUDO_UID": str(USER)}
    (machine.state / "queue").mkdir()
    (machine.state / "queue" / "posthog").symlink_to(secret)
    for path in (machine.home, machine.config_dir, *machine.config_dir.rglob("*")):
        os.chown(path, USER, USER, follow_symlinks=False)
    queue.clear(str(machine.state))
    machine.run("one", environ={**sudo, "DO_NOT_TRACK": "1"})
    machine.run("two", environ=sudo)
    machine.settle()
    assert [path.read_text() for path in victims] == ["precious"] * 2
    usage = machine.config_dir / "usage"
    usage.rename(machine.config_dir / "before")
    usage.symlink_to(secret)
    os.chown(usage, USER, USER, follow_symlinks=False)
    machine.run("three", environ=sudo)
    machine.settle()
    assert sorted(secret.iterdir()) == sorted(victims)
    assert [event.properties["command_name"] for event in posthog.events] == ["two"]


@needs_root
def test_a_link_of_the_users_own_to_the_config_directory_is_followed_and_one_of_anothers_is_not(shared: Path) -> None:
    """Dotfile managers make links of the user's own."""
    (shared / "real").mkdir()
    (shared / "real").chmod(0o700)
    link = shared / "link"
    link.symlink_to(shared / "real")
    assert storage.distrust_reason(str(link)) is None
    Directory.open(str(link)).close()
    os.chown(link, ATTACKER, ATTACKER, follow_symlinks=False)
    assert storage.distrust_reason(str(link)) == f"{link} is a link of another user (uid {ATTACKER})"
    with pytest.raises(storage.UntrustedStateError):
        storage.open_directory(str(link))


@needs_root
def test_no_file_with_a_second_name_is_written_or_given_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under sudo, a hard link to a file of root replaces the receipts."""
    monkeypatch.setenv("SUDO_UID", str(USER))
    target = tmp_path / "roots"
    target.write_text("precious")
    state = tmp_path / "usage"
    state.mkdir()
    os.chown(state, USER, USER)
    os.link(target, state / "receipts.jsonl")
    with Directory.at(str(state)) as directory, pytest.raises(storage.UnusableFileError):
        directory.open_file("receipts.jsonl", os.O_RDWR | os.O_APPEND)
    files.chown_to_parent_owner(str(state / "receipts.jsonl"))
    assert (target.read_text(), target.stat().st_uid) == ("precious", 0)


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1024**3)


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _deep(path: Path) -> None:
    path.write_text("[" * 60_000)


@pytest.mark.parametrize("place", ["usage.json", "usage/notice", "usage/consent", "credentials.yaml", "usage/receipts.jsonl"])
@pytest.mark.parametrize("obstacle", [_pipe, _sparse, _device, _deep])
def test_no_file_in_anothers_place_makes_a_command_wait(
    machine: Machine, posthog: FakePostHog, place: str, obstacle: Callable[[Path], None]
) -> None:
    """The command ends normally within a few seconds, and a login does too."""
    path = machine.config_dir / place
    path.unlink(missing_ok=True)
    obstacle(path)
    began = time.monotonic()
    for command in ("one", "login"):
        result = machine.run(command, timeout=20)
        assert (result.returncode, result.stdout) == (0, "")
    assert time.monotonic() - began < 15
    machine.settle()


def test_what_is_missing_unreadable_and_unusable_are_told_apart(tmp_path: Path) -> None:
    """The results are None, OSError and UnusableFileError. Only a file that was read as a whole can be corrupt."""
    assert storage.read_file(str(tmp_path), "missing") is None
    assert storage.read_file(str(tmp_path), "no", "such") is None
    (tmp_path / "long").write_bytes(b"x" * 17)
    assert storage.read_file(str(tmp_path), "long", max_bytes=17) == b"x" * 17
    with pytest.raises(storage.UnusableFileError):
        storage.read_file(str(tmp_path), "long", max_bytes=16)
    with pytest.raises(storage.UnusableFileError):
        storage.read_file(str(tmp_path), ".")
    source = (
        "import resource, sys\nfrom arcade_otel import storage, consent\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))\n"  # EMFILE
        "try:\n    storage.read_file(sys.argv[1], 'long')\nexcept storage.UnusableFileError:\n    print('unusable')\n"
        "except OSError as error:\n    print(error.errno)\n"
        "decided = consent.decide(sys.argv[1], environ={})\nprint(decided.mode, decided.reason, decided.opted_out)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", source, str(tmp_path)],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.splitlines() == ["24", "off unreadable False"]


class _SharingViolationError(OSError):
    winerror = 32


@pytest.mark.parametrize(("failures", "error"), [(3, _SharingViolationError), (1, PermissionError)])
def test_windows_refusals_of_a_moment_are_tried_again(failures: int, error: type[OSError]) -> None:
    """The errors 5, 32 and 33 are tried again. Any other error is raised at once."""
    left = [error()] * failures

    def action() -> str:
        if left:
            raise left.pop()
        return "done"

    if error is _SharingViolationError:
        assert files.retry_while_busy(action, windows=True) == "done"
    else:
        with pytest.raises(PermissionError):
            files.retry_while_busy(action, windows=True)
