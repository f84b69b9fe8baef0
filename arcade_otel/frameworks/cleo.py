"""The adapter for cleo 2.

This module replaces three methods of the application:

* ``run``: the replacement begins and ends the run.
* ``find``: the replacement remembers the command that cleo has found.
* ``render_error``: the replacement remembers the error that ended the command.

If only ``run`` were replaced, this module would not see a command's error, because cleo handles such errors itself.
"""

from __future__ import annotations

import sys
from typing import Any

from arcade_otel.diagnostics import guard
from arcade_otel.frameworks import SETTINGS, Run
from arcade_otel.frameworks.more_adapters import drop_own_frame
from arcade_otel.frameworks.parameters import texts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from arcade_otel.settings import Settings

__all__ = ["attach", "detach"]

_METHODS = ("run", "find", "render_error")
# Attribute of an application with its current run.
_RUN = "_arcade_otel_run"
_MAX_OPTIONS = 50


def attach(app: Any, settings: Settings) -> None:
    """Record each run of the application ``app`` from now on."""
    setattr(app, SETTINGS, settings)
    if "run" not in vars(app):
        app.run, app.find, app.render_error = _Runner(app), _Finder(app), _ErrorWatcher(app)


def detach(app: Any) -> None:
    """Stop recording ``app``."""
    if vars(app).pop(SETTINGS, None) is not None:
        for name in _METHODS:
            if isinstance(vars(app).get(name), _Replacement):
                delattr(app, name)


class _Replacement:
    """The base class of objects that replace a method of an application.

    The replacements are objects and not closures, so that a deep copy of the application has its own replacements.
    """

    __slots__ = ("_app",)

    def __init__(self, app: Any) -> None:
        self._app = app


class _Runner(_Replacement):
    """A replacement for ``Application.run`` that also begins and ends the run."""

    __slots__ = ()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        app = self._app
        run = None
        if _RUN not in vars(app):  # if an application runs itself inside a command, that is still one run
            with guard("the start of a command"):
                begun = Run.begin(vars(app)[SETTINGS])
                run = None if begun is None else _CleoRun(begun)
        if run is None:
            return type(app).run(app, *args, **kwargs)
        setattr(app, _RUN, run)
        try:
            code = type(app).run(app, *args, **kwargs)
        except BaseException as error:
            delattr(app, _RUN)
            run.finish(error, None)
            drop_own_frame(error)
            raise
        delattr(app, _RUN)
        run.finish(None, code)
        return code


class _Finder(_Replacement):
    """A replacement for ``Application.find``. In each run, cleo executes the first command that ``find`` returns."""

    __slots__ = ()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        run = vars(self._app).get(_RUN)
        try:
            command = type(self._app).find(self._app, *args, **kwargs)
        except BaseException as error:
            drop_own_frame(error)
            raise
        if run is not None:
            with guard("the command line of a command"):
                run.on_found(command)
        return command


class _ErrorWatcher(_Replacement):
    """A replacement for ``Application.render_error`` that also remembers the error that ended the command."""

    __slots__ = ()

    def __call__(self, error: Exception, io: Any, *args: Any, **kwargs: Any) -> Any:
        run = vars(self._app).get(_RUN)
        if run is not None:
            run.error, run.io = error, io
        return type(self._app).render_error(self._app, error, io, *args, **kwargs)


class _CleoRun:
    """The state of a run: the command, and the error that cleo has shown."""

    __slots__ = ("command", "error", "io", "run")

    def __init__(self, run: Run) -> None:
        self.run = run
        self.command: Any = None
        self.error: Exception | None = None
        self.io: Any = None

    def on_found(self, command: Any) -> None:
        if self.command is not None:
            return
        self.command = command
        if type(command).__module__.startswith("cleo."):
            self.run.discard()  # cleo's own commands: help, list and completions
            return
        for name in str(command.name or "").split():
            self.run.enter_command(name)
        self.run.on_command_start(self._values)

    def finish(self, error: BaseException | None, code: Any) -> None:
        """End the run. Record the run if a command ran or an error occurred.

        Args:
            error: The exception that ``Application.run`` raised (usually ``SystemExit``), or None.
            code: The exit code that ``Application.run`` has returned.
        """
        with guard("the end of a command"):
            if isinstance(error, SystemExit):
                code = error.code
            handled = isinstance(error, SystemExit | None) and isinstance(code, int | None)
            if handled and self.command is None and self.error is None and not code:
                self.run.discard()  # ``--version``
                return
            self.run.end(
                self.error or error if handled else error,
                exit_code=(code or 0) if handled else None,
                get_values=self._values,
                get_option_names=self._option_names,
            )

    def _values(self) -> tuple[str, ...]:
        return (*sys.argv[1:], *(texts(self.io.input.arguments) if self.io is not None else ()))

    def _option_names(self) -> tuple[str, ...]:
        names = set()
        for option in self.command.definition.options if self.command is not None else ():
            shortcuts = [f"-{each}" for each in (option.shortcut or "").split("|") if each]
            if any(word.partition("=")[0] in (f"--{option.name}", *shortcuts) for word in sys.argv[1:]):
                names.add(f"--{option.name}")
        return tuple(sorted(names)[:_MAX_OPTIONS])
