"""Turn the usage commands into Typer or Click commands, which use the settings of the program in which they are mounted."""

import inspect
from typing import Any

from arcade_otel.cli.commands import COMMANDS, EPILOG, EXIT_FAILURE, JSON_HELP, Command
from arcade_otel.cli.host_settings import get_settings
from arcade_otel.cli.output import Output, discard_stdout
from arcade_otel.settings import Settings

__all__ = ["commands", "execute"]


def commands(app: Any, family: str, framework: Any) -> dict[str, Any]:
    """Return the usage commands as a dictionary from names to Typer or Click commands.

    Args:
        app: The Typer app or Click group in which the usage commands are mounted.
        family: ``typer`` or ``click``.
        framework: The module ``typer`` or ``click``.
    """
    if family == "click":
        return {command.name: _to_click(command, app, framework) for command in COMMANDS}
    scratch_app = framework.Typer(add_completion=False)
    for command in COMMANDS:
        scratch_app.command(command.name, help=command.help, epilog=EPILOG)(_to_typer(command, app, framework))
    made: dict[str, Any] = framework.main.get_group(scratch_app).commands
    return dict(made)


def execute(command: Command, settings: Settings, *, as_json: bool, number: int | None = None, flag: bool = False) -> int:
    """Run a usage command with ``settings``, and return its exit code.

    If the command raises OSError, print the error and return 1. If the reader of stdout has closed the pipe, return 1 silently.
    """
    output = Output(as_json=as_json)
    try:
        return command.run(settings, output, number, flag=flag)
    except BrokenPipeError:  # ``usage log | head``
        discard_stdout()
        return EXIT_FAILURE
    except OSError as error:
        path = error.filename2 or error.filename or settings.config_dir or "the config directory"
        output.error(f"{command.name}: {error.strerror or type(error).__name__}: {path}. Run doctor to find the cause.")
        return EXIT_FAILURE


def _to_click(command: Command, app: Any, click: Any) -> Any:
    def run(**options: Any) -> None:
        context = click.get_current_context()
        context.exit(_execute(command, app, context, options))

    parameters = []
    if command.number is not None:
        name, default, minimum, about, maximum = command.number
        integer = click.IntRange(min=minimum, max=maximum)
        parameters.append(click.Option([f"--{name}", "number"], type=integer, default=default, show_default=True, help=about))
    if command.flag is not None:
        parameters.append(click.Option([f"--{command.flag.name}", "flag"], is_flag=True, help=command.flag.help))
    parameters.append(click.Option(["--json", "as_json"], is_flag=True, help=JSON_HELP))
    return click.Command(command.name, callback=run, params=parameters, help=command.help, epilog=EPILOG)


def _to_typer(command: Command, app: Any, typer: Any) -> Any:
    def run(context: Any, **options: Any) -> None:
        raise typer.Exit(_execute(command, app, context, options))

    parameters: dict[str, tuple[Any, Any]] = {"context": (typer.Context, inspect.Parameter.empty)}
    if command.number is not None:
        name, default, minimum, about, maximum = command.number
        parameters["number"] = int, typer.Option(default, f"--{name}", min=minimum, max=maximum, help=about)
    if command.flag is not None:
        parameters["flag"] = bool, typer.Option(False, f"--{command.flag.name}", help=command.flag.help)  # noqa: FBT003 - Typer's signature
    parameters["as_json"] = bool, typer.Option(False, "--json", help=JSON_HELP)  # noqa: FBT003
    # Typer reads the signature and its annotations. They are made here, because this module does not import Typer.
    run.__annotations__ = {name: annotation for name, (annotation, _) in parameters.items()}
    keyword = inspect.Parameter.KEYWORD_ONLY
    run.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter(name, keyword, annotation=kind, default=default) for name, (kind, default) in parameters.items()]
    )
    return run


def _execute(command: Command, app: Any, context: Any, options: dict[str, Any]) -> int:
    return execute(command, get_settings(app, context.find_root().command), **options)
