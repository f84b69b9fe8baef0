"""Check the config directory: its permissions and owner, the disk, the locks, and the identity."""

import errno
import os
import shutil
import stat
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from arcade_otel import identity as identity_file, storage
from arcade_otel.cli.doctor.check import Check
from arcade_otel.settings import Settings

__all__ = ["check_config_dir", "check_state", "full_disk", "require_config_dir"]

#: A sender lives at most 10 s. If a lock is taken for longer, another process holds it.
_MAX_HELD_SECONDS = 11.0
_POLL_SECONDS = 0.1
_TEST_BYTES = 64 * 1024
_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def check_config_dir(settings: Settings) -> Check:
    """Check that this process can write to the config directory or create it, and that no other user owns it or can write to it.

    The check accepts another user's directory if this process runs as root, and a directory that other users can write to if its
    sticky bit is set.
    """
    name, config_dir = "config directory", settings.config_dir
    if not config_dir:
        remedy = "set HOME to your home directory, or ARCADE_WORK_DIR to a directory that you can write."
        return Check(name, ok=False, detail="none: HOME is not set or does not exist", remedy=remedy)
    existing = config_dir
    while not os.path.lexists(existing) and os.path.dirname(existing) != existing:
        existing = os.path.dirname(existing)
    if not os.path.isdir(existing):
        return Check(name, ok=False, detail=f"{existing} is not a directory", remedy=f"move {existing} away.")
    if not os.access(existing, os.W_OK | os.X_OK):
        remedy = f"make {existing} writable for you, or set ARCADE_WORK_DIR to a directory that you can write."
        return Check(name, ok=False, detail=f"{existing} cannot be written{_unqueued(settings)}", remedy=remedy)
    for path in (config_dir, settings.state_dir):
        problem = _foreign(path)
        if problem:
            return Check(name, ok=False, detail=f"{path} {problem[0]}", remedy=problem[1])
    return Check(name, ok=True, detail=config_dir)


def require_config_dir(settings: Settings) -> None:
    """Raise OSError if the config directory cannot be used.

    Without this check, ``usage flush`` and ``usage forget`` would find no files in an unusable directory, and report success.

    Raises:
        OSError: If no config directory is known, or if :func:`check_config_dir` finds a problem.
    """
    if not settings.config_dir:
        raise FileNotFoundError(errno.ENOENT, "HOME is not set or does not exist")
    check = check_config_dir(settings)
    if not check.ok:
        raise PermissionError(errno.EACCES, check.detail, settings.config_dir)


def full_disk(settings: Settings) -> str | None:
    """If the state directory's disk is full, return a message that says what happens to events, otherwise None.

    Only ``usage doctor`` notices an exhausted disk quota, because it writes a test file. This function writes no file.
    """
    try:
        if hasattr(os, "statvfs"):
            disk = os.statvfs(settings.state_dir)
            blocks, inodes = (disk.f_bfree, disk.f_ffree) if os.geteuid() == 0 else (disk.f_bavail, disk.f_favail)
            full = not blocks or (bool(disk.f_files) and not inodes)  # some file systems have no number of inodes
        else:
            full = not shutil.disk_usage(settings.state_dir).free
    except OSError:
        return None
    return f"the disk of {settings.state_dir} is full{_unqueued(settings)}" if full else None


def _unqueued(settings: Settings) -> str:
    """Return the part of a message that says what happens to events while the state directory is not writable.

    If there is no identity yet, commands cannot create one while the directory is not writable, so they record no events.
    """
    known = identity_file.read(settings.config_dir) is not None
    return f", so {'each event is sent once, and lost if that fails' if known else 'events are lost'}"


def _foreign(path: str) -> tuple[str, str] | None:
    """Return what is wrong with the owner or mode of ``path`` and how to fix it, or None if nothing is wrong."""
    if not hasattr(os, "geteuid"):
        return None
    try:
        state = os.stat(path)
    except OSError:
        return None
    if not stat.S_ISDIR(state.st_mode):
        return "is not a directory", f"move {path} away."
    # Root may use any user's directory: under sudo, files are given to the directory's owner.
    if state.st_uid != os.geteuid() and os.geteuid() != 0:
        return f"belongs to the user {state.st_uid}", f"run: sudo chown -R $(id -u) {path}"
    if state.st_mode & _WRITABLE_BY_OTHERS and not state.st_mode & stat.S_ISVTX:
        return f"can be written by others (mode {stat.S_IMODE(state.st_mode):o})", f"run: chmod go-w {path}"
    return None


def check_state(settings: Settings, *, usable: bool, writes: bool) -> list[Check]:
    """Check the disk, the locks and the identity.

    Args:
        settings: The program's settings.
        usable: Whether the config directory can be used. If it cannot, skip all three checks.
        writes: Whether to run the checks of the disk and the locks, which write files.
    """
    if not usable:
        reason = "there is no usable config directory"
        return [Check(name, ok=None, detail=reason) for name in ("disk", "locks", "identity")]
    if not writes:
        reason = "nothing is written while usage data is off"
        return [Check("disk", ok=None, detail=reason), Check("locks", ok=None, detail=reason), _check_identity(settings)]
    return [_check_disk(settings), _check_locks(settings), _check_identity(settings)]


