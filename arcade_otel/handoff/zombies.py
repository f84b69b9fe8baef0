"""Limit the number of zombie senders if PID 1 does not reap ended processes, for example if a container's PID 1 is ``sleep``."""

import os
import time

__all__ = [
    "FAILED_IMPORT",
    "MAX_COUNT",
    "PAUSE_SECONDS",
    "ZOMBIES",
    "ZOMBIE_GRACE_SECONDS",
    "causes",
    "register_sender",
    "spawning_suspended",
]

#: Only a parent can reap a process, and the parent of a sender is PID 1 once its command has ended. After this many zombies,
#: commands only write to the queue. One command every ``PAUSE_SECONDS`` starts a sender, which counts the zombies again.
MAX_COUNT = 8
PAUSE_SECONDS = 3600.0

#: A zombie counts only after this time, because some supervisors reap every few seconds.
ZOMBIE_GRACE_SECONDS = 20.0

#: Why the marker is there, as words in it: earlier senders are zombies, or a sender could not import the library.
ZOMBIES, FAILED_IMPORT = "zombies", "import"

_SENDERS = "senders"
_MARKER = "unreaped"
_MAX_NOTES = 64


def spawning_suspended(state_dir: str, now: float | None = None) -> bool:
    """Return whether this command must not start a sender.

    If the file ``unreaped`` does not exist, the function makes only one ``stat`` call.
    """
    marker = os.path.join(state_dir, _MARKER)
    try:
        since = os.stat(marker).st_mtime
    except OSError:
        return False
    now = time.time() if now is None else now
    if since <= now < since + PAUSE_SECONDS:
        return True
    try:
        os.utime(marker)  # this command starts the only sender of the next hour
    except OSError:
        return True
    return False


def causes(state_dir: str) -> list[str]:
    """Return why the file ``unreaped`` limits commands to one sender an hour: ``ZOMBIES``, ``FAILED_IMPORT`` or both.

    If the file does not exist or cannot be read, return an empty list.
    """
    from arcade_otel import storage

    try:
        text = storage.read_file(*os.path.split(state_dir), _MARKER)
    except OSError:
        return []
    words = [] if text is None else text.decode("ascii", "replace").split() or [ZOMBIES]  # older versions write an empty file
    return [cause for cause in (ZOMBIES, FAILED_IMPORT) if cause in words]


def register_sender(state_dir: str, *, proc: str = "/proc") -> None:
    """Record that this process is a sender. If eight or more earlier senders are old zombies, limit how often senders start.

    A sender is a zombie if ``/proc`` lists a zombie with the sender's process ID and start time. A zombie counts as old 20 s
    after a sender first noticed it. On a system without ``/proc``, the function cannot count zombies, and only removes the file
    ``unreaped``, which limits how often senders start.

    Args:
        state_dir: The directory ``usage`` in the config directory.
        proc: The directory that lists the processes.

    Raises:
        OSError: If a file in ``state_dir`` cannot be written.
    """
    from arcade_otel import storage  # only in a sender

    mine = _process_info(os.getpid(), proc)
    if mine is None:
        _remove_marker(state_dir)
        return
    now = time.time()
    path = os.path.join(state_dir, _SENDERS)
    lying: list[tuple[str, str, float]] = []
    others = [(str(os.getpid()), mine[1], 0.0)]
    for pid, started, since in _read_notes(path):
        state = _process_info(int(pid), proc)
        if state is None or state[1] != started or pid == others[0][0]:
            continue  # reaped
        if state[0] == "Z":
            lying.append((pid, started, since or now))
        else:
            others.append((pid, started, 0.0))
    kept = (lying + others)[-_MAX_NOTES:]
    storage.write_private(path, "\n".join(f"{pid} {started} {since:.0f}" for pid, started, since in kept))
    if sum(since <= now - ZOMBIE_GRACE_SECONDS for _, _, since in lying) >= MAX_COUNT:
        storage.write_private(os.path.join(state_dir, _MARKER), f"{ZOMBIES}\n")
    else:
        _remove_marker(state_dir)


def _remove_marker(state_dir: str) -> None:
    if os.path.lexists(os.path.join(state_dir, _MARKER)):
        from arcade_otel.storage.directories import Directory

        with Directory.at(state_dir) as directory:
            directory.unlink(_MARKER)


def _read_notes(path: str) -> list[tuple[str, str, float]]:
    """Return the process ID and start time of each earlier sender, and when it was first seen as a zombie (0 if never)."""
    try:
        from arcade_otel import storage

        config_dir, state = os.path.split(os.path.dirname(path))
        text = (storage.read_file(config_dir, state, _SENDERS, max_bytes=8192) or b"").decode("ascii")
        lines = [line.split() for line in text.split("\n")]
        return [(pid, started, float(since)) for pid, started, since in lines if pid.isdigit()]
    except (OSError, ValueError):
        return []


def _process_info(pid: int, proc: str) -> tuple[str, str] | None:
    """Return the state (``Z`` is a zombie) and the start time of a process, or None if the process does not exist."""
    try:
        with open(f"{proc}/{pid}/stat", encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()  # the name before it may contain any characters
        return fields[0], fields[19]
    except (OSError, IndexError):
        return None
