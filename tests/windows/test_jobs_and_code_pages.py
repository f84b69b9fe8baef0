"""Job objects end every process in them, and code pages lack a letter of a path."""

import ctypes
import subprocess
import time
from typing import Any

import pytest

from arcade_otel.testing import FakePostHog
from tests.support.machine import Machine

KILL_ON_CLOSE, BREAKAWAY_OK = 0x2000, 0x800


class Job:
    """A job object that ends its processes when it is closed. CI runners, services, OpenSSH and IDEs use such jobs."""

    def __init__(self, flags: int) -> None:
        self._kernel32: Any = ctypes.CDLL("kernel32")
        self._kernel32.CreateJobObjectW.restype = ctypes.c_void_p
        self._handle: ctypes.c_void_p = ctypes.c_void_p(self._kernel32.CreateJobObjectW(None, None))
        limits = (ctypes.c_ubyte * 144)()  # JOBOBJECT_EXTENDED_LIMIT_INFORMATION; its LimitFlags are at 16
        ctypes.c_uint32.from_buffer(limits, 16).value = flags
        assert self._kernel32.SetInformationJobObject(self._handle, 9, ctypes.byref(limits), 144)

    def run(self, computer: Machine, *arguments: str) -> None:
        """Run the program in the job, and close the job when the program ends."""
        # Suspended until it is in the job; it begins with a read, so that it is there in time.
        process = subprocess.Popen(
            [
                computer.python,
                "-c",
                "import sys, runpy; sys.stdin.read(1); runpy.run_path(sys.argv[1], run_name='__main__')",
                str(computer.root / "cli.py"),
                *arguments,
            ],
            env=computer.with_environ(None),
            cwd=computer.home,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        handle = ctypes.c_void_p(int(process._handle))  # type: ignore[attr-defined]
        assert self._kernel32.AssignProcessToJobObject(self._handle, handle)
        process.communicate(b"x", timeout=60)
        self._kernel32.CloseHandle(self._handle)


@pytest.fixture
def in_job(computer: Machine) -> Machine:
    """Return a computer whose program ignores its first argument."""
    computer.program(
        "cli", (computer.root / "cli.py").read_text().replace("cli(prog_name=", "cli(sys.argv[2:] or None, prog_name=")
    )
    return computer


def test_a_sender_leaves_a_job_that_allows_it(in_job: Machine, posthog: FakePostHog) -> None:
    """The job ends with the command, and the event still arrives."""
    Job(KILL_ON_CLOSE | BREAKAWAY_OK).run(in_job, "ok")
    posthog.wait_for(lambda: posthog.events)


def test_a_job_that_keeps_its_processes_loses_no_event(in_job: Machine, posthog: FakePostHog) -> None:
    """The sender is killed with the job. The span is in the queue, and the next command's sender delivers the span."""
    Job(KILL_ON_CLOSE).run(in_job, "ok")
    time.sleep(0.2)
    assert len(in_job.queue) + len(posthog.events) >= 1
    in_job.run("one")
    posthog.wait_for(lambda: {event.properties["command_name"] for event in posthog.visible()} == {"ok", "one"})


@pytest.mark.parametrize("code_page", ["cp1252", "cp437", "ascii"])
def test_status_and_doctor_print_any_path_in_any_code_page(computer: Machine, code_page: str) -> None:
    """A pipe on Windows has the code page of the machine, which lacks most letters."""
    directory = computer.root / "Žluťoučký-имя-名"
    environ = {"ARCADE_WORK_DIR": str(directory), "PYTHONIOENCODING": code_page, "ARCADE_USAGE_TRACKING": "1"}
    computer.run("ok", program="cli", environ=environ)
    for command in ("status", "doctor") if code_page == "cp1252" else ("status",):
        result = computer.run("usage", command, program="cli", environ=environ)
        assert "Traceback" not in result.stderr
        assert "\\u0438\\u043c\\u044f" in result.stdout, result.stdout + result.stderr


def test_flush_is_interrupted_without_a_traceback(computer: Machine, posthog: FakePostHog) -> None:
    """A Ctrl-C ends the command. Its sender is in a process group of its own, and finishes."""
    from arcade_otel.testing import Fault

    posthog.always(Fault.status(503))
    computer.run("ok", program="cli")
    computer.settle()
    posthog.heal()
    posthog.always(Fault.hang(3))
    computer.program(
        "flush",
        "import _thread, sys, threading\nfrom arcade_otel.cli import console\n"
        "threading.Timer(2, _thread.interrupt_main).start()\n"
        "sys.exit(console.main(['flush', '--timeout', '30']))\n",
    )
    result = computer.run(program="flush", environ={"ARCADE_USAGE_POSTHOG_API_KEY": "phc_test"})
    assert (result.returncode, result.stderr) == (130, "Interrupted.\n")
