"""Exclusive locks between processes, on any file system: the system's own, or a lease file where the system cannot lock.

The system's lock (``flock``, ``msvcrt.locking``) ends with its holder, by whatever signal that dies. Some file systems have
none: on NFS without a lock daemon, Lustre without ``-o flock`` and some FUSE homes ``flock`` fails with ENOLCK, EOPNOTSUPP,
ENOSYS or EIO, or never returns. "Cannot lock" is not "taken": there a *lease* is used, a file made with ``O_EXCL`` that names
its holder.

Limits of a lease. Its holder is presumed dead once the lease is older than ``stale_after`` seconds by the file system's own
clock, or, on the same host, once the holder's process is gone. A holder that is stopped for longer (SIGSTOP, a suspended
laptop) may so find itself beside a second holder. Two contenders that find the same stale lease in the same moment are told
apart by the file that each of them moved away; a window of two system calls remains. Processes on one file system of which some
can lock and some cannot see each other's leases, but a holder of a lease does not see a later ``flock``. What is protected
tolerates this: a second delivery of an event has the same UUID, and is the same event to PostHog.
"""

import os
import sys
import threading
import time
from contextlib import suppress

from arcade_otel import storage
from arcade_otel.storage.directories import Directory

__all__ = ["FileLock", "LockUnsupportedError", "try_lock"]

#: A call to ``flock`` that has not returned after so many seconds never will: the file system cannot lock.
MAX_CALL_SECONDS = 0.5
_POLL_SECONDS = 0.01
_EAGAIN, _EACCES, _EDEADLOCK = 11, 13, 36


class LockUnsupportedError(OSError):
    """The file system cannot lock. Says nothing about whether another process holds the lock."""


