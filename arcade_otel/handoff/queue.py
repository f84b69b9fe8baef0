"""The queue on disk: one file per span, one directory per lane (an exporter and its destination), sorted by age."""

import os
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress

from arcade_otel import conventions, storage
from arcade_otel.handoff.exporter_config import exporter_names

__all__ = [
    "MAX_AGE_SECONDS",
    "MAX_BYTES",
    "MAX_COUNT",
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
    "quarantine",
]

#: Bounds of one lane. Source: design.md, "Hand-off and sender".
MAX_COUNT = 1000
MAX_BYTES = 5 * 1024 * 1024
MAX_AGE_SECONDS = 7 * 24 * 3600
#: Files kept in ``corrupt/`` for whoever wants to know what was wrong with them.
_MAX_CORRUPT = 20

_QUEUE = "queue"
_CORRUPT = "corrupt"
_DROPPED = "dropped"
_SUFFIX = ".json"
_DEFAULT_EXPORTER = "posthog"


def lanes_for(environ: Mapping[str, str], text: str) -> list[str]:
    """Return the lanes in which the span ``text`` waits: one an exporter, and for PostHog one a host.

    A host that is gone (somebody tried a local one) holds up what goes to another no more than a dead collector does. PostHog
    counts only if the span carries a project key: without one it could never be sent. A usage event whose trace goes its own
    way, or whose parent was not sampled, is PostHog's only.
    """
    lanes = exporter_names(environ)
    if f'"{conventions.RESOURCE_USAGE_ONLY}"' in text:
        lanes = [lane for lane in lanes if lane == _DEFAULT_EXPORTER]
    if _DEFAULT_EXPORTER in lanes:
        place = lanes.index(_DEFAULT_EXPORTER)
        lanes[place : place + 1] = [_posthog_lane(text)] if f'"{conventions.RESOURCE_API_KEY}"' in text else []
    return lanes


def _posthog_lane(text: str) -> str:
    host = text.partition(f'"{conventions.RESOURCE_HOST}","value":{{"stringValue":"')[2].partition('"')[0].partition("://")[2]
    if not host:
        return _DEFAULT_EXPORTER
    return f"{_DEFAULT_EXPORTER}@{''.join(letter if letter.isalnum() or letter == '.' else '_' for letter in host[:100])}"


def lane_exporter(lane: str) -> str:
    """Return the exporter of a lane."""
    return lane.partition("@")[0]


def lane_dir(state_dir: str, lane: str) -> str:
    """Return the directory of what waits in ``lane``."""
    return os.path.join(state_dir, _QUEUE, lane)


def lanes(state_dir: str) -> list[str]:
    """Return the lanes that have a directory, by name."""
    try:
        return sorted(os.listdir(os.path.join(state_dir, _QUEUE)))
    except OSError:
        return []


def enqueue(state_dir: str, text: str, lanes: Iterable[str], *, durable: bool = False) -> list[str]:
    """Write the span ``text`` in each lane; return the files' paths.

    A file appears whole or not at all (written beside, then renamed), readable by its owner only. Its name begins with the
    span's end, so that names sort as commands ended, and closes with the span's id, so that a span put twice is one file.
    With ``durable`` it is on the disk, not only in its cache, when this returns.

    Raises:
        OSError: The spool cannot be written.
    """
    name = f"{_end_ns(text):020d}-{_field(text, 'spanId') or os.urandom(8).hex()}{_SUFFIX}"
    paths = []
    for lane in lanes:
        directory = lane_dir(state_dir, lane)
        if not os.path.isdir(directory):
            for made in (state_dir, os.path.join(state_dir, _QUEUE), directory):
                storage.ensure_private_dir(made)
        path = os.path.join(directory, name)
        storage.write_private(path, text, durable=durable)
        paths.append(path)
    return paths


def _field(text: str, key: str) -> str:
    """Return a string field of our own compact OTLP/JSON without parsing it; "" if it is not there as we write it."""
    value = text.partition(f'"{key}":"')[2].partition('"')[0]
    return value if value.isalnum() and len(value) <= 20 else ""  # noqa: PLR2004 - nanoseconds have 19 digits, a span id 16


def _end_ns(text: str) -> int:
    value = _field(text, "endTimeUnixNano")
    return int(value) if value.isdigit() else time.time_ns()


def list_spans(directory: str) -> list[str]:
    """Return the names of the spans in ``directory``, oldest first; a file that is being written is none of them."""
    try:
        return sorted(name for name in os.listdir(directory) if name.endswith(_SUFFIX) and not name.startswith("."))
    except OSError:
        return []


def end_time(name: str) -> float:
    """Return when a span's command ended, in seconds since the epoch, as its file's name tells; 0 if it does not."""
    digits = name.partition("-")[0]
    return int(digits) / 1e9 if digits.isdigit() else 0.0


