"""Parts of the Click adapter that are needed only for errors, or if a program defines ``get_command`` or ``make_context``."""

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
    """Return the name, as typed, of the subcommand that ``group`` was about to run, or "" if there is none.

    For example, a group's callback may end the program with the message "you are not logged in" before the subcommand runs.
    """
    typed = getattr(group, "invoked_subcommand", None)
    return str(typed) if typed and typed != "*" and hasattr(group.command, "list_commands") else ""


def is_usage_error(error: BaseException) -> bool:
    """Return whether ``error`` is the exception that Click raises for an invalid command line."""
    return hasattr(error, "format_message") and hasattr(error, "ctx")


def is_help(error: BaseException) -> bool:
    """Return whether ``error`` means that Click printed help or a version, and not that a command failed.

    The result is true for ``--help``, for ``--version``, and for a command that prints its help if there are no arguments.
    """
    if type(error).__name__ == "NoArgsIsHelpError":
        return True
    if isinstance(error, SystemExit):
        return error.code in (None, 0)  # a ``--version`` callback that ends by ``exit()``, as the Arcade CLI's does
    return type(error).__name__ == "Exit" and getattr(error, "exit_code", None) == 0


def listed_words(context: Any) -> frozenset[str]:
    """Return the remaining words on the command line that are names of the group's subcommands.

    Call this function before the group resolves a word, because resolving a word may add it to the group's commands.
    """
    # Click 8.2 has renamed it, and warns if the old name is used.
    state = vars(context)
    words = [*(state.get("_protected_args") or state.get("protected_args") or ()), *context.args][:_MAX_WORDS]
    return frozenset(word for word in words if lists(context.command, word))


def command_name(command: Any, typed: Any, *, commands: dict[Any, Any], listed: frozenset[str]) -> str:
    """Return the name that the program defines for the subcommand, or "" if the program defines none.

    A word that the user typed is returned only if the program itself contains that word as a name.

    The function returns the first of these names that exists:

    - The key of the command in ``group.commands``, even if the user typed an alias or an abbreviation.
    - The typed word, if it is a key of ``commands``, even if the key's value is only a placeholder for the command.
    - The typed word, if a container attribute of the group (such as a dict of lazily loaded commands) contains it.
    - The command's own name, if the command is a global variable of the module that defines its function, because the name then
      comes from the program's source code.

    Args:
        command: The command that the group has resolved, or None.
        typed: The word that the group resolved.
        commands: A copy of ``group.commands`` from before the command was resolved.
        listed: The result of :func:`listed_words`.
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
    """Return whether any attribute of the group is a list, set, tuple or dict that contains ``word``.

    The function calls no code of the program.
    """
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
    """The replacement for a program's own ``make_context``. If ``make_context`` raises an error after parsing, the run ends.

    The patched ``Context`` methods do not see an error that ``make_context`` raises after parsing, because the context is not
    entered at that time. ``CheckedMakeContext`` is a class and not a closure, so that the command can be copied and pickled.
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
