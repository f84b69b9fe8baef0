"""Makes commands of Typer's or Click's of the usage commands, with the settings of the program around them."""

import inspect
import os
import sys
from typing import Any

from arcade_otel.cli.commands import COMMANDS, EXIT_FAILURE, JSON_HELP, Command
from arcade_otel.cli.host_settings import get_settings
from arcade_otel.cli.output import Output

__all__ = ["commands", "execute"]


def commands(app: Any, family: str, framework: Any) -> dict[str, Any]:
    """Return the commands by name.

    Args:
        app: What they are mounted in.
        family: ``typer`` or ``click``.
        framework: The module of that name.
    """
    if family == "click":
        return {command.name: _to_click(command, app, framework) for command in COMMANDS}
    apart = framework.Typer(add_completion=False)
    for command in COMMANDS:
        apart.command(command.name, help=command.help)(_to_typer(command, app, framework))
    made: dict[str, Any] = framework.main.get_group(apart).commands
    return dict(made)


def execute(command: Command, app: Any, root: Any, *, as_json: bool, number: int | None = None, flag: bool = False) -> int:
    """Run a command in the program ``app`` and return its exit code; 1 if a directory cannot be used, or nobody reads on."""
    output = Output(as_json=as_json)
    try:
        return command.run(get_settings(app, root), output, number, flag=flag)
    except BrokenPipeError:  # ``usage log | head``
        # Else the interpreter would write what is left at its end, and complain about it.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
        return EXIT_FAILURE
    except OSError as error:
        where = error.filename2 or error.filename or "the config directory"
        message = f"{command.name}: {error.strerror or type(error).__name__}: {where}"
        output.result({"problem": message})
        if not as_json:
            sys.stderr.write(f"{message}\n")
        return EXIT_FAILURE


def _to_click(command: Command, app: Any, click: Any) -> Any:
    def run(**options: Any) -> None:
        context = click.get_current_context()
        context.exit(_execute(command, app, context, options))

    parameters = []
    if command.number is not None:
        name, default, smallest, about, largest = command.number
        kind = click.IntRange(min=smallest, max=largest)
        parameters.append(click.Option([f"--{name}", "number"], type=kind, default=default, show_default=True, help=about))
    if command.flag is not None:
        parameters.append(click.Option([f"--{command.flag.name}", "flag"], is_flag=True, help=command.flag.help))
    parameters.append(click.Option(["--json", "as_json"], is_flag=True, help=JSON_HELP))
    return click.Command(command.name, callback=run, params=parameters, help=command.help)


def _to_typer(command: Command, app: Any, typer: Any) -> Any:
    def run(context: Any, **options: Any) -> None:
        raise typer.Exit(_execute(command, app, context, options))

    parameters: dict[str, tuple[Any, Any]] = {"context": (typer.Context, inspect.Parameter.empty)}
    if command.number is not None:
        name, default, smallest, about, largest = command.number
        parameters["number"] = int, typer.Option(default, f"--{name}", min=smallest, max=largest, help=about)
    if command.flag is not None:
        parameters["flag"] = bool, typer.Option(False, f"--{command.flag.name}", help=command.flag.help)  # noqa: FBT003 - Typer's signature
    parameters["as_json"] = bool, typer.Option(False, "--json", help=JSON_HELP)  # noqa: FBT003
    # What Typer reads: it is not imported here, and its types have no name until it is.
    run.__annotations__ = {name: annotation for name, (annotation, _) in parameters.items()}
    keyword = inspect.Parameter.KEYWORD_ONLY
    run.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter(name, keyword, annotation=kind, default=default) for name, (kind, default) in parameters.items()]
    )
    return run


def _execute(command: Command, app: Any, context: Any, options: dict[str, Any]) -> int:
    return execute(command, app, context.find_root().command, **options)
