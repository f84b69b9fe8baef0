"""First run, upgrade and session: the data that an installation keeps about each program."""

import json
import os
import stat
import threading
import uuid
from pathlib import Path

import pytest

from arcade_otel.handoff import history
from arcade_otel.spans import versions

MINUTE_NS = 60 * 10**9
NOW_NS = 1_780_000_000 * 10**9


def run(
    tmp_path: Path, minutes: float = 0, *, program: str = "tool", version: str | None = "1.0", owners: tuple[str, ...] = ("anon",)
) -> history.Known:
    """Record a run that takes a second, so many minutes after the first."""
    start = NOW_NS + int(minutes * MINUTE_NS)
    started = history.Started(version=version, stamp="1", owners=owners, start_ns=start, end_ns=start + 10**9)
    known = history.record(
        str(tmp_path / "usage"), program, started, find_version=lambda: None, find_install_method=lambda: "pip"
    )
    assert known is not None
    return known


def test_the_installed_version_is_looked_up_once_until_a_distribution_changes(tmp_path: Path) -> None:
    """The lookup reads a file of each distribution."""
    lookups: list[str] = []

    def version(stamp: str, installed: str) -> str | None:
        def find() -> str:
            lookups.append(installed)
            return installed

        started = history.Started(version=None, stamp=stamp, owners=("anon",), start_ns=NOW_NS, end_ns=NOW_NS)
        known = history.record(str(tmp_path / "usage"), "tool", started, find_version=find, find_install_method=lambda: "pip")
        assert known is not None
        return f"{known.version} after {known.previous_version}"

    assert [version("1", "1.0"), version("1", "1.0"), version("2", "1.1"), version("2", "1.1")] == [
        "1.0 after None",
        "1.0 after None",
        "1.1 after 1.0",
        "1.1 after None",
    ]
    assert lookups == ["1.0", "1.1"]


def test_the_stamp_changes_when_a_distribution_is_installed_or_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stamp covers each directory of the import path.

    It stays the same while nothing is installed, and a missing directory is no error.
    """
    monkeypatch.setattr("sys.path", [str(tmp_path), str(tmp_path / "missing")])
    installed = tmp_path / "tool-1.0.dist-info"
    stamps = [versions.stamp(), versions.stamp()]
    for change in (installed.mkdir, installed.rmdir):
        before = tmp_path.stat().st_mtime_ns
        change()
        os.utime(tmp_path, ns=(before + 1000, before + 1000 * (1 + len(stamps))))
        stamps.append(versions.stamp())
    assert stamps[0] == stamps[1]
    assert len(set(stamps)) == 3


def test_the_first_run_of_each_program_is_known(tmp_path: Path) -> None:
    """Another program in the same directory has a first run of its own."""
    assert run(tmp_path).first_run
    assert not run(tmp_path, 1).first_run
    assert run(tmp_path, 2, program="other").first_run
    if os.name == "posix":  # Windows has no such modes
        mode = (tmp_path / "usage" / history.FILE).stat().st_mode
        assert stat.S_IMODE(mode) == 0o600


def test_an_upgrade_is_told_once(tmp_path: Path) -> None:
    """A run whose version is unknown is no upgrade."""
    assert run(tmp_path, version="1.0").previous_version is None
    assert run(tmp_path, 1, version=None).previous_version is None
    assert run(tmp_path, 2, version="1.1").previous_version == "1.0"
    assert run(tmp_path, 3, version="1.1").previous_version is None


def test_a_session_ends_after_30_idle_minutes_and_after_24_hours(tmp_path: Path) -> None:
    """The ID of a session is a UUIDv7 of its start, as PostHog asks for."""
    first = run(tmp_path).session_id
    parsed = uuid.UUID(first)
    assert parsed.bytes[6] >> 4 == 7
    assert parsed.variant == uuid.RFC_4122
    assert int.from_bytes(parsed.bytes[:6], "big") == NOW_NS // 10**6
    assert run(tmp_path, 29).session_id == first
    second = run(tmp_path, 60).session_id
    assert second != first
    assert [run(tmp_path, minutes).session_id for minutes in range(80, 60 + 24 * 60, 20)] == [second] * 71
    assert run(tmp_path, 60 + 24 * 60).session_id != second


def test_a_session_goes_on_at_a_login_and_ends_with_a_logout(tmp_path: Path) -> None:
    """A session must not join two people."""
    first = run(tmp_path).session_id
    assert run(tmp_path, 1, owners=("user-7", "anon")).session_id == first
    assert run(tmp_path, 2, owners=("user-7",)).session_id == first
    assert run(tmp_path, 3, owners=("anon-2",)).session_id != first


@pytest.mark.parametrize("text", ["", "[]", "{", '{"tool": 1}', '{"tool": {"version": 7}}', "[" * 5000])
def test_a_file_that_makes_no_sense_is_replaced(tmp_path: Path, text: str) -> None:
    """The content of such a file can stop no span."""
    (tmp_path / "usage").mkdir(mode=0o700)
    (tmp_path / "usage" / history.FILE).write_text(text)
    assert run(tmp_path).first_run
    assert not run(tmp_path, 1).first_run


def test_one_of_many_first_runs_is_the_first(tmp_path: Path) -> None:
    """The programs run in parallel."""
    (tmp_path / "usage").mkdir(mode=0o700)
    found: list[bool] = []
    threads = [threading.Thread(target=lambda: found.append(run(tmp_path).first_run)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [False] * 7 + [True]


def test_only_the_latest_programs_are_remembered(tmp_path: Path) -> None:
    """A script with a new name in each run does not fill the disk."""
    for number in range(60):
        run(tmp_path, number, program=f"tool{number}")
    assert len(json.loads((tmp_path / "usage" / history.FILE).read_text())) == 50
