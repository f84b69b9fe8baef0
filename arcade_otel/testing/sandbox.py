"""Run a program's commands as real processes in an empty home directory, and inspect the usage data that they produce."""

import os
import subprocess
import sys
import threading
from collections.abc import Collection, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from arcade_otel import consent
from arcade_otel.testing import sender_processes
from arcade_otel.testing.capture_validation import Event
from arcade_otel.testing.computer import SETTLE_SECONDS, Computer
from arcade_otel.testing.fake_posthog import FakePostHog, Request
from arcade_otel.testing.secret_search import found_in

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["CliSandbox"]

_ISOLATED_PREFIXES = ("ARCADE_", "OTEL_", "POSTHOG_")
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
_POLL_SECONDS = 0.01


class CliSandbox(Computer):
    """A simulated computer that runs commands in an empty home directory and delivers their events to a fake PostHog.

    Use the sandbox in a ``with`` statement. Tracking is on, and the notice about tracking is marked as shown. The commands
    inherit the environment of this process, except for variables that belong to Arcade, OpenTelemetry, PostHog, a proxy or a CI
    system. If the program sets its own ``config_dir``, assign that path to :attr:`config_dir` before the first :meth:`run`.

    Limits:

    * The sandbox can inspect the processes of senders only on Linux, where ``/proc`` exists.
    * If the user's credentials contain no ``coordinator_url``, a login command sends a request to the real Arcade API. To use
      the fake Arcade API, set ``coordinator_url`` in the credentials to ``posthog.url``.

    Args:
        root: An empty directory.

    Attributes:
        posthog: The fake PostHog, whose attribute ``arcade`` is the fake Arcade API at the same address.
        home: The home directory.
        config_dir: The config directory.
        environ: A dictionary with the environment of the commands. You may change the dictionary.
    """

    def __init__(self, root: Path) -> None:
        self.posthog = FakePostHog()
        self._planted: dict[Path, bytes] = {}
        self._given: set[tuple[str, str]] = set()
        self._senders: dict[int, str] = {}  # process ID -> its command line and environment, or "" if /proc has none yet
        self._waited: dict[str, bytes] = {}  # the payloads that were seen in the queue, by their names
        self._over = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="arcade-usage", daemon=True)
        environ = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(_ISOLATED_PREFIXES)
            and name not in _HOMES
            and not name.upper().endswith("_PROXY")
            and name != consent.ENV_DO_NOT_TRACK
            and not consent.is_ci({name: value})
        }
        home = root / "home"
        homes = {name: str(home) for name in ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA")}
        scripts = os.path.dirname(sys.executable)
        path = environ.get("PATH", os.defpath)
        environ |= homes | {"PATH": f"{scripts}{os.pathsep}{path}", consent.ENV_TRACKING: "1"}
        super().__init__(root, environ, home)

    def __enter__(self) -> "Self":
        self.home.mkdir(parents=True)
        self.posthog.start()
        self.environ[consent.ENV_WORK_DIR] = str(self.config_dir)
        self.send_to(self.posthog.url)
        self._watcher.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self._watcher.join()
        self.posthog.close()  # the remaining senders get a refusal, and exit

    # --- what is done -----------------------------------------------------------------------------------------------------------

    def run(
        self,
        *command: str,
        env: Mapping[str, str | None] | None = None,
        input: str | None = None,  # noqa: A002 - subprocess's name for it
        cwd: str | os.PathLike[str] | None = None,
        timeout: float = SETTLE_SECONDS,
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command to completion. Return the command's exit code, stdout and stderr.

        The command is looked up first in the directory of this Python interpreter, which also contains the scripts of a virtual
        environment.

        Args:
            command: The command and its arguments.
            env: Variables to set for this command, or to remove if their value is None.
            input: Text for stdin, or None for an empty stdin.
            cwd: Working directory, or None for the current directory.
            timeout: Time limit in seconds.

        Raises:
            subprocess.TimeoutExpired: If the command takes longer than ``timeout``.
            OSError: If the command cannot be started.
        """
        self._note_what_was_planted()
        environ = self.with_environ(env)
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

    def settle(self, timeout: float = SETTLE_SECONDS) -> None:
        """Wait until no sender is running (:meth:`senders`). Events that the senders could not deliver stay in the queue.

        In the sandbox, a sender usually ends 0.3 s after it has sent its last event.

        Raises:
            AssertionError: If a sender is still running after ``timeout`` seconds, or if the debug log reports ``property
                dropped`` or ``event dropped``, for example because the program tracked an undeclared event.
        """
        super().settle(timeout)
        self._look()
        dropped = [line for line in self.log.splitlines() if "]: property dropped: " in line or "]: event dropped: " in line]
        if dropped:
            raise AssertionError("the program set or tracked what it does not declare so:\n" + "\n".join(dropped))

    # --- what is seen -----------------------------------------------------------------------------------------------------------

    @property
    def events(self) -> list[Event]:
        """The delivered events, in the order in which they arrived. This property first calls :meth:`settle`."""
        self.settle()
        return self.posthog.visible()

    @property
    def requests(self) -> list[Request]:
        """The requests to the fake PostHog, in the order in which they arrived. This property first calls :meth:`settle`."""
        self.settle()
        return list(self.posthog.requests)

    def assert_no_secret(self, *canaries: str, besides: Collection[str] = ("credentials.yaml",)) -> None:
        """Fail if the usage data contains a secret that the test used.

        The method calls :meth:`settle`, and then searches for each secret, and for any 12 consecutive characters of a secret. The
        search ignores case, and also finds secrets that are percent-encoded, JSON-escaped, HTML-escaped, or encoded in hex or
        base64. For a secret from the fixture ``arcade_canaries``, the method searches only for the secret parts, for example only
        for the password in the URL of a database.

        The search covers the queue, the config directory, the debug log, and the requests to the fake PostHog. On Linux, the
        search also covers the command lines and environments of senders, which the sandbox reads while the senders run.

        Files that the test wrote to the config directory before the first command are searched only if they have changed.
        Environment variables that a sender inherits unchanged from the command are not searched.

        Args:
            canaries: Secrets that the test used in arguments, variables, files or errors, each with at least four characters.
            besides: Names of files in the config directory that are not searched, because the program stores secrets in them.

        Raises:
            AssertionError: If the search finds a secret, or if no command was recorded, so that there is nothing to search. The
                error message says where the secret is, and how it is encoded.
            ValueError: If no secret is passed, or if a secret is too short.
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
        """Remember the files that the test wrote to the config directory, and mark the notice as shown.

        Do nothing if a command has already run in this sandbox.
        """
        if self._given:
            return
        self._planted = {path: _read(path) for path in self._files()}
        self.mark_notice_as_shown()

    def _files(self) -> list[Path]:
        return sorted(path for path in self.config_dir.rglob("*") if path.is_file())

    def _places(self, besides: Collection[str]) -> list[tuple[str, bytes]]:
        places = [(f"the queue ({name})", data) for name, data in self._waited.items()]
        places += [
            (str(path.relative_to(self.home) if path.is_relative_to(self.home) else path), data)
            for path in self._files()
            if path.name not in besides and (data := _read(path)) != self._planted.get(path)
        ]
        places.append(("the debug log", _read(self.debug_log)))
        for number, request in enumerate(self.posthog.requests):
            head = "\n".join((request.path, *(f"{name}: {value}" for name, value in request.headers.items())))
            places += [(f"the head of request {number}", head.encode()), (f"request {number}", request.content)]
        places += [
            (f"the process of sender {sender}", text.encode("utf-8", "surrogateescape")) for sender, text in self._senders.items()
        ]
        return places

    def _watch(self) -> None:
        """Poll the queue and the running senders while the test runs, because most senders end within seconds."""
        while not self._over.wait(_POLL_SECONDS):
            self._look()

    def _look(self) -> None:
        for path in self.queue:
            name = f"{path.parent.name}/{path.name}"
            data = _read(path)
            if data and self._waited.get(name) != data:
                self._waited[name if name not in self._waited else f"{name}, later"] = data
        for sender in sender_processes.running(sender_processes.logged(self.log)):
            if not self._senders.get(sender):
                self._senders[sender] = self._process_info(sender)

    def _process_info(self, sender: int) -> str:
        """Return the command line and the environment of a sender, with one variable per line.

        Omit variables that the sender inherited unchanged from a command. If the environment cannot be read, return "".
        """
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
        return b""  # the process has ended, or has not begun
