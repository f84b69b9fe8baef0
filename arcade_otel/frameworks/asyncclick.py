"""The adapter for asyncclick. This adapter reuses most of the Click adapter.

In asyncclick, a ``Context`` is an asynchronous context manager, so this module patches ``__aenter__`` and ``__aexit__`` instead
of ``__enter__`` and ``__exit__``.
"""

from __future__ import annotations

from typing import Any

from arcade_otel.diagnostics import guard
from arcade_otel.frameworks import SETTINGS, click

TYPE_CHECKING = False
if TYPE_CHECKING:
    from arcade_otel.settings import Settings

__all__ = ["attach", "detach"]


def attach(app: Any, settings: Settings) -> None:
    """Record each run of the command ``app`` from now on."""
    setattr(app, SETTINGS, settings)
    _patch(click.context_base(app))
    if not click.is_frameworks_own(app, "make_context") and "make_context" not in vars(app):
        app.make_context = _CheckedMakeContext(app)


def detach(app: Any) -> None:
    """Stop recording ``app``.

    The framework's methods stay patched. For a command that is not instrumented, each patched method only calls the original
    method.
    """
    if isinstance(vars(app).get("make_context"), _CheckedMakeContext):
        del app.make_context
    vars(app).pop(SETTINGS, None)


def _patch(context_class: Any) -> None:
    if hasattr(context_class.__init__, "__wrapped__"):
        return
    originals = context_class.__init__, context_class.__aenter__, context_class.__aexit__
    init, enter, leave = originals

    def patched_init(self: Any, command: Any, *args: Any, **kwargs: Any) -> None:
        init(self, command, *args, **kwargs)
        with guard("the start of a command"):
            click.on_created(self, command)

    async def patched_enter(self: Any) -> Any:
        state = self.__dict__.get(click.STATE)
        if state is not None:
            with guard("the start of a command"):
                state.on_enter(self)
        return await enter(self)

    async def patched_exit(self: Any, exc_type: Any, error: BaseException | None, tb: Any) -> Any:
        state = self.__dict__.get(click.STATE)
        if state is None:
            return await leave(self, exc_type, error, tb)
        try:
            suppressed = await leave(self, exc_type, error, tb)  # the program's own clean-up belongs to the command
        except BaseException as raised:
            state.on_exit(self, raised)
            raise
        state.on_exit(self, None if suppressed else _seen_by_the_shell(error))
        return suppressed

    for patched, original in zip((patched_init, patched_enter, patched_exit), originals, strict=True):
        patched.__wrapped__ = original  # type: ignore[attr-defined]
        patched.__doc__, patched.__qualname__, patched.__module__ = original.__doc__, original.__qualname__, original.__module__
        setattr(context_class, original.__name__, patched)


def _seen_by_the_shell(error: BaseException | None) -> BaseException | None:
    """Return the error to record for ``error``, the exception that ended the command.

    On Ctrl-C, asyncio and trio first cancel the command and later raise ``KeyboardInterrupt``. The function therefore treats a
    cancellation as an exit with code 130.
    """
    if type(error).__name__ in ("CancelledError", "Cancelled"):
        interrupted = SystemExit(130)
        interrupted.__cause__ = KeyboardInterrupt()
        return interrupted
    return error


class _CheckedMakeContext:
    """The counterpart of ``click_extensions.CheckedMakeContext`` for a ``make_context`` that is a coroutine function."""

    __slots__ = ("_command",)

    def __init__(self, command: Any) -> None:
        self._command = command

    async def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the program's own ``make_context``."""
        try:
            return await type(self._command).make_context(self._command, *args, **kwargs)
        except BaseException as error:
            click.finish_pending(self._command, error)
            raise
