"""Find the settings of the program in which the usage commands are mounted."""

from typing import Any

from arcade_otel import consent
from arcade_otel.frameworks import SETTINGS
from arcade_otel.settings import Settings, make_settings

__all__ = ["get_settings", "instrumented"]


def get_settings(app: Any, root: Any = None) -> Settings:
    """Return the settings with which ``app`` was instrumented, or those of ``root`` if ``app`` was not instrumented.

    If neither ``app`` nor ``root`` was instrumented, make settings from the environment.

    Args:
        app: The Typer app or Click group in which the usage commands are mounted.
        root: The outermost command of this run.
    """
    for holder in (app, root):
        settings = instrumented(holder)
        if settings is not None:
            return settings
    return make_settings()


def instrumented(app: Any) -> Settings | None:
    """Return the settings with which ``app`` was instrumented, or None if it was not instrumented.

    If the user has opted out, ``instrument()`` does not check its options, so this function checks them.

    Raises:
        TypeError: If an option has the wrong type.
        ValueError: If the value of an option is not allowed.
    """
    settings = getattr(app, SETTINGS, None)
    if isinstance(settings, Settings):
        return settings
    options = getattr(app, consent.UNCHECKED_OPTIONS, None)
    return make_settings(**options) if isinstance(options, dict) else None
