"""Follows a ``typer.Typer`` to the Click command that Typer makes of it anew in each run."""

from typing import Any

from arcade_otel.settings import Settings

__all__ = ["watch"]

_HOOKED = "_arcade_otel_apps"


def watch(typer_main: Any, app: Any, settings: Settings) -> None:
    """Record each run of ``app``, however it is started: called, by a console script, or by Typer's test runner.

    Args:
        typer_main: The module ``typer.main`` that ``app`` comes from.
        app: The ``typer.Typer``; another one is not touched.
        settings: The application's.
    """
    apps: list[tuple[Any, Settings]] | None = getattr(typer_main, _HOOKED, None)
    if apps is None:
        apps = []
        setattr(typer_main, _HOOKED, apps)
        _hook(typer_main, apps)
    apps[:] = [(known, chosen) for known, chosen in apps if known is not app]
    apps.append((app, settings))


def _hook(typer_main: Any, apps: list[tuple[Any, Settings]]) -> None:
    """Look at what the two functions return that make a root command: of a group, and of an app with one command.

    They are looked up in the module by all callers in it (``Typer.__call__``, ``get_command``, and through it Typer's runner).
    """
    from arcade_otel.frameworks.click import watch as watch_command

    get_group, get_command_from_info = typer_main.get_group, typer_main.get_command_from_info

    def group(typer_instance: Any, *args: Any, **kwargs: Any) -> Any:
        command = get_group(typer_instance, *args, **kwargs)
        for app, settings in apps:
            if app is typer_instance:
                watch_command(command, settings)
        return command

    def command_from_info(command_info: Any, *args: Any, **kwargs: Any) -> Any:
        command = get_command_from_info(command_info, *args, **kwargs)
        for app, settings in apps:
            # In an app of one command without a callback that command is the root; elsewhere a parent's context is found.
            if any(info is command_info for info in app.registered_commands):
                watch_command(command, settings)
        return command

    group.__wrapped__ = get_group  # type: ignore[attr-defined]
    command_from_info.__wrapped__ = get_command_from_info  # type: ignore[attr-defined]
    typer_main.get_group = group
    typer_main.get_command_from_info = command_from_info
