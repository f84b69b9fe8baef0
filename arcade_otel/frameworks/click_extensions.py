"""What the Click adapter needs only after an error, and for programs that change how groups find commands, or make contexts."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

__all__ = [
    "CheckedMakeContext",
    "command_name",
    "is_help",
    "is_usage_error",
    "listed_words",
    "lists",
    "pending_subcommand",
]

_MAX_WORDS = 1000


def pending_subcommand(group: Any) -> str:
    """Return the word of the command that a group's own callback kept from being run ("you are not logged in"); "" if none."""
    typed = getattr(group, "invoked_subcommand", None)
    return str(typed) if typed and typed != "*" and hasattr(group.command, "list_commands") else ""


def is_usage_error(error: BaseException) -> bool:
    """Return whether Click raised it for a wrong command line."""
    return hasattr(error, "format_message") and hasattr(error, "ctx")


def is_help(error: BaseException) -> bool:
    """Return whether parsing ended in an answer rather than an error: ``--help``, ``--version``, help for lack of arguments."""
    if type(error).__name__ == "NoArgsIsHelpError":
        return True
    if isinstance(error, SystemExit):
        return error.code in (None, 0)  # a ``--version`` callback that ends by ``exit()``, as the Arcade CLI's does
    return type(error).__name__ == "Exit" and getattr(error, "exit_code", None) == 0


def listed_words(context: Any) -> frozenset[str]:
    """Return which of the words to come the context's group itself lists, before it resolves any of them."""
    # Click 8.2 renamed it, and warns where the old name is used.
    state = vars(context)
    words = [*(state.get("_protected_args") or state.get("protected_args") or ()), *context.args][:_MAX_WORDS]
    return frozenset(word for word in words if lists(context.command, word))


def command_name(command: Any, typed: Any, *, commands: dict[Any, Any], listed: frozenset[str]) -> str:
    """Return the name by which the program knows the subcommand; "" if there is none. What a user typed never becomes a name.

    In this order:

    1. the key of the command in ``group.commands``, so that an alias or an abbreviation counts as the command;
    2. the typed word, if the group lists it: as a key of ``commands`` (with another object, for a placeholder that is
       swapped when it is resolved), or in another container of its own, as a lazy group has one;
    3. the command's own name, if the command is a global of the module that defines its function: it was written, not made.

    Args:
        command: The command that the group resolved; None if it resolved none yet.
        typed: The word that it was resolved from.
        commands: ``group.commands``, as it was before the command was resolved.
        listed: Words that the group listed then.
    """
    if command is not None:
        for name, child in commands.items():
            if child is command:
                return str(name)
    if isinstance(typed, str) and (typed in commands or typed in listed):
        return typed
    if command is not None and _is_module_global(command):
        return str(command.name or "")
    return ""


def lists(group: Any, word: str) -> bool:
    """Return whether a plain container of the group holds ``word``. Calls no code of the program's."""
    for container in _containers(group):
        if isinstance(container, dict):
            if word in container:
                return True
        elif any(type(each) is str and each == word for each in container):
            return True
    return False


def _containers(group: Any) -> Iterator[Any]:
    for holder in (group, *type(group).__mro__):
        if (
            getattr(holder, "__module__", "").partition(".")[0] in ("click", "typer", "asyncclick", "builtins")
            and holder is not group
        ):
            continue
        for name, value in vars(holder).items():
            if name != "context_settings" and type(value) in (dict, list, tuple, set, frozenset):
                yield value


def _is_module_global(command: Any) -> bool:
    module = sys.modules.get(getattr(getattr(command, "callback", None), "__module__", None) or "")
    return module is not None and any(value is command for value in list(vars(module).values()))


class CheckedMakeContext:
    """Stands in for a ``make_context`` that the program overrides: an error that leaves it after the parsing ends the run.

    No context sees that error, because the context was not entered yet. A class and no closure, so that the command can still be
    copied and pickled.
    """

    __slots__ = ("_command", "_finish_pending")

    def __init__(self, command: Any, finish_pending: Callable[[Any, BaseException], None]) -> None:
        self._command = command
        self._finish_pending = finish_pending

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the program's own ``make_context``."""
        try:
            return type(self._command).make_context(self._command, *args, **kwargs)
        except BaseException as error:
            self._finish_pending(self._command, error)
            raise
