"""Start marks preserve the spans of senders that fail to start. After repeated failures, commands start fewer senders.

A command does not wait for its sender. Therefore, before the command starts the sender, it writes a *start mark*, a file in
``usage/starting``. The start mark contains the span for the sender, or is empty if the span is in the queue already. The sender
removes its mark when its span is in the queue. No sender lives longer than 10 s, so a start mark that is older is a *failed
start*: its sender did not do its work. A start can fail because the interpreter was removed, a library is missing,
``sender_command`` names the wrong program, or the machine was switched off.

* The next sender, or the next command that starts no sender, queues the spans of senders that failed to start.
* After two failed starts in a row, commands put their spans into the queue themselves, and start only one sender an hour. After
  a single failed start, every command still starts a sender, because a start can fail by chance, for example when a container
  stops.
* When a sender starts successfully, it removes the marks of failed starts, so that every command starts a sender again.

Limits: If the disk is not writable, there are no start marks. If a sender fails to start and another process queues its
span, the span lacks the properties that the sender would have added (``handoff.enrichment``).
"""

from __future__ import annotations

import errno
import os
import time

from arcade_otel.handoff import STARTING, zombies

TYPE_CHECKING = False  # type checkers know better; the module typing costs a sender a third of a bare Python
if TYPE_CHECKING:
    from arcade_otel.handoff.span_summary import SpanSummary
    from arcade_otel.storage.directories import Directory

__all__ = [
    "MAX_FAILURES",
    "PAUSE_SECONDS",
    "START_SECONDS",
    "are_pending",
    "failures",
    "finish",
    "is_taken_over",
    "leave_mark",
    "queued",
    "record_failure",
    "spawning_suspended",
    "take_over",
]

#: A sender that has not removed its mark in this time never will, because no sender lives longer.
START_SECONDS = 10.0
#: After this many failed starts in a row, commands start only one sender every ``PAUSE_SECONDS``.
MAX_FAILURES = 2
PAUSE_SECONDS = 3600.0

#: If this many senders are starting at the same time, a command starts no further one. One of them finds its span in the queue.
_MAX_PENDING = 64
#: How many empty marks are kept as evidence while no sender starts successfully.
_MAX_EVIDENCE = 16
#: Ends the name of a mark if the process could not even be started.
_FAILED = "failed.json"
#: The time of this file is the last time at which a sender started successfully while marks of others were there.
_WORKED = "started"
_LOCK = "starting.lock"
#: On a file system without locks, a holder that has not finished in this time counts as dead.
_STALE_SECONDS = 5.0
#: Temporary errors: no process, memory or descriptor was left.
_MOMENTARY = (errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE)


class _Mark:
    """A start mark.

    Attributes:
        name: Name of the mark's file.
        made_at: When the sender was started, in seconds since the epoch.
        size: Size of the span in bytes, or 0 if the span is in the queue already.
    """

    __slots__ = ("made_at", "name", "size")

    def __init__(self, name: str, made_at: float, size: int) -> None:
        self.name = name
        self.made_at = made_at
        self.size = size

    def is_pending(self, now: float) -> bool:
        """Return whether the mark's sender may still be starting.

        The mark's time may be in the future, because a file server's clock may be ahead of this machine's clock.
        """
        return abs(now - self.made_at) < START_SECONDS and not self.name.endswith(_FAILED)


def _marks(state_dir: str) -> list[_Mark]:
    """Return all marks, oldest first."""
    found = []
    try:
        with os.scandir(os.path.join(state_dir, STARTING)) as entries:
            for entry in entries:
                if entry.is_file(follow_symlinks=False):
                    try:
                        status = entry.stat(follow_symlinks=False)
                    except FileNotFoundError:
                        continue  # its sender has removed it
                    found.append(_Mark(entry.name, status.st_mtime, status.st_size))
    except OSError:
        return []
    return sorted(found, key=lambda mark: mark.made_at)


def _open(state_dir: str) -> Directory:
    from arcade_otel.storage.directories import Directory

    return Directory.open(*os.path.split(state_dir), STARTING)


# --- the command ------------------------------------------------------------------------------------------------------------


