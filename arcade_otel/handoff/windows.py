"""On Windows, start a sender that outlives its command.

The sender has no window, and runs outside the command's job object if Windows allows that. A *job object* is a group of processes
that Windows can end together. CI runners, services, OpenSSH's server, IDEs and terminals may run programs in a job object. When
the job is closed, Windows can end all processes in it. A new process leaves the job if it is created with
``CREATE_BREAKAWAY_FROM_JOB`` and the job allows that. If the job does not allow processes to leave, Windows refuses to create the
process, and this module starts the sender inside the job instead. Even if the sender ends with the job, the span is safe, because
the command queues it before starting the sender.
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
    """Start ``command`` with its streams on the null device, and outside this process's job object if Windows allows that.

    The working directory of the new process is the root of its executable's drive, so that the user can remove the directory in
    which the command ran.

    Raises:
        OSError: If the process could not be started.
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
    """Call ``create`` with the flag that lets the new process leave the job object.

    If the job object does not allow processes to leave, call ``create`` again without the flag.

    Raises:
        OSError: If the process could not be created.
    """
    try:
        return create(FLAGS | BREAKAWAY)
    except OSError as error:
        if getattr(error, "winerror", None) != _ACCESS_DENIED:
            raise
        return create(FLAGS)


def root_of(executable: str) -> str:
    """Return the root directory of the drive or network share that contains ``executable``."""
    return os.path.splitdrive(os.path.abspath(executable))[0] + os.sep


def find_windowless(executable: str) -> str:
    """Return the path of ``pythonw.exe``, which opens no console window, for the Python interpreter ``executable``.

    The function searches the directory of ``executable``, ``sys.base_prefix`` (some virtual environments have no
    ``pythonw.exe``), and the absolute paths in ``PATH``. A directory in ``PATH`` is used only if it contains the DLL of the
    interpreter's Python version, such as ``python311.dll``. If there is no ``pythonw.exe``, the function returns ``executable``
    unchanged.
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
