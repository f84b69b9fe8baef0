"""A computer of ``arcade_otel.testing`` with programs that the tests write. They and their senders are real processes."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from arcade_otel.testing.computer import Computer
from tests.support.programs import read_program
from tests.support.warm_start import WarmStart, drop_roots_powers, warm_start

__all__ = ["PLAIN", "Machine"]

#: A program without a framework. Its first argument is the command. With ``fail`` as the second one, it exits with 3.
PLAIN = read_program("plain")

_DEADLINE_SECONDS = 60.0


class Machine(Computer):
    """A computer of ``arcade_otel.testing`` with programs. It gets no variables of the developer's own environment.

    Args:
        root: An empty directory.
        posthog_url: The address to which events are sent.
        python: The interpreter that has the library. None means this one.
    """

    def __init__(self, root: Path, posthog_url: str, python: str | None = None) -> None:
        super().__init__(root)
        self.posthog_url = posthog_url
        self.python = python or sys.executable
        #: Whether :meth:`run` may start programs in an interpreter that has imported the frameworks, if that makes no difference.
        self.warm = False
        self.home.mkdir(parents=True)
        self.environ["ARCADE_USAGE_STRICT"] = "1"
        self.send_to(posthog_url)
        self.program("tool", PLAIN)

    # --- programs ------------------------------------------------------------------------------------------

    def program(self, name: str, source: str) -> Path:
        """Write a program. :meth:`run` starts it by its name."""
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
        """Run a program to its end. ``environ`` adds variables, or removes them (None).

        With ``unprivileged``, the permissions of files apply to the program and its senders, even if root runs the tests.
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
        """Start a program. The caller must wait for it."""
        return subprocess.Popen(
            [self.python, str(self.root / f"{program}.py"), *arguments],
            env=self.with_environ(environ),
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    # --- state ------------------------------------------------------------------------------------------

    @property
    def usage(self) -> dict[str, Any]:
        """The path of ``usage.json``."""
        loaded: dict[str, Any] = json.loads((self.config_dir / "usage.json").read_text())
        return loaded

    @property
    def pause(self) -> Path:
        """The path of the back-off of the lane to the fake PostHog."""
        (marker,) = self.state.glob("pause-posthog*")
        return marker

    # --- time --------------------------------------------------------------------------------------------

    def wait_until(self, condition: Callable[[], object], what: str) -> None:
        """Wait until a condition is true."""
        deadline = time.monotonic() + _DEADLINE_SECONDS
        while not condition():
            if time.monotonic() > deadline:
                waiting = [path.name for path in self.queue]
                raise AssertionError(
                    f"waited in vain until {what}\nqueue: {waiting}\nsenders: {self.senders()}\nlog:\n{self.log}"
                )
            time.sleep(0.02)

    def time_passes_but_failures_stay(self) -> None:
        """End the back-offs as the passing of a minute would. The number of failures in a row stays."""
        for marker in self.state.glob("pause-*"):
            marker.write_text(f"1.000 {marker.read_text().split()[1]}")

    def off(self) -> None:
        """Switch the computer off. Check that no sender is left, and that none of them has failed unexpectedly."""
        while self.kill_senders():
            time.sleep(0.02)
        if "Traceback" in self.log:
            raise AssertionError(self.log)
