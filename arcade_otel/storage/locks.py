"""Exclusive locks between processes: the operating system's own lock, or a lease file on a file system without locks.

The operating system releases its own locks (``flock``, ``msvcrt.locking``) when the process that holds them ends, even if a
signal kills it. Some file systems do not support locks. On NFS without a lock daemon, on Lustre without ``-o flock`` and on some
FUSE file systems, ``flock`` fails with ENOLCK, EOPNOTSUPP, ENOSYS or EIO, or never returns. If ``flock`` fails or hangs, this
module uses a *lease*: a file that is created with ``O_EXCL`` and contains the name of its holder.

Limits of a lease:

* The holder counts as dead if the lease is older than ``stale_after`` seconds by the clock of the file system. The holder also
  counts as dead if its process ran on this host and no longer exists. If a holder pauses for longer than ``stale_after``
  seconds (SIGSTOP, a suspended laptop), another process can take the lease too.
* Two processes may find the same stale lease at the same moment. To take a stale lease, a process renames the lease file, and
  checks that it renamed the stale file and not a newer one. In a rare race, two processes can still get the same lease.
* On the same file system, some processes may be able to use the operating system's locks while others cannot. All processes
  respect an existing lease, but processes that can use only leases do not notice the operating system's locks.

The code that uses the locks still works if two processes hold the same lock. For example, if two senders deliver the same event,
both deliveries contain the same UUID, and PostHog recognizes the second delivery as the same event.
"""

import os
import sys
import threading
import time
from contextlib import suppress

from arcade_otel import storage
from arcade_otel.storage.directories import Directory

__all__ = ["FileLock", "LockUnsupportedError", "try_lock"]

#: If ``flock`` does not return within this many seconds, the file system cannot lock.
MAX_CALL_SECONDS = 0.5
_POLL_SECONDS = 0.01
_EAGAIN, _EACCES, _EDEADLOCK = 11, 13, 36


class LockUnsupportedError(OSError):
    """Raised if the file system does not support locks, and therefore cannot show whether another process holds the lock."""


if sys.platform == "win32":
    import msvcrt

    def try_lock(descriptor: int) -> bool:
        """Try to lock the file that is open at ``descriptor``. Return whether this process now holds the lock.

        The lock lasts until the descriptor is closed.

        Raises:
            LockUnsupportedError: If the file system does not support locks.
        """
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            if error.errno in (_EAGAIN, _EACCES, _EDEADLOCK) or _can_lock_elsewhere(descriptor):
                return False
            raise LockUnsupportedError(*error.args) from error
        return True

    def _can_lock_elsewhere(descriptor: int) -> bool:
        """Return whether a byte other than the first one can be locked in the file.

        If another byte can be locked, the file system supports locks, so another process must hold the lock of the first byte.
        This check is for Wine, where the error number is useless: if another process holds a lock, Wine's C library does not set
        ``errno``, so Python's exception contains the number of an earlier error.
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
        """Try to lock the file that is open at ``descriptor``. Return whether this process now holds the lock.

        The lock lasts until the descriptor is closed.

        Raises:
            LockUnsupportedError: If the file system does not support locks.
        """
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            raise LockUnsupportedError(*error.args) from error
        return True


class FileLock:
    """An exclusive lock between processes, identified by a directory and a name.

    Call ``release`` when you no longer need the lock, or use the lock in a ``with`` statement.
    """

    __slots__ = ("_descriptor", "_lease")

    def __init__(self, descriptor: int | None, lease: "_Lease | None") -> None:
        self._descriptor = descriptor
        self._lease = lease

    @classmethod
    def acquire(cls, directory: Directory, name: str, *, wait: float, stale_after: float) -> "FileLock | None":
        """Take the lock and return it, or return None if the lock does not become free within ``wait`` seconds.

        The call takes at most about 0.5 s longer than ``wait``, even on a file system whose locks hang.

        Args:
            directory: The directory for the lock file. This module creates the lock file with mode 0600, and never removes it.
            name: Name of the lock file.
            wait: The number of seconds to retry, or 0 to try only once.
            stale_after: The number of seconds after which the holder of a lease counts as dead. Release the lock before that.

        Raises:
            OSError: If the lock file can be neither opened nor created.
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
                    if taken:  # a process without system locks holds a lease, so release the system's lock before the next try
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
        """Release the lock. A second call does nothing.

        The lock file stays, because after its removal, two processes could lock two different files with the same name.
        """
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)
        lease, self._lease = self._lease, None
        if lease is not None:
            lease.give_back()


