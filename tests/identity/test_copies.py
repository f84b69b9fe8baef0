"""A config directory that was copied after its first run takes an anonymous ID of its own, unless an account is linked."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from arcade_otel import identity as identity_file
from arcade_otel.identity import copied_directory
from arcade_otel.identity.store import UsageIdentity
from arcade_otel.settings import make_settings
from arcade_otel.testing import FakePostHog
from tests.support.machine import Machine

_LOGIN = """
import sys
import arcade_otel
with arcade_otel.command(sys.argv[1], name="tool", version="1.2.3"):
    pass
"""


def _current(config_dir: Path) -> tuple[str, bool]:
    return identity_file.current(make_settings(config_dir=config_dir))


def _marker(config_dir: Path) -> Path:
    (found,) = (config_dir / "usage").glob("place-*")
    return found


def test_two_people_who_log_in_on_two_copies_stay_two_people(machine: Machine, posthog: FakePostHog) -> None:
    """In the home of a machine image, alice logs in on the original and bob on the copy.

    The events before the copy are alice's.
    """
    for person in ("alice", "bob"):
        posthog.arcade.add(api_key=f"key-of-{person}", principal_id=person)
    machine.program("account", _LOGIN)
    machine.run("before")
    machine.settle()
    original = machine.usage["anon_id"]
    shutil.copytree(machine.config_dir, machine.root / "copy", symlinks=True)
    copy = {"ARCADE_WORK_DIR": str(machine.root / "copy")}
    machine.log_in("key-of-alice", posthog.url)
    machine.run("login", program="account")
    machine.settle()
    machine.run("anonymous", environ=copy)
    machine.settle()
    (machine.root / "copy" / "credentials.yaml").write_text(
        f"cloud:\n  api:\n    key: key-of-bob\n  coordinator_url: {posthog.url}\n"
    )
    machine.run("login", program="account", environ=copy)
    posthog.wait_for(lambda: len([event for event in posthog.events if event.event == "$create_alias"]) == 2)
    aliases = {event.properties["alias"]: event.distinct_id for event in posthog.events if event.event == "$create_alias"}
    assert aliases["alice"] == original
    assert aliases["bob"] != original
    (anonymous,) = (event for event in posthog.events if event.properties.get("command_name") == "anonymous")
    assert anonymous.distinct_id == aliases["bob"]
    persons = posthog.persons()
    assert persons.owner_of("alice") != persons.owner_of("bob")


def test_a_linked_copy_stays_its_persons(tmp_path: Path) -> None:
    """Both copies belong to one person, and a logout gives each copy an ID of its own."""
    _current(tmp_path / "a")
    UsageIdentity(str(tmp_path / "a")).set_linked_principal_id("alice")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    assert _current(tmp_path / "b") == _current(tmp_path / "a") == ("alice", False)
    assert identity_file.read_settled(str(tmp_path / "b")) is not None, "the next command looks no further"


def test_a_copy_rotates_once_and_the_original_never(tmp_path: Path) -> None:
    original = _current(tmp_path / "a")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    copy = _current(tmp_path / "b")
    assert copy != original
    assert _current(tmp_path / "b") == copy
    assert _current(tmp_path / "a") == original
    assert list((tmp_path / "b").glob("usage.json.corrupt")) == []
    assert _marker(tmp_path / "b").name != _marker(tmp_path / "a").name


def test_a_copy_that_another_command_rotates_meanwhile_keeps_no_old_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other command rotates between any two calls that this one makes to find its ID."""
    original = _current(tmp_path / "a")
    reads, stat = identity_file.read, os.lstat
    for number in range(1, 12):
        copy = tmp_path / f"copy {number}"
        shutil.copytree(tmp_path / "a", copy)
        calls = 0

        def rotate(copy: Path = copy, number: int = number) -> None:
            nonlocal calls
            calls += 1
            if calls == number:
                UsageIdentity(str(copy)).get_or_create()

        def read(config_dir: str) -> tuple[str, str | None] | None:
            rotate()
            found = reads(config_dir)
            rotate()
            return found

        def lstat(*args: Any, **kwargs: Any) -> os.stat_result:
            rotate()
            return stat(*args, **kwargs)

        monkeypatch.setattr(identity_file, "read", read)
        monkeypatch.setattr(os, "lstat", lstat)
        mine = _current(copy)
        monkeypatch.undo()
        assert mine == _current(copy) != original


