"""The queue: a directory on disk that contains a directory for each lane.

The directory of a lane contains a file for each span. The name of each file begins with the span's end time, so the sorted names
are in order of age. All file operations go through ``storage``.
"""

import os
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress

from arcade_otel import handoff, storage
from arcade_otel.diagnostics import debug
from arcade_otel.handoff.lanes import is_old_name, lane_exporter, lane_name, lanes_for
from arcade_otel.storage.directories import Directory

__all__ = [
    "MAX_AGE_SECONDS",
    "MAX_BYTES",
    "MAX_COUNT",
    "MAX_SPAN_BYTES",
    "DropCounter",
    "clear",
    "end_time",
    "enforce_limits",
    "enqueue",
    "lane_dir",
    "lane_exporter",
    "lanes",
    "lanes_for",
    "list_spans",
    "maybe_enforce_limits",
    "migrate",
    "quarantine",
    "read_span",
    "remove_span",
    "rewrite_span",
    "span_name",
]

#: Limits of one lane. A laptop that is offline for a week usually stays below them, and they are small for any disk.
MAX_COUNT = 1000
MAX_BYTES = 5 * 1024 * 1024
MAX_AGE_SECONDS = 7 * 24 * 3600
#: A longer file was not written by this library, and is not read.
MAX_SPAN_BYTES = 16 * 1024 * 1024

#: Number of files that are kept in ``corrupt/``, for a user who wants to know what was wrong with them.
_MAX_CORRUPT = 20
#: A temporary file of this age belongs to a process that was killed while it wrote.
_MAX_TEMPORARY_SECONDS = 60
#: Times before 1 January 2025 come from a clock that was never set, because this library is younger. Times more than a day in the
#: future come from a wrong clock. Neither shows how old a span is.
_MIN_TIME = 1735689600
_MAX_AHEAD_SECONDS = 24 * 3600

_QUEUE = "queue"
_CORRUPT = "corrupt"
_DROPPED = "dropped"
_SUFFIX = ".json"


# --- names ----------------------------------------------------------------------------------------------------------------


def lane_dir(state_dir: str, lane: str) -> str:
    """Return the path of the directory that contains a lane's spans."""
    return os.path.join(state_dir, _QUEUE, lane)


def end_time(name: str) -> float:
    """Return when a command ended, in seconds since the epoch, according to the name of its span's file.

    If the name contains no time, return 0.
    """
    digits = name.partition("-")[0]
    return int(digits) / 1e9 if digits.isdigit() else 0.0


def span_name(end_ns: int | None, span_id: str | None) -> str:
    """Return the name for a span's file.

    If ``end_ns`` is None, the name contains the current time instead of the span's end. If ``span_id`` is None, the name contains
    a random ID.
    """
    return f"{time.time_ns() if end_ns is None else end_ns:020d}-{span_id or os.urandom(8).hex()}{_SUFFIX}"


def _is_span_name(name: str) -> bool:
    """Return whether ``name`` has the form of a span's file name, ``{end in ns}-{span ID}.json``.

    In a lane's directory, the library ignores all files except spans and its own temporary files.
    """
    end, separator, identity = name.removesuffix(_SUFFIX).partition("-")
    return bool(separator) and name.endswith(_SUFFIX) and end.isdigit() and identity.isalnum() and name.isascii()


def _is_temporary_name(name: str) -> bool:
    """Return whether ``name`` has the form of a temporary file's name, ``.{file name}.{8 hex digits}.tmp``."""
    inner, _, random = name.removesuffix(".tmp").rpartition(".")
    return name.endswith(".tmp") and inner.startswith(".") and _is_span_name(inner[1:]) and random.isalnum()


def _is_corrupt_name(name: str) -> bool:
    when, _, inner = name.partition("-")
    return when.isdigit() and _is_span_name(inner)


# --- directories ------------------------------------------------------------------------------------------------------------


def _open(state_dir: str, *names: str, create: bool = False) -> Directory:
    config_dir, state = os.path.split(state_dir)
    return Directory.open(config_dir, state, *names, create=create)


def _open_lane_dir(lane_dir: str) -> Directory:
    queue_dir, lane = os.path.split(lane_dir)
    state_dir, queue = os.path.split(queue_dir)
    return _open(state_dir, queue, lane)


