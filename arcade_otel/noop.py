"""What the public functions are in the run of a user who opted out: nothing, at next to no cost.

Arguments are not checked here: whoever develops the program hears of a wrong one in any run that is not opted out.
"""

import os
from typing import Any, TypeVar

from arcade_otel import consent

__all__ = ["command", "configure", "instrument"]

App = TypeVar("App")


def instrument(app: App, **settings: Any) -> App:
    """Return ``app``, on which nothing is done but that its settings are noted for ``usage_commands``."""
    getattr(app, "__dict__", {})["_arcade_otel_wishes"] = settings
    _remove_what_waits(settings.get("config_dir"))
    return app


def command(path: str, **settings: Any) -> "_NullCommand":  # noqa: ARG001 - the signature of the one that records
    """Return a context manager that does nothing."""
    _remove_what_waits(settings.get("config_dir"))
    return _NullCommand()


def configure(**settings: Any) -> None:
    """Do nothing."""


class _NullCommand:
    __slots__ = ()

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None


def _remove_what_waits(config_dir: "str | os.PathLike[str] | None") -> None:
    """Empty the spool of before. Costs one look, by the paths of ``settings``, where there is none."""
    config_dir = os.path.expanduser(config_dir or os.environ.get(consent.ENV_WORK_DIR) or "~/.arcade")
    if os.path.isdir(os.path.join(config_dir, "usage", "queue")):
        from arcade_otel.recording import recording
        from arcade_otel.settings import make_settings

        recording(make_settings(config_dir=config_dir))