def _check_disk(settings: Settings) -> Check:
    """Write, sync, rename and delete a test file in the state directory, which also contains the queue."""
    path = os.path.join(settings.state_dir, f".doctor-{os.getpid()}")
    try:
        storage.ensure_private_dir(settings.state_dir)
        try:
            storage.write_private(path, "x" * _TEST_BYTES, durable=True)
        finally:
            with suppress(OSError):
                os.unlink(path)
        free = shutil.disk_usage(settings.state_dir).free
    except OSError as error:
        remedy = f"free space on the disk of {settings.state_dir}, raise your quota, or set ARCADE_WORK_DIR to another disk."
        detail = f"a test file cannot be written: {error.strerror or error}{_unqueued(settings)}"
        return Check("disk", ok=False, detail=detail, remedy=remedy)
    return Check("disk", ok=True, detail=f"a test file was written; {free // 1024**2:,} MiB free")


def _check_locks(settings: Settings) -> Check:
    """Take and release the lock of the identity and the lock of each lane, as a command and its sender do."""
    remedy = "end the process that holds the lock (lsof shows it), or set ARCADE_WORK_DIR to a directory on a local disk."
    try:
        support = _lock_support(settings.state_dir)
    except TimeoutError:
        return Check("locks", ok=False, detail="the file system does not answer when a lock is asked for", remedy=remedy)
    except OSError as error:
        return Check("locks", ok=False, detail=f"a lock file cannot be made: {error.strerror}", remedy=remedy)
    taken: list[str] = []
    locks: dict[str, Callable[[], bool]] = {"usage.json.lock": lambda: _take_identity_lock(settings)}
    with suppress(OSError):
        for name in sorted(os.listdir(settings.state_dir)):
            if name.startswith("sender-") and name.endswith(".lock"):
                lane = name.removeprefix("sender-").removesuffix(".lock")
                locks[name] = lambda lane=lane: _take_lane_lock(settings, lane)  # type: ignore[misc]
    for name, take in locks.items():
        try:
            if not _retry(take):
                return Check("locks", ok=False, detail=f"{name} is held for more than 10 s", remedy=remedy)
        except OSError as error:
            return Check("locks", ok=False, detail=f"{name} cannot be taken: {error.strerror or error}", remedy=remedy)
        taken.append(name)
    if support:
        # The check of the delivery shows whether a run works without locks.
        return Check("locks", ok=True, detail=f"not supported by the file system ({support}); taken where possible: {len(taken)}")
    return Check("locks", ok=True, detail=f"taken and released: {', '.join(taken)}")


def _lock_support(state_dir: str) -> str:
    """Return "" if the file system supports exclusive locks, otherwise the system's error message.

    On Windows, return "" without a check.

    Raises:
        TimeoutError: If the file system does not answer within 11 s.
        OSError: If the test file cannot be created.
    """
    if sys.platform == "win32":
        return ""
    import fcntl

    path = os.path.join(state_dir, f".doctor-lock-{os.getpid()}")
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    outcome: list[str] = []

    def lock() -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            outcome.append("")
        except OSError as error:
            outcome.append(error.strerror or str(error.errno))

    try:
        thread = threading.Thread(target=lock, daemon=True)
        thread.start()
        thread.join(_MAX_HELD_SECONDS)
    finally:
        os.close(descriptor)
        os.unlink(path)
    if not outcome:
        raise TimeoutError
    return outcome[0]


def _retry(take: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + _MAX_HELD_SECONDS
    while not take():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _take_identity_lock(settings: Settings) -> bool:
    """Take and release the lock of ``usage.json``. Return True, or False if another process holds the lock.

    If the lock file does not exist, return True without creating it.
    """
    path = f"{settings.usage_file}.lock"
    if not os.path.exists(path):
        return True
    from arcade_otel.identity.store import LOCK_STALE_SECONDS
    from arcade_otel.storage.directories import Directory
    from arcade_otel.storage.locks import FileLock

    with Directory.open(settings.config_dir) as directory:
        lock = FileLock.acquire(directory, os.path.basename(path), wait=0, stale_after=LOCK_STALE_SECONDS)
    if lock is None:
        return False
    lock.release()
    return True


def _take_lane_lock(settings: Settings, lane: str) -> bool:
    from arcade_otel.sender.lane_lock import LaneLock

    lock = LaneLock.acquire(settings.state_dir, lane)
    if lock is None:
        return False
    lock.release()
    return True


def _check_identity(settings: Settings) -> Check:
    if not os.path.lexists(settings.usage_file):
        return Check("identity", ok=True, detail="none yet; the first recorded command makes one")
    if identity_file.read(settings.config_dir) is None:
        remedy = f"delete {settings.usage_file} and log in again; the next command makes a new anonymous ID."
        return Check("identity", ok=False, detail=f"{settings.usage_file} cannot be read or is corrupt", remedy=remedy)
    return Check("identity", ok=True, detail=f"{settings.usage_file}{_copied(settings.config_dir)}")


def _copied(config_dir: str) -> str:
    """Return a note on whether the anonymous ID of a copied config directory will be replaced, or "" if it is not a copy."""
    from arcade_otel.identity import copied_directory

    try:
        if copied_directory.is_settled(config_dir) or not copied_directory.is_copy(config_dir):
            return ""
    except OSError:
        return ""
    known = identity_file.read(config_dir)
    if known is not None and known[1] is not None:
        return ", copied from elsewhere; it is linked to an account, so it stays as it is"
    return ", copied from elsewhere; the next command takes an anonymous ID of its own"
