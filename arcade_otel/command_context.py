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
