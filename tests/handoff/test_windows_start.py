"""How a sender is started on Windows, as far as any system can test it. ``tests/windows`` tests what needs Windows."""

import os
import subprocess
import sys
from pathlib import Path
from typing import cast

import pytest

from arcade_otel import conventions, handoff
from arcade_otel.handoff import windows
from arcade_otel.spans import otlp
from tests.support.machine import Machine

PROCESS = cast("subprocess.Popen[bytes]", object())


def access_denied() -> OSError:
    """Return the error that Windows raises if a job does not allow a process to leave it."""
    error = PermissionError(13, "Access is denied")
    error.winerror = 5  # type: ignore[attr-defined]
    return error


def test_no_flag_opens_a_console() -> None:
    """The flags are CREATE_NO_WINDOW | CREATE_NEW_PROCESS_GROUP, never DETACHED_PROCESS (0x8)."""
    assert windows.FLAGS == 0x08000200
    assert windows.BREAKAWAY == 0x01000000


def test_a_sender_leaves_its_job() -> None:
    """The flag for this is CREATE_BREAKAWAY_FROM_JOB."""
    tried: list[int] = []

    def create(flags: int) -> "subprocess.Popen[bytes]":
        tried.append(flags)
        return PROCESS

    assert windows.start_outside_job(create) is PROCESS
    assert tried == [windows.FLAGS | windows.BREAKAWAY]


def test_a_job_that_keeps_its_processes_does_not_prevent_the_start() -> None:
    """Windows refuses to create the process with that flag, so the process is started inside the job."""
    tried: list[int] = []

    def create(flags: int) -> "subprocess.Popen[bytes]":
        tried.append(flags)
        if flags & windows.BREAKAWAY:
            raise access_denied()
        return PROCESS

    assert windows.start_outside_job(create) is PROCESS
    assert tried == [windows.FLAGS | windows.BREAKAWAY, windows.FLAGS]


def test_another_failure_is_not_tried_again() -> None:
    """For example, the program does not exist."""
    tried: list[int] = []

    def create(flags: int) -> "subprocess.Popen[bytes]":
        tried.append(flags)
        raise FileNotFoundError(2, "no such file")

    with pytest.raises(FileNotFoundError):
        windows.start_outside_job(create)
    assert len(tried) == 1


@pytest.mark.parametrize("place", ["beside", "base", "path"])
def test_the_interpreter_without_a_window_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """It is next to the interpreter, in the installation of a virtual environment, or on PATH with the same Python."""
    monkeypatch.setattr(sys, "base_prefix", str(tmp_path / "base"))
    monkeypatch.setenv("PATH", os.pathsep.join(["relative", str(tmp_path / "other"), str(tmp_path / "path")]))
    for name in ("beside", "base", "path", "other"):
        (tmp_path / name).mkdir()
    (tmp_path / "other" / "pythonw.exe").touch()  # another version: its DLL has another name
    (tmp_path / "path" / f"python{sys.version_info[0]}{sys.version_info[1]}.dll").touch()
    python = tmp_path / "beside" / "PYTHON.EXE"

    def command() -> tuple[str, ...] | None:
        return handoff.sender_command(executable=str(python), frozen=False, platform="win32")

    before = command()
    assert before is not None
    assert before[0] == str(python)
    (tmp_path / place / "pythonw.exe").touch()
    after = command()
    assert after is not None
    assert after[0] == str(tmp_path / place / "pythonw.exe")


def test_a_sender_holds_no_directory_of_the_users() -> None:
    """The working directory of the sender is the root of the drive of its program."""
    assert windows.root_of(os.path.join(os.sep, "opt", "python")) == os.path.splitdrive(os.path.abspath(os.sep))[0] + os.sep


def test_the_span_is_in_the_queue_before_the_sender_starts(machine: Machine) -> None:
    """On Windows, a sender that is killed with its job therefore loses no span."""
    machine.program(
        "killed",
        "import arcade_otel\nfrom arcade_otel import handoff\n"
        "handoff.QUEUES_FIRST = True\n"
        "handoff.start_sender = lambda *_: None  # killed before it did anything\n"
        "with arcade_otel.command('one', name='tool', version='1'):\n    pass\n",
    )
    assert machine.run(program="killed").returncode == 0
    (span,) = machine.queue
    command, _ = otlp.command_span(otlp.loads(span.read_text()))
    assert command is not None
    assert otlp.read_attribute(command, conventions.COMMAND) == "one"
