"""Adapters that other distributions bring, by the entry-point group ``arcade_otel_frameworks``."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any

__all__ = ["GROUP", "find_adapter"]

#: Entry-point group. An entry's name is the class of the apps: the first module of its path, a dot, and the class's name.
GROUP = "arcade_otel_frameworks"


def find_adapter(app: object) -> Any:
    """Return the adapter that a distribution registered for the class of ``app``, or for one of its bases.

    Raises:
        TypeError: There is none.
    """
    registered = {entry.name: entry for entry in entry_points(group=GROUP)}
    for base in type(app).__mro__:
        entry = registered.get(f"{base.__module__.partition('.')[0]}.{base.__name__}")
        if entry is not None:
            return entry.load()
    raise TypeError(
        "app must be an app of Typer, Click, asyncclick, cyclopts, cleo or cliff, or of a framework with an adapter of its own, "
        f"not {type(app).__module__.partition('.')[0]}.{type(app).__name__}"
    )
