"""A person's computer: its own home, environment, programs and senders, all of them real processes."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.support.warm_start import WarmStart, drop_roots_powers, warm_start

__all__ = ["PLAIN", "Machine"]

#: A program without a framework: its argument is the command, and ``fail`` as a second one makes it exit with 3.
PLAIN = """
import sys
import arcade_otel
with arcade_otel.command(sys.argv[1], name="tool", version="1.2.3"):
    if sys.argv[2:] == ["fail"]:
        sys.exit(3)
"""

_DEADLINE_SECONDS = 60.0


def _windows_environ(home: Path) -> dict[str, str]:
    """Return what Windows needs to start a process, and the user's directories."""
    kept = ("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "COMPUTERNAME", "USERNAME", "TEMP", "TMP", "PROGRAMDATA")
    return {name: os.environ[name] for name in kept if name in os.environ} | {"USERPROFILE": str(home)}


def _is_running(pid: int) -> bool:
    """Return whether a process has not ended. Not exact where a process ID is used again."""
    if sys.platform != "win32":
        status = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
        return status.stdout.strip()[:1] not in ("", "Z")
    import ctypes

    kernel32 = ctypes.WinDLL("kernel32")
    kernel32.OpenProcess.restype = ctypes.c_void_p
    handle = kernel32.OpenProcess(0x1000, 0, pid)  # PROCESS_QUERY_LIMITED_INFORMATION
    if not handle:
        return False
    code = ctypes.c_ulong()
    kernel32.GetExitCodeProcess(ctypes.c_void_p(handle), ctypes.byref(code))
    kernel32.CloseHandle(ctypes.c_void_p(handle))
    return code.value == 259  # STILL_ACTIVE


class Machine:
    """A computer whose home is under ``root``; nothing of the developer's own environment reaches it.

    Args:
        root: An empty folder.
        posthog_url: Where events go.
        python: Interpreter that has the library; this one if None.
    """

    def __init__(self, root: Path, posthog_url: str, python: str | None = None) -> None:
        self.root = root
        self.posthog_url = posthog_url
        self.python = python or sys.executable
        #: Whether :meth:`run` starts programs in an interpreter that has the frameworks imported, where that makes no difference.
        self.warm = False
        self.home = root / "home"
        self.home.mkdir(parents=True)
        self.config_dir = self.home / ".arcade"
        self.debug_log = root / "debug.log"
        self.environ = {
            "PATH": os.environ["PATH"],
            **(_windows_environ(self.home) if sys.platform == "win32" else {"HOME": str(self.home), "LANG": "C.UTF-8"}),
            "ARCADE_USAGE_STRICT": "1",
            "ARCADE_USAGE_DEBUG": str(self.debug_log),
            "ARCADE_USAGE_POSTHOG_HOST": posthog_url,
            "ARCADE_USAGE_POSTHOG_API_KEY": "phc_test",
            "ARCADE_USAGE_IDLE_SECONDS": "0.3",  # tests/sender/test_processes.py is of the 2 s that it is for everybody else
        }
        self.program("tool", PLAIN)

    # --- programs ------------------------------------------------------------------------------------------

    def program(self, name: str, source: str) -> Path:
        """Write a program that :meth:`run` can be told by its name."""
        path = self.root / f"{name}.py"
        path.write_text(source)
        return path

    def run(
        self,
        *arguments: str,
        program: str = "tool",
        environ: Mapping[str, str | None] | None = None,
        timeout: float = _DEADLINE_SECONDS,
        unprivileged: bool = False,
        **how: Any,
    ) -> "subprocess.CompletedProcess[str]":
        """Run a program to its end; ``environ`` adds variables, or takes them away (None).

        ``unprivileged``: the permissions of files bind the program and its senders, also where the tests are root's.
        """
        words, env = [str(self.root / f"{program}.py"), *arguments], self.with_environ(environ)
        cwd = how.pop("cwd", self.home if self.home.is_dir() else self.root)
        if self.warm and not how and self.python == sys.executable and WarmStart.can_run(env):
            ended = warm_start().run(words, env=env, cwd=cwd, timeout=timeout, unprivileged=unprivileged)
            return subprocess.CompletedProcess(words, ended.returncode, ended.stdout.decode(), ended.stderr.decode())
        if unprivileged and os.geteuid() == 0:
            how["preexec_fn"] = drop_roots_powers
        return subprocess.run(
            [self.python, *words],
            env=env,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            **how,
        )

    def start(
        self, *arguments: str, program: str = "tool", environ: Mapping[str, str | None] | None = None
    ) -> "subprocess.Popen[str]":
        """Start a program; the caller waits for it."""
        return subprocess.Popen(
            [self.python, str(self.root / f"{program}.py"), *arguments],
            env=self.with_environ(environ),
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def with_environ(self, changes: Mapping[str, str | None] | None = None) -> dict[str, str]:
        """Return the machine's environment with changes."""
        environ: dict[str, str | None] = {**self.environ, **(changes or {})}
        return {name: value for name, value in environ.items() if value is not None}

    # --- state ------------------------------------------------------------------------------------------

    @property
    def usage(self) -> dict[str, Any]:
        """``usage.json``."""
        loaded: dict[str, Any] = json.loads((self.config_dir / "usage.json").read_text())
        return loaded

    @property
    def state(self) -> Path:
        """Our folder."""
        return self.config_dir / "usage"

    def queue(self, exporter: str = "posthog") -> list[Path]:
        """Spans that wait for an exporter, oldest first."""
        waiting = (self.state / "queue").glob(f"{exporter}*/*.json")
        return sorted((path for path in waiting if not path.name.startswith(".")), key=lambda path: path.name)

    @property
    def pause(self) -> Path:
        """The marker of the pause of the lane to the stand-in."""
        (marker,) = self.state.glob("pause-posthog*")
        return marker

    def log_in(self, api_key: str, url: str) -> None:
        """Write ``credentials.yaml`` as the Arcade CLI does."""
        self.config_dir.mkdir(exist_ok=True)
        (self.config_dir / "credentials.yaml").write_text(f"cloud:\n  api:\n    key: {api_key}\n  coordinator_url: {url}\n")

    def log(self) -> str:
        """Return what was written for debugging."""
        return self.debug_log.read_text() if self.debug_log.exists() else ""

    # --- senders ------------------------------------------------------------------------------------------

    def senders(self) -> list[int]:
        """Process ids of this machine's living senders.

        Those of the process groups that the log says were started, and those with our mark in their environment: a process has
        none for a moment while it is being started, and the log is not always on.
        """
        mark = f"ARCADE_USAGE_SENDER={self.config_dir}".encode()
        started = set(re.findall(r"sender (\d+) started", self.log()))
        if sys.platform != "linux":
            return [int(pid) for pid in started if _is_running(int(pid))]
        found = []
        for entry in os.listdir("/proc"):
            if not entry.isdigit():
                continue
            try:
                environ = Path("/proc", entry, "environ").read_bytes()
                state, _, group = Path("/proc", entry, "stat").read_text().rpartition(")")[2].split()[:3]
            except (OSError, ValueError):
                continue
            ours = mark in environ.split(b"\0") or (not environ and group in started)
            if ours and state not in "ZX":
                found.append(int(entry))
        return found

    def kill_senders(self, number: int = getattr(signal, "SIGKILL", signal.SIGTERM)) -> int:
        """Send a signal to each sender; return how many there were. On Windows any signal ends a process at once."""
        killed = 0
        for pid in self.senders():
            try:
                os.kill(pid, number)
            except (ProcessLookupError, PermissionError):
                continue  # it has ended; Windows refuses to end it twice
            killed += 1
        return killed

    def wait_until(self, condition: Callable[[], object], what: str) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + _DEADLINE_SECONDS
        while not condition():
            if time.monotonic() > deadline:
                waiting = [path.name for path in self.queue()]
                raise AssertionError(
                    f"waited in vain until {what}\nqueue: {waiting}\nsenders: {self.senders()}\nlog:\n{self.log()}"
                )
            time.sleep(0.02)

    def settle(self) -> None:
        """Wait until no sender is left."""
        self.wait_until(lambda: not self.senders(), "every sender had ended")

    def time_passes(self) -> None:
        """Let the pauses be over."""
        for marker in self.state.glob("pause-*"):
            marker.unlink()

    def time_passes_but_failures_stay(self) -> None:
        """Let the pauses be over as a minute does it: how often it failed in a row is not forgotten."""
        for marker in self.state.glob("pause-*"):
            marker.write_text(f"1.000 {marker.read_text().split()[1]}")

    def off(self) -> None:
        """Switch it off: no sender is left, and none of them has failed in a way that nobody had foreseen."""
        while self.kill_senders():
            time.sleep(0.02)
        if "Traceback" in self.log():
            raise AssertionError(self.log())
