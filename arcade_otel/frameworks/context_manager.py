"""``with arcade_otel.command("name"):`` for code without an adapter."""

from __future__ import annotations

import os

from arcade_otel.command_context import CommandContext
from arcade_otel.diagnostics import debug, guard
from arcade_otel.frameworks import Run
from arcade_otel.settings import make_settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from arcade_otel.settings import Settings

__all__ = ["RecordedCommand", "command_path", "configure", "decorate", "new_path", "remember_discarded"]

_configured: dict[str, Any] = {}


def configure(options: Mapping[str, Any]) -> None:
    """Set the default options of each later command; :func:`arcade_otel.configure` documents it."""
    make_settings(**options)
    _configured.clear()
    _configured.update(options)


class RecordedCommand(CommandContext):
    """A context manager that records a block of code as one command; :func:`arcade_otel.command` documents it.

    It is a class, not a generator, so that tracebacks of the block have no frames of this library or of ``contextlib``.
    """

    __slots__ = ("_path", "_runs", "_settings")

    def __init__(self, path: str, options: Mapping[str, Any]) -> None:
        self._path = command_path(path)
        self._settings: Settings = make_settings(**{**_configured, **options})
        self._runs: list[Run | None] = []  # a stack: a decorated function may call itself

    def __enter__(self) -> RecordedCommand:
        run = Run.begin(self._settings)
        self._runs.append(run)
        if run is not None:
            run.path = self._path
            run.on_command_start()
        return self

    def __exit__(self, exc_type: object, error: BaseException | None, tb: object) -> None:
        run = self._runs.pop()
        if run is None:
            return
        if run.discarded_by_program:
            remember_discarded(run, self._settings, error)
        run.end(error)

    def rename(self, path: str) -> None:
        """Give the innermost run another name."""
        run = self._runs[-1] if self._runs else None
        if run is not None:
            with guard("the new name of a command"):
                run.path = new_path(path) or run.path

    def discard(self) -> None:
        """Do not record the innermost run."""
        run = self._runs[-1] if self._runs else None
        if run is not None:
            run.discarded_by_program = True
            run.discard()

    def __call__(self, function: Any) -> Any:
        """Decorate ``function``. Each call of it is one run."""
        return decorate(self, function)


def command_path(path: object) -> str:
    """Return a command's path, joined by dots.

    Raises:
        TypeError: ``path`` is no string.
        ValueError: ``path`` is empty.
    """
    if not isinstance(path, str):
        raise TypeError(f"a command's path must be a string, not {type(path).__name__}")
    joined = ".".join(path.replace(".", " ").split())
    if not joined:
        raise ValueError("a command's path must not be empty")
    return joined


def new_path(path: object) -> str | None:
    """Return the path for ``CommandContext.rename``, or None, with a debug line, if ``path`` makes no sense."""
    try:
        return command_path(path)
    except (TypeError, ValueError) as error:
        debug("a command keeps its name", error)
        return None


def remember_discarded(run: Run, settings: Settings, error: BaseException | None) -> None:
    """Let the identity change at a login or logout that the program discarded. Does nothing in a forked child."""
    is_change = run.path in settings.login_commands or run.path in settings.logout_commands
    if is_change and run._pid == os.getpid():  # noqa: SLF001 - the other half of that module
        with guard("a change of identity that is not recorded"):
            from arcade_otel.identity import login

            failed = error is not None and not (isinstance(error, SystemExit) and not error.code)
            login.remember_unrecorded(settings, run.path, failed=failed)


def decorate(context: CommandContext, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that calls ``function`` inside ``context``."""
    from functools import wraps

    @wraps(function)
    def decorated(*args: Any, **kwargs: Any) -> Any:
        with context:
            return function(*args, **kwargs)

    return decorated
