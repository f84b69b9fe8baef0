"""What starting a sender takes on some systems only: Windows, a libc without POSIX_SPAWN_SETSID, a library in an archive."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from arcade_otel.diagnostics import debug

__all__ = ["creation_flags", "source_in_archive", "start_by_subprocess"]

_CREATE_NEW_PROCESS_GROUP = 0x00000200
_CREATE_NO_WINDOW = 0x08000000


def source_in_archive(program: str) -> str | None:
    """Return the sender's program as text where the library is imported from an archive (zipapp, pex), or None."""
    loader: Any = globals().get("__loader__")
    try:
        return str(loader.get_data(program).decode("utf-8"))
    except (AttributeError, OSError, UnicodeError):
        return None


def creation_flags(platform: str = sys.platform) -> int:
    """Return Windows' creation flags. Never ``DETACHED_PROCESS``: python.exe would open a console of its own."""
    return _CREATE_NO_WINDOW | _CREATE_NEW_PROCESS_GROUP if platform == "win32" else 0


def start_by_subprocess(command: Sequence[str], environ: Mapping[str, str], config_dir: str) -> int:
    """Start ``command`` as ``handoff.start_sender`` does, where ``posix_spawn`` cannot; return its process ID.

    Raises:
        OSError: The process could not be started.
    """
    arguments: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        hidden = subprocess.STARTUPINFO()
        hidden.dwFlags |= subprocess.STARTF_USESHOWWINDOW
        arguments = {"creationflags": creation_flags(), "startupinfo": hidden}
    process = subprocess.Popen(
        list(command),
        env=dict(environ),
        cwd=config_dir if os.path.isdir(config_dir) else os.path.abspath(os.sep),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        close_fds=True,
        **arguments,
    )
    process.returncode = 0  # it is not waited for: without this, Popen warns when it is collected
    debug(f"sender {process.pid} started")
    return process.pid
