"""Finds the settings of the program in which the commands are mounted."""

from typing import Any

from arcade_otel.settings import Settings, make_settings

__all__ = ["get_settings", "instrumented"]


def get_settings(app: Any, root: Any = None) -> Settings:
    """Return the settings with which ``app`` was instrumented, else those of the command ``root``; else the environment's.

    Args:
        app: The Typer app or Click group in which the commands are mounted.
        root: The outermost command of this run.
    """
    for holder in (app, root):
        found = instrumented(holder)
        if found is not None:
            return found
    return make_settings()


def instrumented(app: Any) -> Settings | None:
    """Return the settings with which ``app`` was instrumented, or None if it was not.

    Raises:
        TypeError: They are wrong, which nobody has checked in the run of a user who opted out.
        ValueError: The same.
    """
    found = getattr(app, "_arcade_otel_settings", None)
    if isinstance(found, Settings):
        return found
    wishes = getattr(app, "_arcade_otel_wishes", None)  # of a user who opted out: nobody has checked them
    return make_settings(**wishes) if isinstance(wishes, dict) else None
