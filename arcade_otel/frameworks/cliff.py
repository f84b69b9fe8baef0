"""The adapter for cliff.

This module replaces four methods of the app and its command manager:

* ``App.run``: the replacement begins and ends the run.
* ``CommandManager.find_command``: the replacement remembers the command's name.
* ``App.prepare_to_run_command``: cliff calls this public hook with the command before the command runs.
* ``App.clean_up``: cliff calls this public hook after the command, and passes the error that ended the command, or None.

Because cliff uses argparse, this module follows the argparse parsers to find out whether the command line was accepted.
"""

from __future__ import annotations

from _thread import get_ident
from typing import Any

from arcade_otel.diagnostics import guard
from arcade_otel.frameworks import SETTINGS, Run, argparse
from arcade_otel.frameworks.more_adapters import drop_own_frame
from arcade_otel.frameworks.parameters import texts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from arcade_otel.settings import Settings

__all__ = ["attach", "detach"]

_RUN = "_arcade_otel_run"


def attach(app: Any, settings: Settings) -> None:
    """Record each run of the application ``app`` from now on."""
    setattr(app, SETTINGS, settings)
    if not isinstance(vars(app).get("run"), _Replacement):
        app.run = _Runner(app, app)
        app.prepare_to_run_command = _Prepare(app, app)
        app.clean_up = _CleanUp(app, app)
        app.command_manager.find_command = _Finder(app, app.command_manager)
        argparse.patch()


def detach(app: Any) -> None:
    """Stop recording ``app``."""
    if vars(app).pop(SETTINGS, None) is not None:
        for owner, name in (
            (app, "run"),
            (app, "prepare_to_run_command"),
            (app, "clean_up"),
            (app.command_manager, "find_command"),
        ):
            if isinstance(vars(owner).get(name), _Replacement):
                delattr(owner, name)


class _Replacement:
    """The base class of objects that replace a method of the app or of its command manager.

    The replacements are objects and not closures, so that a deep copy of the app has its own replacements.
    """

    __slots__ = ("_app", "_owner")

    def __init__(self, app: Any, owner: Any) -> None:
        self._app = app
        self._owner = owner


class _Runner(_Replacement):
    """A replacement for ``App.run`` that also begins and ends the run."""

    __slots__ = ()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        run = None
        if _RUN not in vars(self._app):
            with guard("the start of a command"):
                begun = Run.begin(vars(self._app)[SETTINGS])
                run = None if begun is None else _CliffRun(begun, args[0] if args else kwargs.get("argv"))
        if run is None:
            return type(self._owner).run(self._owner, *args, **kwargs)
        setattr(self._app, _RUN, run)
        try:
            code = type(self._owner).run(self._owner, *args, **kwargs)
        except BaseException as error:
            delattr(self._app, _RUN)
            run.finish(self._app, error, None)
            drop_own_frame(error)
            raise
        delattr(self._app, _RUN)
        run.finish(self._app, None, code)
        return code


class _Finder(_Replacement):
    """A replacement for ``CommandManager.find_command``. In each run, cliff executes the first command that it finds."""

    __slots__ = ()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        run = vars(self._app).get(_RUN)
        try:
            found = type(self._owner).find_command(self._owner, *args, **kwargs)
        except BaseException as error:
            if run is not None:
                run.error = error
            drop_own_frame(error)
            raise
        if run is not None:
            with guard("the command line of a command"):
                run.on_found(self._owner, found)
        return found


class _Prepare(_Replacement):
    """A replacement for ``App.prepare_to_run_command`` that also remembers the command."""

    __slots__ = ()

    def __call__(self, cmd: Any, *args: Any, **kwargs: Any) -> Any:
        run = vars(self._app).get(_RUN)
        if run is not None:
            with guard("the start of a command"):
                run.on_prepared(cmd)
        return type(self._owner).prepare_to_run_command(self._owner, cmd, *args, **kwargs)


class _CleanUp(_Replacement):
    """A replacement for ``App.clean_up`` that also remembers the error that ended the command."""

    __slots__ = ()

    def __call__(self, cmd: Any, result: Any, err: BaseException | None, *args: Any, **kwargs: Any) -> Any:
        run = vars(self._app).get(_RUN)
        if run is not None:
            run.error = err
        return type(self._owner).clean_up(self._owner, cmd, result, err, *args, **kwargs)


class _CliffRun:
    """The state of a run: the command that was found, and whether its command line was accepted."""

    __slots__ = ("command", "error", "found", "namespace", "parsers", "parsing", "run", "thread", "words")

    def __init__(self, run: Run, words: Any) -> None:
        self.run = run
        self.words = [str(word) for word in words or ()]
        self.found = False
        self.command: Any = None
        self.error: BaseException | None = None
        self.parsers: list[Any] = []
        self.parsing: Any = None  # the outermost parser that parses now
        self.namespace: Any = None  # the words that the command's own parser has parsed
        self.thread = get_ident()
        argparse.follow(self.thread, self)

    def on_found(self, manager: Any, found: Any) -> None:
        if not self.found:
            self.found = True
            for name in _registered_name(manager, str(found[1])).split():
                self.run.enter_command(name)

    def on_prepared(self, command: Any) -> None:
        if self.command is None:
            self.command = command
            if type(command).__module__.startswith("cliff.") and self.run.path in ("help", "complete"):
                self.run.discard()  # cliff's own

    def on_parse_start(self, parser: Any, words: Any) -> None:  # noqa: ARG002 - as argparse's run has it
        if self.parsing is None:
            self.parsing = parser
        if self.namespace is None:
            self.parsers.append(parser)

    def on_parse_end(self, parser: Any, namespace: Any, error: BaseException | None) -> None:
        if parser is not self.parsing:
            return
        self.parsing = None
        if error is None:
            if self.command is not None and self.namespace is None:
                self.namespace = namespace
                self.run.on_command_start(self._values)
        elif self.namespace is None and (type(error).__name__ == "HelpExit" or getattr(error, "code", 1) in (None, 0)):
            self.run.discard()  # ``--help`` or ``--version``

    def finish(self, app: Any, error: BaseException | None, code: Any) -> None:
        """Record the run.

        Args:
            app: The application.
            error: The exception that ``App.run`` raised, or None. For most errors, cliff raises nothing and returns an exit code.
            code: The exit code that ``App.run`` has returned.
        """
        with guard("the end of a command"):
            argparse.unfollow(self.thread)
            if not self.run.path and getattr(app, "interactive_mode", False):
                self.run.path = self.run.program
            handled = error is None and isinstance(code, int | None)
            self.run.end(
                self.error if error is None else error,
                exit_code=(code or 0) if handled else None,
                get_values=self._values,
                get_option_names=lambda: argparse.option_names(self.words, self.parsers),
            )

    def _values(self) -> tuple[str, ...]:
        return (*self.words, *texts({} if self.namespace is None else vars(self.namespace)))


def _registered_name(manager: Any, typed: str) -> str:
    """Return the registered name of the command that ``typed`` refers to, or "" if there is no such command."""
    typed = getattr(manager, "_legacy", {}).get(typed, typed)
    commands = [str(name) for name in manager.commands]
    if typed in commands:
        return typed
    words = typed.split()
    found = [
        name
        for name in commands
        if len(name.split()) == len(words) and all(word.startswith(part) for word, part in zip(name.split(), words, strict=True))
    ]
    return found[0] if len(found) == 1 else ""
