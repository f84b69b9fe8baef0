"""Makes commands of Typer's or Click's of the usage commands, with the settings of the program around them."""

import os
import sys
from typing import Any

from arcade_otel.commands import ATTENTION, COMMANDS, JSON_HELP, Command
from arcade_otel.commands.host import settings_of
from arcade_otel.commands.output import Output

__all__ = ["commands", "executed"]


def commands(app: Any, family: str, framework: Any) -> dict[str, Any]:
    """Return the commands by name.

    Args:
        app: What they are mounted in.
        family: ``typer`` or ``click``.
        framework: The module of that name.
    """
    if family == "click":
        return {command.name: _clicks(command, app, framework) for command in COMMANDS}
    apart = framework.Typer(add_completion=False)
    for command in COMMANDS:
        apart.command(command.name, help=command.help)(_typers(command, app, framework))
    made: dict[str, Any] = framework.main.get_group(apart).commands
    return dict(made)


def executed(command: Command, app: Any, root: Any, *, as_json: bool, number: int | None = None) -> int:
    """Run a command in the program ``app`` and return its exit code; 1 if a folder cannot be used, or nobody reads on."""
    output = Output(as_json=as_json)
    try:
        return command.run(settings_of(app, root), output, number)
    except BrokenPipeError:  # ``usage log | head``
        # Else the interpreter would write what is left at its end, and complain about it.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
        return ATTENTION
    except OSError as error:
        where = error.filename2 or error.filename or "the config folder"
        message = f"{command.name}: {error.strerror or type(error).__name__}: {where}"
        output.result({"problem": message})
        if not as_json:
            sys.stderr.write(f"{message}\n")
        return ATTENTION


def _clicks(command: Command, app: Any, click: Any) -> Any:
    def run(**options: Any) -> None:
        context = click.get_current_context()
        number = options.get(command.number.name) if command.number else None
        context.exit(executed(command, app, context.find_root().command, as_json=options["json"], number=number))

    parameters = [click.Option(["--json"], is_flag=True, help=JSON_HELP)]
    if command.number is not None:
        name, default, smallest, about = command.number
        parameters.append(
            click.Option([f"--{name}"], type=click.IntRange(min=smallest), default=default, show_default=True, help=about)
        )
    return click.Command(command.name, callback=run, params=parameters, help=command.help)


def _typers(command: Command, app: Any, typer: Any) -> Any:
    def done(context: Any, *, as_json: bool, number: int | None = None) -> None:
        raise typer.Exit(executed(command, app, context.find_root().command, as_json=as_json, number=number))

    as_json_option: Any = typer.Option(False, "--json", help=JSON_HELP)  # noqa: FBT003 - Typer's signature
    if command.number is None:

        def run(context: Any, as_json: Any = as_json_option) -> None:
            done(context, as_json=as_json)

        # What Typer reads: it is not imported here, and its types have no name until it is.
        run.__annotations__ = {"context": typer.Context, "as_json": bool}
        return run
    name, default, smallest, about = command.number
    number_option: Any = typer.Option(default, f"--{name}", min=smallest, help=about)

    def run_with(context: Any, number: Any = number_option, as_json: Any = as_json_option) -> None:
        done(context, as_json=as_json, number=number)

    run_with.__annotations__ = {"context": typer.Context, "number": int, "as_json": bool}
    return run_with