def test_a_copy_whose_lock_is_taken_keeps_no_old_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command cannot get the lock. Another one rotates while this one reads the file without the lock."""
    original = _current(tmp_path / "a")[0]
    copy = tmp_path / "copy"
    shutil.copytree(tmp_path / "a", copy)
    read = identity_file.read
    other = UsageIdentity(str(copy))

    def read_and_wait(config_dir: str) -> tuple[str, str | None] | None:
        found = read(config_dir)
        monkeypatch.undo()
        other.get_or_create()
        return found

    def no_lock(*_: Any, **__: Any) -> None:
        raise TimeoutError

    mine = UsageIdentity(str(copy))
    monkeypatch.setattr(mine, "update", no_lock)
    monkeypatch.setattr(identity_file, "read", read_and_wait)
    found = mine.get_or_create()
    assert found == other.get_or_create() == read(str(copy))
    assert found[0] != original


@pytest.mark.parametrize("change", ["renamed directory", "another device number", "no marker", "a marker that makes no sense"])
def test_what_is_no_copy_keeps_its_id(tmp_path: Path, change: str) -> None:
    """The cases are a renamed directory, a disk with another number after a boot, and a version that made no marker."""
    config_dir = tmp_path / "a"
    before = _current(config_dir)
    if change == "renamed directory":
        config_dir = config_dir.rename(tmp_path / "b")
    elif change == "another device number":
        _marker(config_dir).rename(config_dir / "usage" / "place-1-2-3-4-5")
    elif change == "no marker":
        _marker(config_dir).unlink()
    else:
        _marker(config_dir).rename(config_dir / "usage" / "place-1-2-3-4-5").write_text("nonsense")
    assert _current(config_dir) == before
    assert identity_file.read_settled(str(config_dir)) is not None


def _pretend(config_dir: Path, where: str, in_this_boot: str) -> None:
    """Make the only marker one that was made in another place, by its name and its hashes."""
    salt = "0123456789abcdef"
    digests = [hashlib.sha256(f"{salt} {text}".encode()).hexdigest() for text in (where, in_this_boot)]
    _marker(config_dir).unlink()
    (config_dir / "usage" / "place-1-2-3-4-5").write_text(" ".join((salt, *digests)))


def test_the_clone_of_a_machine_with_an_id_of_its_own_is_a_copy(tmp_path: Path) -> None:
    """The inode is the same, as on a copied disk. The machine's ID and the boot are different."""
    before = _current(tmp_path)
    where, _ = copied_directory.fingerprint(str(tmp_path))
    _pretend(tmp_path, where.replace("local ", "local other"), "another boot")
    assert _current(tmp_path) != before


def test_a_directory_that_a_container_mounts_is_no_copy(tmp_path: Path) -> None:
    """The container has another machine ID or none. The same kernel says that the directory is the same."""
    before = _current(tmp_path)
    _, in_this_boot = copied_directory.fingerprint(str(tmp_path))
    _pretend(tmp_path, "local other 1", in_this_boot)
    assert _current(tmp_path) == before


