"""How a command ended: the exit code that the process reports to the shell, and the error behind a failure."""

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
    """How a command ended, with its parameters, its declared properties and its tracked events.

    Attributes:
        exit_code: The exit code of the process.
        error: The exception behind a failure, or None.
        given: The values of the command's parameters, which the library removes from the error's message.
        options: The names of the options that the user used, if the program records them.
        declared: Span attributes for the program's declared properties and groups, or None.
        events: The events that the program tracked while the command ran.
        usage_error: Whether the framework's adapter reported an invalid command line.
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
        """Whether the command failed, that is, whether its exit code is not 0.

        A command has succeeded if its exit code is 0, even if it ended with an exception, such as ``Exit(0)``.
        """
        return self.exit_code != 0

    @property
    def kind(self) -> str:
        """How the command ended, in one word that does not depend on the framework.

        * ``success``: the exit code is 0.
        * ``usage_error``: the command line was not valid, for example because of an unknown option.
        * ``interrupted``: the user pressed Ctrl-C, or the command ended with Click's ``Abort``, for example because the user
          declined a confirmation prompt.
        * ``exit``: the program chose the exit code, and the library knows no error that led to the exit.
        * ``failure``: none of the other four words applies.
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

        ``error.type`` is ``_OTHER`` if the command failed without an exception, and None if the command succeeded.

        A class that was created at run time can have any text as its name. ``error.type`` therefore contains the name of the
        first class in the exception's method resolution order that can be found by its name in its module.
        """
        if not self.failed:
            return None
        return "_OTHER" if self.error is None else class_name(type(self.error))


def class_name(error_class: type[BaseException]) -> str:
    """Return the qualified name of the first class in ``error_class.__mro__`` that can be found by that name in its module."""
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

    * ``SystemExit``: the exit code is the lowest byte of the exception's ``code``. As in Python, a ``code`` of None means exit
      code 0, and a string means 1.
    * ``KeyboardInterrupt``: the exit code is the argument ``interrupted``.
    * An exception with an integer ``exit_code``, such as ``Exit`` and ``ClickException`` of Click and Typer: the exit code is
      that integer.
    * Any other exception: the exit code is 1.

    If an earlier exception led to an ``Exit``, or to a ``SystemExit`` without a message, the outcome contains that earlier
    exception.
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
    """Return the exception that led to an exit without a message, or ``error`` itself if there is no such exception.

    For example, the ``Exit`` in ``except X as e: print(e); raise typer.Exit(1)`` contains no message, so the result is the
    exception ``X``. Like Python's tracebacks, the function follows ``__cause__``, or else ``__context__`` unless ``from None``
    suppresses it. An exception that was caught before the command began (``except ImportError: main()``) does not count, because
    it did not cause the failure. If argparse exits because of an ``ArgumentError``, the result is that error.
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
    """Return whether ``earlier`` was caught before the command began.

    In this case, the frame that caught ``earlier`` is not in the traceback of ``error``.
    """
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
