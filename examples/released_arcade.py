"""The released Arcade CLI (``pip install arcade-mcp``) with arcade-otel instead of its own usage tracker.

The identity file, the credentials, the names of the events and those of the properties are the same. So every person and every
PostHog insight stays as it is.
"""

from typing import Literal

import typer
from arcade_cli import context
from arcade_cli.usage import command_tracker
from typer.core import TyperCommand

import arcade_otel


def invoke(command: TyperCommand, ctx: typer.Context) -> object:
    """Run a command as the CLI does, but without the notice and the event of its own tracker."""
    from arcade_cli.utils import CLIError

    try:
        return TyperCommand.invoke(command, ctx)
    except CLIError as error:
        raise typer.Exit(code=1) from error


command_tracker.TrackedTyperCommand.invoke = invoke
command_tracker.command_tracker.track_command_execution = lambda *_, **__: None  # for the callbacks of groups

from arcade_cli.main import cli  # noqa: E402 - after the lines above

arcade_otel.instrument(
    cli,
    name="arcade",
    distribution="arcade-mcp",
    posthog_host="https://us.i.posthog.com",
    # The names that its newest tracker has for properties of ours.
    properties={"duration_ms": "duration", "runtime_version": "python_version", "runtime_language": Literal["python"]},
    property_values=lambda: {"runtime_language": "python"},
    arcade_context=context.selected_context_name,  # `arcade --context work`
)

if __name__ == "__main__":
    cli(prog_name="arcade")
