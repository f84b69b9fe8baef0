"""Find the adapters for frameworks other than Click and Typer, including adapters from other distributions.

If you add a framework to this library, write a module in this package with the functions below, and add an entry to ``ADAPTERS``.
If your adapter is in another distribution, register its module as an entry point (``docs/how-to/adapter.md``).

* ``attach(app, settings)``: record each run of ``app`` from now on. A second call to ``attach`` replaces the settings.
* ``detach(app)``: undo ``attach``. If ``app`` was not attached, ``detach`` does nothing.
* ``find_command(app)``: return the root command of ``app`` as a Click command. Only ``arcade-otel manifest`` calls
  ``find_command``.

An adapter makes these calls for a run:

* ``Run.begin(settings)`` when the program starts.
* ``enter_command(name)`` for each step down the command tree.
* ``on_command_start()`` when the command is about to run.
* ``end(error, …)`` when the command has ended, or ``discard()`` if no command ran (``--help``, ``--version``).
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["ADAPTERS", "GROUP", "drop_own_frame", "find_adapter", "uninstrument"]

#: The adapter module for a class of apps. The key is the first module of the class's path, a dot, and the class's name.
ADAPTERS = {
    "asyncclick.Command": "asyncclick",
    "asyncclick.BaseCommand": "asyncclick",  # before asyncclick 8.2
    "cleo.Application": "cleo",
    "cliff.App": "cliff",
    "cyclopts.App": "cyclopts",
}
#: Entry-point group. An entry's name is a class of apps, as in ``ADAPTERS``.
GROUP = "arcade_otel_frameworks"


def find_adapter(app: object) -> Any:
    """Return the adapter for the class of ``app``, or for one of its base classes.

    The library's own adapters take precedence over adapters from other distributions.

    Raises:
        TypeError: If no adapter supports the class of ``app``.
    """
    classes = [f"{base.__module__.partition('.')[0]}.{base.__name__}" for base in type(app).__mro__]
    for name in classes:
        if name in ADAPTERS:
            return import_module(f"arcade_otel.frameworks.{ADAPTERS[name]}")
    from importlib.metadata import entry_points  # reads the metadata of all distributions, so it comes last

    registered = {entry.name: entry for entry in entry_points(group=GROUP)}
    for name in classes:
        if name in registered:
            return registered[name].load()
    raise TypeError(
        "app must be an app of Typer, Click, asyncclick, cyclopts, cleo or cliff, or of a framework with an adapter of its own, "
        f"not {classes[0]}"
    )


def uninstrument(app: Any) -> None:
    """Stop recording ``app``. See :func:`arcade_otel.uninstrument`."""
    from arcade_otel import frameworks

    try:
        adapter = frameworks.find_adapter(app)
    except TypeError:
        return  # it was never instrumented
    adapter.detach(app)


def drop_own_frame(error: BaseException) -> None:
    """Remove the caller's frame from the traceback of ``error``. The caller must then raise ``error`` again.

    An adapter calls this function in its replacement for a framework's method, so that tracebacks show the same frames as without
    this library.
    """
    tb = error.__traceback__
    error.__traceback__ = tb and tb.tb_next
