"""The implementation of ``with arcade_otel.program():``, for programs that parse their command line with argparse.

Once in each process, the module patches the two methods of ``ArgumentParser`` that parse a command line. The first parser that
parses inside the ``with`` block is the program's parser. A parser that is called while another one is parsing is the parser of a
sub-command. The sub-command's name is the one under which the outer parser registered it.
"""

from __future__ import annotations

import argparse
import sys
from _thread import get_ident

from arcade_otel.command_context import CommandContext
from arcade_otel.diagnostics import debug, guard
from arcade_otel.frameworks import Run
from arcade_otel.frameworks.context_manager import RunStack, decorate, end_discarded, new_path
from arcade_otel.settings import make_settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from arcade_otel.settings import Settings

__all__ = ["ProgramContext", "follow", "option_names", "patch", "unfollow"]

# The run that each thread is in.
_runs: dict[int, Any] = {}
_MAX_OPTIONS = 50


class ProgramContext(CommandContext):
    """A context manager that records the run of an argparse program. See :func:`arcade_otel.program`."""

    __slots__ = ("_runs", "_settings")

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._settings = make_settings(**options)
        self._runs = RunStack()

    def __enter__(self) -> ProgramContext:
        run = None
        if get_ident() not in _runs:  # a program that runs another, or itself, is still one run
            patch()
            recorded = Run.begin(self._settings)
            run = None if recorded is None else _ProgramRun(recorded)
        self._runs.push(run)
        return self

    def __exit__(self, exc_type: object, error: BaseException | None, tb: object) -> None:
        run = self._runs.pop()
        if run is not None:
            run.finish(error, self._settings)

    def rename(self, path: str) -> None:
        """Change the name under which the innermost run of this thread is recorded."""
        run = self._runs.current()
        if run is not None:
            with guard("the new name of a command"):
                run.rename(path)

    def discard(self) -> None:
        """Discard this thread's innermost run, so that it is not recorded."""
        run = self._runs.current()
        if run is not None:
            run.run.discarded_by_program = True

    def __call__(self, function: Any) -> Any:
        """Decorate ``function``, so that each call of ``function`` is one run."""
        return decorate(self, function)


class _ProgramRun:
    """The state of a run: the parsers that have been called, and the words of the command line."""

    __slots__ = ("namespace", "new_path", "parsed", "parsers", "root", "run", "stack", "thread", "words")

    def __init__(self, run: Run) -> None:
        self.run = run
        run.has_command_line = False
        self.root: Any = None
        self.parsers: list[Any] = []
        self.stack: list[Any] = []
        self.words: list[str] = []
        self.namespace: Any = None
        self.new_path: str | None = None  # the name that the program chose while it ran
        self.parsed = False  # the command line was accepted
        self.thread = get_ident()
        _runs[self.thread] = self

    def on_parse_start(self, parser: Any, words: Sequence[str] | None) -> None:
        if self.root is None:
            self.root = parser
            self.run.has_command_line = True
            self.words = [str(word) for word in (sys.argv[1:] if words is None else words)]
        elif not self.stack:
            return  # another command line that the program parses
        else:
            name = _subcommand_name(self.stack[-1], parser)
            if name:
                self.run.enter_command(name)
        self.parsers.append(parser)
        self.stack.append(parser)

    def on_parse_end(self, parser: Any, namespace: Any, error: BaseException | None) -> None:
        if not self.stack or self.stack[-1] is not parser:
            return
        self.stack.pop()
        if self.stack:
            return
        if error is None:
            self.parsed = True
            self.namespace = namespace
            self.run.on_command_start(self._values)
        elif isinstance(error, SystemExit) and error.code in (None, 0):
            self.run.discard()  # ``--help`` or ``--version``

    def rename(self, path: str) -> None:
        """Give the run a new name.

        Until the command line has been parsed, the new name is only stored, because parsing may still add sub-commands to the
        run's path. After parsing, a new name takes effect immediately.
        """
        self.new_path = new_path(path) or self.new_path
        if self.parsed and self.new_path:
            self.run.path = self.new_path
            self.run.record_start()

    def finish(self, error: BaseException | None, settings: Settings) -> None:
        """End the run. Record the run if a parser was called and the program did not discard the run. This never raises."""
        with guard("the end of a program"):
            _runs.pop(self.thread, None)
            if self.root is None:
                debug("program(): no ArgumentParser parsed anything, so nothing is recorded")
                self.run.discard()
                return
            if not self.run.path and (self.parsed or not _subparser_actions(self.root)):
                self.run.path = self.run.program  # otherwise the command was mistyped, and stays without a name
            self.run.path = self.new_path or self.run.path
            if self.run.discarded_by_program:
                end_discarded(self.run, settings, error)
            refused = not self.parsed and isinstance(error, SystemExit)
            self.run.end(error, get_values=self._values, get_option_names=self._option_names, usage_error=refused)

    def _values(self) -> tuple[str, ...]:
        given = {} if self.namespace is None else vars(self.namespace)
        return (*self.words, *(value for value in given.values() if isinstance(value, str)))

    def _option_names(self) -> tuple[str, ...]:
        return option_names(self.words, self.parsers)


