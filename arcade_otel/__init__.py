"""Usage telemetry for command-line programs: one OpenTelemetry span per command, delivered by a process nobody waits for.

``arcade_otel.instrument(app)`` for a Typer or Click program, ``with arcade_otel.command("name"):`` for any other.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from arcade_otel.cli import usage_commands
    from arcade_otel.conventions import __version__
    from arcade_otel.frameworks.click import instrument
    from arcade_otel.frameworks.context_manager import command, configure

__all__ = ["__version__", "command", "configure", "instrument", "usage_commands"]


def __getattr__(name: str) -> object:
    # PEP 562: ``import arcade_otel`` costs a program nothing that it does not use, and a user who opted out next to nothing.
    if name in ("command", "configure", "instrument"):
        from arcade_otel import consent

        if consent.tracking_mode() == consent.OFF:
            from arcade_otel import noop

            return getattr(noop, name)
        if name == "instrument":
            from arcade_otel.frameworks.click import instrument

            return instrument
        from arcade_otel.frameworks import context_manager

        return getattr(context_manager, name)
    if name == "usage_commands":  # for who opted out too: it is how they opt in again
        from arcade_otel.cli import usage_commands

        return usage_commands
    if name == "__version__":
        from arcade_otel.conventions import __version__

        return __version__
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
