"""``usage.json`` under parallel processes and in broken homes."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from arcade_otel import identity as identity_file, storage
from arcade_otel.identity import store
from arcade_otel.identity.store import UsageIdentity
from arcade_otel.settings import make_settings

_CURRENT = """
import sys
from arcade_otel import identity as identity_file
from arcade_otel.settings import make_settings
sys.stdin.read()
print(identity_file.current(make_settings(config_dir=sys.argv[1]))[0])
"""
_ROTATE = """
import sys
from arcade_otel.identity import store
from arcade_otel.identity.store import UsageIdentity
store = UsageIdentity(sys.argv[1])
sys.stdin.read()
for turn in range(5):
    store.update(lambda identity: (identity[0], str(int(identity[1] or 0) + 1)))
"""


def _together(program: str, folder: Path, count: int) -> list[str]:
    """Run ``count`` processes that begin once all are started. Return what each printed."""
    ready, begin = os.pipe()
    children = [
        subprocess.Popen([sys.executable, "-c", program, str(folder)], stdin=ready, stdout=subprocess.PIPE, text=True)
        for _ in range(count)
    ]
    os.close(ready)
    os.close(begin)
    outputs = [child.communicate(timeout=100)[0].strip() for child in children]
    assert [child.returncode for child in children] == [0] * count
    return outputs


def test_fifty_first_runs_at_once_end_in_one_anonymous_id(tmp_path: Path) -> None:
    """Fifty processes without a file agree on one ID, and the file has the same ID."""
    ids = _together(_CURRENT, tmp_path / "home" / ".arcade", 50)
    assert set(ids) == {json.loads((tmp_path / "home" / ".arcade" / "usage.json").read_text())["anon_id"]}


def test_no_change_of_processes_side_by_side_is_lost(tmp_path: Path) -> None:
    """Eight processes that each change the file five times under the lock make forty changes."""
    _together(_ROTATE, tmp_path, 8)
    found = identity_file.read(str(tmp_path))
    assert found is not None
    assert found[1] == "40"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe\x00",
        b"[]",
        b"{}",
        b'{"anon_id": 5}',
        b'{"anon_id": ""}',
        b'{"anon_id": "a", "linked_principal_id": 5}',
    ],
)
def test_a_corrupt_file_is_kept_beside_and_replaced(tmp_path: Path, content: bytes) -> None:
    """A file without an identity reads as None, is kept as a backup, and is replaced by a new identity."""
    (tmp_path / "usage.json").write_bytes(content)
    assert identity_file.read(str(tmp_path)) is None
    distinct_id, is_anon = identity_file.current(make_settings(config_dir=tmp_path))
    assert is_anon
    assert json.loads((tmp_path / "usage.json").read_text()) == {"anon_id": distinct_id, "linked_principal_id": None}
    assert (tmp_path / "usage.json.corrupt").read_bytes() == content


def test_a_directory_in_the_files_place_is_set_aside(tmp_path: Path) -> None:
    """A directory called usage.json is no reason to fail."""
    (tmp_path / "usage.json").mkdir()
    assert identity_file.current(make_settings(config_dir=tmp_path))[1]
    assert (tmp_path / "usage.json").is_file()


def test_a_config_directory_that_cannot_be_made_raises_oserror(tmp_path: Path) -> None:
    """With a file in the directory's place, the caller gets an OSError, and no file is left behind."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(OSError):  # noqa: PT011 - which one differs by platform
        identity_file.current(make_settings(config_dir=tmp_path / "file" / ".arcade"))
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can change its user")
def test_a_read_only_home_raises_oserror(tmp_path: Path) -> None:
    """A user who cannot write to the home gets an OSError and no other exception."""
    program = (
        "import os, sys; from arcade_otel import identity as identity_file\n"
        "from arcade_otel.identity.store import UsageIdentity\n"
        "from arcade_otel.settings import make_settings\nos.setuid(65534)\n"
        "try:\n    identity_file.current(make_settings(config_dir=sys.argv[1]))\nexcept OSError:\n    print('OSError')\n"
    )
    tmp_path.chmod(0o755)
    result = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / ".arcade")], capture_output=True, text=True, check=True, timeout=60
    )
    assert result.stdout == "OSError\n"


def test_a_held_lock_does_not_keep_a_first_run_from_a_file_that_appears(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that cannot get the lock takes the identity that the holder wrote meanwhile.

    Without a file, it raises TimeoutError.
    """
    monkeypatch.setattr(store, "LOCK_SECONDS", 0.05)
    with FileLock(str(tmp_path / "usage.json.lock")):
        with pytest.raises(TimeoutError):
            UsageIdentity(str(tmp_path)).get_or_create()
        mine = UsageIdentity(str(tmp_path))
        update = mine.update

        def the_holder_writes(*args: Any, **kwargs: Any) -> Any:
            (tmp_path / "usage.json").write_text('{"anon_id": "made-meanwhile", "linked_principal_id": null}')
            return update(*args, **kwargs)

        monkeypatch.setattr(mine, "update", the_holder_writes)
        assert mine.get_or_create() == ("made-meanwhile", None)


@pytest.mark.posix
@pytest.mark.skipif(os.name == "nt", reason="POSIX modes")
def test_files_and_directories_are_private(tmp_path: Path) -> None:
    """The directory has mode 0700, the file and its lock 0600, and no temporary file is left."""
    folder = tmp_path / "a" / ".arcade"
    UsageIdentity(str(folder)).load_or_create()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == {
        "usage": 0o700,
        "usage.json": 0o600,
        "usage.json.lock": 0o600,
    }
    assert [path.stat().st_mode & 0o777 for path in (folder / "usage").iterdir()] == [0o600]


@pytest.mark.posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be sudo")
def test_under_sudo_everything_belongs_to_the_homes_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root in the home of the user who called sudo leaves no file that belongs to root."""
    monkeypatch.setenv("SUDO_UID", "65534")
    os.chown(tmp_path, 65534, 65534)
    UsageIdentity(str(tmp_path / "x" / ".arcade")).load_or_create()
    storage.write_private(str(tmp_path / "x" / "other"), "text")
    assert {path.lstat().st_uid for path in tmp_path.rglob("*")} == {65534}


def test_a_failed_write_leaves_nothing_beside(tmp_path: Path) -> None:
    """A directory prevents the rename. The error is raised, and the temporary file is removed."""
    (tmp_path / "target").mkdir()
    with pytest.raises(OSError):  # noqa: PT011 - which one differs by platform
        storage.write_private(str(tmp_path / "target"), "text")
    assert os.listdir(tmp_path) == ["target"]


def test_a_steady_read_imports_nothing_heavy(tmp_path: Path) -> None:
    """If the file exists and the directory is in the same place, neither the store nor the comparison of places is imported."""
    UsageIdentity(str(tmp_path)).load_or_create()
    heavy = (
        "filelock",
        "hashlib",
        "httpx",
        "yaml",
        "tempfile",
        "uuid",
        "arcade_otel.identity.copied_directory",
        "arcade_otel.identity.store",
    )
    program = f"{_CURRENT}print(sorted(set({heavy}) & set(sys.modules)))"
    assert _together(program, tmp_path, 1)[0].endswith("[]")
