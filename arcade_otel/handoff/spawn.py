"""What starting a sender takes on some systems only: Windows, a libc without POSIX_SPAWN_SETSID, a library in an archive."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from arcade_otel.diagnostics import debug

__all__ = ["source_in_archive", "start_by_subprocess"]


def source_in_archive(program: str) -> str | None:
    """Return the sender's program as text where the library is imported from an archive (zipapp, pex), or None."""
    loader: Any = globals().get("__loader__")
    try:
        return str(loader.get_data(program).decode("utf-8"))
    except (AttributeError, OSError, UnicodeError):
        return None


def start_by_subprocess(command: Sequence[str], environ: Mapping[str, str], config_dir: str) -> int:
    """Start ``command`` as ``handoff.start_sender`` does, where ``posix_spawn`` cannot; return its process ID.

    Raises:
        OSError: The process could not be started.
    """
    if sys.platform == "win32":
        from arcade_otel.handoff import windows

        process = windows.start(command, environ)
    else:
        process = subprocess.Popen(
            list(command),
            env=dict(environ),
            cwd=config_dir if os.path.isdir(config_dir) else os.sep,  # for a moment: its first act is to leave it
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            close_fds=True,
            start_new_session=True,
        )
    process.returncode = 0  # it is not waited for: without this, Popen warns when it is collected
    debug(f"sender {process.pid} started")
    return process.pid
