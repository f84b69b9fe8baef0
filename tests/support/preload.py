"""Libraries in C that play a fault of the system, for the programs and senders into which they are preloaded."""

import shutil
import subprocess
import sys
from pathlib import Path

from arcade_otel import handoff
from tests.support.machine import PLAIN, Machine

__all__ = ["CANNOT_PRELOAD", "compile_library", "preload"]

#: Why no library can be preloaded here, or "".
CANNOT_PRELOAD = "LD_PRELOAD is Linux's" if sys.platform != "linux" else "" if shutil.which("gcc") else "gcc is missing"


def compile_library(name: str, folder: Path) -> Path:
    """Compile ``tests/support/{name}.c``, and return the path of the library in ``folder``."""
    library = folder / f"{name}.so"
    source = Path(__file__).with_name(f"{name}.c")
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", str(library), str(source), "-ldl"], check=True, timeout=60)
    return library


def preload(machine: Machine, library: Path, source: str = PLAIN, **variables: str) -> None:
    """Preload ``library`` into the program ``tool`` of ``machine`` and into its senders, which take no LD_PRELOAD from the user.

    Args:
        machine: The machine.
        library: A library of :func:`compile_library`.
        source: The program, with ``version="1.2.3"`` among its options.
        variables: Variables that the library reads.
    """
    variables["LD_PRELOAD"] = str(library)
    launch = handoff.sender_command()
    assert launch is not None
    command = ["/usr/bin/env", *(f"{name}={value}" for name, value in variables.items()), *launch]
    machine.environ |= variables
    machine.program("tool", source.replace('version="1.2.3"', f'version="1.2.3", sender_command={command!r}'))
