"""The adapter for Typer.

In each run, Typer creates a new Click command from the ``typer.Typer`` object. This module instruments that command.
"""

from __future__ import annotations

import sys

from arcade_otel.frameworks import SETTINGS, click

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from arcade_otel.settings import Settings

__all__ = ["attach", "detach", "find_command"]

_APPS = "_arcade_otel_apps"
_HOOKED = ("get_group", "get_command_from_info")


def attach(app: Any, settings: Settings) -> None:
    """Record each run of ``app``, including runs by a console script or by Typer's test runner."""
    main = _typer_main()
    apps: list[tuple[Any, Settings]] | None = getattr(main, _APPS, None)
    if apps is None:
        apps = []
        setattr(main, _APPS, apps)
        _hook(main, apps)
    apps[:] = [(each, chosen) for each, chosen in apps if each is not app]
    apps.append((app, settings))
    setattr(app, SETTINGS, settings)  # the usage commands read them there


def detach(app: Any) -> None:
    """Stop recording ``app``. If no other app is recorded, restore Typer's own functions."""
    main = _typer_main()
    apps = getattr(main, _APPS, [])
    apps[:] = [(each, chosen) for each, chosen in apps if each is not app]
    if not apps and hasattr(main, _APPS):
        for name in _HOOKED:
            setattr(main, name, getattr(main, name).__wrapped__)
        delattr(main, _APPS)
    vars(app).pop(SETTINGS, None)


def find_command(app: Any) -> Any:
    """Return the Click command that Typer makes from ``app``."""
    return _typer_main().get_command(app)


def _typer_main() -> Any:
    return sys.modules["typer.main"]  # ``app`` exists, so it was imported


def _hook(main: Any, apps: list[tuple[Any, Settings]]) -> None:
    """Patch the two functions that make an app's root command: one for a group, and one for an app with a single command.

    ``Typer.__call__``, ``get_command`` and Typer's test runner look up these functions in the module ``typer.main``, so they call
    the patched functions.
    """
    get_group, get_command_from_info = main.get_group, main.get_command_from_info

    def group(typer_instance: Any, *args: Any, **kwargs: Any) -> Any:
        command = get_group(typer_instance, *args, **kwargs)
        for app, settings in apps:
            if app is typer_instance:
                click.attach(command, settings)
        return command

    def command_from_info(command_info: Any, *args: Any, **kwargs: Any) -> Any:
        command = get_command_from_info(command_info, *args, **kwargs)
        for app, settings in apps:
            # With one command and no callback, that command is the root. In other apps, its parent's context begins the run.
            if any(info is command_info for info in app.registered_commands):
                click.attach(command, settings)
        return command

    group.__wrapped__ = get_group  # type: ignore[attr-defined]
    command_from_info.__wrapped__ = get_command_from_info  # type: ignore[attr-defined]
    main.get_group, main.get_command_from_info = group, command_from_info
