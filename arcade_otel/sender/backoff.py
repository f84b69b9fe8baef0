"""The back-off of a lane: after failed deliveries, senders skip the lane for a while."""

import os
import time
from collections.abc import Callable
from contextlib import suppress

from arcade_otel import storage
from arcade_otel.storage.directories import Directory

__all__ = ["DELAYS_SECONDS", "JITTER", "MAX_RETRY_AFTER_SECONDS", "Backoff"]

#: Seconds after the first, second, … failure in a row. The longest is a minute, so that the first command after the network has
#: been back for a minute delivers the whole queue.
DELAYS_SECONDS = (0.0, 5.0, 10.0, 20.0, 40.0, 60.0)
#: A server's ``Retry-After`` is respected up to an hour.
MAX_RETRY_AFTER_SECONDS = 3600.0
#: Share of a delay that is random, so that clients that failed in the same second do not all return in the same second. A delay
#: of the library's own becomes shorter, and one that the server asked for becomes longer.
JITTER = 0.25


def _random() -> float:
    return int.from_bytes(os.urandom(2), "big") / 65536  # without an import of the module random


class Backoff:
    """The back-off of one lane, stored as two numbers in a small file.

    A sender reads the file before it imports any large module.

    Args:
        state_dir: The directory ``usage``.
        lane: Name of the lane.
        random: A function that returns a random number, at least 0 and less than 1. Tests replace this function.
    """

    __slots__ = ("_path", "_random")

    def __init__(self, state_dir: str, lane: str, *, random: Callable[[], float] = _random) -> None:
        self._random = random
        self._path = os.path.join(state_dir, f"pause-{lane}")

    def read(self) -> tuple[float, int]:
        """Return the end of the back-off in seconds since the epoch, and the number of consecutive failures.

        If the back-off file is missing or malformed, both numbers are 0.
        """
        try:
            config_dir, state = os.path.split(os.path.dirname(self._path))
            until, failures = (storage.read_file(config_dir, state, os.path.basename(self._path), max_bytes=64) or b"").split()
            return float(until), int(failures)
        except (OSError, ValueError):
            return 0.0, 0

    def is_active(self, now: float | None = None) -> bool:
        """Return whether senders must skip the lane now.

        Ignore a back-off that ends more than an hour in the future, because the clock must have been set back.
        """
        until, _ = self.read()
        now = time.time() if now is None else now
        return now < until <= now + MAX_RETRY_AFTER_SECONDS

    def record_failure(self, asked_seconds: float | None = None, now: float | None = None) -> float:
        """Begin the back-off after a failed delivery, and return its length in seconds.

        Args:
            asked_seconds: The server's ``Retry-After`` in seconds, or None. If ``asked_seconds`` is longer than the library's own
                delay, the back-off lasts ``asked_seconds`` plus up to 25 % at random. A ``Retry-After`` of more than 48 minutes
                counts as 48 minutes, so the back-off lasts at most an hour.
            now: The current time in seconds since the epoch, or None for the system's clock.
        """
        _, failures = self.read()
        seconds = DELAYS_SECONDS[min(max(failures, 0), len(DELAYS_SECONDS) - 1)]
        if asked_seconds is not None and asked_seconds > seconds:  # false for NaN
            longest = MAX_RETRY_AFTER_SECONDS / (1 + JITTER)
            seconds = min(asked_seconds, longest) * (1 + JITTER * self._random())
        else:
            seconds *= 1 - JITTER * self._random()
        now = time.time() if now is None else now
        storage.write_private(self._path, f"{now + seconds:.3f} {failures + 1}")
        return seconds

    def skip_delay(self) -> None:
        """For ``usage flush``, end the back-off but keep the number of consecutive failures."""
        until, failures = self.read()
        if until:
            storage.write_private(self._path, f"0.000 {failures}")

    def reset(self) -> None:
        """End the back-off after a successful delivery, and set the number of consecutive failures to 0."""
        state_dir, name = os.path.split(self._path)
        with suppress(FileNotFoundError), Directory.at(state_dir) as directory:
            directory.unlink(name)
