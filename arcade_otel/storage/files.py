"""Create private directories, give files to their directory's owner, and, on Windows, retry operations on open files."""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Callable

TYPE_CHECKING = False  # type checkers know better; the module typing costs a sender a third of a bare Python
if TYPE_CHECKING:
    from typing import TypeVar

__all__ = ["BUSY_SECONDS", "chown_to_parent_owner", "ensure_private_dir", "retry_while_busy"]

#: How long an operation is tried again on Windows, while another process has the file open.
BUSY_SECONDS = 1.5
# This is short, because with two busy readers a file is closed for a millisecond at a time only.
_POLL_SECONDS = 0.001
#: ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION. Source: Windows' System Error Codes. Windows refuses to
#: replace or remove a file while a reader, a sender or a virus scanner has it open, which takes milliseconds.
_BUSY = (5, 32, 33)

if TYPE_CHECKING:
    _Result = TypeVar("_Result")


def retry_while_busy(action: Callable[[], _Result], *, windows: bool = sys.platform == "win32") -> _Result:
    """Call ``action``. On Windows, if the call fails because another process has a file open, retry for up to 1.5 s.

    On POSIX systems, open files can be replaced and removed, so the function calls ``action`` only once.

    Raises:
        OSError: If the last call of ``action`` raised an OSError.
    """
    if not windows:
        return action()
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            return action()
        except OSError as error:
            if getattr(error, "winerror", None) not in _BUSY or time.monotonic() >= deadline:
                raise
        time.sleep(_POLL_SECONDS)


def ensure_private_dir(path: str) -> None:
    """Create the directory ``path`` and its missing parents with mode 0700. An existing directory keeps its mode.

    Raises:
        OSError: If the directory cannot be created, or ``path`` exists but is not a directory.
    """
    if os.path.isdir(path):
        return
    parent = os.path.dirname(path)
    if parent and not os.path.isdir(parent):
        ensure_private_dir(parent)
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        if not os.path.isdir(path):
            raise
        return  # another process was quicker
    chown_to_parent_owner(path)


def chown_to_parent_owner(path: str) -> None:
    """Under ``sudo``, give the file or directory ``path`` to the owner of its parent directory.

    Without this function, ``sudo mycli`` would leave files that belong to root. If the program does not run as root, or runs on
    Windows, the function does nothing. The function follows no symbolic link, and does not change the owner of a file with more
    than one hard link, because another user may have linked to one of root's files.
    """
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return
    parent = os.stat(os.path.dirname(path) or os.curdir)
    if parent.st_uid == 0:
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode) or (stat.S_ISREG(status.st_mode) and status.st_nlink == 1):
            os.fchown(descriptor, parent.st_uid, parent.st_gid)
    finally:
        os.close(descriptor)
