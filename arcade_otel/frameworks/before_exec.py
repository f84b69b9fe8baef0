"""End the runs of a process that calls an ``os.exec…`` function to become another program.

Once the other program has started, the code of the original program no longer runs, so the library must pass the event to a
sender before the ``os.exec…`` call. An ``os.exec…`` call may fail. For example, ``os.execvp`` tries each directory in ``PATH``,
and most of these attempts fail. This module therefore ends the runs only if the ``os.exec…`` call is likely to succeed.
"""

# This module is imported only when a program calls an ``os.exec…`` function.

import os
import stat
import sys
from collections.abc import Mapping
from typing import Any

from arcade_otel.diagnostics import guard
from arcade_otel.frameworks import early_end

__all__ = ["end_runs"]

# A script begins with the two characters "#!" and the path of its interpreter. Linux reads 256 bytes of that line.
_HEAD_LENGTH = 256
# The variables by which the command's live span is the parent of the other program's spans.
_TRACE_VARIABLES = ("TRACEPARENT", "TRACESTATE")


def end_runs(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """If the builtin ``name`` is likely to start another program, end each run of this process as a success.

    If the process starts its own command line again, as reloaders do, do not end the runs, because the restarted program records
    the command.

    Args:
        name: The name of the builtin, ``execv`` or ``execve``.
        args: The positional arguments of the call, which may be invalid.
        kwargs: The keyword arguments of the call, which may be invalid.
    """
    try:
        path, words = _execv(*args, **kwargs) if name == "execv" else _execve(*args, **kwargs)
        if not _is_program(path) or _is_same_command(path, words):
            return
    except (AttributeError, OSError, TypeError, ValueError):
        return  # the builtin raises the same error, or a similar one
    environ = {variable: os.environ[variable] for variable in _TRACE_VARIABLES if variable in os.environ}
    with guard("the end of the runs"):
        early_end.end_all_runs()
    os.environ.update(environ)  # the end of a live span has restored the values from before it


def _execv(path: Any, argv: Any, /) -> tuple[Any, list[bytes]]:
    return os.fspath(path), _encode(argv)


def _execve(path: Any, argv: Any, env: Any) -> tuple[Any, list[bytes]]:
    _encode([text for pair in env.items() for text in pair], least=0)
    return path, _encode(argv)


def _encode(texts: Any, *, least: int = 1) -> list[bytes]:
    """Return ``texts`` as the bytes that Python passes to the operating system.

    Raises:
        TypeError: If ``texts`` is not a list or tuple, or an item is not a string, bytes or a path.
        ValueError: If ``texts`` has fewer than ``least`` items, or an item contains NUL or cannot be encoded.
    """
    if not isinstance(texts, list | tuple):
        raise TypeError("not a list or tuple")
    encoded = [os.fsencode(text) for text in texts]
    if len(encoded) < least or any(b"\0" in text for text in encoded):
        raise ValueError("too few, or NUL")
    return encoded


def _is_program(path: Any) -> bool:
    """Return whether ``path`` (a path or a file descriptor) is probably a program that the system can start."""
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):
        return False
    executable = status.st_mode & 0o111 if isinstance(path, int) else os.access(path, os.X_OK)
    if not executable or os.name != "posix":
        return bool(executable)
    try:
        head = _read_head(path)
    except OSError:
        return True  # a program need not be readable
    if not head.startswith(b"#!"):
        return b"\0" in head  # the system does not start other text
    interpreter = head[2:].partition(b"\n")[0].split()
    return bool(interpreter) and os.access(interpreter[0], os.X_OK)


def _read_head(path: Any) -> bytes:
    if isinstance(path, int):
        return os.pread(path, _HEAD_LENGTH, 0)
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        return os.read(descriptor, _HEAD_LENGTH)
    finally:
        os.close(descriptor)


def _is_same_command(path: Any, words: list[bytes]) -> bool:
    """Return whether the process is about to start its own command line again, directly or through a program such as ``sudo``."""
    own, original = [os.fsencode(word) for word in sys.argv], [os.fsencode(word) for word in sys.orig_argv]
    if own and own[0] and len(words) > len(own) and words[-len(own) :] == own:
        return True  # ``os.execv(sys.executable, [sys.executable, *sys.argv])``
    if words[1:] == own[1:] and _is_same_file(path, sys.argv[0]):
        return True  # ``os.execv(sys.argv[0], sys.argv)``
    # ``os.execv(sys.executable, sys.orig_argv)``, if the program was started by ``python -m``
    return len(original) > 1 and words[1:] == original[1:] and _is_same_file(path, sys.executable)


def _is_same_file(path: Any, other: str) -> bool:
    return os.path.exists(other) and os.path.samefile(path, other)
