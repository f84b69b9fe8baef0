"""A simulated computer for a test, with a home directory, an environment, and the senders that its commands start."""

import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from arcade_otel import conventions
from arcade_otel.testing import sender_processes

__all__ = ["SETTLE_SECONDS", "Computer", "minimal_environ"]

#: A sender lives for at most 10 s. A machine that is busy with many tests takes longer to start it.
SETTLE_SECONDS = 60.0


class Computer:
    """A simulated computer, with a home directory, a config directory and an environment for the commands of one test.

    To run commands, use a subclass such as ``CliSandbox``. ``Computer`` adds environment variables that turn on the debug log and
    make idle senders exit after 0.3 s.

    Args:
        root: A directory for the home directory and the debug log.
        environ: Environment of the commands, or None for an environment with only the variables that a process needs.
        home: The home directory, or None for the directory ``home`` in ``root``.

    Attributes:
        root: The directory for the home directory and the debug log.
        home: The home directory, which is created when it is first needed.
        config_dir: The config directory.
        debug_log: The file that ``ARCADE_USAGE_DEBUG`` names.
        environ: A dictionary with the environment of the commands. You may change the dictionary.
    """

    def __init__(self, root: Path, environ: Mapping[str, str] | None = None, home: Path | None = None) -> None:
        self.root = root
        self.home = root / "home" if home is None else home
        self.config_dir = self.home / ".arcade"
        self.debug_log = root / "debug.log"
        self.environ: dict[str, str] = {
            **(minimal_environ(self.home) if environ is None else environ),
            conventions.ENV_DEBUG: str(self.debug_log),
            conventions.ENV_IDLE: "0.3",  # 2 s elsewhere
        }

    def send_to(self, url: str, api_key: str = "phc_test") -> None:
        """Set the environment variables that make commands send their events to PostHog at ``url``."""
        self.environ |= {conventions.ENV_HOST: url, conventions.ENV_API_KEY: api_key}

    def with_environ(self, changes: Mapping[str, str | None] | None = None) -> dict[str, str]:
        """Return a copy of the environment with ``changes`` applied. A variable that ``changes`` sets to None is removed."""
        environ: dict[str, str | None] = {**self.environ, **(changes or {})}
        return {name: value for name, value in environ.items() if value is not None}

    # --- the config directory ---------------------------------------------------------------------------------------------------

    @property
    def state(self) -> Path:
        """The state directory: ``usage`` in the config directory."""
        return self.config_dir / "usage"

    @property
    def queue(self) -> list[Path]:
        """The files in the queue, oldest first. This property does not wait for running senders."""
        return self.queued("")

    def queued(self, exporter: str) -> list[Path]:
        """Return the queued files for ``exporter``, oldest first."""
        waiting = (self.state / "queue").glob(f"{exporter}*/*.json")
        return sorted((path for path in waiting if not path.name.startswith(".")), key=lambda path: path.name)

    @property
    def log(self) -> str:
        """The content of the debug log (``ARCADE_USAGE_DEBUG``)."""
        return self.debug_log.read_text("utf-8", "replace") if self.debug_log.exists() else ""

    def mark_notice_as_shown(self) -> None:
        """Mark the notice as shown, so that the first command does not print it."""
        self.state.mkdir(parents=True, exist_ok=True, mode=0o700)
        marker = self.state / "notice"
        marker.write_text(str(conventions.NOTICE_VERSION))
        marker.chmod(0o600)

    def log_in(self, api_key: str, url: str) -> None:
        """Write ``credentials.yaml`` with ``api_key`` for the API at ``url``, as the Arcade CLI does when a user logs in."""
        self.config_dir.mkdir(parents=True, exist_ok=True)
        text = f"cloud:\n  api:\n    key: {api_key}\n  coordinator_url: {url}\n"
        (self.config_dir / "credentials.yaml").write_text(text)

    def time_passes(self) -> None:
        """Let senders retry failed deliveries at once, as if all back-offs had ended."""
        for marker in self.state.glob("pause-*"):
            marker.unlink()

    # --- the senders ------------------------------------------------------------------------------------------------------------

    def senders(self) -> list[int]:
        """Return the process IDs of the running senders.

        On Linux, the result also contains senders that the debug log does not name.
        """
        return sender_processes.running(sender_processes.logged(self.log), str(self.config_dir))

    def kill_senders(self, number: int = getattr(signal, "SIGKILL", signal.SIGTERM)) -> int:
        """Send a signal to each running sender. Return the number of senders that got the signal.

        On Windows, any signal ends a process at once.
        """
        killed = 0
        for pid in self.senders():
            try:
                os.kill(pid, number)
            except (ProcessLookupError, PermissionError):
                continue  # it has ended; Windows refuses to end it twice
            killed += 1
        return killed

    def settle(self, timeout: float = SETTLE_SECONDS) -> None:
        """Wait until no sender is running (:meth:`senders`). Events that the senders could not deliver stay in the queue.

        On the simulated computer, a sender usually ends 0.3 s after it has sent its last event.

        Raises:
            AssertionError: If a sender is still running after ``timeout`` seconds.
        """
        deadline = time.monotonic() + timeout
        while senders := self.senders():
            if not sender_processes.wait_for_end(senders, deadline - time.monotonic()):
                raise AssertionError(f"a sender is still running\nqueue: {[path.name for path in self.queue]}\nlog:\n{self.log}")


def minimal_environ(home: Path) -> dict[str, str]:
    """Return only the environment variables that a process needs to start, with ``home`` as the home directory."""
    if sys.platform != "win32":
        return {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8"}
    kept = ("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "COMPUTERNAME", "USERNAME", "TEMP", "TMP", "PROGRAMDATA")
    known = {name: os.environ[name] for name in kept if name in os.environ}
    return {"PATH": os.environ["PATH"], **known, "USERPROFILE": str(home)}
