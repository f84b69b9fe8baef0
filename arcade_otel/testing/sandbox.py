"""Run a program's commands as real processes in an empty home, and inspect everything that they write and send."""

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from arcade_otel import consent, conventions
from arcade_otel.testing.capture_validation import Event
from arcade_otel.testing.fake_posthog import FakePostHog, Request
from arcade_otel.testing.secret_search import found_in

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["CliSandbox"]

_STEERING = ("ARCADE_", "OTEL_", "POSTHOG_")
_HOMES = (
    "HOME",
    "USERPROFILE",
    "APPDATA",
    "LOCALAPPDATA",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_CACHE_HOME",
    "XDG_STATE_HOME",
)
_STARTED = re.compile(rb"sender (\d+) started")
_POLL_SECONDS = 0.01
_DEADLINE_SECONDS = 60.0


class CliSandbox:
    """An isolated computer whose commands are recorded and delivered to a fake PostHog. Use it in a ``with`` statement.

    The home is an empty directory. The environment is the one of this process, without proxies and without the variables of this
    library, OpenTelemetry, posthog and continuous integration. Tracking is on, and the notice counts as shown.

    Limits: the processes of senders are only inspected where ``/proc`` exists (Linux). A command that logs in with credentials
    without ``coordinator_url`` asks the real API. Put :attr:`posthog`'s address into the credentials.

    Args:
        root: An empty directory.

    Attributes:
        posthog: The stand-in, :class:`FakePostHog`; ``posthog.arcade`` is Arcade's API at the same address.
        home: The home directory.
        directory: The config directory. If the program has its own ``config_dir``, set this before the first :meth:`run`.
        environ: Environment of the commands. You may change it.
    """

    def __init__(self, root: Path) -> None:
        self.posthog = FakePostHog()
        self.home = root / "home"
        self.config_dir = self.home / ".arcade"
        self._log = root / "debug.log"
        self._planted: dict[Path, bytes] = {}
        self._given: set[tuple[str, str]] = set()
        self._senders: dict[int, str] = {}  # process ID -> what /proc says of it; "" if nothing yet
        self._waited: dict[str, bytes] = {}  # what was seen in the queue, by its name there
        self._over = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="arcade-usage", daemon=True)
        environ = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(_STEERING)
            and not name.upper().endswith("_PROXY")
            and name != consent.ENV_DO_NOT_TRACK
            and not consent.is_ci({name: value})
        }
        homes = {name: str(self.home) for name in ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA")}
        scripts = os.path.dirname(sys.executable)
        path = environ.get("PATH", os.defpath)
        self.environ: dict[str, str] = environ | homes | {"PATH": f"{scripts}{os.pathsep}{path}", consent.ENV_TRACKING: "1"}

    def __enter__(self) -> "Self":
        self.home.mkdir(parents=True)
        self.posthog.start()
        self.environ |= {
            consent.ENV_WORK_DIR: str(self.config_dir),
            conventions.ENV_HOST: self.posthog.url,
            conventions.ENV_API_KEY: "phc_test",
            conventions.ENV_DEBUG: str(self._log),
            conventions.ENV_IDLE: "0.3",
        }
        self._watcher.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self._watcher.join()
        self.posthog.close()  # what a sender still has to say is refused, and it leaves

    # --- what is done -----------------------------------------------------------------------------------------------------------

    def run(
        self,
        *command: str,
        env: Mapping[str, str | None] | None = None,
        input: str | None = None,  # noqa: A002 - subprocess's name for it
        cwd: str | os.PathLike[str] | None = None,
        timeout: float = _DEADLINE_SECONDS,
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command to its end. Return its exit code, ``stdout`` and ``stderr``.

        Args:
            command: The command and its arguments. The command is looked up next to this interpreter first, where the scripts of
              its
                environment are.
            env: Variables to set, or to remove (None), for this command.
            input: Text for stdin. None means an empty stdin.
            cwd: Working directory. None means the current one.
            timeout: Seconds.

        Raises:
            subprocess.TimeoutExpired: The command takes longer.
            OSError: The command cannot be started.
        """
        self._note_what_was_planted()
        environ = {name: value for name, value in {**self.environ, **(env or {})}.items() if value is not None}
        self._given.update(environ.items())
        return subprocess.run(
            [self._found(command[0], environ), *command[1:]],
            env=environ,
            cwd=cwd,
            stdin=subprocess.DEVNULL if input is None else None,
            input=input,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def settle(self, timeout: float = _DEADLINE_SECONDS) -> None:
        """Wait until every sender has ended. Each event that could be delivered is then delivered.

        In the sandbox a sender ends 0.3 s after its last event.

        Raises:
            AssertionError: A sender is still running after ``timeout`` seconds, which is longer than any sender lives.
                Also if the program set a property that it does not declare, or to a value that is not of its type.
        """
        until = time.monotonic() + timeout
        while any(_lives(sender) for sender in self._started()):
            if time.monotonic() > until:
                raise AssertionError(f"a sender is still at work; its log:\n{self.log}")
            time.sleep(_POLL_SECONDS)
        self._look()
        dropped = [line for line in self.log.splitlines() if "]: property dropped: " in line]
        if dropped:
            raise AssertionError("the program set properties that it does not declare so:\n" + "\n".join(dropped))

    # --- what is seen -----------------------------------------------------------------------------------------------------------

    @property
    def events(self) -> list[Event]:
        """The events that were delivered, oldest first. Waits until every sender has ended (:meth:`settle`)."""
        self.settle()
        return self.posthog.visible()

    @property
    def requests(self) -> list[Request]:
        """The requests to the fake PostHog, in their order. Waits like :attr:`events`."""
        self.settle()
        return list(self.posthog.requests)

    @property
    def queue(self) -> list[Path]:
        """The files of the queue, oldest first. Does not wait."""
        waiting = (self.config_dir / "usage" / "queue").glob("*/*.json")
        return sorted((path for path in waiting if not path.name.startswith(".")), key=lambda path: path.name)

    @property
    def log(self) -> str:
        """The content of the debug log (``ARCADE_USAGE_DEBUG``)."""
        return _read(self._log).decode("utf-8", "replace")

    def assert_no_secret(self, *canaries: str, besides: Collection[str] = ("credentials.yaml",)) -> None:
        """Fail if a secret that the test used appears anywhere in the usage data.

        This waits like :attr:`events`. Then it searches for each value, and for each 12 characters in a row of it, in any case,
        plain, percent-encoded, base64-encoded and JSON-escaped. It searches the queue, every file of the config directory, the
        debug log, the requests, and the command line and environment of each sender. It ignores files of the config directory
        that the test wrote before, files named by ``besides``, and variables that a sender inherits from the command.

        Args:
            canaries: Secrets that the test used in arguments, environment, files or errors, each of at least four characters. Use
                ``arcade_canaries`` if you can: they know which part of them is secret (the host of a database is not).
            besides: Names of files of the config directory in which the program itself keeps secrets.

        Raises:
            AssertionError: A secret was found. The message says in which form and where. Also raised if no command was recorded,
                because the test would prove nothing.
            ValueError: There is no value, or one is too short.
        """
        __tracebackhide__ = True
        if not canaries:
            raise ValueError("name the values that were planted")
        self.settle()
        places = self._places(besides)
        if not self.posthog.requests and not self._waited and not self._senders:
            raise AssertionError(f"nothing was recorded, so nothing is proved; the log:\n{self.log}")
        found = [
            f"{canary!r} is in {place}, {how}"
            for canary in canaries
            for place, data in places
            if (how := found_in(data, canary)) is not None
        ]
        if found:
            raise AssertionError("secrets got into usage data:\n" + "\n".join(found))

    # --- how ------------------------------------------------------------------------------------------------------------------

    def _found(self, word: str, environ: Mapping[str, str]) -> str:
        from shutil import which

        return which(word, path=environ.get("PATH")) or word

    def _note_what_was_planted(self) -> None:
        """Before the first command, note which files the test has put into the config directory, and mark the notice as shown."""
        if self._given:
            return
        self._planted = {path: _read(path) for path in self._files()}
        marker = self.config_dir / "usage" / "notice"
        marker.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        marker.touch(mode=0o600)

    def _files(self) -> list[Path]:
        return sorted(path for path in self.config_dir.rglob("*") if path.is_file())

    def _places(self, besides: Collection[str]) -> list[tuple[str, bytes]]:
        places = [(f"the queue ({name})", data) for name, data in self._waited.items()]
        places += [
            (str(path.relative_to(self.home) if path.is_relative_to(self.home) else path), data)
            for path in self._files()
            if path.name not in besides and (data := _read(path)) != self._planted.get(path)
        ]
        places.append(("the debug log", _read(self._log)))
        for number, request in enumerate(self.posthog.requests):
            head = "\n".join((request.path, *(f"{name}: {value}" for name, value in request.headers.items())))
            places += [(f"the head of request {number}", head.encode()), (f"request {number}", request.content)]
        places += [
            (f"the process of sender {sender}", text.encode("utf-8", "surrogateescape")) for sender, text in self._senders.items()
        ]
        return places

    def _started(self) -> list[int]:
        return [int(number) for number in _STARTED.findall(_read(self._log))]

    def _watch(self) -> None:
        """Inspect what exists for moments only: senders and their queue."""
        while not self._over.wait(_POLL_SECONDS):
            self._look()

    def _look(self) -> None:
        for path in self.queue:
            name = f"{path.parent.name}/{path.name}"
            data = _read(path)
            if data and self._waited.get(name) != data:
                self._waited[name if name not in self._waited else f"{name}, later"] = data
        for group in self._started():
            for sender in _members(group):
                if not self._senders.get(sender):
                    self._senders[sender] = self._process_info(sender)

    def _process_info(self, sender: int) -> str:
        """Return command line and environment of a process, one variable per line, or "" if that cannot be read."""
        found = []
        for variable in _read(Path("/proc", str(sender), "environ")).decode("utf-8", "surrogateescape").split("\0"):
            name, _, value = variable.partition("=")
            if variable and (name, value) not in self._given:
                found.append(variable)
        if not found:
            return ""
        words = _read(Path("/proc", str(sender), "cmdline")).decode("utf-8", "surrogateescape").split("\0")
        return "\n".join((" ".join(words), *found))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""  # gone, or not there yet


def _lives(group: int) -> bool:
    """Return whether a process of the group is running. A zombie is not. On Windows, a group is one process."""
    try:
        if sys.platform == "win32":
            os.kill(group, 0)
        else:
            os.killpg(group, 0)
    except OSError:
        return False
    return bool(_members(group)) if os.path.isdir("/proc/self") else True


def _members(group: int) -> list[int]:
    """Return the processes of a group that are at work; none where there is no ``/proc``."""
    try:
        entries = os.listdir("/proc")
    except OSError:
        return []
    found = []
    for entry in entries:
        if entry.isdigit():
            fields = _read(Path("/proc", entry, "stat")).rpartition(b")")[2].split()[:3]
            if len(fields) == 3 and fields[0] not in (b"Z", b"X") and int(fields[2]) == group:  # noqa: PLR2004 - state, ppid, pgrp
                found.append(int(entry))
    return found
