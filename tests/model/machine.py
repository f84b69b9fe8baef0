"""The computer of a history: its commands run in a warm interpreter, and its disk, its clock and its locks can be broken."""

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

from arcade_otel import conventions, identity as identity_file
from arcade_otel.handoff.lanes import lane_name
from arcade_otel.sender.backoff import Backoff
from arcade_otel.testing import FakePostHog
from arcade_otel.testing.computer import Computer
from tests.model.fork_server import Disk, Ended, ForkServer, SenderWanted

__all__ = ["API_KEY", "MAX_COUNT", "WRONG_API_KEY", "Machine", "carries_alias", "command_of"]

API_KEY, WRONG_API_KEY = "phc_model", "phc_of_no_project"
#: How many spans a lane holds in the model, instead of 1,000.
MAX_COUNT = 8


class Machine(Computer):
    """A computer whose commands run in a warm interpreter. It keeps the senders that they asked for.

    Attributes:
        who: The person who is logged in, or None.
        epoch: Grows whenever the anonymous ID must change.
        clock: Seconds by which the clock is ahead.
        disk: How processes find the disk.
        pending: The senders that have not run yet.
    """

    def __init__(self, fork_server: ForkServer, posthog: FakePostHog, root: Path) -> None:
        super().__init__(root, {})
        self.fork_server = fork_server
        self.posthog = posthog
        self.who: str | None = None
        self.epoch = 0
        self.clock = 0
        self.disk: Disk = "well"
        self.pending: list[SenderWanted] = []
        del self.environ[conventions.ENV_DEBUG]  # thousands of commands would write it
        self.environ |= {"ARCADE_WORK_DIR": str(self.config_dir), "ARCADE_TEST_MODEL_MAX_COUNT": str(MAX_COUNT)}
        self.send_to(posthog.url, API_KEY)

    def copy(self, root: Path) -> "Machine":
        """Return a machine whose home is a copy of this one's, with a disk that is well."""
        copied = Machine(self.fork_server, self.posthog, root)
        copied.environ |= {name: value for name, value in self.environ.items() if name != "ARCADE_WORK_DIR"}
        copied.who, copied.clock = self.who, self.clock
        if self.config_dir.exists():
            shutil.copytree(self.config_dir, copied.config_dir)
        copied.environ["FAULT_DIRECTORY"] = str(copied.config_dir)
        return copied

    # --- processes --------------------------------------------------------------------------------------------------------------

    def command(self, path: str, *, environ: dict[str, str] | None = None, **how: Any) -> Ended:
        """Run a command, and keep the senders that it asked for."""
        ended = self.fork_server.command(path, environ=self.environ | (environ or {}), disk=self.disk, **how)
        assert ended["code"] in (0, 3, -9), f"a command ended with {ended['code']}"
        self.pending += ended["senders"]
        return ended

    def commands(self, paths: list[str]) -> None:
        """Run commands in parallel."""
        for ended in self.fork_server.together(paths, environ=self.environ, disk=self.disk):
            assert ended["code"] == 0
            self.pending += ended["senders"]

    def deliver(self, index: int = 0, die_at: int | None = None) -> None:
        """Run one of the senders that commands have asked for."""
        wanted = self.pending.pop(index)
        # The machine of now, not the one at the time of the command.
        kept = {name: value for name, value in wanted["environ"].items() if not name.startswith(("FAULT_", "CLOCK_"))}
        broken = {name: value for name, value in self.environ.items() if name.startswith(("FAULT_", "CLOCK_"))}
        ended = self.fork_server.sender({"environ": kept | broken}, die_at=die_at, disk=self.disk)
        assert ended["code"] in (0, -9), f"a sender ended with {ended['code']}"

    # --- the system -------------------------------------------------------------------------------------------------------------

    def set_clock(self, seconds: int) -> None:
        """Let the clock be wrong by ``seconds``."""
        self.clock = seconds
        self.environ["CLOCK_OFFSET"] = str(seconds)

    def fail_locks(self, number: int) -> None:
        """Let ``flock`` fail with an error number in the config directory, or work again (0)."""
        faults = {"CALL": "flock", "NTH": "1", "STICKY": "1", "ERRNO": str(number), "DIRECTORY": str(self.config_dir)}
        for name, value in faults.items():
            self.environ[f"FAULT_{name}"] = value
        if not number:
            self.environ["FAULT_CALL"] = ""

    def empty_leases_become_stale(self) -> None:
        """Let 10 s pass for leases of holders that were killed before they had written their names into them."""
        for lease in self.state.glob("*.lease"):
            if not lease.read_bytes():
                os.utime(lease, (1, 1))

    def set_disk(self, disk: Disk) -> None:
        """Let the disk be well, full or read-only."""
        if "read-only" in (disk, self.disk) and self.config_dir.exists():
            files, directories = (0o400, 0o500) if disk == "read-only" else (0o600, 0o700)
            for path in (self.config_dir, *self.config_dir.rglob("*")):
                path.chmod(directories if path.is_dir() else files)
        self.disk = disk

    # --- state ------------------------------------------------------------------------------------------------------------------

    def log_out(self) -> None:
        """Remove the credentials."""
        (self.config_dir / "credentials.yaml").unlink()

    @property
    def has_locks(self) -> bool:
        """Whether ``flock`` works."""
        return not self.environ.get("FAULT_CALL")

    @property
    def lane(self) -> str:
        """The lane of the project whose key is right."""
        return lane_name(self.posthog.url, API_KEY)

    @property
    def waiting(self) -> list[Path]:
        """The files of that lane, oldest first."""
        return sorted((self.state / "queue" / self.lane).glob("[!.]*.json"))

    def has_identity(self) -> bool:
        """Return whether a command finds its ID without a write."""
        return identity_file.read_settled(str(self.config_dir)) is not None

    def is_in_backoff(self) -> bool:
        """Return whether senders skip the lane now."""
        return Backoff(str(self.state), self.lane).is_active(time.time() + self.clock)


def command_of(text: str) -> str:
    """Return the command of a span in OTLP/JSON."""
    return str(_attributes(text)["command"])


def carries_alias(text: str) -> bool:
    """Return whether a span in OTLP/JSON is that of a login whose alias must be sent first."""
    return conventions.PREVIOUS_DISTINCT_ID in _attributes(text)


def _attributes(text: str) -> dict[str, Any]:
    span = json.loads(text)["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    return {item["key"]: next(iter(item["value"].values()), None) for item in span["attributes"]}