@pytest.mark.posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can change its user")
@pytest.mark.parametrize("copied", [False, True])
def test_a_home_that_cannot_be_written_is_used_unless_it_is_a_copy(copied: bool) -> None:  # noqa: FBT001
    """On a read-only image, a process that cannot make the marker reads the ID.

    A copy that cannot take another ID is not recorded.
    """
    with TemporaryDirectory(dir="/tmp") as root:
        Path(root).chmod(0o755)
        config_dir = Path(root, "config")
        anon_id, _ = _current(config_dir)
        _marker(config_dir).unlink()
        if copied:
            (config_dir / "usage" / "place-1-2-3-4-5").write_text(" ".join(("0" * 16, "1" * 64, "2" * 64)))
        for path in (config_dir, *config_dir.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        program = (
            "import os, sys\nos.setuid(65534)\nfrom arcade_otel import identity\n"
            "from arcade_otel.settings import make_settings\n"
            "try:\n    print(identity.current(make_settings(config_dir=sys.argv[1]))[0])\nexcept OSError:\n    print('none')\n"
        )
        # The library may be where only root can read: everything is imported before the user changes.
        program = "import arcade_otel.identity.store, arcade_otel.settings, arcade_otel.storage.locks\n" + program
        ended = subprocess.run(
            [sys.executable, "-c", program, str(config_dir)], capture_output=True, text=True, check=True, timeout=60
        )
        assert ended.stdout.strip() == ("none" if copied else anon_id)


@pytest.mark.posix
def test_neither_the_hosts_name_nor_the_kernel_is_in_it(tmp_path: Path) -> None:
    known = copied_directory.fingerprint(str(tmp_path))
    system = os.uname()
    for text in known:
        assert system.nodename not in text.split()
        assert system.release not in text


@pytest.mark.linux
def test_no_marker_says_where_in_clear(tmp_path: Path) -> None:
    """No file has the machine's ID, and two markers of one place have different hashes."""
    _current(tmp_path / "a")
    copied_directory.settle(str(tmp_path / "a"), copied=False)
    first = _marker(tmp_path / "a").read_text()
    copied_directory.settle(str(tmp_path / "a"), copied=False)
    assert _marker(tmp_path / "a").read_text().split()[1] != first.split()[1]
    machine_id = Path("/etc/machine-id")
    if machine_id.exists() and machine_id.read_text().strip():
        assert machine_id.read_text().strip() not in first


def test_markers_are_bounded(tmp_path: Path) -> None:
    """A home that a thousand machines share keeps the newest markers."""
    _current(tmp_path)
    for number in range(40):
        (tmp_path / "usage" / f"place-{number}-0-0-0-0").write_text("x")
    copied_directory.settle(str(tmp_path), copied=False)
    assert len(list((tmp_path / "usage").glob("place-*"))) == 16
    copied_directory.settle(str(tmp_path), copied=True)
    assert _marker(tmp_path).name == identity_file.place_marker(str(tmp_path))


_TABLE = """22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:50 / /nfs\\040home rw shared:2 - nfs4 server:/export/home rw,vers=4.2
31 22 0:51 / /box rw - overlay overlay rw,lowerdir=/l1:/l2,upperdir=/var/lib/docker/overlay2/abc/diff,workdir=/w
32 31 8:1 /var/lib/docker/volumes/v/_data /box/volume rw - ext4 /dev/sda1 rw
33 31 0:52 / /box rw - tmpfs tmpfs rw
nonsense
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/home/u/.arcade", ("/", "ext4", "/dev/sda1", "rw")),
        ("/nfs home/u/.arcade", ("/", "nfs4", "server:/export/home", "rw,vers=4.2")),
        ("/box/volume/.arcade", ("/var/lib/docker/volumes/v/_data", "ext4", "/dev/sda1", "rw")),
        ("/box/home", ("/", "tmpfs", "tmpfs", "rw")),
        ("/boxes", ("/", "ext4", "/dev/sda1", "rw")),
    ],
)
def test_the_mount_of_a_directory_is_found(tmp_path: Path, path: str, expected: tuple[str, str, str, str]) -> None:
    """It is the longest mount point above the directory. Of equal ones, the last covers the others."""
    (tmp_path / "table").write_text(_TABLE)
    assert copied_directory._mount(path, str(tmp_path / "table")) == expected
    assert copied_directory._mount(path, str(tmp_path / "missing")) is None
