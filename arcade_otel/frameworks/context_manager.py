"""``with arcade_otel.command("name"):`` for programs that are neither Typer's nor Click's."""

from typing import Any

from arcade_otel import consent
from arcade_otel.recording import Run, recording
from arcade_otel.settings import Settings, make_settings

__all__ = ["command", "configure"]

_configured: dict[str, Any] = {}


def configure(**settings: Any) -> None:
    """Set what each later :func:`command` of this process takes if it is not told otherwise: :func:`instrument`'s keywords.

    Raises:
        TypeError: A value is of the wrong type.
        ValueError: A value makes no sense.
    """
    make_settings(**settings)
    _configured.clear()
    _configured.update(settings)


def command(path: str, **settings: Any) -> "_Command":
    """Make one span of a block of code, as in ``with arcade_otel.command("toolkit.run"): …``.

    Args:
        path: Path of the command, joined by dots or spaces. A name of the program's own, never what a user typed.
        **settings: :func:`instrument`'s keywords.

    Raises:
        TypeError: A value is of the wrong type.
        ValueError: A value makes no sense. Both at once, before the block; from then on nothing of ours raises, and what the
            block raises leaves it as it is.
    """
    if not isinstance(path, str):
        raise TypeError(f"a command's path must be a string, not {type(path).__name__}")
    path = ".".join(path.replace(".", " ").split())
    if not path:
        raise ValueError("a command's path must not be empty")
    return _Command(path, make_settings(**{**_configured, **settings}))


class _Command:
    """A class and no generator: no frame of ours, nor of contextlib's, gets into the traceback of what the block raises."""

    __slots__ = ("_invocation", "_path", "_settings")

    def __init__(self, path: str, settings: Settings) -> None:
        self._path = path
        self._settings = settings
        self._invocation: Run | None = None

    def __enter__(self) -> None:
        mode = recording(self._settings)
        if mode != consent.OFF:
            self._invocation = Run(self._settings, mode)
            self._invocation.path = self._path
            self._invocation.on_command_start()

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        invocation, self._invocation = self._invocation, None
        if invocation is not None:
            from arcade_otel.spans.outcome import outcome_from_error

            invocation.end(outcome_from_error(error))