def lanes(state_dir: str) -> list[str]:
    """Return the names of the lanes that have a directory. Ignore symbolic links to directories.

    If the queue does not exist or cannot be read, return an empty list.
    """
    try:
        with _open(state_dir, _QUEUE) as directory:
            names = directory.names()
            return sorted(name for name in names if _is_directory(directory, name))
    except OSError:
        return []


def _is_directory(parent: Directory, name: str) -> bool:
    status = parent.status(name)
    return status is not None and stat.S_ISDIR(status.st_mode)


def list_spans(lane_dir: str) -> list[str]:
    """Return the names of the span files in a lane's directory, oldest first. Leave out unfinished files.

    If the directory does not exist or cannot be read, return an empty list.
    """
    try:
        with _open_lane_dir(lane_dir) as directory:
            return sorted(name for name in directory.names() if _is_span_name(name))
    except OSError:
        return []


# --- one span ---------------------------------------------------------------------------------------------------------------


def enqueue(
    state_dir: str,
    payload: str,
    lanes: Iterable[str],
    *,
    durable: bool = False,
    end_ns: int | None = None,
    span_id: str | None = None,
) -> list[str]:
    """Write a payload to each of ``lanes``, and return the paths of the files.

    Each file is written completely or not at all, and only its owner can read it. Each file's name consists of the span's end and
    the span's ID, so the sorted names are in the order in which the commands ended. If a span is written to a lane twice, the
    second file replaces the first.

    Args:
        state_dir: The directory ``usage``.
        payload: The span in OTLP/JSON.
        lanes: Names of the lanes that get the span.
        durable: Whether to wait until the file is on the disk, and not only in the operating system's cache.
        end_ns: The end of the span in nanoseconds since the epoch, or None to read the end from the payload.
        span_id: The span's ID in hexadecimal digits, or None to read the ID from the payload.

    Raises:
        OSError: If the queue cannot be written.
    """
    if end_ns is None or span_id is None:
        from arcade_otel.handoff.span_summary import summarize

        summary = summarize(payload)
        end_ns = end_ns if end_ns is not None else summary.end_ns
        span_id = span_id or summary.span_id
    name = span_name(end_ns, span_id)
    paths = []
    for lane in lanes:
        with _open(state_dir, _QUEUE, lane, create=True) as directory:
            directory.write(name, payload.encode(), durable=durable)
            paths.append(os.path.join(directory.path, name))
    return paths


def read_span(path: str) -> str | None:
    """Return the payload in a span's file, or None if the file no longer exists.

    Raises:
        ValueError: If the file is not UTF-8 text, is not a regular file, or is longer than 16 MiB.
        OSError: If the file cannot be read at the moment.
    """
    lane_dir, name = os.path.split(path)
    try:
        with _open_lane_dir(lane_dir) as directory:
            data = directory.read(name, MAX_SPAN_BYTES)
    except FileNotFoundError:
        return None
    except storage.UnusableFileError as error:
        raise ValueError("no regular file of a sane size") from error
    return None if data is None else data.decode()


def rewrite_span(path: str, payload: str) -> None:
    """Replace the payload in a span's file atomically, and wait until the new payload is on the disk.

    Keep the file's modification time, which determines the span's age if the time in the file's name is impossible.

    Raises:
        OSError: If the file cannot be written. The file then stays unchanged.
    """
    lane_dir, name = os.path.split(path)
    with _open_lane_dir(lane_dir) as directory:
        before = directory.status(name)
        directory.write(name, payload.encode(), durable=True, mtime_ns=before.st_mtime_ns if before else None)


def remove_span(path: str) -> None:
    """Remove a span's file. Do nothing if the file does not exist.

    Raises:
        OSError: If the file cannot be removed.
    """
    lane_dir, name = os.path.split(path)
    with suppress(FileNotFoundError), _open_lane_dir(lane_dir) as directory:
        directory.unlink(name)


def quarantine(state_dir: str, path: str) -> None:
    """Move a file that contains no span to the directory ``corrupt/``, and keep only the 20 newest files in ``corrupt/``.

    Raises:
        OSError: If the file cannot be moved.
    """
    lane_dir, name = os.path.split(path)
    with _open_lane_dir(lane_dir) as lane, _open(state_dir, _CORRUPT, create=True) as corrupt:
        lane.rename(name, corrupt, f"{time.time_ns():020d}-{name}")
        for old in sorted(name for name in corrupt.names() if _is_corrupt_name(name))[:-_MAX_CORRUPT]:
            corrupt.unlink(old)


