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

    This base class records nothing. The two functions return an instance of this class if the user has opted out, and else an
    instance of a subclass that records.
    """

    __slots__ = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, exc_type: object, error: BaseException | None, tb: object) -> None:
        return None

    def __call__(self, function: Function) -> Function:
        """Decorate ``function``, so that each call of ``function`` is one run."""
        return function

    def rename(self, path: str) -> None:
        """Change the name under which the current run is recorded. This never raises.

        You call ``rename`` in a program that learns only while it runs which command it is. ``login_commands``, ``exclude`` and
        the other options that contain paths then apply to the new name. If no run is being recorded, or if ``path`` is empty or
        not a string, nothing changes. A wrong ``path`` is reported in the debug log.

        Args:
            path: Path of the command, joined by dots or spaces: a name that the program defines, never text that a user typed.
        """

    def discard(self) -> None:
        """Keep the current run from being recorded. This never raises.

        You call ``discard`` if the run turns out to be no command, for example because the program only printed its help.
        Properties that the run sets later are discarded, too. A discarded login or logout still changes the identity, so later
        events do not belong to the account that was linked before.
        """