def enforce_limits(state_dir: str, lane: str, *, now: float | None = None, lost: list[tuple[str, str, str]] | None = None) -> int:
    """Remove the oldest spans until at most 1,000, 5 MiB and 7 days are left; count them; return how many went.

    Called by the sender that has the turn, and by a program that has no sender; never by an ordinary hand-off.

    Args:
        state_dir: The directory ``usage``.
        lane: The lane.
        now: Seconds since the epoch.
        lost: Takes the name, the text and the reason of each span that went.
    """
    now = time.time() if now is None else now
    directory = lane_dir(state_dir, lane)
    waiting = list_spans(directory)
    gone = crowded = len(waiting) - MAX_COUNT if len(waiting) > MAX_COUNT else 0
    while gone < len(waiting) and end_time(waiting[gone]) < now - MAX_AGE_SECONDS:
        gone += 1
    aged = gone
    kept = 0
    for index in range(len(waiting) - 1, gone - 1, -1):  # from the newest on, as long as there is room
        try:
            kept += os.stat(os.path.join(directory, waiting[index])).st_size
        except OSError:
            continue
        if kept > MAX_BYTES:
            gone = index + 1
            break
    count = 0
    for index, name in enumerate(waiting[:gone]):
        path = os.path.join(directory, name)
        text = _read_payload(path)
        count += 1 + _dropped_carried_by(text)
        if lost is not None:
            why = "too many wait" if index < crowded else "too old" if index < aged else "too much waits"
            lost.append((name, text, why))
        _remove(path)
    if count:
        DropCounter(state_dir, lane).increment(count)
    _sweep(directory, now)
    return gone


def _read_payload(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, ValueError):
        return ""


def _dropped_carried_by(text: str) -> int:
    """Return how many dropped spans the span ``text`` was to tell of: they are not told now."""
    digits = text.partition(f'"{conventions.DROPPED}","value":{{"intValue":"')[2].partition('"')[0]
    return int(digits) if digits.isdigit() and len(digits) < 10 else 0  # noqa: PLR2004 - what we write is shorter


def _sweep(directory: str, now: float) -> None:
    """Remove what a process that was killed while writing left behind."""
    try:
        left = [name for name in os.listdir(directory) if not name.endswith(_SUFFIX) or name.startswith(".")]
        for name in left:
            path = os.path.join(directory, name)
            if os.stat(path).st_mtime < now - 60:
                _remove(path)
    except OSError:
        return


def maybe_enforce_limits(state_dir: str, paths: Iterable[str]) -> None:
    """Bound the directories of ``paths`` at one span of 16, by chance: where no sender can run, nobody else would."""
    for path in paths:
        if path[: -len(_SUFFIX)].endswith("0"):
            enforce_limits(state_dir, os.path.basename(os.path.dirname(path)))


def quarantine(state_dir: str, path: str) -> None:
    """Move a file that is no span to ``corrupt/``, which keeps the 20 newest."""
    directory = os.path.join(state_dir, _CORRUPT)
    storage.ensure_private_dir(directory)
    os.replace(path, os.path.join(directory, f"{time.time_ns():020d}-{os.path.basename(path)}"))
    for name in sorted(os.listdir(directory))[:-_MAX_CORRUPT]:
        _remove(os.path.join(directory, name))


def clear(state_dir: str) -> None:
    """Remove every span that waits or was set aside: somebody opted out. Costs one look where nothing waits."""
    try:
        directories = [os.path.join(state_dir, _QUEUE, lane) for lane in os.listdir(os.path.join(state_dir, _QUEUE))]
    except OSError:
        return
    for directory in [*directories, os.path.join(state_dir, _CORRUPT)]:
        try:
            waiting = os.listdir(directory)
        except OSError:
            continue
        for name in waiting:
            _remove(os.path.join(directory, name))
    for directory in (*directories, os.path.join(state_dir, _QUEUE)):  # so that the next look finds nothing
        with suppress(OSError):
            os.rmdir(directory)


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return  # somebody was quicker


class DropCounter:
    """How many spans of one lane were dropped from a full spool and not yet told to it."""

    __slots__ = ("_path",)

    def __init__(self, state_dir: str, lane: str) -> None:
        self._path = os.path.join(state_dir, f"{_DROPPED}-{lane}")

    def count(self) -> int:
        """Return the count; 0 if there is none or it cannot be read."""
        try:
            with open(self._path, encoding="ascii") as file:
                return int(file.read(20))
        except (OSError, ValueError):
            return 0

    def increment(self, more: int) -> None:
        """Count ``more`` spans. Only the process that has the lane's turn calls this."""
        storage.write_private(self._path, str(self.count() + more))

    def reset(self) -> None:
        """Forget the count: a span carries it now."""
        _remove(self._path)
