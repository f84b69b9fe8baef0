"""One sender at a time for each lane: a lock that the system takes back when its holder dies."""

import os

from arcade_otel import storage
from arcade_otel.storage import locks

__all__ = ["LaneLock"]


class LaneLock:
    """The exclusive right to deliver one lane of one config directory.

    Advisory and never waited for: whoever does not get it leaves, because the holder looks again after giving it back. The
    system releases it at the death of its holder, by whatever signal.
    """

    __slots__ = ("_descriptor",)

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def acquire(cls, state_dir: str, lane: str) -> "LaneLock | None":
        """Return the turn, or None if another process has it.

        Raises:
            OSError: The lock's file cannot be opened.
        """
        path = os.path.join(state_dir, f"sender-{lane}.lock")
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
        storage.chown_to_parent_owner(path)
        if locks.try_lock(descriptor):
            return cls(descriptor)
        os.close(descriptor)
        return None

    def release(self) -> None:
        """Let the next sender have it; the file stays, because removing a lock's file makes two locks of one."""
        os.close(self._descriptor)
