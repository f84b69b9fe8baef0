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
    """The result of :func:`arcade_otel.command` and :func:`arcade_otel.program`, which is both a context manager and a decorator.

    This base class records nothing. ``command`` and ``program`` return an instance of this class if an environment variable opts
    the user out, and otherwise an instance of a subclass that can record.
    """

    __slots__ = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, exc_type: object, error: BaseException | None, tb: object) -> None:
        return None

    def __call__(self, function: Function) -> Function:
        """Decorate ``function``, so that each call of ``function`` is recorded as one run."""
        return function

    def rename(self, path: str) -> None:
        """Change the name under which the current run is recorded. This never raises.

        Call ``rename`` if your program does not know the command's name until the block runs. ``login_commands``, ``exclude`` and
        other options that contain command paths apply to the new name. If ``path`` is empty or not a string, the run keeps its
        name, and the debug log says so. If no run is being recorded, ``rename`` does nothing.

        Args:
            path: The command's name, preceded by the names of its groups: ``toolkit.run`` or ``toolkit run``. Use only names that
                the program defines, never text that a user typed.
        """

    def discard(self) -> None:
        """Keep the current run from being recorded. This never raises.

        Call ``discard`` if no command ran after all, for example because the program only printed its help. Properties that the
        program sets later in the run are discarded, too. A successful login or logout changes the identity even if its run is
        discarded, so later events are not attributed to the previously linked account.
        """
