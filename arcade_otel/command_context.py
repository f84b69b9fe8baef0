"""The type that ``arcade_otel.command`` and ``arcade_otel.program`` return."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol, TypeVar

    from typing_extensions import Self

    class Run(Protocol):
        """What a block may change of its run."""

        dropped: bool
        path: str

    Function = TypeVar("Function", bound=Callable[..., object])

__all__ = ["CommandContext", "joined"]


def joined(path: str) -> str:
    """Return a command's path joined by dots, or "" if it has no word."""
    return ".".join(path.replace(".", " ").split())


class CommandContext:
    """The result of :func:`arcade_otel.command` and :func:`arcade_otel.program`: a context manager, and a decorator.

    This class itself records nothing, and is used if the user has opted out. The classes that record are derived from it.
    """

    __slots__ = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, exc_type: object, error: BaseException | None, tb: object) -> None:
        return None

    def _current_run(self) -> Run | None:
        """Return the run of the block, or None if nothing is recorded."""
        return None

    def rename(self, path: str) -> None:
        """Give the command that runs in the block another path, for example when only the block finds out what it does.

        This never raises. If ``path`` is not a path, the debug log says so, and the command keeps its path.

        Args:
            path: Path of the command, joined by dots or spaces. Use a name that your program defines, never text that a user
                typed.
        """
        new_path = joined(path) if isinstance(path, str) else ""
        run = self._current_run()
        if run is None:
            return
        if new_path:
            run.path = new_path
            return
        from arcade_otel.diagnostics import debug

        debug("a command keeps its path, because the new one is not a path")

    def drop(self) -> None:
        """Leave out the command that runs in the block: it makes no event. This never raises.

        A login or logout that succeeds is recorded all the same, because the identity of later events depends on it.
        """
        run = self._current_run()
        if run is not None:
            run.dropped = True

    def __call__(self, function: Function) -> Function:
        """Decorate ``function``. Each call of it is one run."""
        return function
