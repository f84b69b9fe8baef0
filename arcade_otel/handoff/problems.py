"""Why no sender can run: one line in ``usage/problem``, written where a sender could not start or import what it needs.

The line is ``TIME FAILURES REASON``: seconds since the epoch of the last failure, how often it failed in a row, and a short text
for a person. ``status``, ``doctor`` and the page show it. It holds no secret: a reason names a class, a module or an errno.

A sender that fails so would fail after each command, so that commands stop starting senders for a while, by the marker that
:func:`arcade_otel.handoff.zombies.spawning_suspended` reads anyway (one ``stat``): 1 minute after the first failure, doubled by
each further one, at most an hour. Meanwhile their spans go to the queue. ``usage flush`` tries at once.

Standard library only, and only ``os`` and ``time``: :func:`record` also runs where nothing else can be imported.
"""

import os
import time
from typing import NamedTuple

__all__ = ["FILE", "Problem", "clear", "read", "record"]

FILE = "problem"
#: The marker of ``handoff.zombies``: its time says since when no sender is started, for an hour at most.
_MARKER = "unreaped"
_MAX_PAUSE_SECONDS = 3600
_MIN_PAUSE_SECONDS = 60
_MAX_LENGTH = 500


class Problem(NamedTuple):
    """What ``usage/problem`` says: when (seconds since the epoch), how often in a row, and why."""

    at: float
    failures: int
    reason: str


def record(state_dir: str, reason: str) -> None:
    """Write down why a sender cannot run, and keep commands from starting senders for a while.

    Raises:
        OSError: The directory cannot be written.
    """
    before = read(state_dir)
    failures = 1 if before is None else before.failures + 1
    line = " ".join(reason.split())[:_MAX_LENGTH]
    # No rename, as for other files of ours: the helper for that may be what cannot be imported. A torn line is no problem at all.
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    now = time.time()
    _write(os.path.join(state_dir, FILE), flags, f"{now:.0f} {failures} {line}\n")
    pause = min(_MIN_PAUSE_SECONDS * 2 ** min(failures - 1, 10), _MAX_PAUSE_SECONDS)
    marker = os.path.join(state_dir, _MARKER)
    _write(marker, flags, "")
    since = now - (_MAX_PAUSE_SECONDS - pause)
    os.utime(marker, (since, since))


def read(state_dir: str) -> Problem | None:
    """Return why no sender can run, or None: none has failed, or one has worked since."""
    try:
        descriptor = os.open(os.path.join(state_dir, FILE), os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        try:
            text = os.read(descriptor, 4 * _MAX_LENGTH).decode("utf-8", "replace")
        finally:
            os.close(descriptor)
        at, failures, reason = text.split(None, 2)
        return Problem(float(at), int(failures), reason.strip())
    except (OSError, ValueError):
        return None


def clear(state_dir: str) -> None:
    """Forget the problem: a sender has imported everything that it needs. Costs one system call where there is none."""
    try:
        os.unlink(os.path.join(state_dir, FILE))
    except OSError:
        return
    try:
        os.unlink(os.path.join(state_dir, _MARKER))
    except OSError:
        return


def _write(path: str, flags: int, text: str) -> None:
    descriptor = os.open(path, flags, 0o600)
    try:
        os.write(descriptor, text.encode("utf-8", "replace"))
    finally:
        os.close(descriptor)
