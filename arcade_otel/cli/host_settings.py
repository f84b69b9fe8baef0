"""Finds the settings of the program in which the commands are mounted."""

from typing import Any

from arcade_otel import consent
from arcade_otel.frameworks import SETTINGS
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
    settings = getattr(app, SETTINGS, None)
    if isinstance(settings, Settings):
        return settings
    options = getattr(app, consent.UNCHECKED_OPTIONS, None)
    return make_settings(**options) if isinstance(options, dict) else None
