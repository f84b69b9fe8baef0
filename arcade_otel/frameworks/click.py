"""The adapter for Click, and for the copy of Click that Typer contains.

Click makes one ``Context`` for each command. Click enters the context once to parse the arguments, and once more to run the
command. This module patches three methods of the class ``Context``:

* ``__init__``: a new context is added to its parent's run. If there is no such run, and the context's command is instrumented, a
  run begins.
* ``__enter__``: when a context is entered for the second time, its command is about to run.
* ``__exit__``: when a context is exited for the first time, parsing has ended. An error at the end of parsing is a usage error,
  or means that Click has printed help or a version. When the context that began the run is exited for the last time, the run
  ends.

This module does not wrap the functions that implement the program's commands. An error in a command therefore has a traceback
without frames of this library. The module neither replaces the class of a context nor loads the commands of a lazy group.
"""

from __future__ import annotations

from _thread import get_ident

from arcade_otel.diagnostics import guard
from arcade_otel.frameworks import SETTINGS, Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from arcade_otel.settings import Settings

__all__ = [
    "STATE",
    "attach",
    "context_base",
    "detach",
    "find_command",
    "finish_pending",
    "follow",
    "is_frameworks_own",
    "on_created",
]

STATE = "_arcade_otel_state"

# The original methods of each patched class ``Context``.
_originals: dict[Any, tuple[Any, Any, Any]] = {}
# The current run of each thread. If a program runs another one, or itself, inside a command, that is still one run.
_runs: dict[int, _ClickRun] = {}


def attach(app: Any, settings: Settings) -> None:
    """Record each run of the command ``app`` from now on."""
    follow(app, settings)
    if not is_frameworks_own(app, "make_context") and "make_context" not in vars(app):
        from arcade_otel.frameworks.click_extensions import CheckedMakeContext

        app.make_context = CheckedMakeContext(app, finish_pending)


def detach(app: Any) -> None:
    """Stop recording ``app``.

    The framework's methods stay patched. For a command that is not instrumented, each patched method only calls the original
    method.
    """
    if type(vars(app).get("make_context")).__name__ == "CheckedMakeContext":
        del app.make_context
    vars(app).pop(SETTINGS, None)


def find_command(app: Any) -> Any:
    """Return ``app``, because a Click app is itself the root command."""
    return app


def follow(command: Any, settings: Settings) -> None:
    """Record each run whose root command is ``command``."""
    setattr(command, SETTINGS, settings)
    _patch(context_base(command))


def context_base(command: Any) -> Any:
    """Return the class ``Context`` of the framework that ``command`` belongs to (Click, Typer or asyncclick)."""
    return next(base for base in reversed(command.context_class.__mro__) if base.__name__ == "Context")


def _patch(context_class: Any) -> None:
    if context_class in _originals:
        return
    originals = context_class.__init__, context_class.__enter__, context_class.__exit__
    _originals[context_class] = originals
    init, enter, leave = originals

    def patched_init(self: Any, command: Any, *args: Any, **kwargs: Any) -> None:
        init(self, command, *args, **kwargs)
        with guard("the start of a command"):
            on_created(self, command)

    def patched_enter(self: Any) -> Any:
        state = self.__dict__.get(STATE)
        if state is not None:
            with guard("the start of a command"):
                state.on_enter(self)
        return enter(self)

    def patched_exit(self: Any, exc_type: Any, error: BaseException | None, tb: Any) -> Any:
        state = self.__dict__.get(STATE)
        if state is None:
            return leave(self, exc_type, error, tb)
        try:
            suppressed = leave(self, exc_type, error, tb)  # the program's own clean-up belongs to the command
        except BaseException as raised:
            state.on_exit(self, raised)
            raise
        state.on_exit(self, None if suppressed else error)
        return suppressed

    for patched, original in zip((patched_init, patched_enter, patched_exit), originals, strict=True):
        patched.__wrapped__ = original  # type: ignore[attr-defined]
        patched.__doc__, patched.__qualname__, patched.__module__ = original.__doc__, original.__qualname__, original.__module__
        setattr(context_class, original.__name__, patched)


class _ClickRun:
    """The state of a run: its outermost context, and the innermost context that the run has reached so far."""

    def __init__(self, run: Run, outermost: Any) -> None:
        self.run = run
        self.outermost = outermost
        self.leaf = outermost
        self.named = True  # False once a command without a registered name was reached
        self.pending = False  # True after the arguments were parsed, until the command begins
        self.thread = get_ident()
        _runs[self.thread] = self

    def enter_command(self, context: Any) -> None:
        """Add the command of ``context`` to the run's path, because the run has reached that command in the command tree.

        A command that another command calls with ``ctx.invoke`` is not added to the path.
        """
        parent = context.parent
        if parent is self.leaf and _is_group(parent.command) and parent.invoked_subcommand is not None:
            self.leaf = context
            self._append(parent, context.command, context.info_name)

    def _append(self, parent: Any, command: Any, typed: Any) -> None:
        name = parent.__dict__[STATE].registered_name(command, typed) if self.named else ""
        self.named = bool(name)
        if name:
            self.run.enter_command(name)

    def finish(self, error: BaseException | None, *, help_shown: bool = False) -> None:
        """End the run. Record the run unless ``help_shown`` is true. This never raises.

        Args:
            error: The exception that propagated out of the context, or None.
            help_shown: True to discard the run, for example because Click only printed help or a version.
        """
        with guard("the end of a command"):
            _runs.pop(self.thread, None)
            leaf, self.leaf = self.leaf, None  # so that no reference cycle is left for the garbage collector
            if help_shown:
                self.run.discard()
                return
            command = self.outermost.command
            mistyped = False
            # A group did not run its subcommand, the user mistyped it, or a command has no name in the program.
            if error is not None and (_is_group(leaf.command) or not self.named):
                from arcade_otel.frameworks import click_extensions

                typed = click_extensions.pending_subcommand(leaf)
                if typed:
                    self._append(leaf, None, typed)
                mistyped = _is_group(command) and click_extensions.is_usage_error(error)
            if not self.run.path and not mistyped:
                # A program with a single command, or a group that is a command itself. A mistyped command stays without a name.
                self.run.path = self.run.program
            self.run.end(
                error,
                interrupted=130 if _is_typer_command(command) else 1,
                get_values=lambda: _parameters().parameter_values(leaf),
                get_option_names=lambda: _parameters().used_options(leaf),
            )


