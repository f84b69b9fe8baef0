"""Receipts of the last 100 events that left the queue, in one small file. A receipt says what happened to one event."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress

from arcade_otel import conventions, storage
from arcade_otel.spans import otlp
from arcade_otel.storage.directories import Directory
from arcade_otel.storage.locks import FileLock

TYPE_CHECKING = False  # type checkers know better; the module typing costs a sender a third of a bare Python
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "DROPPED",
    "FAILED",
    "MAX_BYTES",
    "MAX_COUNT",
    "MAX_PAYLOAD",
    "SENDER",
    "SENT",
    "Receipt",
    "events",
    "problems",
    "public",
    "receipt",
    "receipts_file",
    "remove",
    "write",
]

#: The backend acknowledged the event.
SENT = "sent"
#: The event was deleted and not delivered. ``why`` gives the reason.
DROPPED = "dropped"
#: A lane could not deliver, and its events stay queued. This is a problem that ``usage status`` shows, not a receipt of an event.
FAILED = "failed"

#: The name instead of a lane for a failure of the sender itself: it cannot be started, or cannot import a module.
SENDER = "sender"

#: The number of receipts that are kept.
MAX_COUNT = 100
#: A larger file is rewritten with the newest receipts that fit into half of this size.
MAX_BYTES = 1024 * 1024
#: A longer payload is left out, and the receipt has ``too_large``.
MAX_PAYLOAD = 16 * 1024
_LOCK_SECONDS = 0.2
#: On a file system without locks, a holder that has not finished in this time counts as dead.
_STALE_SECONDS = 2.0
_FILE = "receipts.jsonl"

#: One line of the file. It has ``at`` (seconds since the epoch), ``state`` and ``lane``. For an event, it also has ``id``, the
#: end of the command (``ended``) and ``payload``. For a drop or a failure, it has ``why``.
if TYPE_CHECKING:
    Receipt = dict[str, Any]
else:
    Receipt = dict


def receipts_file(state_dir: str) -> str:
    """Return the path of the file that contains the receipts."""
    return os.path.join(state_dir, _FILE)


def receipt(state: str, lane: str, *, name: str = "", why: str | None = None, payload: list[Any] | None = None) -> Receipt:
    """Return a receipt with the current time.

    Args:
        state: ``SENT``, ``DROPPED`` or ``FAILED``.
        lane: The lane of the event.
        name: Name of the event's file in the queue, or "" if ``state`` is ``FAILED``.
        why: Why the event was dropped or the delivery failed, as a short text for the user. The text must not contain a secret.
        payload: The payload that was sent, as a list of JSON values, or None if it is unknown. If the payload is larger than 16
            KiB, the receipt does not include it.
    """
    made: Receipt = {"at": round(time.time(), 3), "state": state, "lane": lane}
    if name:
        ended, _, identity = name.removesuffix(".json").partition("-")
        made["id"] = identity or ended
        if ended.isdigit():
            made["ended"] = int(ended) / 1e9
    if why is not None:
        made["why"] = why
    if payload is not None:
        if len(json.dumps(payload)) <= MAX_PAYLOAD:
            made["payload"] = payload
        else:
            made["too_large"] = True
    return made


def write(state_dir: str, receipts: Sequence[Receipt]) -> None:
    """Append ``receipts`` to the receipts file in one write.

    If the function cannot lock the receipts file within about 0.2 s, it writes without the lock. Without the lock, the new
    receipts may be lost if another process is rewriting the file.

    Raises:
        OSError: If the file cannot be written. Callers must ignore this error, so that the delivery continues.
    """
    if not receipts:
        return
    path = receipts_file(state_dir)
    lines = "".join(f"{json.dumps(each, separators=(',', ':'))}\n" for each in receipts).encode()
    with _locked(state_dir) as alone:
        with Directory.open(*os.path.split(state_dir)) as directory:
            descriptor = directory.open_file(_FILE, os.O_RDWR | os.O_APPEND)
        try:
            size = os.fstat(descriptor).st_size
            if size and os.lseek(descriptor, -1, os.SEEK_END) >= 0 and os.read(descriptor, 1) != b"\n":
                lines = b"\n" + lines  # another process was killed while it wrote its line, or the disk was full
            os.write(descriptor, lines)
        finally:
            os.close(descriptor)
        if alone and size + len(lines) > MAX_BYTES:
            _rewrite(path)


def events(state_dir: str) -> list[Receipt]:
    """Return the receipts of the last 100 events, newest last.

    If a lane has several receipts for an event, return only the newest of them. Malformed lines are skipped. If the file does not
    exist, the list is empty.
    """
    return _last_events(_lines(receipts_file(state_dir)))


def problems(state_dir: str) -> dict[str, Receipt]:
    """Return a dictionary from lane names to the last problem of each lane.

    A problem is a failed delivery or a dropped event.
    """
    return {each["lane"]: each for each in _lines(receipts_file(state_dir)) if each["state"] in (FAILED, DROPPED)}


def remove(state_dir: str) -> None:
    """Remove the receipts file.

    Raises:
        OSError: If the file exists and cannot be removed.
    """
    with suppress(FileNotFoundError), _locked(state_dir), Directory.open(*os.path.split(state_dir)) as directory:
        directory.unlink(_FILE)


def public(text: str) -> list[Any] | None:
    """Return the payload to show to the user for the span ``text`` (OTLP/JSON), or None if ``text`` is malformed.

    The result does not include the attributes that only the sender needs, such as the project key. The function does not import
    the SDK.
    """
    try:
        traces = otlp.loads(text)
        otlp.remove_resource_attributes(traces, conventions.RESOURCE_PRIVATE_PREFIX)
    except ValueError:
        return None
    return [traces]


def _last_events(lines: Iterable[Receipt]) -> list[Receipt]:
    found: dict[tuple[str, str], Receipt] = {}
    for each in lines:
        if each["state"] in (SENT, DROPPED):
            key = (each["lane"], str(each.get("id")))
            found.pop(key, None)
            found[key] = each
    return list(found.values())[-MAX_COUNT:]


def _lines(path: str) -> Iterator[Receipt]:
    try:
        state_dir, name = os.path.split(path)
        content = storage.read_file(*os.path.split(state_dir), name, max_bytes=4 * MAX_BYTES) or b""
    except (OSError, ValueError):
        return
    for line in content.splitlines():
        try:
            loaded = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if (
            isinstance(loaded, dict)
            and isinstance(loaded.get("at"), int | float)
            and isinstance(loaded.get("lane"), str)
            and loaded.get("state") in (SENT, DROPPED, FAILED)
        ):
            yield loaded


def _rewrite(path: str) -> None:
    """In the receipts file, keep only the last 100 events and the newest failure of each lane.

    If the file would still be larger than half of ``MAX_BYTES``, leave out the oldest events.
    """
    lines = list(_lines(path))
    problems = {each["lane"]: each for each in lines if each["state"] == FAILED}
    kept = {id(each) for each in (*_last_events(lines), *problems.values())}
    texts: list[str] = []
    size = sum(len(json.dumps(each)) for each in problems.values())  # these stay, even if they are old
    for each in reversed(lines):
        if id(each) not in kept:
            continue
        text = json.dumps(each, separators=(",", ":"))
        if each["state"] != FAILED:
            size += len(text) + 1
            if size > MAX_BYTES // 2:
                continue
        texts.append(f"{text}\n")
    storage.write_private(path, "".join(reversed(texts)))


@contextmanager
def _locked(state_dir: str) -> Iterator[bool]:
    """Try for about 0.2 s to take the lock of the receipts file. Yield whether this process holds the lock."""
    with Directory.open(*os.path.split(state_dir)) as directory:
        lock = FileLock.acquire(directory, "receipts.lock", wait=_LOCK_SECONDS, stale_after=_STALE_SECONDS)
    try:
        yield lock is not None
    finally:
        if lock is not None:
            lock.release()
