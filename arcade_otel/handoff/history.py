"""The history of each program on this machine: the version that ran last, and the current session.

The history of all programs is in one small file, ``usage/programs.json``. The process that writes a span to the queue locks and
updates the history. If the process cannot lock or write the history, the span lacks the properties that come from it.
"""

from __future__ import annotations

import json
import os

from arcade_otel.storage.directories import Directory
from arcade_otel.storage.locks import FileLock

TYPE_CHECKING = False  # type checkers know better; the module typing costs a sender a third of a bare Python
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["FILE", "Known", "Started", "record"]

#: Name of the file in ``usage/``.
FILE = "programs.json"
_LOCK = "programs.lock"
_WAIT_SECONDS = 0.5
_STALE_SECONDS = 5.0
_MAX_PROGRAMS = 50
_MAX_BYTES = 64 * 1024
_NEW: dict[str, Any] = {
    "version": None,
    "session": "",
    "owner": "",
    "began": 0,
    "last": 0,
    "install": None,
    "looked": 0,
    "installed": None,
    "stamp": "",
}

#: Limits of a session: 30 minutes without a command, and 24 hours. Source: PostHog (https://posthog.com/docs/data/sessions).
IDLE_MS, MAX_MS = 30 * 60 * 1000, 24 * 3600 * 1000


class Started:
    """A run of a program, as the caller of :func:`record` describes it.

    Attributes:
        version: The version that the program sets, or None.
        stamp: A string that changes when a distribution is installed, upgraded or removed. The installed version is looked up
            again only if the stamp has changed.
        owners: The ``distinct_id`` of the run and, for a login, also the previous anonymous ID.
        start_ns: Start of the run in nanoseconds since the epoch.
        end_ns: End of the run in nanoseconds since the epoch.
    """

    __slots__ = ("end_ns", "owners", "stamp", "start_ns", "version")

    def __init__(self, *, version: str | None, stamp: str, owners: tuple[str, ...], start_ns: int, end_ns: int) -> None:
        self.version = version
        self.stamp = stamp
        self.owners = owners
        self.start_ns = start_ns
        self.end_ns = end_ns


class Known:
    """The properties of one run that come from the program's history.

    Attributes:
        first_run: Whether this is the program's first run on this machine.
        previous_version: On the first run after the version changed, the version that ran before. Otherwise None.
        session_id: The ID of the run's session. PostHog requires a UUIDv7 that contains the start time of the session.
        install_method: How the program was installed, such as ``pipx``. The install method is determined again for each new
            version, and otherwise at most once a day.
        version: The version that the program sets, or else the installed version.
    """

    __slots__ = ("first_run", "install_method", "previous_version", "session_id", "version")

    def __init__(
        self, *, first_run: bool, previous_version: str | None, session_id: str, install_method: str | None, version: str | None
    ) -> None:
        self.version = version
        self.first_run = first_run
        self.previous_version = previous_version
        self.session_id = session_id
        self.install_method = install_method


def record(
    state_dir: str,
    program: str,
    run: Started,
    *,
    find_version: Callable[[], str | None],
    find_install_method: Callable[[], str | None],
    write: bool = True,
) -> Known | None:
    """Write a run of ``program`` to the history, and return what the history says about the run, such as its session.

    A session ends after 30 minutes without a command, after 24 hours, or when the identity changes for any reason except a login.

    Args:
        state_dir: The directory ``usage`` in the config directory.
        program: Name of the program.
        run: The run to write.
        find_version: A function that returns the version of the installed program, called only if ``run`` contains no version.
        find_install_method: A function that returns how the program was installed.
        write: True to write the run to the file, or False in a dry run.

    Returns:
        The properties of the run, or None if another process held the lock for half a second.

    Raises:
        OSError: If the file cannot be read or written.
    """
    if not write:
        try:
            with Directory.at(state_dir) as state:
                return _next(_read(state), program, run, find_version, find_install_method)
        except FileNotFoundError:
            return _next({}, program, run, find_version, find_install_method)
    with Directory.open(os.path.dirname(state_dir), os.path.basename(state_dir), create=True) as state:
        lock = FileLock.acquire(state, _LOCK, wait=_WAIT_SECONDS, stale_after=_STALE_SECONDS)
        if lock is None:
            return None
        with lock:
            programs = _read(state)
            known = _next(programs, program, run, find_version, find_install_method)
            latest = sorted(programs, key=lambda name: programs[name]["last"])[-_MAX_PROGRAMS:]
            state.write(FILE, json.dumps({name: programs[name] for name in latest}).encode())
    return known


def _next(
    programs: dict[str, dict[str, Any]],
    program: str,
    run: Started,
    find_version: Callable[[], str | None],
    find_install_method: Callable[[], str | None],
) -> Known:
    """Add a run to ``programs``, and return what the history says about it, such as whether it is the first run."""
    start, end = run.start_ns // 1_000_000, run.end_ns // 1_000_000
    earlier = programs.get(program)
    entry = _NEW if earlier is None else earlier
    in_session = entry["owner"] in run.owners and abs(start - entry["last"]) <= IDLE_MS and end - entry["began"] < MAX_MS
    goes_on = bool(entry["session"]) and in_session
    installed = None
    if not run.version:
        installed = entry["installed"] if entry["stamp"] == run.stamp else find_version()
    version = run.version or installed
    previous = entry["version"] if version and entry["version"] not in (None, version) else None
    is_fresh = earlier is not None and previous is None and 0 <= start - entry["looked"] < MAX_MS
    programs[program] = {
        "version": version or entry["version"],
        "session": entry["session"] if goes_on else _uuid7(start),
        "owner": run.owners[0],
        "began": entry["began"] if goes_on else start,
        "last": max(end, entry["last"]) if goes_on else end,
        "install": entry["install"] if is_fresh else find_install_method(),
        "looked": entry["looked"] if is_fresh else start,
        "installed": installed,
        "stamp": "" if run.version else run.stamp,
    }
    return Known(
        first_run=earlier is None,
        previous_version=previous,
        session_id=programs[program]["session"],
        install_method=programs[program]["install"],
        version=version,
    )


def _read(state: Directory) -> dict[str, dict[str, Any]]:
    """Return the programs in the history file, or an empty dictionary if the file is missing or malformed."""
    data = state.read(FILE, _MAX_BYTES)
    try:
        loaded = json.loads(data or b"{}")
    except (ValueError, RecursionError):
        return {}
    return {name: entry for name, entry in loaded.items() if _is_entry(entry)} if isinstance(loaded, dict) else {}


def _is_entry(entry: object) -> bool:
    return (
        isinstance(entry, dict)
        and entry.keys() == _NEW.keys()
        and all(isinstance(entry[key], str | None) for key in ("version", "install", "installed"))
        and all(isinstance(entry[key], str) for key in ("session", "owner", "stamp"))
        and all(type(entry[key]) is int for key in ("began", "last", "looked"))
    )


def _uuid7(milliseconds: int) -> str:
    """Return a UUID of version 7 (RFC 9562, section 5.7). The function ``uuid.uuid7`` exists only in Python 3.14 and later."""
    digits = bytearray(milliseconds.to_bytes(6, "big") + os.urandom(10))
    digits[6] = digits[6] & 0x0F | 0x70
    digits[8] = digits[8] & 0x3F | 0x80
    text = digits.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
