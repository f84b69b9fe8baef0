"""How a command ended: its exit code, as the process reports it to the shell, and the error that caused it."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from arcade_otel.spans.own_events import OwnEvent

__all__ = ["Outcome", "class_name", "outcome_from_error"]

_MAX_CAUSES = 10
_INTERRUPTED = 130  # 128 + SIGINT, as in shells


class Outcome:
    """How a command ended, and the values that the user and the program passed to it.

    Attributes:
        exit_code: The exit code of the process.
        error: The exception behind a failure, or None.
        given: Values of the command's parameters. The error's message may quote them, so they are removed from it.
        options: Names of the options that the user used, if the program records such names.
        declared: Attributes of the properties that the program declared, or None.
        events: The events that the program tracked while the command ran.
        usage_error: Whether the framework refused the command line, as far as the adapter knows.
    """

    __slots__ = ("declared", "error", "events", "exit_code", "given", "options", "usage_error")

    def __init__(self, exit_code: int, error: BaseException | None = None) -> None:
        self.usage_error = False
        self.declared: dict[str, str | bool | int] | None = None
        self.events: Sequence[OwnEvent] = ()
        self.exit_code = exit_code
        self.error = error if exit_code else None
        self.given: tuple[str, ...] = ()
        self.options: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether the command failed, which means that its exit code is not 0.

        A command that ended with an exception such as ``Exit(0)`` has succeeded.
        """
        return self.exit_code != 0

    @property
    def kind(self) -> str:
        """How the command ended, as one of these words, which are the same for all frameworks.

        * ``success``: the exit code is 0.
        * ``usage_error``: the command line was refused.
        * ``interrupted``: the user pressed Ctrl-C, or answered "no" to a question (Click's ``Abort``).
        * ``exit``: the program chose the exit code, and no error caused it.
        * ``failure``: the command ended in any other way.
        """
        if not self.failed:
            return "success"
        names = [each.__name__ for each in type(self.error).__mro__]
        if self.usage_error or "UsageError" in names or "ArgumentError" in names:
            return "usage_error"
        if isinstance(self.error, KeyboardInterrupt) or "Abort" in names:
            return "interrupted"
        return "exit" if self.error is None or _is_bare_exit(self.error) else "failure"

    @property
    def error_type(self) -> str | None:
        """The value of ``error.type``: the qualified name of the exception's class.

        The value is ``_OTHER`` for a failure without an exception, and None after a success.

        A class that was created at run time can have any text as its name. If a module does not contain the class under its name,
        the nearest base class that a module does contain is recorded instead.
        """
        if not self.failed:
            return None
        return "_OTHER" if self.error is None else class_name(type(self.error))


def class_name(error_class: type[BaseException]) -> str:
    """Return the qualified name of ``error_class``, or of its nearest base class that can be found in a module."""
    for each in error_class.__mro__:
        found: object = sys.modules.get(each.__module__)
        for name in each.__qualname__.split("."):
            found = getattr(found, "__dict__", {}).get(name)
        if found is each:
            return each.__qualname__
    return "BaseException"


def outcome_from_error(error: BaseException | None, *, interrupted: int = _INTERRUPTED) -> Outcome:
    """Return the outcome of a block of code that ended with ``error``. If ``error`` is None, the block ended normally.

    The exit code depends on the exception:

    * ``SystemExit``: the exit code is the code of the exception. As in Python, None stands for exit code 0, and a string stands
      for 1.
    * ``KeyboardInterrupt``: the exit code is the argument ``interrupted``.
    * An exception with an integer ``exit_code``, such as ``Exit`` and ``ClickException`` of Click and Typer: the exit code is
      that integer.
    * Any other exception: the exit code is 1.

    For an ``Exit``, and for a ``SystemExit`` without a message, the outcome contains the exception that led to the exit.
    """
    if error is None:
        return Outcome(0)
    if isinstance(error, SystemExit):
        return Outcome(_system_exit_code(error.code), _failure_behind(error))
    if isinstance(error, KeyboardInterrupt):
        return Outcome(interrupted, error)
    code = getattr(error, "exit_code", None)
    return Outcome(code if isinstance(code, int) else 1, _failure_behind(error))


def _failure_behind(error: BaseException) -> BaseException:
    """Return the exception that caused an exit without a message, or ``error`` itself if there is none.

    For example, after ``except X as e: print(e); raise typer.Exit(1)``, the exit has no message of its own, so the result is the
    ``X``. The cause of an exit is its ``__cause__``. If there is no ``__cause__``, the cause is the ``__context__``, unless
    ``from None`` suppressed it. A traceback follows the same rule. An exception that was caught before the command began
    (``except ImportError: main()``) does not count, because it is not why the command failed. For argparse's
    ``ArgumentParser.error``, the result is the ``ArgumentError`` if there is one.
    """
    for _ in range(_MAX_CAUSES):
        if not _is_bare_exit(error):
            break
        earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if earlier is None or (error.__cause__ is None and _was_caught_outside(earlier, error)):
            break
        error = earlier
    return error


def _was_caught_outside(earlier: BaseException, error: BaseException) -> bool:
    """Return whether ``earlier`` was caught before the command began, outside of the frames in the traceback of ``error``."""
    caught, left = earlier.__traceback__, error.__traceback__
    if caught is None or left is None:
        return False
    while left is not None:
        if left.tb_frame is caught.tb_frame:
            return False
        left = left.tb_next
    return True


def _is_bare_exit(error: BaseException) -> bool:
    if isinstance(error, SystemExit):
        return error.code is None or isinstance(error.code, int)
    return type(error).__name__ == "Exit" and isinstance(getattr(error, "exit_code", None), int)


def _system_exit_code(code: object) -> int:
    if code is None:
        return 0
    # The shell sees only the lowest byte: exit(-1) is 255, and exit(256) is a success.
    return code & 0xFF if isinstance(code, int) else 1
