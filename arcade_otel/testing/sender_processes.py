"""Find the senders that commands have started, and wait until they end.

On most Linux systems, waiting for a sender needs no polling.
"""

import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Collection, Iterable
from pathlib import Path

from arcade_otel import conventions

__all__ = ["logged", "running", "wait_for_end"]

_STARTED = re.compile(r"sender (\d+) started")
_POLL_SECONDS = 0.02


def logged(log: str) -> set[int]:
    """Return the IDs that the debug log ``log`` contains for the senders that commands have started.

    On POSIX, each ID is the ID of a sender's process group. On Windows, each ID is a sender's process ID.
    """
    return {int(pid) for pid in _STARTED.findall(log)}


def running(senders: Collection[int], config_dir: str | None = None) -> list[int]:
    """Return the process IDs of senders that have not ended. A zombie counts as ended.

    On Linux, the result contains all processes in the senders' process groups. On macOS and Windows, the result contains only IDs
    from ``senders``.

    Args:
        senders: IDs of senders, read from a debug log with :func:`logged`.
        config_dir: A config directory, or None. On Linux, the result also contains all senders that use this config directory.
    """
    if sys.platform != "linux":
        return [pid for pid in senders if _is_running(pid)]
    if config_dir is None and not any(map(_group_exists, senders)):
        return []  # so that a look at nothing costs no look at every process
    ended: set[int] = set()
    while True:
        listed = {int(name) for name in os.listdir("/proc") if name.isdigit()}
        found = sorted(pid for pid in listed if _is_sender(pid, senders, config_dir))
        # The log names the shell that starts the sender and ends. If the shell has ended since the list was made, the sender can
        # be newer than the list.
        newly_ended = listed.intersection(senders).difference(found, ended)
        if found or not newly_ended:
            return found
        ended |= newly_ended


def wait_for_end(pids: Iterable[int], seconds: float) -> bool:
    """Wait until no process in ``pids`` is running. Return False if any process is still running after ``seconds``."""
    deadline = time.monotonic() + seconds
    for pid in pids:
        try:
            descriptor = os.pidfd_open(pid)  # type: ignore[attr-defined,unused-ignore]  # on Linux only
        except ProcessLookupError:
            continue
        except (OSError, AttributeError):  # before Linux 5.3, in a sandbox that forbids it, and on other systems
            if not _poll_for_end(pid, deadline):
                return False
            continue
        try:
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            if not poll.poll(max(0, deadline - time.monotonic()) * 1000):
                return False
        finally:
            os.close(descriptor)
    return True


def _poll_for_end(pid: int, deadline: float) -> bool:
    while _is_running(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _is_sender(pid: int, senders: Collection[int], config_dir: str | None) -> bool:
    try:
        state, _, group = Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()[:3]
        if state in "ZX" or (config_dir is None and int(group) not in senders):
            return False
        environ = Path("/proc", str(pid), "environ").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return False  # it has ended, or it is another user's
    if config_dir is not None and f"{conventions.ENV_SENDER}={config_dir}".encode() in environ:
        return True
    # The ID may be another process's by now. A process has no environment for a moment while it is being started.
    marked = any(variable.startswith(f"{conventions.ENV_SENDER}=".encode()) for variable in environ)
    return int(group) in senders and (marked or environ == [b""])


def _group_exists(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except OSError:
        return False
    return True


def _is_running(pid: int) -> bool:
    """Return whether a process is running. The result can be wrong if the system has reused the process ID."""
    if sys.platform == "linux":
        try:
            return Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
        except (OSError, IndexError):
            return False
    if sys.platform != "win32":
        status = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
        return status.stdout.strip()[:1] not in ("", "Z")
    import ctypes

    kernel32 = ctypes.WinDLL("kernel32")
    kernel32.OpenProcess.restype = ctypes.c_void_p
    handle = kernel32.OpenProcess(0x1000, 0, pid)  # PROCESS_QUERY_LIMITED_INFORMATION
    if not handle:
        return False
    code = ctypes.c_ulong()
    kernel32.GetExitCodeProcess(ctypes.c_void_p(handle), ctypes.byref(code))
    kernel32.CloseHandle(ctypes.c_void_p(handle))
    return code.value == 259  # noqa: PLR2004 - STILL_ACTIVE