if sys.platform == "win32":
    import msvcrt

    def try_lock(descriptor: int) -> bool:
        """Lock the file open at ``descriptor`` until it is closed; return whether that succeeded.

        Raises:
            LockUnsupportedError: The file system cannot lock.
        """
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            if error.errno in (_EAGAIN, _EACCES, _EDEADLOCK) or _can_lock_elsewhere(descriptor):
                return False
            raise LockUnsupportedError(*error.args) from error
        return True

    def _can_lock_elsewhere(descriptor: int) -> bool:
        """Return whether another byte of the file can be locked: then the first one is taken.

        Wine's C library sets no ``errno`` for a lock that is taken, so that Python raises whatever number was there before.
        """
        os.lseek(descriptor, int.from_bytes(os.urandom(3), "big") + 1, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
        except OSError:
            return False
        finally:
            os.lseek(descriptor, 0, os.SEEK_SET)
        return True

else:
    import fcntl

    def try_lock(descriptor: int) -> bool:
        """Lock the file open at ``descriptor`` until it is closed; return whether that succeeded.

        Raises:
            LockUnsupportedError: The file system cannot lock.
        """
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            raise LockUnsupportedError(*error.args) from error
        return True


class FileLock:
    """An exclusive lock with a name in a directory. Release it, or use it in a ``with`` statement."""

    __slots__ = ("_descriptor", "_lease")

    def __init__(self, descriptor: int | None, lease: "_Lease | None") -> None:
        self._descriptor = descriptor
        self._lease = lease

    @classmethod
    def acquire(cls, directory: Directory, name: str, *, wait: float, stale_after: float) -> "FileLock | None":
        """Take the lock, or return None if another process holds it for the next ``wait`` seconds.

        Takes at most ``wait`` plus 0.5 s, on a file system whose locks hang too.

        Args:
            directory: Where the lock's file lies. The file is made (0600) and stays.
            name: Name of the lock's file.
            wait: Seconds; 0 tries once.
            stale_after: Seconds for which a lease is its holder's: longer than any process holds this lock.

        Raises:
            OSError: The lock's file can be neither opened nor made.
        """
        deadline = time.monotonic() + wait
        descriptor: int | None = directory.open_file(name, os.O_RDWR)
        lease = _Lease(directory.path, f"{name}.lease", stale_after)
        lock = None
        try:
            while True:
                if descriptor is not None:
                    try:
                        taken = _try_lock_bounded(descriptor)
                    except LockUnsupportedError:
                        os.close(descriptor)
                        descriptor = None
                        continue
                    if taken and not lease.is_held_by_another(directory):
                        lock = cls(descriptor, None)
                        return lock
                    if taken:  # a process that cannot lock is at work: the next try needs a free lock
                        os.close(descriptor)
                        descriptor = directory.open_file(name, os.O_RDWR)
                elif lease.take(directory):
                    lock = cls(None, lease)
                    return lock
                if time.monotonic() >= deadline:
                    return None
                time.sleep(_POLL_SECONDS)
        finally:
            if lock is None and descriptor is not None:
                os.close(descriptor)

    def __enter__(self) -> "FileLock":
        return self

    def __exit__(self, *error: object) -> None:
        self.release()

    def release(self) -> None:
        """Release it. The lock's file stays: removing it would make two locks of one. May be called again."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)
        lease, self._lease = self._lease, None
        if lease is not None:
            lease.give_back()


def _try_lock_bounded(descriptor: int) -> bool:
    """Call :func:`try_lock` in a thread that is left behind if the call hangs (NFS without a lock daemon).

    Raises:
        LockUnsupportedError: The file system cannot lock, or does not answer.
    """
    if sys.platform == "win32":
        return try_lock(descriptor)  # a lock of Windows' belongs to one handle: no copy of it
    answers: list[bool | LockUnsupportedError] = []
    copy = os.dup(descriptor)  # a lock that comes late goes with this copy, which the thread closes then

    def call() -> None:
        try:
            answers.append(try_lock(copy))
        except LockUnsupportedError as error:
            answers.append(error)
        finally:
            os.close(copy)

    thread = threading.Thread(target=call, name="arcade-otel-lock", daemon=True)
    thread.start()
    thread.join(MAX_CALL_SECONDS)
    if not answers:
        raise LockUnsupportedError(110, "the file system does not answer a lock")
    answer = answers[0]
    if isinstance(answer, LockUnsupportedError):
        raise answer
    return answer


class _Lease:
    """The file that stands for a lock where the system has none. Its content names the holder: ``host pid token``."""

    __slots__ = ("_held", "_name", "_path", "_stale_after")

    def __init__(self, path: str, name: str, stale_after: float) -> None:
        self._path = path
        self._name = name
        self._stale_after = stale_after
        self._held = b""

    def take(self, directory: Directory) -> bool:
        """Take the lease unless another process holds it."""
        token = f"{_host()} {os.getpid()} {os.urandom(8).hex()}".encode()
        for _ in range(2):
            try:
                descriptor = directory.open_file(self._name, os.O_WRONLY | os.O_EXCL)
            except FileExistsError:
                if self.is_held_by_another(directory):
                    return False
                continue
            try:
                os.write(descriptor, token)
            finally:
                os.close(descriptor)
            self._held = token
            return True
        return False

    def is_held_by_another(self, directory: Directory) -> bool:
        """Return whether a living process holds the lease; move one of a dead holder away."""
        before = directory.status(self._name)
        if before is None:
            return False
        try:
            holder = directory.read(self._name, 512)
        except OSError:
            holder = b""
        if not self._is_stale(directory, before, holder):
            return True
        aside = f".{self._name}.{os.urandom(4).hex()}.tmp"
        try:
            directory.rename(self._name, directory, aside)
        except FileNotFoundError:
            return True  # another contender was quicker: it is the next holder
        moved = directory.status(aside)
        if moved is not None and (moved.st_ino, moved.st_mtime_ns) != (before.st_ino, before.st_mtime_ns):
            directory.rename(aside, directory, self._name)  # it was the next holder's already: put it back
            return True
        directory.unlink(aside)
        return False

    def _is_stale(self, directory: Directory, status: os.stat_result, holder: bytes | None) -> bool:
        words = (holder or b"").decode("ascii", "replace").split(" ")
        if words[0] == _host() and len(words) > 1 and words[1].isdecimal() and not _is_alive(int(words[1])):
            return True
        age = _file_system_now(directory) - status.st_mtime
        return not 0 <= age + self._stale_after <= 2 * self._stale_after  # from a future that no clock explains, too

    def give_back(self) -> None:
        """Remove the lease if it is still this process's."""
        with Directory.at(self._path) as directory:
            try:
                if directory.read(self._name, 512) == self._held:
                    directory.unlink(self._name)
            except storage.UnusableFileError:
                return


def _host() -> str:
    """Return the scope in which a process ID is valid: the host's name and, on Linux, the namespace of process IDs."""
    name = os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")
    with suppress(OSError):
        name += os.readlink("/proc/self/ns/pid")  # containers may share their host's name
    return "".join(letter if letter.isalnum() and letter.isascii() else "-" for letter in name)[-128:]


def _is_alive(pid: int) -> bool:
    if os.name != "posix":
        return True  # os.kill would end it on Windows: there a lease ages only
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _file_system_now(directory: Directory) -> float:
    """Return the time of the file system's server, which stamps leases. Its clock may differ from this host's."""
    name = f".now.{os.urandom(4).hex()}.tmp"
    descriptor = directory.open_file(name, os.O_WRONLY | os.O_EXCL)
    try:
        os.write(descriptor, b"0")
        return os.fstat(descriptor).st_mtime
    finally:
        os.close(descriptor)
        directory.unlink(name)
