"""The adapter for cyclopts 4.0 and later.

``App.__call__`` and ``App.run_async`` do all their work inside ``with self.app_stack(…)``. This module wraps the context manager
that ``app_stack(…)`` returns, so that the run begins before the ``with`` block and ends after it. The traceback of an error in a
command therefore contains no frames of this library. The module also patches ``App._parse_known_args``, which parses a command
line and returns the command or raises a usage error.
"""

from __future__ import annotations

import sys
from _thread import get_ident
from typing import Any

from arcade_otel.diagnostics import guard
from arcade_otel.frameworks import SETTINGS, Run
from arcade_otel.frameworks.more_adapters import drop_own_frame
from arcade_otel.frameworks.parameters import texts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from arcade_otel.settings import Settings

__all__ = ["attach", "detach"]

# The current run of each thread.
_runs: dict[int, _CycloptsRun] = {}
# Methods of an app that cyclopts runs itself, for example for ``--help``. They are no commands.
_ANSWERS = ("help_print", "version_print", "_version_print_async", "_run_complete")
_MAX_OPTIONS = 50


def attach(app: Any, settings: Settings) -> None:
    """Record each run of ``app`` and of its meta apps from now on."""
    stack = getattr(app, "app_stack", None)
    if stack is None:
        raise TypeError("cyclopts 4.0 or later is needed")
    setattr(stack, SETTINGS, settings)  # an App has slots
    _patch(next(base for base in type(app).__mro__ if base.__module__.startswith("cyclopts.")), type(stack))


def detach(app: Any) -> None:
    """Stop recording ``app``.

    The framework's methods stay patched. For an app that is not instrumented, each patched method only calls the original method.
    """
    vars(app.app_stack).pop(SETTINGS, None)


def _patch(app_class: Any, stack_class: Any) -> None:
    enter, parse = stack_class.__call__, app_class._parse_known_args  # noqa: SLF001 - cyclopts has no public hook
    if hasattr(parse, "__arcade_otel__"):
        return
    runs = {vars(app_class)[name].__code__ for name in ("__call__", "run_async")}

    def patched_enter(self: Any, apps: Any, overrides: Any = None) -> Any:
        context = enter(self, apps, overrides)
        if sys._getframe(1).f_code in runs:  # noqa: SLF001
            with guard("the start of a command"):
                run = _run_of(self)
                if run is not None:
                    return _WatchedContext(context, run)
        return context

    def patched_parse(self: Any, tokens: Any = None, *args: Any, **kwargs: Any) -> Any:
        run = _runs.get(get_ident())
        if run is None or not run.expects(self):
            return parse(self, tokens, *args, **kwargs)
        words = [str(each) for each in tokens or ()]  # a copy, because cyclopts removes ``--help`` from its own list
        try:
            result = parse(self, tokens, *args, **kwargs)
        except BaseException as error:
            run.on_parsed(self, words, None)
            drop_own_frame(error)
            raise
        run.on_parsed(self, words, result)
        return result

    replaced: tuple[tuple[Any, Any], ...] = ((patched_enter, enter), (patched_parse, parse))
    for patched, original in replaced:
        patched.__arcade_otel__ = True
        patched.__doc__, patched.__qualname__, patched.__module__ = original.__doc__, original.__qualname__, original.__module__
    stack_class.__call__, app_class._parse_known_args = patched_enter, patched_parse  # noqa: SLF001


def _run_of(stack: Any) -> _CycloptsRun | None:
    """Return the run for a call of the app that owns ``stack``, or None if the call is not recorded.

    If this thread has no run and the app is instrumented, begin a run.
    """
    run = _runs.get(get_ident())
    if run is not None:
        # cyclopts enters twice in a row: to split the command line, and to run the command.
        return run if stack is run.stack and not run.depth else None
    app = stack.stack[0][0]
    while app is not None:
        settings = vars(app.app_stack).get(SETTINGS)
        if settings is not None:
            begun = Run.begin(settings)
            return None if begun is None else _CycloptsRun(begun, stack)
        app = app._meta_parent  # noqa: SLF001 - a meta app runs the app that was instrumented
    return None


class _WatchedContext:
    """A wrapper around cyclopts' own context manager. It calls a ``_CycloptsRun`` when the ``with`` block begins and ends."""

    __slots__ = ("_context", "_run")

    def __init__(self, context: Any, run: _CycloptsRun) -> None:
        self._context = context
        self._run = run

    def __enter__(self) -> Any:
        self._run.depth += 1
        return self._context.__enter__()

    def __exit__(self, exc_type: object, error: BaseException | None, tb: object) -> Any:
        suppressed = self._context.__exit__(exc_type, error, tb)
        self._run.on_left(None if suppressed else error)
        return suppressed