class _ContextState:
    """The state of one context: its run, the number of its open ``with`` blocks, and the subcommand names of its group."""

    def __init__(self, run: _ClickRun, command: Any) -> None:
        self.run = run
        self.depth = 0
        self.parsed = False
        # A copy, because a group may add a command for any word that the user types. If the program uses a mapping of its own,
        # iterating it may load everything, so it is not copied.
        commands = command.__dict__.get("commands")
        self.commands: dict[Any, Any] = dict(commands) if type(commands) is dict else {}
        self.listed: frozenset[str] = frozenset()

    def on_enter(self, context: Any) -> None:
        self.depth += 1
        if self.parsed:
            self.run.pending = False
            if not _is_group(context.command):
                self.run.run.on_command_start(lambda: _parameters().parameter_values(context))

    def on_exit(self, context: Any, error: BaseException | None) -> None:
        self.depth -= 1
        if self.depth:
            return
        run = self.run
        if self.parsed:
            if run.outermost is context:
                run.finish(error)
            return
        self.parsed = True
        if error is None:
            with guard("the words of a command line"):
                self._note_words(context)
            run.pending = run.outermost is context
        else:
            from arcade_otel.frameworks import click_extensions

            help_shown = click_extensions.is_help(error)
            if help_shown:
                run.run.discard()
            if run.outermost is context:
                run.finish(error, help_shown=help_shown)

    def _note_words(self, context: Any) -> None:
        """Remember which of the remaining words on the command line are names of the group's subcommands.

        The method is called before the group resolves a word, because resolving a word may add it to the group's commands.
        """
        if _is_group(context.command) and not _resolves_plainly(context.command):
            from arcade_otel.frameworks.click_extensions import listed_words

            self.listed = listed_words(context)

    def registered_name(self, command: Any, typed: Any) -> str:
        """Return the name of ``command`` in the command tree, or "" if the program defines no name for it.

        ``click_extensions.command_name`` describes how the name is chosen.
        """
        for name, child in self.commands.items():
            if child is command:
                return str(name)
        from arcade_otel.frameworks.click_extensions import command_name

        return command_name(command, typed, commands=self.commands, listed=self.listed)


def on_created(context: Any, command: Any) -> None:
    """Add a new context to its parent's run. If the parent has no run and the command is instrumented, begin a run."""
    if context.resilient_parsing:
        return  # shell completion
    state = None if context.parent is None else context.parent.__dict__.get(STATE)
    if state is not None:
        context.__dict__[STATE] = _ContextState(state.run, command)
        state.run.enter_command(context)
        return
    settings = getattr(command, SETTINGS, None)
    if settings is None:
        return
    current = _runs.get(get_ident())
    if current is not None:
        if not current.pending:
            return
        current.finish(None, help_shown=True)  # its arguments were parsed, and an error left it that no context saw
    run = Run.begin(settings)
    if run is not None:
        context.__dict__[STATE] = _ContextState(_ClickRun(run, context), command)


def finish_pending(command: Any, error: BaseException) -> None:
    """End the run of ``command`` if ``make_context`` has raised ``error`` after the arguments were parsed."""
    run = _runs.get(get_ident())
    if run is not None and run.pending and run.outermost.command is command:
        run.finish(error)


def is_frameworks_own(command: Any, method: str) -> bool:
    """Return whether ``method`` of ``command`` is defined by Click, Typer or asyncclick, and not by the program."""
    return str(getattr(getattr(type(command), method), "__module__", "")).partition(".")[0] in ("click", "typer", "asyncclick")


def _resolves_plainly(group: Any) -> bool:
    return is_frameworks_own(group, "get_command") and is_frameworks_own(group, "resolve_command")


def _parameters() -> Any:
    from arcade_otel.frameworks import parameters  # only after a failure, for names of options, or for free text

    return parameters


def _is_group(command: Any) -> bool:
    return hasattr(command, "list_commands")


def _is_typer_command(command: Any) -> bool:
    """Return whether ``command`` is a Typer command.

    On Ctrl-C, Typer exits with code 130, but Click raises ``Abort`` and exits with code 1.
    """
    return any(base.__module__.startswith("typer.") for base in type(command).__mro__)
