"""Start processes on Windows that outlive the command: without a window, and outside its job object if Windows allows that.

A *job object* is a group of processes that Windows can end together. CI runners, services, OpenSSH's server, IDEs and terminals
run programs in a job that ends all its processes when it is closed. A process leaves its job only if it is created with
``CREATE_BREAKAWAY_FROM_JOB`` and the job allows that. Otherwise Windows refuses to create the process. The span is in the queue
by then, so it is not lost if the sender ends with its job.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

__all__ = ["BREAKAWAY", "FLAGS", "find_windowless", "root_of", "start", "start_outside_job"]

#: CREATE_NO_WINDOW | CREATE_NEW_PROCESS_GROUP: the process has no console, and does not get Ctrl-C. With DETACHED_PROCESS,
#: python.exe would open a console of its own. Source: Microsoft, "Process Creation Flags".
FLAGS = 0x08000000 | 0x00000200
#: CREATE_BREAKAWAY_FROM_JOB.
BREAKAWAY = 0x01000000
#: ERROR_ACCESS_DENIED: the job does not allow processes to leave it.
_ACCESS_DENIED = 5


def start(command: Sequence[str], environ: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """Start ``command`` with its streams on the null device, outside the job of this process if that allows it.

    Its working directory is the root of its own drive, so that the user can remove every other directory.

    Raises:
        OSError: The process could not be started.
    """

    def create(flags: int) -> "subprocess.Popen[bytes]":
        arguments: dict[str, Any] = {}
        if sys.platform == "win32":
            hidden = subprocess.STARTUPINFO()
            hidden.dwFlags |= subprocess.STARTF_USESHOWWINDOW
            arguments = {"creationflags": flags, "startupinfo": hidden}
        return subprocess.Popen(
            list(command),
            env=dict(environ),
            cwd=root_of(command[0]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            close_fds=True,
            **arguments,
        )

    return start_outside_job(create)


def start_outside_job(create: "Callable[[int], subprocess.Popen[bytes]]") -> "subprocess.Popen[bytes]":
    """Call ``create`` with the flag that leaves the job, and again without it if the job does not allow that.

    Raises:
        OSError: ``create`` raised it.
    """
    try:
        return create(FLAGS | BREAKAWAY)
    except OSError as error:
        if getattr(error, "winerror", None) != _ACCESS_DENIED:
            raise
        return create(FLAGS)


def root_of(executable: str) -> str:
    """Return the root of the drive or network share of a program, which is in use anyway while the program runs."""
    return os.path.splitdrive(os.path.abspath(executable))[0] + os.sep


def find_windowless(executable: str) -> str:
    r"""Return ``pythonw.exe``, the interpreter that opens no window, for ``python.exe``. Return ``executable`` if there is none.

    The function looks next to ``executable``, in ``sys.base_prefix`` (some virtual environments have no ``pythonw.exe``), and in
    the absolute directories of ``PATH`` with the same Python, which have a DLL of the same name, such as ``python311.dll``.
    """
    directory = os.path.dirname(executable)
    library = f"python{sys.version_info[0]}{sys.version_info[1]}.dll"
    for place in (directory, sys.base_prefix, *os.environ.get("PATH", "").split(os.pathsep)):
        candidate = os.path.join(place, "pythonw.exe")
        if (
            os.path.isabs(candidate)
            and os.path.isfile(candidate)
            and (place in (directory, sys.base_prefix) or os.path.isfile(os.path.join(place, library)))
        ):
            return candidate
    return executable
