"""The type that ``arcade_otel.command`` and ``arcade_otel.program`` return."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from typing_extensions import Self

    Function = TypeVar("Function", bound=Callable[..., object])

__all__ = ["CommandContext"]


class CommandContext:
    """The result of :func:`arcade_otel.command` and :func:`arcade_otel.program`: a context manager, and a decorator.

    This class itself records nothing, and is used if the user has opted out. The classes that record are derived from it.
    """

    __slots__ = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, exc_type: object, error: BaseException | None, tb: object) -> None:
        return None

    def __call__(self, function: Function) -> Function:
        """Decorate ``function``. Each call of it is one run."""
        return function

    def rename(self, path: str) -> None:
        """Give the run another name. It is recorded under that name. Never raises.

        For a program that learns which command it is while it runs. ``login_commands``, ``exclude`` and the other options look at
        the new name. Nothing happens if no run is under way or recorded, or if ``path`` is empty or not a string. The debug log
        then has a line about such a path.

        Args:
            path: Path of the command, joined by dots or spaces. A name that the program defines, never what a user typed.
        """

    def discard(self) -> None:
        """Do not record the run that is under way. Never raises.

        For a run that was no command after all, for example a program that only printed its help. Properties that the run sets
        later are discarded, too. A discarded login or logout still changes the identity: later events do not
        belong to the account that was linked before.
        """
