"""A simulated user's computer for a test: a home directory, an environment, and the senders that its commands start."""

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
    """A home, a config directory and an environment that no other program uses.

    You can inspect the files that commands leave there. This class starts no process. ``CliSandbox``, and the subclasses in this
    library's own tests, add a way to run commands.

    Args:
        root: A directory for the home and the debug log.
        environ: Environment of the commands, to which this library's variables are added, or None for the variables that any
            process needs.
        home: The home directory, or None for the directory ``home`` in ``root``.

    Attributes:
        root: The directory for the home and the debug log.
        home: The home directory, which is created when it is first needed.
        config_dir: The config directory.
        debug_log: The file that ``ARCADE_USAGE_DEBUG`` names.
        environ: Environment of the commands, which you may change.
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
        """Let commands send their events to the PostHog at ``url``."""
        self.environ |= {conventions.ENV_HOST: url, conventions.ENV_API_KEY: api_key}

    def with_environ(self, changes: Mapping[str, str | None] | None = None) -> dict[str, str]:
        """Return a copy of the environment with some variables added or changed. A value of None removes a variable."""
        environ: dict[str, str | None] = {**self.environ, **(changes or {})}
        return {name: value for name, value in environ.items() if value is not None}

    # --- the config directory ---------------------------------------------------------------------------------------------------

    @property
    def state(self) -> Path:
        """The state directory: ``usage`` in the config directory."""
        return self.config_dir / "usage"

    @property
    def queue(self) -> list[Path]:
        """The files in the queue, oldest first. Reading ``queue`` does not wait for senders."""
        return self.queued("")

    def queued(self, exporter: str) -> list[Path]:
        """Return the queued files for one exporter, oldest first."""
        waiting = (self.state / "queue").glob(f"{exporter}*/*.json")
        return sorted((path for path in waiting if not path.name.startswith(".")), key=lambda path: path.name)

    @property
    def log(self) -> str:
        """The content of the debug log (``ARCADE_USAGE_DEBUG``)."""
        return self.debug_log.read_text("utf-8", "replace") if self.debug_log.exists() else ""

    def mark_notice_as_shown(self) -> None:
        """Mark the notice of the first run as shown, so that no command prints it."""
        self.state.mkdir(parents=True, exist_ok=True, mode=0o700)
        marker = self.state / "notice"
        marker.write_text(str(conventions.NOTICE_VERSION))
        marker.chmod(0o600)

    def log_in(self, api_key: str, url: str) -> None:
        """Write a file ``credentials.yaml`` for the API at ``url``, as the Arcade CLI does."""
        self.config_dir.mkdir(parents=True, exist_ok=True)
        text = f"cloud:\n  api:\n    key: {api_key}\n  coordinator_url: {url}\n"
        (self.config_dir / "credentials.yaml").write_text(text)

    def time_passes(self) -> None:
        """End every back-off, as if enough time had passed."""
        for marker in self.state.glob("pause-*"):
            marker.unlink()

    # --- the senders ------------------------------------------------------------------------------------------------------------

    def senders(self) -> list[int]:
        """Return the process IDs of the senders that are running.

        On Linux, the result also contains senders that are not in the debug log.
        """
        return sender_processes.running(sender_processes.logged(self.log), str(self.config_dir))

    def kill_senders(self, number: int = getattr(signal, "SIGKILL", signal.SIGTERM)) -> int:
        """Send a signal to each running sender, and return to how many senders it was sent.

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
        """Wait until every sender has ended. After ``settle``, each event that can be delivered has been delivered.

        In the environment of this computer, a sender ends 0.3 s after its last event.

        Raises:
            AssertionError: If a sender is still running after ``timeout`` seconds.
        """
        deadline = time.monotonic() + timeout
        while senders := self.senders():
            if not sender_processes.wait_for_end(senders, deadline - time.monotonic()):
                raise AssertionError(f"a sender is still running\nqueue: {[path.name for path in self.queue]}\nlog:\n{self.log}")


def minimal_environ(home: Path) -> dict[str, str]:
    """Return the environment variables that a process needs to start, and those that point to the user's directories."""
    if sys.platform != "win32":
        return {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8"}
    kept = ("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "COMPUTERNAME", "USERNAME", "TEMP", "TMP", "PROGRAMDATA")
    known = {name: os.environ[name] for name in kept if name in os.environ}
    return {"PATH": os.environ["PATH"], **known, "USERPROFILE": str(home)}
