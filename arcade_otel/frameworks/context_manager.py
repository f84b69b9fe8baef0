"""The implementation of ``with arcade_otel.command("name"):``, for code that no adapter supports."""

from __future__ import annotations

import os
from _thread import get_ident

from arcade_otel import consent
from arcade_otel.command_context import CommandContext
from arcade_otel.diagnostics import debug, guard
from arcade_otel.frameworks import Run
from arcade_otel.settings import make_settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from arcade_otel.settings import Settings

__all__ = ["RecordedCommand", "RunStack", "command_path", "configure", "decorate", "end_discarded", "new_path"]

_configured: dict[str, Any] = {}


def configure(options: Mapping[str, Any]) -> None:
    """Set default options for later calls of ``arcade_otel.command``. See :func:`arcade_otel.configure`."""
    make_settings(**options)
    _configured.clear()
    _configured.update(options)


class RunStack:
    """The runs that one context manager has begun but not yet ended.

    There can be several runs, because a decorated function may call itself or run in several threads.
    """

    __slots__ = ("_runs",)

    def __init__(self) -> None:
        self._runs: list[tuple[int, Any]] = []

    def push(self, run: Any) -> None:
        """Add ``run``, a run that this thread has begun, or None if the run is not recorded."""
        self._runs.append((get_ident(), run))

    def pop(self) -> Any:
        """Remove and return the run that :meth:`current` returns."""
        return self._runs.pop(self._place())[1]

    def current(self) -> Any:
        """Return this thread's latest run, or else any thread's latest run, or None if there is no run."""
        return self._runs[self._place()][1] if self._runs else None

    def _place(self) -> int:
        mine = get_ident()
        found = [place for place, (thread, _) in enumerate(self._runs) if thread == mine]
        return found[-1] if found else -1  # a block that another thread has entered


class RecordedCommand(CommandContext):
    """A context manager that records a block of code as one command. See :func:`arcade_otel.command`.

    ``RecordedCommand`` is a class and not a generator, so that the traceback of an error in the block contains no frames of this
    library or of ``contextlib``.
    """

    __slots__ = ("_path", "_runs", "_settings")

    def __init__(self, path: str, options: Mapping[str, Any]) -> None:
        self._path = command_path(path)
        self._settings: Settings = make_settings(**{**_configured, **options})
        self._runs = RunStack()

    def __enter__(self) -> RecordedCommand:
        run = Run.begin(self._settings)
        self._runs.push(run)
        if run is not None:
            run.path = self._path
            run.on_command_start()
        return self

    def __exit__(self, exc_type: object, error: BaseException | None, tb: object) -> None:
        run = self._runs.pop()
        if run is None:
            return
        if run.discarded_by_program:
            end_discarded(run, self._settings, error)
        run.end(error)

    def rename(self, path: str) -> None:
        """Change the name under which the innermost run of this thread is recorded."""
        run = self._runs.current()
        if run is not None:
            with guard("the new name of a command"):
                run.path = new_path(path) or run.path
                run.record_start()

    def discard(self) -> None:
        """Discard this thread's innermost run, so that it is not recorded."""
        run = self._runs.current()
        if run is not None:
            run.discarded_by_program = True

    def __call__(self, function: Any) -> Any:
        """Decorate ``function``, so that each call of ``function`` is one run."""
        return decorate(self, function)


def command_path(path: object) -> str:
    """Return a command's path with its words joined by dots.

    Raises:
        TypeError: If ``path`` is not a string.
        ValueError: If ``path`` is empty.
    """
    if not isinstance(path, str):
        raise TypeError(f"a command's path must be a string, not {type(path).__name__}")
    joined = ".".join(path.replace(".", " ").split())
    if not joined:
        raise ValueError("a command's path must not be empty")
    return joined


def new_path(path: object) -> str | None:
    """Return the path for ``CommandContext.rename``. If ``path`` is empty or not a string, write a debug line and return None."""
    try:
        return command_path(path)
    except (TypeError, ValueError) as error:
        debug("a command keeps its name", error)
        return None


def end_discarded(run: Run, settings: Settings, error: BaseException | None) -> None:
    """End a run that the program discarded.

    A successful login or logout changes the identity even if its run is discarded, except in a forked child, in a dry run, or if
    the user has opted out during the run.
    """
    run.discard()
    is_change = run.path in settings.login_commands or run.path in settings.logout_commands
    # The decision is the other half of that module's.
    if is_change and run._pid == os.getpid() and run._decision.mode != consent.LOG:  # noqa: SLF001
        with guard("a change of identity that is not recorded"):
            decision = settings.decide(asked_before=True)
            if decision.mode == consent.OFF and not decision.unreadable:
                return  # the user opted out meanwhile
            from arcade_otel.identity import login

            failed = error is not None and not (isinstance(error, SystemExit) and not error.code)
            login.remember_unrecorded(settings, run.path, failed=failed)


def decorate(context: CommandContext, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that calls ``function`` inside ``with context``."""
    from functools import wraps

    @wraps(function)
    def decorated(*args: Any, **kwargs: Any) -> Any:
        with context:
            return function(*args, **kwargs)

    return decorated