# --- limits -----------------------------------------------------------------------------------------------------------------


def enforce_limits(state_dir: str, lane: str, *, now: float | None = None, lost: list[tuple[str, str, str]] | None = None) -> int:
    """Delete the oldest spans of a lane until it contains at most 1,000 spans, at most 5 MiB, and no span older than 7 days.

    If there are too many spans, spans with a pending alias are deleted last, because the sender must send the alias before any
    event under the account's ID.

    The sender that holds the lane's lock, or a command that cannot start a sender, calls this function.

    A span is too old 7 days after its command ended or 7 days after its file was written, whichever comes first. A time before
    2025, or more than a day in the future, counts as impossible and is ignored. If both the command's end time and the file's
    time are impossible, the span counts as new. While this machine's clock shows a time before 2025, no span counts as too old.

    Args:
        state_dir: The directory ``usage``.
        lane: The name of the lane.
        now: The current time in seconds since the epoch, or None for the system's clock.
        lost: A list to which the function appends the file name and the payload of each deleted span, and the reason for the
            deletion.

    Returns:
        The number of deleted spans.
    """
    now = time.time() if now is None else now
    count = 0
    try:
        directory = _open(state_dir, _QUEUE, lane)
    except OSError:
        return 0
    with directory:
        names = directory.names()
        doomed = _over_limits(directory, sorted(name for name in names if _is_span_name(name)), now)
        for name, why in doomed.items():
            payload = _read_payload(directory, name)
            count += 1 + _carried_drop_count(payload)
            if lost is not None:
                lost.append((name, payload, why))
            directory.unlink(name)
        for name in names:
            if _is_temporary_name(name):
                status = directory.status(name)
                if status is not None and status.st_mtime < now - _MAX_TEMPORARY_SECONDS:
                    directory.unlink(name)
    if count:
        try:
            DropCounter(state_dir, lane).increment(count)
        except OSError as error:  # a full disk does not keep the other spans from being delivered
            debug(f"{count} deleted spans are not counted", error)
    return len(doomed)


def _over_limits(directory: Directory, names: list[str], now: float) -> dict[str, str]:
    """Return the names of the span files that must be deleted, each with the reason."""
    doomed: dict[str, str] = {}
    sizes: dict[str, int] = {}
    for name in names:
        status = directory.status(name)
        if status is None:
            continue
        if _is_too_old(directory, name, status.st_mtime, now):
            doomed[name] = "too old"
        else:
            sizes[name] = status.st_size
    count, total = len(sizes), sum(sizes.values())
    oldest = _aliases_last(directory, list(sizes))
    while count > MAX_COUNT or total > MAX_BYTES:
        name = next(oldest)
        doomed[name] = "too many wait" if count > MAX_COUNT else "too much waits"
        count -= 1
        total -= sizes[name]
    return doomed


def _aliases_last(directory: Directory, names: list[str]) -> Iterator[str]:
    """Yield the names of the spans without a pending alias, and then the names of the others. Each file is read when needed."""
    from arcade_otel.handoff.span_summary import summarize

    with_alias = []
    for name in names:
        if summarize(_read_payload(directory, name)).has_alias:
            with_alias.append(name)
        else:
            yield name
    yield from with_alias


def _is_too_old(directory: Directory, name: str, written: float, now: float) -> bool:
    if now < _MIN_TIME:
        return False
    possible = [moment for moment in (end_time(name), written) if _MIN_TIME <= moment <= now + _MAX_AHEAD_SECONDS]
    if possible:
        return min(possible) < now - MAX_AGE_SECONDS
    with suppress(OSError):
        directory.touch(name, now)  # so that its age counts from now
    return False


def _read_payload(directory: Directory, name: str) -> str:
    try:
        return (directory.read(name, MAX_SPAN_BYTES) or b"").decode()
    except (OSError, ValueError):
        return ""