class _CycloptsRun:
    """The state of a run: the command that was found, and the words on the command line."""

    __slots__ = ("arguments", "bound", "depth", "parsed", "root", "run", "stack", "thread", "words")

    def __init__(self, run: Run, stack: Any) -> None:
        self.run = run
        self.stack = stack
        self.root = _root(stack.stack[0][0])
        self.depth = 0
        self.parsed = False  # the app's own command line was parsed, not only that of its meta app
        self.words: list[str] = []
        self.bound: Any = None
        self.arguments: Any = ()
        self.thread = get_ident()
        _runs[self.thread] = self

    def expects(self, app: Any) -> bool:
        """Return True if ``app`` is the run's app or one of its meta apps, and the run's command line has not been parsed yet."""
        return not self.parsed and _root(app) is self.root

    def on_parsed(self, app: Any, words: list[str], result: Any) -> None:
        """Remember the command that cyclopts' parser has found.

        Args:
            app: The app that has parsed its command line.
            words: The words of the command line.
            result: The result of cyclopts' parser, or None if the parser raised.
        """
        with guard("the command line of a command"):
            meta = app._meta_parent is not None  # noqa: SLF001
            self.parsed = not meta
            self.words = self.words or words
            self.run.path = ".".join(_registered_names(app, app.parse_commands(words, include_parent_meta=meta)[0]))
            if result is None:
                return
            command, self.bound, _, _, *rest = result
            self.arguments = rest[0] if rest else ()
            if getattr(command, "__name__", "") in _ANSWERS and hasattr(getattr(command, "__self__", None), "app_stack"):
                self.run.discard()
            elif self.parsed:
                self.run.on_command_start(self._values)

    def on_left(self, error: BaseException | None) -> None:
        """End the run when its outermost context manager is exited.

        If cyclopts used the context manager only to split the command line, and no error occurred, do not end the run.
        """
        self.depth -= 1
        if self.depth or (error is None and not self.words and not self.parsed and self.bound is None):
            return
        with guard("the end of a command"):
            _runs.pop(self.thread, None)
            if not self.run.path and (self.root.default_command is not None or not _is_usage_error(error)):
                self.run.path = self.run.program  # otherwise the command was mistyped, and stays without a name
            self.run.end(error, get_values=self._values, get_option_names=self._option_names)

    def _values(self) -> tuple[str, ...]:
        found = list(self.words)
        if self.bound is not None:
            for value in self.bound.arguments.values():
                found += texts(value)
        return tuple(found)

    def _option_names(self) -> tuple[str, ...]:
        names = set()
        for argument in self.arguments:
            if any(token.source == "cli" and token.keyword for token in argument.tokens):
                positive = [name for name in argument.names if not name.startswith(("--no-", "--empty-"))]
                names.add(max(positive or argument.names, key=len))
        return tuple(sorted(names)[:_MAX_OPTIONS])


def _root(app: Any) -> Any:
    while app._meta_parent is not None:  # noqa: SLF001
        app = app._meta_parent  # noqa: SLF001
    return app


def _registered_names(app: Any, chain: Sequence[str]) -> Iterator[str]:
    """For each command name or alias in ``chain``, yield the name under which the program first registered the command."""
    current = list(_family(app))
    for word in chain:
        commands: dict[str, Any] = {}
        for each in current:
            commands.update(each._commands)  # noqa: SLF001 - the public mapping loads what is lazy
        child = commands.get(word)
        yield next((name for name, known in commands.items() if known is child), word) if child is not None else word
        child = getattr(child, "_resolved", child)
        current = [] if child is None else list(_family(child))


def _family(app: Any) -> Iterator[Any]:
    yield app
    meta = app._meta  # noqa: SLF001
    while meta is not None:
        yield meta
        meta = meta._meta  # noqa: SLF001
    while app._meta_parent is not None:  # noqa: SLF001
        app = app._meta_parent  # noqa: SLF001
        yield app


def _is_usage_error(error: BaseException | None) -> bool:
    cause = None if error is None else error.__context__
    return any(base.__name__ == "CycloptsError" for each in (error, cause) for base in type(each).__mro__)