def option_names(words: Sequence[str], parsers: Sequence[Any]) -> tuple[str, ...]:
    """Return the sorted names of the options on the command line ``words``. Each option appears once, with its longest name."""
    names = set()
    for word in words:
        typed = word.partition("=")[0]
        for parser in parsers:
            for action in {id(each): each for each in parser._option_string_actions.values()}.values():  # noqa: SLF001
                if typed in action.option_strings or _abbreviates(typed, action, parser):
                    names.add(max(action.option_strings, key=len))
    return tuple(sorted(names)[:_MAX_OPTIONS])


def _abbreviates(typed: str, action: Any, parser: Any) -> bool:
    """Return whether argparse accepts ``typed`` as an unambiguous abbreviation of an option that ``action`` defines."""
    if not (typed.startswith("--") and len(typed) > len("--") and parser.allow_abbrev):
        return False
    options = parser._option_string_actions  # noqa: SLF001
    return {id(each) for option, each in options.items() if option.startswith(typed)} == {id(action)}


def _subparser_actions(parser: Any) -> list[Any]:
    group = parser._subparsers  # noqa: SLF001 - argparse has no public way to ask for them
    return [] if group is None else [each for each in group._group_actions if hasattr(each, "_name_parser_map")]  # noqa: SLF001


def _subcommand_name(parser: Any, subparser: Any) -> str:
    """Return the name (not an alias) of ``subparser`` in ``parser``, or "" if ``parser`` does not contain ``subparser``."""
    for action in _subparser_actions(parser):
        for name, known in action._name_parser_map.items():  # noqa: SLF001 - names come before their aliases
            if known is subparser:
                return str(name)
    return ""


def follow(thread: int, run: Any) -> None:
    """Call ``run.on_parse_start`` and ``run.on_parse_end`` for each parser that is called in ``thread``."""
    _runs[thread] = run


def unfollow(thread: int) -> None:
    """Undo :func:`follow` for ``thread``."""
    _runs.pop(thread, None)


def patch() -> None:
    """Patch the two methods of ``ArgumentParser`` that parse a command line. A second call changes nothing."""
    for name in ("parse_known_args", "parse_known_intermixed_args"):
        original = getattr(argparse.ArgumentParser, name)
        if not hasattr(original, "__wrapped__"):
            setattr(argparse.ArgumentParser, name, _following(original))


def _following(original: Any) -> Any:
    def parse(self: Any, args: Any = None, namespace: Any = None) -> Any:
        run = _runs.get(get_ident())
        if run is None:
            return original(self, args, namespace)
        with guard("the start of a parser"):
            run.on_parse_start(self, args)
        try:
            result = original(self, args, namespace)
        except BaseException as error:
            with guard("the end of a parser"):
                run.on_parse_end(self, None, error)
            raise
        with guard("the end of a parser"):
            run.on_parse_end(self, result[0], None)
        return result

    parse.__wrapped__ = original  # type: ignore[attr-defined]
    parse.__name__, parse.__qualname__, parse.__doc__ = original.__name__, original.__qualname__, original.__doc__
    return parse
