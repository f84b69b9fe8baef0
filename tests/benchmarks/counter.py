"""Count the instructions that a process executes, with valgrind's cachegrind.

The count is the same on any machine, however loaded.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["count", "pythons_own"]

_COLLECTED = re.compile(r"I\s+refs:\s*([\d,]+)")


def count(command: Sequence[str], environ: Mapping[str, str], cwd: Path) -> int:
    """Return how many instructions ``command`` executes in user space. Processes that the command starts are not counted.

    Cachegrind without its caches counts the same as callgrind, in half the time. ``PYTHONHASHSEED`` is fixed, because the order
    of sets and the collisions of dictionaries would otherwise differ by a few hundred thousand instructions.

    Raises:
        RuntimeError: valgrind is missing, or the command failed.
    """
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        raise RuntimeError("the instruction counts need valgrind: apt-get install valgrind (.ci/setup does it where it may)")
    ended = subprocess.run(
        [valgrind, "--tool=cachegrind", "--cache-sim=no", "--trace-children=no", f"--cachegrind-out-file={os.devnull}", *command],
        env={**environ, "PYTHONHASHSEED": "0"},
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    found = _COLLECTED.search(ended.stderr)
    if ended.returncode != 0 or found is None:
        raise RuntimeError(f"{list(command)} ended with {ended.returncode}:\n{ended.stdout}\n{ended.stderr}")
    return int(found.group(1).replace(",", ""))


def pythons_own(environ: Mapping[str, str], cwd: Path) -> int:
    """Return how many instructions a bare Python start costs."""
    return count([sys.executable, "-c", "pass"], environ, cwd)