def _try_lock_bounded(descriptor: int) -> bool:
    """Call :func:`try_lock` in a thread, and return its result.

    If the call hangs, as on NFS without a lock daemon, the thread keeps running and is abandoned.

    Raises:
        LockUnsupportedError: If the file system does not support locks, or does not answer within 0.5 s.
    """
    if sys.platform == "win32":
        return try_lock(descriptor)  # on Windows a lock belongs to one handle, so the handle cannot be copied
    answers: list[bool | LockUnsupportedError] = []
    copy = os.dup(descriptor)  # if the call returns late, the thread closes this copy, which releases the lock

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
    """A lease: a file that is used instead of a lock on a file system without locks.

    The content of the file identifies the process that holds the lease: ``host pid token``.
    """

    __slots__ = ("_held", "_name", "_path", "_stale_after")

    def __init__(self, path: str, name: str, stale_after: float) -> None:
        self._path = path
        self._name = name
        self._stale_after = stale_after
        self._held = b""

    def take(self, directory: Directory) -> bool:
        """Take the lease unless another process holds it. Return whether this process now holds the lease."""
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
            except OSError:  # a full disk: an empty lease would keep every process out until it is stale
                directory.unlink(self._name)
                raise
            finally:
                os.close(descriptor)
            self._held = token
            return True
        return False

    def is_held_by_another(self, directory: Directory) -> bool:
        """Return whether a living process holds the lease. If the holder counts as dead, remove its lease file."""
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
            return True  # another process was quicker and is the next holder
        moved = directory.status(aside)
        if moved is not None and (moved.st_ino, moved.st_mtime_ns) != (before.st_ino, before.st_mtime_ns):
            directory.rename(aside, directory, self._name)  # the moved file belongs to the next holder already, so put it back
            return True
        directory.unlink(aside)
        return False

    def _is_stale(self, directory: Directory, status: os.stat_result, holder: bytes | None) -> bool:
        words = (holder or b"").decode("ascii", "replace").split(" ")
        if words[0] == _host() and len(words) > 1 and words[1].isdecimal() and not _is_alive(int(words[1])):
            return True
        age = _file_system_now(directory) - status.st_mtime
        return not 0 <= age + self._stale_after <= 2 * self._stale_after  # also if its time is too far in the future

    def give_back(self) -> None:
        """Remove the lease if this process still holds it."""
        with Directory.at(self._path) as directory:
            try:
                if directory.read(self._name, 512) == self._held:
                    directory.unlink(self._name)
            except storage.UnusableFileError:
                return


def _host() -> str:
    """Return a name for the scope within which process IDs are unique: the host and, on Linux, the PID namespace."""
    name = os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")
    with suppress(OSError):
        name += os.readlink("/proc/self/ns/pid")  # containers may share a host name
    return "".join(letter if letter.isalnum() and letter.isascii() else "-" for letter in name)[-128:]


def _is_alive(pid: int) -> bool:
    if os.name != "posix":
        return True  # os.kill would end the process on Windows, so there only the age of a lease counts
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _file_system_now(directory: Directory) -> float:
    """Return the current time by the clock of the file system, which also sets the times of lease files.

    On a network file system, the time comes from the server's clock.
    """
    name = f".now.{os.urandom(4).hex()}.tmp"
    descriptor = directory.open_file(name, os.O_WRONLY | os.O_EXCL)
    try:
        os.write(descriptor, b"0")
        return os.fstat(descriptor).st_mtime
    finally:
        os.close(descriptor)
        directory.unlink(name)
