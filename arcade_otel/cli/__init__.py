"""Mount the usage commands, such as ``tool usage status``, in a Typer or Click program.

The modules of the commands are imported only when they are needed.
"""

import sys
from typing import Any

__all__ = ["NAMES", "usage_commands"]

_NAME = "usage"
#: Names of the commands. ``commands.COMMANDS`` has their help and options, and is loaded later.
NAMES = ("status", "enable", "disable", "show", "log", "flush", "forget", "doctor", "view")
_HELP = "Show, choose and check which usage data is collected."


def usage_commands(app: Any) -> Any:
    """Return the usage commands for ``app``. You can mount the usage commands under any name.

    In a Typer program, call ``app.add_typer(arcade_otel.usage_commands(app), name="usage")``. In a Click program, call
    ``group.add_command(arcade_otel.usage_commands(group))``. You can call ``usage_commands`` before or after ``instrument(app)``,
    because each usage command looks up the program's settings when it runs. The modules of the usage commands are imported when a
    user runs one of the commands or views the help.

    Args:
        app: A ``typer.Typer`` or a Click group, including ``TyperGroup``.

    Returns:
        A ``typer.Typer`` if ``app`` is a ``typer.Typer``, otherwise a Click group named ``usage``.

    Raises:
        TypeError: If ``app`` is neither a ``typer.Typer`` nor a Click group.
    """
    for base in type(app).__mro__:
        if base.__name__ == "Typer" and base.__module__ == "typer.main":
            import typer.core

            return typer.Typer(name=_NAME, help=_HELP, no_args_is_help=True, cls=_lazy_group(typer.core.TyperGroup, app, "typer"))
        if base.__module__ == "typer.core" and base.__name__ == "TyperGroup":
            return _lazy_group(base, app, "typer")(name=_NAME, help=_HELP, no_args_is_help=True)
        if base.__module__ == "click.core" and base.__name__ == "Group":
            return _lazy_group(base, app, "click")(name=_NAME, help=_HELP, no_args_is_help=True)
    raise TypeError(f"app must be a typer.Typer or a Click group, not {type(app).__name__}")


def _lazy_group(base: Any, app: Any, family: str) -> Any:
    loaded: dict[str, Any] = {}

    class UsageGroup(base):  # type: ignore[misc]
        """A command group that imports its commands when it first lists them or looks one up."""

        names = NAMES  # the adapter reads here which words are commands, before they are loaded

        def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - Click's signature
            return self._load().get(cmd_name)

        def list_commands(self, ctx: Any) -> Any:  # noqa: ARG002
            return list(self._load())

        def _load(self) -> dict[str, Any]:
            if not loaded:
                from arcade_otel.cli import framework_adapters

                loaded.update(framework_adapters.commands(app, family, sys.modules[family]))
            return loaded

    UsageGroup.__name__ = UsageGroup.__qualname__ = base.__name__
    return UsageGroup