def leave_mark(config_dir: str, name: str, text: str) -> str:
    """Write a start mark that contains the span ``text``. Return ``name``, or "" if the mark cannot be written.

    In most runs, ``handoff`` writes the mark itself and does not call this function.
    """
    from arcade_otel.storage.directories import Directory

    data = text.encode()
    try:
        with Directory.open(config_dir, "usage", STARTING, create=True) as directory:
            whole = False
            directory.unlink(name)  # a part of it, if the disk is full
            descriptor = directory.open_file(name, os.O_WRONLY | os.O_EXCL)
            try:
                whole = os.write(descriptor, data) == len(data)
            finally:
                os.close(descriptor)
                if not whole:
                    directory.unlink(name)
    except OSError:
        return ""
    return name if whole else ""


def record_failure(config_dir: str, name: str, error: OSError) -> None:
    """Record that the sender's process could not be created.

    The function deletes the span from the start mark, so the caller must queue the span. If the error is temporary, such as a
    lack of memory, the function removes the mark, so that the start does not count as failed.
    """
    from contextlib import suppress

    with suppress(OSError), _open(os.path.join(config_dir, "usage")) as directory:
        if error.errno not in _MOMENTARY:
            os.close(directory.open_file(name.removesuffix(".json") + _FAILED, os.O_WRONLY))
        directory.unlink(name)


def spawning_suspended(state_dir: str, now: float | None = None) -> bool:
    """Return whether this command must not start a sender.

    Before returning True, the function queues the spans of senders that failed to start.

    Args:
        state_dir: The directory ``usage``.
        now: The current time in seconds since the epoch, or None for the system's clock.
    """
    now = time.time() if now is None else now
    if not (_pauses(state_dir, now) or zombies.spawning_suspended(state_dir, now)):
        return False
    from contextlib import suppress  # most programs without a framework do not need it

    with suppress(OSError):
        _take_over(state_dir, now, remove=False)
    return True


def _pauses(state_dir: str, now: float) -> bool:
    marks = _marks(state_dir)
    if sum(mark.is_pending(now) for mark in marks) >= _MAX_PENDING:
        return True
    if len(failures(state_dir, now)) < MAX_FAILURES:
        return False
    return -START_SECONDS < now - marks[-1].made_at < PAUSE_SECONDS  # the newest mark may be of a sender that is starting


# --- the sender -------------------------------------------------------------------------------------------------------------


def is_taken_over(state_dir: str, name: str) -> bool:
    """Return whether another process has already taken the span from this sender's start mark.

    If this sender takes more than 10 s to start, another process queues the span, or deletes it if the user has opted out.
    """
    try:
        with _open(state_dir) as directory:
            status = directory.status(name)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return status is None or not status.st_size


def finish(state_dir: str, name: str) -> None:
    """Remove this sender's start mark.

    For each sender that failed to start, the function also queues the span and removes the start mark.

    Raises:
        OSError: If the marks cannot be changed.
    """
    from arcade_otel.storage.directories import Directory

    try:
        with _open(state_dir) as directory:
            if name and os.path.basename(name) == name:
                directory.unlink(name)
            others = directory.names()
    except FileNotFoundError:
        return
    if others:
        _take_over(state_dir, time.time(), remove=True)
    with Directory.at(state_dir) as state:
        state.rmdir(STARTING)  # so that the next command looks no further
        if others and state.status(STARTING):
            state.write(_WORKED, b"")


def _take_over(state_dir: str, now: float, *, remove: bool, pending: bool = False) -> None:
    """Queue the spans of senders that failed to start. If a span cannot be queued, its start mark is not changed.

    Args:
        state_dir: The directory ``usage``.
        now: The current time in seconds since the epoch.
        remove: True to remove all marks of failed starts, or False to keep the 16 newest as empty files that still count as
            failed starts.
        pending: Whether to include the marks of senders that may still be starting.

    Raises:
        OSError: If the marks cannot be read.
    """
    from contextlib import suppress

    failed = [mark for mark in _marks(state_dir) if pending or not mark.is_pending(now)]
    surplus = failed if remove else failed[:-_MAX_EVIDENCE]
    if not surplus and not any(mark.size for mark in failed):
        return
    from arcade_otel.storage.directories import Directory
    from arcade_otel.storage.locks import FileLock

    with Directory.at(state_dir) as directory:
        lock = FileLock.acquire(directory, _LOCK, wait=0, stale_after=_STALE_SECONDS)
    if lock is None:
        return  # another process does the same
    with lock, _open(state_dir) as directory:
        for mark in failed:
            with suppress(OSError):
                if mark.size and not _enqueue(state_dir, directory, mark, now):
                    continue
                if mark in surplus:
                    directory.unlink(mark.name)
                elif mark.size:
                    os.close(directory.open_file(mark.name, os.O_WRONLY | os.O_TRUNC, create=False))
                    directory.touch(mark.name, mark.made_at)


