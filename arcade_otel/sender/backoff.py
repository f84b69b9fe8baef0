"""The marker that makes senders leave at once while a lane's backend does not answer."""

import os
import time
from contextlib import suppress

from arcade_otel import storage
from arcade_otel.storage.directories import Directory

__all__ = ["DELAYS_SECONDS", "MAX_RETRY_AFTER_SECONDS", "Backoff"]

#: Backoff after the first, second, … failure in a row. The longest is a minute, so that the first command after the network has
#: been back for a minute gets everything out.
DELAYS_SECONDS = (0.0, 5.0, 10.0, 20.0, 40.0, 60.0)
#: A server's ``Retry-After`` is honoured up to an hour.
MAX_RETRY_AFTER_SECONDS = 3600.0


class Backoff:
    """The pause of one lane: two numbers in one small file, read before anything heavy is imported."""

    __slots__ = ("_path",)

    def __init__(self, state_dir: str, lane: str) -> None:
        self._path = os.path.join(state_dir, f"pause-{lane}")

    def read(self) -> tuple[float, int]:
        """Return until when it lasts, in seconds since the epoch, and the failures in a row; zeros if there is none."""
        try:
            config_dir, state = os.path.split(os.path.dirname(self._path))
            until, failures = (storage.read_file(config_dir, state, os.path.basename(self._path), max_bytes=64) or b"").split()
            return float(until), int(failures)
        except (OSError, ValueError):
            return 0.0, 0

    def is_active(self, now: float | None = None) -> bool:
        """Return whether it lasts still. A time further off than any pause is a clock that was set back: it does not."""
        until, _ = self.read()
        now = time.time() if now is None else now
        return now < until <= now + MAX_RETRY_AFTER_SECONDS

    def record_failure(self, asked_seconds: float | None = None, now: float | None = None) -> float:
        """Lengthen the pause after a failure; return its seconds.

        Args:
            asked_seconds: What the server asked for by ``Retry-After``, if it did.
            now: Seconds since the epoch.
        """
        _, failures = self.read()
        seconds = DELAYS_SECONDS[min(max(failures, 0), len(DELAYS_SECONDS) - 1)]
        if asked_seconds is not None and asked_seconds == asked_seconds:  # noqa: PLR0124 - not NaN
            seconds = max(seconds, min(asked_seconds, MAX_RETRY_AFTER_SECONDS))
        now = time.time() if now is None else now
        storage.write_private(self._path, f"{now + seconds:.3f} {failures + 1}")
        return seconds

    def skip_delay(self) -> None:
        """End it because a person asks to, not because something was delivered: the failures in a row still count."""
        until, failures = self.read()
        if until:
            storage.write_private(self._path, f"0.000 {failures}")

    def reset(self) -> None:
        """End it: something was delivered."""
        state_dir, name = os.path.split(self._path)
        with suppress(FileNotFoundError), Directory.at(state_dir) as directory:
            directory.unlink(name)
