"""Frameworks: :func:`instrument` finds the adapter of an app, and the adapter reports each run to :class:`recording.Run`.

To add a framework, write one module here with these four functions, and add one entry to ``ADAPTERS``:

* ``attach(app, settings)``: record each run of ``app`` from now on. Called again, it replaces the settings.
* ``detach(app)``: undo it.
* ``find_command(app)``: return the command that a run starts with, for ``arcade-otel manifest``.

The adapter makes four kinds of calls on a run: ``Run.begin(settings)``, ``enter_command(name)`` for each step down the command
tree, ``discard()`` when no command ran (``--help``, ``--version``), and ``end(error, …)``.
"""

from __future__ import annotations

import sys

from arcade_otel.settings import make_settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Protocol

    from arcade_otel.settings import Settings

    class Adapter(Protocol):
        """What a framework's module provides."""

        def attach(self, app: Any, settings: Settings) -> None: ...
        def detach(self, app: Any) -> None: ...
        def find_command(self, app: Any) -> Any: ...


__all__ = ["ADAPTERS", "SETTINGS", "find_adapter", "instrument", "uninstrument"]

#: Attribute of an app, or of the command that a run starts with: the settings it was instrumented with.
SETTINGS = "_arcade_otel_settings"

#: Adapter module by the class of app that it instruments: the class's name, and the first module of its path. No framework is
#: imported to find out. Typer brings its own copy of Click since 0.26, so a Click command may come from either package.
ADAPTERS: dict[tuple[str, str], str] = {
    ("Typer", "typer"): "typer",
    ("Command", "click"): "click",
    ("BaseCommand", "click"): "click",  # before Click 8.2
    ("Command", "typer"): "click",
}


def find_adapter(app: object) -> Adapter:
    """Return the adapter module for ``app``.

    Raises:
        TypeError: No adapter supports objects of its class.
    """
    for base in type(app).__mro__:
        name = ADAPTERS.get((base.__name__, base.__module__.partition(".")[0]))
        if name is not None:
            module = f"{__name__}.{name}"
            __import__(module)
            return sys.modules[module]
    raise TypeError(f"app must be a typer.Typer or a Click command or group, not {type(app).__name__}")


def instrument(app: Any, options: Mapping[str, Any]) -> None:
    """Record each command of ``app`` from now on; :func:`arcade_otel.instrument` documents it."""
    settings = make_settings(**options)
    find_adapter(app).attach(app, settings)
    setattr(app, SETTINGS, settings)  # where the usage commands find them


def uninstrument(app: Any) -> None:
    """Undo :func:`instrument`."""
    if hasattr(app, SETTINGS):
        find_adapter(app).detach(app)
        delattr(app, SETTINGS)
