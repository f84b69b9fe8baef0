"""Bounds the zombies that senders leave where PID 1 reaps none, as in a container whose first process is ``sleep``."""

import os
import time

__all__ = ["MAX_COUNT", "PAUSE_SECONDS", "ZOMBIE_GRACE_SECONDS", "register_sender", "spawning_suspended"]

#: Only a parent can reap, and a process that outlives its command has none but PID 1. So many of ours may lie about …
MAX_COUNT = 8
#: … before commands only write to the queue, and one in this time starts a sender, which looks again.
PAUSE_SECONDS = 3600.0

#: A process that ended counts once it has lain about for this long: there are supervisors that reap every few seconds.
ZOMBIE_GRACE_SECONDS = 20.0

_SENDERS = "senders"
_MARKER = "unreaped"
_MAX_NOTES = 64


def spawning_suspended(state_dir: str, now: float | None = None) -> bool:
    """Return whether no sender is to be started for now. Costs one look where PID 1 does its duty."""
    marker = os.path.join(state_dir, _MARKER)
    try:
        since = os.stat(marker).st_mtime
    except OSError:
        return False
    now = time.time() if now is None else now
    if since <= now < since + PAUSE_SECONDS:
        return True
    try:
        os.utime(marker)  # this command's sender is the one of the next hour
    except OSError:
        return True
    return False


def register_sender(state_dir: str) -> None:
    """Note that this process is a sender, and count those of before it that ended 20 s ago or longer and were never reaped.

    It follows from what is seen, not by guessing what PID 1 may do: a process that lies in ``/proc`` as a zombie, with the start
    time that it had. Does nothing where there is no ``/proc``.

    Raises:
        OSError: The notes cannot be written.
    """
    from arcade_otel import storage  # only in a sender

    mine = _process_info(os.getpid())
    if mine is None:
        return
    now = time.time()
    path, marker = os.path.join(state_dir, _SENDERS), os.path.join(state_dir, _MARKER)
    lying: list[tuple[str, str, float]] = []
    others = [(str(os.getpid()), mine[1], 0.0)]
    for pid, started, since in _read_notes(path):
        state = _process_info(int(pid))
        if state is None or state[1] != started or pid == others[0][0]:
            continue  # reaped
        if state[0] == "Z":
            lying.append((pid, started, since or now))
        else:
            others.append((pid, started, 0.0))
    kept = (lying + others)[-_MAX_NOTES:]
    storage.write_private(path, "\n".join(f"{pid} {started} {since:.0f}" for pid, started, since in kept))
    if sum(since <= now - ZOMBIE_GRACE_SECONDS for _, _, since in lying) >= MAX_COUNT:
        storage.write_private(marker, "")
    elif os.path.lexists(marker):
        from arcade_otel.storage.directories import Directory

        with Directory.at(state_dir) as directory:
            directory.unlink(_MARKER)


def _read_notes(path: str) -> list[tuple[str, str, float]]:
    """Return the process id and the start time of earlier senders, and since when each lies about (0: it does not)."""
    try:
        from arcade_otel import storage

        config_dir, state = os.path.split(os.path.dirname(path))
        text = (storage.read_file(config_dir, state, _SENDERS, max_bytes=8192) or b"").decode("ascii")
        lines = [line.split() for line in text.split("\n")]
        return [(pid, started, float(since)) for pid, started, since in lines if pid.isdigit()]
    except (OSError, ValueError):
        return []


def _process_info(pid: int) -> tuple[str, str] | None:
    """Return the state (``Z``: ended, and not reaped) and the start time of a process, or None if there is no such thing."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()  # the name before it may hold anything
        return fields[0], fields[19]
    except (OSError, IndexError):
        return None
