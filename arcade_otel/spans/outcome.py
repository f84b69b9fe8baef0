"""How a command ended: its exit code and the error behind it, as the process reports them to the shell."""

import sys

__all__ = ["Outcome", "class_name", "outcome_from_error"]

_MAX_CAUSES = 10
_INTERRUPTED = 130  # 128 + SIGINT, as shells say it


class Outcome:
    """The end of a command.

    Attributes:
        exit_code: What the process exits with.
        error: The exception behind a failure, or None.
        given: Values of the command's parameters that the error's message may quote, to be taken out of it.
        options: Names of the options given, if the application asks for them.
        declared: Attributes of the properties that the program declared, or None.
        usage_error: The command line was refused, as far as the adapter knows.
    """

    __slots__ = ("declared", "error", "exit_code", "given", "options", "usage_error")

    def __init__(self, exit_code: int, error: BaseException | None = None) -> None:
        self.usage_error = False
        self.declared: dict[str, str | bool | int] | None = None
        self.exit_code = exit_code
        self.error = error if exit_code else None
        self.given: tuple[str, ...] = ()
        self.options: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether the exit code is not 0: an ``Exit(0)`` is an exception and a success."""
        return self.exit_code != 0

    @property
    def kind(self) -> str:
        """How it ended, in one word, the same for each framework.

        ``success``; ``usage_error`` if the command line was refused; ``interrupted`` by Ctrl-C, or by "no" to a question (Click's
        ``Abort``); ``exit`` if the program chose an exit code and no error is behind it; else ``failure``.
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
        """The exception's class by its qualified name, ``_OTHER`` without one, None after a success. Source: ``error.type``.

        A class whose module does not have it under that name was made at run time, of whatever words: its nearest base that
        stands in a module is recorded instead.
        """
        if not self.failed:
            return None
        return "_OTHER" if self.error is None else class_name(type(self.error))


def class_name(error_class: type[BaseException]) -> str:
    """Return the qualified name of ``error_class``, or of its nearest base, that its module has under that name."""
    for each in error_class.__mro__:
        found: object = sys.modules.get(each.__module__)
        for name in each.__qualname__.split("."):
            found = getattr(found, "__dict__", {}).get(name)
        if found is each:
            return each.__qualname__
    return "BaseException"


def outcome_from_error(error: BaseException | None, *, interrupted: int = _INTERRUPTED) -> Outcome:
    """Return the outcome of a block that ``error`` left, or that ended by itself (None).

    ``SystemExit`` exits with its code (None is 0, text is 1, as Python does it); ``KeyboardInterrupt`` with ``interrupted``; an
    exception that carries an integer ``exit_code`` (Click's and Typer's ``Exit`` and ``ClickException``) with that; any other
    with 1. The error of an ``Exit``, and of a ``SystemExit`` without text, is the failure that it was raised for.
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
    """Return the exception that a bare exit was raised for; ``error`` itself if there is none.

    ``except X as e: print(e); raise typer.Exit(1)`` and ``sys.exit(1)`` carry no message of their own; ``X`` does. It is the
    exit's ``__cause__``, else its ``__context__`` unless ``from None`` suppressed that, as a traceback would show it; nor one
    that was caught outside of the command (``except ImportError: main()``), which the command did not fail for. For argparse's
    ``ArgumentParser.error`` it is the ``ArgumentError``, where there is one.
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
    """Return whether ``earlier`` was caught in none of the frames that ``error`` left: its traceback begins at the command."""
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
    # The shell sees the lowest byte: exit(-1) is 255, exit(256) a success.
    return code & 0xFF if isinstance(code, int) else 1
