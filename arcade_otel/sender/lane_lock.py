"""The lock that lets one sender at a time deliver a lane."""

import os

from arcade_otel.storage.directories import Directory
from arcade_otel.storage.locks import FileLock

__all__ = ["LaneLock"]

#: No sender lives longer than 10 s, so a lease of one is stale after that.
_STALE_SECONDS = 10.0


class LaneLock:
    """The exclusive right to deliver one lane of one config directory.

    The lock is advisory, and no sender waits for it. A sender that does not get the lock can exit, because the holder checks the
    lane again after it has released the lock. The operating system releases the lock when the process that holds it ends. The
    module ``storage.locks`` describes what happens on file systems without locks.
    """

    __slots__ = ("_lock",)

    def __init__(self, lock: FileLock) -> None:
        self._lock = lock

    @classmethod
    def acquire(cls, state_dir: str, lane: str) -> "LaneLock | None":
        """Take the lock of ``lane`` and return it, or return None if another process holds the lock.

        Raises:
            OSError: If the lock file cannot be opened.
        """
        config_dir, state = os.path.split(state_dir)
        with Directory.open(config_dir, state) as directory:
            lock = FileLock.acquire(directory, f"sender-{lane}.lock", wait=0, stale_after=_STALE_SECONDS)
        return None if lock is None else cls(lock)

    def release(self) -> None:
        """Release the lock. A second call does nothing."""
        self._lock.release()
