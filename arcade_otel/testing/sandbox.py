"""Runs a program's commands as real processes on a computer of their own, and looks at everything that they leave and send."""

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
    """A computer on which commands are recorded and delivered to a stand-in for PostHog; a context manager.

    Its home is an empty directory. Its environment is this process's without what steers this library, OpenTelemetry and posthog,
    without proxies, and without what says that this is continuous integration; tracking is on. The notice was shown.

    Limits: what the processes of senders hold is looked at where there is a ``/proc`` (Linux). A command that logs in with
    credentials which name no ``coordinator_url`` asks the real API whose they are: name :attr:`posthog`'s address.

    Args:
        root: An empty directory.

    Attributes:
        posthog: The stand-in, :class:`FakePostHog`; ``posthog.arcade`` is Arcade's API at the same address.
        home: The home directory.
        directory: The config directory; set it before the first :meth:`run` for a program with a ``config_dir`` of its own.
        environ: Environment of the commands; may be changed.
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
        """Run a command to its end and return how it ended, with ``stdout`` and ``stderr``.

        Args:
            command: Its words; the first is looked up beside this interpreter first, where the scripts of its environment are.
            env: Variables to set, or to take away (None), for this command.
            input: What it reads from stdin; nothing if None.
            cwd: Where it runs; here if None.
            timeout: In seconds.

        Raises:
            subprocess.TimeoutExpired: It takes longer.
            OSError: It cannot be started.
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
        """Wait until no sender is at work any more: what could be delivered is. A sender ends 0.3 s after its last event here.

        Raises:
            AssertionError: One still is after ``timeout`` seconds, which is longer than any lives.
        """
        until = time.monotonic() + timeout
        while any(_lives(sender) for sender in self._started()):
            if time.monotonic() > until:
                raise AssertionError(f"a sender is still at work; its log:\n{self.log}")
            time.sleep(_POLL_SECONDS)
        self._look()

    # --- what is seen -----------------------------------------------------------------------------------------------------------

    @property
    def events(self) -> list[Event]:
        """Everything that was delivered, oldest first; waits until nothing more can come (:meth:`settle`)."""
        self.settle()
        return self.posthog.visible()

    @property
    def requests(self) -> list[Request]:
        """The requests to the stand-in, as they were made; waits like :attr:`events`."""
        self.settle()
        return list(self.posthog.requests)

    @property
    def queue(self) -> list[Path]:
        """The files of what waits to be sent now, oldest first; does not wait."""
        waiting = (self.config_dir / "usage" / "queue").glob("*/*.json")
        return sorted((path for path in waiting if not path.name.startswith(".")), key=lambda path: path.name)

    @property
    def log(self) -> str:
        """What the library wrote for debugging (``ARCADE_USAGE_DEBUG``)."""
        return _read(self._log).decode("utf-8", "replace")

    def assert_no_secret(self, *canaries: str, besides: Collection[str] = ("credentials.yaml",)) -> None:
        """Fail if a planted value got anywhere: the proof that a program's usage data holds no secret.

        Waits like :attr:`events`, then looks for each value, and each 12 characters in a row of it, in any case, plain,
        percent-encoded, base64-encoded and JSON-escaped, in: the queue as it was and is, every file below the config directory
        (receipts among them), the debug log, the requests on the wire, and the command line and environment of each sender. Left
        out are files of the config directory that the test put there, those named by ``besides``, and variables that a
        sender merely has from the command's own environment.

        Args:
            canaries: Values that were planted in arguments, environment, files and errors: any text of four characters and more,
                best one of ``arcade_canaries``, which know what of them is secret (a database's host is not).
            besides: Names of files of the config directory that may hold secrets, because the program itself keeps them there.

        Raises:
            AssertionError: One was found; the message says in what form and where. Also if nothing was recorded at all: then
                nothing is proved.
            ValueError: No value, or one too short to be looked for.
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
        """Before the first command whatever is in the config directory is the test's; and let the notice be seen."""
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
            (f"the process of sender {sender}", told.encode("utf-8", "surrogateescape")) for sender, told in self._senders.items()
        ]
        return places

    def _started(self) -> list[int]:
        return [int(number) for number in _STARTED.findall(_read(self._log))]

    def _watch(self) -> None:
        """Look at what is there for moments only: senders, and what waits for them."""
        while not self._over.wait(_POLL_SECONDS):
            self._look()

    def _look(self) -> None:
        for path in self.queue:
            name = f"{path.parent.name}/{path.name}"
            data = _read(path)
            if data and self._waited.get(name) != data:
                self._waited[name if name not in self._waited else f"{name}, later"] = data
        for sender in self._started():
            if not self._senders.get(sender):
                self._senders[sender] = self._told_of(sender)

    def _told_of(self, sender: int) -> str:
        """Return command line and environment of a process, one variable a line; "" if it is gone, or there is no ``/proc``."""
        told = []
        for variable in _read(Path("/proc", str(sender), "environ")).decode("utf-8", "surrogateescape").split("\0"):
            name, _, value = variable.partition("=")
            if variable and (name, value) not in self._given:
                told.append(variable)
        if not told:
            return ""
        words = _read(Path("/proc", str(sender), "cmdline")).decode("utf-8", "surrogateescape").split("\0")
        return "\n".join((" ".join(words), *told))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""  # gone, or not there yet


def _lives(process: int) -> bool:
    """Return whether a process is at work; a zombie is not at work."""
    if os.path.isdir("/proc/self"):
        state = _read(Path("/proc", str(process), "stat")).rpartition(b")")[2].split()
        return bool(state) and state[0] not in (b"Z", b"X")
    try:
        os.kill(process, 0)
    except OSError:
        return False
    return True
