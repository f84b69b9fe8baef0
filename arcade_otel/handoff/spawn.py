"""Start a sender without a shell, for example on Windows, and read the sender's source code from an archive."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from arcade_otel import handoff
from arcade_otel.diagnostics import debug

__all__ = ["reap", "source_in_archive", "start", "start_by_subprocess"]


def source_in_archive(program: str) -> str | None:
    """Return the source code of the sender's program if the library is imported from an archive (zipapp, pex), or else None."""
    loader: Any = globals().get("__loader__")
    try:
        return str(loader.get_data(program).decode("utf-8"))
    except (AttributeError, OSError, UnicodeError):
        return None


def reap(children: list[int]) -> None:
    """Reap the child processes in ``children`` that have ended, and remove them from the list."""
    for child in children[:]:
        try:
            ended = os.waitpid(child, os.WNOHANG)[0] == child
        except OSError:
            ended = True  # reaped by the program itself
        if ended:
            try:
                children.remove(child)
            except ValueError:
                continue  # another thread reaps at the same time


def start(command: Sequence[str], environ: Mapping[str, str], config_dir: str, children: list[int]) -> None:
    """Start ``command`` as ``handoff.start_sender`` does, but as a child of this process.

    Args:
        command: The command line of the new process.
        environ: The environment of the new process.
        config_dir: The config directory.
        children: A list of child process IDs to reap later. On POSIX, the function appends the new process's ID to ``children``.

    Raises:
        OSError: If the process could not be started. Before raising this error, the function marks the start as failed or,
            if the error is temporary, removes the start mark.
    """
    try:
        _start(command, environ, config_dir, children)
    except OSError as error:
        mark = environ.get(handoff.ENV_START)
        if mark:
            from arcade_otel.handoff import starts

            starts.record_failure(config_dir, mark, error)
        raise


def _start(command: Sequence[str], environ: Mapping[str, str], config_dir: str, children: list[int]) -> None:
    """Start ``command`` as a child of this process, with ``posix_spawn`` if possible, or else with ``subprocess``.

    Args:
        command: The command line of the new process.
        environ: The environment of the new process.
        config_dir: The config directory.
        children: A list of child process IDs to reap later. On POSIX, the function appends the new process's ID to ``children``.

    Raises:
        OSError: If the process could not be started.
    """
    if hasattr(os, "posix_spawn") and os.path.isabs(command[0]):
        try:
            child = os.posix_spawn(
                command[0],
                list(command),
                dict(environ),
                file_actions=handoff.file_actions(),
                setsid=True,
                setsigmask=(),
                setsigdef=handoff.DEFAULT_SIGNALS,
            )
        except NotImplementedError:
            pass  # a libc without POSIX_SPAWN_SETSID
        except OSError as error:
            # macOS before 10.15 does not know POSIX_SPAWN_SETSID of a Python that was built on a newer one, and macOS refuses to
            # close a descriptor that another thread has closed since it was listed.
            if error.errno not in (errno.EINVAL, errno.EBADF):
                raise
        else:
            children.append(child)
            debug(f"sender {child} started")
            return
    child = start_by_subprocess(command, environ, config_dir)
    if os.name == "posix":
        children.append(child)


def start_by_subprocess(command: Sequence[str], environ: Mapping[str, str], config_dir: str) -> int:
    """Start ``command`` with the module ``subprocess``, detached from this process, and return the process ID.

    Raises:
        OSError: If the process could not be started.
    """
    import subprocess  # 13 million instructions

    if sys.platform == "win32":
        from arcade_otel.handoff import windows

        process = windows.start(command, environ)
    else:
        process = subprocess.Popen(
            list(command),
            env=dict(environ),
            cwd=config_dir if os.path.isdir(config_dir) else os.sep,  # the sender leaves this directory as its first act
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            close_fds=True,
            start_new_session=True,
        )
    process.returncode = (
        0  # this process does not wait for the sender. Without this, Popen would warn when it is garbage-collected
    )
    debug(f"sender {process.pid} started")
    return process.pid
