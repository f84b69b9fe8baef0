"""Report failures of this library only in the debug log, and only if the user has turned the log on."""

from __future__ import annotations

import os
import sys

from arcade_otel import conventions

__all__ = ["debug", "guard"]


def debug(message: str, error: BaseException | None = None) -> None:
    """Write one line to the debug log, if ``ARCADE_USAGE_DEBUG`` turns the log on. This never raises.

    With ``ARCADE_USAGE_DEBUG=1`` the log goes to stderr. If ``ARCADE_USAGE_DEBUG`` is an absolute path, the log goes to that
    file. The caller must not put a secret into ``message``. The message of an error is never written, because error messages can
    quote paths and values.

    Args:
        message: The text of the line.
        error: An error to report, or None. The log gets only the class of the error and, for an ``OSError``, its errno.
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

    By default, the guard swallows an ``Exception`` of any class and writes a debug line about it. ``KeyboardInterrupt`` and
    ``SystemExit`` pass through the guard. If ``ARCADE_USAGE_STRICT=1`` is set, as in the library's own tests, the guard swallows
    only an ``OSError``, so that it hides no bugs. Outside this class, the library catches ``Exception`` only when it calls
    foreign code, for example the program's functions.
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