def _enqueue(state_dir: str, directory: Directory, mark: _Mark, now: float) -> bool:
    """Queue the span that a start mark contains. Return whether the caller may delete the span from the start mark.

    If :func:`_lanes` finds no lane for the span, the span stays in the start mark for 7 days.

    Raises:
        OSError: If the queue cannot be written.
    """
    from arcade_otel import storage
    from arcade_otel.handoff import queue
    from arcade_otel.handoff.span_summary import summarize

    try:
        text = (directory.read(mark.name, queue.MAX_SPAN_BYTES) or b"").decode()
    except (ValueError, storage.UnusableFileError, storage.UntrustedStateError):
        return True
    summary = summarize(text)
    if summary.span_id is None:
        return True  # a power failure has cut the file off
    lanes = _lanes(summary)
    queue.enqueue(state_dir, text, lanes, durable=True, end_ns=summary.end_ns, span_id=summary.span_id)
    return bool(lanes) or mark.made_at < now - queue.MAX_AGE_SECONDS


def _lanes(summary: SpanSummary) -> list[str]:
    """Return the lanes for a span that another process has recorded.

    The recording process's environment is unknown, so this process's environment selects the exporters. If the environment
    selects no exporter, return the PostHog lane for the host and the project in the span.
    """
    from arcade_otel.handoff.lanes import lane_name, lanes_for

    names = lanes_for(os.environ, api_key=summary.api_key, host=summary.host, usage_only=summary.usage_only)
    return names or ([lane_name(summary.host, summary.api_key)] if summary.api_key else [])


# --- usage commands ---------------------------------------------------------------------------------------------------------


def failures(state_dir: str, now: float | None = None) -> list[float]:
    """Return the times of all failed starts since the last successful start.

    The times are in seconds since the epoch, oldest first.
    """
    now = time.time() if now is None else now
    failed = [mark.made_at for mark in _marks(state_dir) if not mark.is_pending(now)]
    if not failed:
        return []
    try:
        worked_at = os.stat(os.path.join(state_dir, _WORKED)).st_mtime
    except OSError:
        return failed
    return [made_at for made_at in failed if made_at > worked_at]


def are_pending(state_dir: str) -> bool:
    """Return whether any sender that may still be starting has a span in its start mark."""
    now = time.time()
    return any(mark.size and mark.is_pending(now) for mark in _marks(state_dir))


def take_over(state_dir: str) -> None:
    """Queue the spans in all start marks, including the marks of senders that may still be starting.

    If one of these senders starts later, it does not put its span into the queue a second time.

    Raises:
        OSError: If the marks cannot be read.
    """
    _take_over(state_dir, time.time(), remove=False, pending=True)


def queued(state_dir: str) -> list[tuple[str, str, str]]:
    """Return the spans in all start marks, oldest first, except spans that are in the queue already.

    Returns:
        Tuples of a lane's name, the name for the span's file in that lane, and the span in OTLP/JSON.
    """
    from contextlib import suppress

    from arcade_otel.handoff import queue
    from arcade_otel.handoff.span_summary import summarize

    found = []
    for mark in _marks(state_dir):
        text = None
        if mark.size:
            with suppress(OSError, ValueError):
                text = queue.read_span(os.path.join(state_dir, STARTING, mark.name))
        summary = summarize(text or "")
        if text is not None and summary.span_id is not None:
            name = queue.span_name(summary.end_ns, summary.span_id)
            found += [
                (lane, name, text)
                for lane in _lanes(summary)
                if not os.path.exists(os.path.join(queue.lane_dir(state_dir, lane), name))
            ]
    return found
