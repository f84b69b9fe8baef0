"""A user's project: a command-line program that uses this library, and a suite of tests that a real pytest runs."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.support.programs import read_program

__all__ = ["CLI", "Project"]

#: Counts toolkits, and fails as it is told. Where it sends is in its code, as a real program's is; ``LEAKY`` tells everything.
CLI = read_program("testing/mycli")


class Project:
    """A project in ``root``, and the home of the project's developer.

    Args:
        root: An empty folder.
        host: The address to which the program sends.
        leaky: Whether the program's error messages are sent without redaction.
    """

    def __init__(self, root: Path, host: str, *, leaky: bool = False) -> None:
        self.directory = root / "project"
        self.home = root / "developer"
        self.temporary = root / "temporary"
        for made in (self.directory, self.home, self.temporary):
            made.mkdir(parents=True)
        (self.directory / "mycli.py").write_text(
            CLI.replace("https://posthog.invalid", host).replace("leaky = False", f"leaky = {leaky}")
        )
        (self.directory / "bin").mkdir()
        script = self.directory / "bin" / "mycli"
        script.write_text(
            f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(self.directory)!r})\nimport mycli\nmycli.app()\n"
        )
        script.chmod(0o755)
        # Most projects import what they test here, before pytest is configured.
        (self.directory / "conftest.py").write_text("import mycli\n")
        self.configure("")

    def configure(self, options: str) -> None:
        """Write the options of pytest: those of a strict project, and ``options``."""
        strict = "[pytest]\naddopts = --strict-markers --strict-config -p no:cacheprovider\nfilterwarnings = error\n"
        (self.directory / "pytest.ini").write_text(f"{strict}{options}\n")

    def pytest(self, tests: str, *arguments: str, environ: Mapping[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
        """Run a file of tests, as the developer would on the command line."""
        (self.directory / "test_mycli.py").write_text(tests)
        return subprocess.run(
            [sys.executable, "-m", "pytest", "--color=no", *arguments],
            cwd=self.directory,
            env={
                "PATH": f"{self.directory / 'bin'}{os.pathsep}{os.environ['PATH']}",
                "HOME": str(self.home),
                "TMPDIR": str(self.temporary),
                "LANG": "C.UTF-8",
                **(environ or {}),
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
