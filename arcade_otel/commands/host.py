"""Finds the settings of the program in which the commands are mounted."""

from typing import Any

from arcade_otel.settings import Settings, make_settings

__all__ = ["settings_of"]


def settings_of(app: Any, root: Any = None) -> Settings:
    """Return the settings with which ``app`` was instrumented, else those of the command ``root``; else the environment's.

    Args:
        app: The Typer app or Click group in which the commands are mounted.
        root: The outermost command of this run.
    """
    for holder in (app, root):
        if holder is None:
            continue
        found = getattr(holder, "_arcade_otel_settings", None)
        if isinstance(found, Settings):
            return found
        wishes = getattr(holder, "_arcade_otel_wishes", None)  # of a user who opted out: nobody has checked them
        if isinstance(wishes, dict):
            return make_settings(**wishes)
    return make_settings()
