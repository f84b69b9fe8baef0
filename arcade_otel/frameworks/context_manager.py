"""``with arcade_otel.command("name"):`` for code without an adapter."""

from __future__ import annotations

from arcade_otel.command_context import CommandContext, joined
from arcade_otel.frameworks import Run
from arcade_otel.settings import make_settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from arcade_otel.settings import Settings

__all__ = ["RecordedCommand", "configure", "decorate"]

_configured: dict[str, Any] = {}


def configure(options: Mapping[str, Any]) -> None:
    """Set the default options of each later command; :func:`arcade_otel.configure` documents it."""
    make_settings(**options)
    _configured.clear()
    _configured.update(options)


class RecordedCommand(CommandContext):
    """A context manager that records a block of code as one command; :func:`arcade_otel.command` documents it.

    It is a class, not a generator, so that tracebacks of the block have no frames of this library or of ``contextlib``.
    """

    __slots__ = ("_path", "_runs", "_settings")

    def __init__(self, path: str, options: Mapping[str, Any]) -> None:
        if not isinstance(path, str):
            raise TypeError(f"a command's path must be a string, not {type(path).__name__}")
        self._path = joined(path)
        if not self._path:
            raise ValueError("a command's path must not be empty")
        self._settings: Settings = make_settings(**{**_configured, **options})
        self._runs: list[Run | None] = []  # a stack: a decorated function may call itself

    def __enter__(self) -> RecordedCommand:
        run = Run.begin(self._settings)
        self._runs.append(run)
        if run is not None:
            run.path = self._path
            run.on_command_start()
        return self

    def __exit__(self, exc_type: object, error: BaseException | None, tb: object) -> None:
        run = self._runs.pop()
        if run is not None:
            run.end(error)

    def _current_run(self) -> Run | None:
        return self._runs[-1] if self._runs else None

    def __call__(self, function: Any) -> Any:
        """Decorate ``function``. Each call of it is one run."""
        return decorate(self, function)


def decorate(context: CommandContext, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that calls ``function`` inside ``context``."""
    from functools import wraps

    @wraps(function)
    def decorated(*args: Any, **kwargs: Any) -> Any:
        with context:
            return function(*args, **kwargs)

    return decorated
