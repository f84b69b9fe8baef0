"""Report failures in the debug log, if the user asked for one, and keep them from the terminal otherwise."""

from __future__ import annotations

import os
import sys

from arcade_otel import conventions

__all__ = ["debug", "guard"]


def debug(message: str, error: BaseException | None = None) -> None:
    """Write one line to the debug log, if ``ARCADE_USAGE_DEBUG`` asks for it: ``1`` is stderr, an absolute path a file.

    This never raises. The text must not contain a secret. Of an error, only its class is written and, for an ``OSError``, its
    errno, because messages quote paths and values.
    """
    target = os.environ.get(conventions.ENV_DEBUG, "")
    if not target or target == "0":
        return
    if error is not None:
        number = f" [errno {error.errno}]" if isinstance(error, OSError) and error.errno else ""
        message = f"{message}: {type(error).__qualname__}{number}"
    line = f"arcade_otel[{os.getpid()}]: {message}\n"
    try:
        if os.path.isabs(target):
            # A short line is written at once in append mode, so lines of different processes do not mix.
            descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o600)
            try:
                os.write(descriptor, line.encode("utf-8", "backslashreplace"))
            finally:
                os.close(descriptor)
        elif sys.stderr is not None:
            sys.stderr.write(line)
            sys.stderr.flush()
    except (OSError, ValueError):
        return  # a closed stream or a full disk: there is no other place to report to


class guard:  # noqa: N801 - reads as the statement it is: ``with guard("the notice"):``
    """Keep errors of this library out of the user's program: ``with guard("the notice"):``.

    The guard swallows every ``Exception`` and writes a debug line. ``KeyboardInterrupt`` and ``SystemExit`` pass. With
    ``ARCADE_USAGE_STRICT=1`` (this library's test suite) it re-raises everything but an ``OSError``, so that no fault of the
    library stays hidden. It is the only place in this library that catches every exception.
    """

    __slots__ = ("_what",)

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        if error is None:
            return False
        if not isinstance(error, Exception):
            return False
        debug(f"{self._what} failed", error)
        return not (os.environ.get(conventions.ENV_STRICT) == "1" and not isinstance(error, OSError))