def _carried_drop_count(payload: str) -> int:
    """Return the number of dropped spans that the payload of a span reports."""
    if not payload:
        return 0
    from arcade_otel.handoff.span_summary import summarize

    return summarize(payload).dropped


def maybe_enforce_limits(state_dir: str, paths: Iterable[str]) -> None:
    """For about one in 16 of ``paths``, enforce the queue's limits in the lane that contains the file.

    A command that cannot start a sender calls this function, because otherwise nothing would enforce the queue's limits.
    """
    for path in paths:
        if path[: -len(_SUFFIX)].endswith("0"):
            enforce_limits(state_dir, os.path.basename(os.path.dirname(path)))


# --- all of it --------------------------------------------------------------------------------------------------------------


def clear(state_dir: str) -> None:
    """Delete all queued spans, for example because the user has opted out.

    The function also deletes the files in ``corrupt/``, and the files in ``starting/``, which contain the spans of senders that
    have not started yet. It follows no symbolic link, and deletes only files whose names follow this library's patterns. If one
    file cannot be deleted, the function still deletes the other files.

    Raises:
        OSError: If at least one file cannot be removed.
    """
    errors: list[OSError] = []
    try:
        queue = _open(state_dir, _QUEUE)
    except OSError:
        pass  # there is none
    else:
        with queue:
            for lane in queue.names():
                if _is_directory(queue, lane):
                    _remove_all(state_dir, (_QUEUE, lane), errors)
                    queue.rmdir(lane)
        with suppress(OSError), _open(state_dir) as state:
            state.rmdir(_QUEUE)  # so that the next command finds no queue
    _remove_all(state_dir, (_CORRUPT,), errors)
    _remove_all(state_dir, (handoff.STARTING,), errors)
    with suppress(OSError), _open(state_dir) as state:
        state.rmdir(handoff.STARTING)
    if errors:
        raise errors[0]


def _remove_all(state_dir: str, names: tuple[str, ...], errors: list[OSError]) -> None:
    try:
        directory = _open(state_dir, *names)
    except OSError:
        return
    with directory:
        for name in directory.names():
            if _is_span_name(name) or _is_temporary_name(name) or _is_corrupt_name(name):
                try:
                    directory.unlink(name)
                except OSError as error:
                    errors.append(error)


def migrate(state_dir: str, lane: str) -> None:
    """Move the spans of a lane that version 0.1.0 created to the lanes of their projects.

    Version 0.1.0 had one lane for each PostHog host. If ``lane`` is not a lane of version 0.1.0, the function does nothing. The
    caller must hold the lock of the old lane. If the project key of a span cannot be read, the span stays in the old lane, where
    a sender delivers or quarantines it.

    Raises:
        OSError: If a span cannot be moved.
    """
    if not is_old_name(lane):
        return
    from arcade_otel.handoff.span_summary import summarize

    with _open(state_dir, _QUEUE, lane) as old:
        for name in sorted(name for name in old.names() if _is_span_name(name)):
            summary = summarize(_read_payload(old, name))
            if summary.api_key:
                with _open(state_dir, _QUEUE, lane_name(summary.host, summary.api_key), create=True) as new:
                    old.rename(name, new, name)
    with _open(state_dir, _QUEUE) as queue:
        queue.rmdir(lane)


class DropCounter:
    """The number of one lane's dropped spans that no event has reported yet."""

    __slots__ = ("_name", "_state_dir")

    def __init__(self, state_dir: str, lane: str) -> None:
        self._state_dir = state_dir
        self._name = f"{_DROPPED}-{lane}"

    def count(self) -> int:
        """Return the number of dropped spans that no event has reported yet, or 0 if the counter's file cannot be read."""
        try:
            with _open(self._state_dir) as directory:
                return int(directory.read(self._name, 20) or b"0")
        except (OSError, ValueError):
            return 0

    def increment(self, more: int) -> None:
        """Add ``more`` to the number of dropped spans.

        If the caller does not hold the lane's lock, an increment by another process at the same time can be lost.
        """
        with _open(self._state_dir) as directory:
            directory.write(self._name, str(self.count() + more).encode())

    def reset(self) -> None:
        """Reset the number of dropped spans to 0, because a queued span now reports the old number."""
        with suppress(FileNotFoundError), _open(self._state_dir) as directory:
            directory.unlink(self._name)
