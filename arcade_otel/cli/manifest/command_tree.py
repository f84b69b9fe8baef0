"""List the commands of a Typer or Click program, each with the command name that its events contain."""

from typing import Any, NamedTuple

from arcade_otel.cli.manifest.app_loader import LoadError, describe_error
from arcade_otel.frameworks import find_adapter
from arcade_otel.frameworks.click_extensions import command_name, lists
from arcade_otel.spans import replace_unencodable

__all__ = ["CommandInfo", "get_root_command", "walk"]


class CommandInfo(NamedTuple):
    """A command of the program, with the command name that its events contain.

    Attributes:
        name: The names of the command's groups and of the command itself, joined by dots, or "" for a mistyped command.
        group: Whether the command is a group of commands.
        hidden: Whether the program's help omits the command.
        deprecated: Whether the program marks the command as deprecated.
        typed: Other names that a user can type to run the command. The events contain ``name``, not the name that was typed.
        usage: Whether the command is the group that contains the usage commands.
    """

    name: str
    group: bool = False
    hidden: bool = False
    deprecated: bool = False
    typed: tuple[str, ...] = ()
    usage: bool = False


def get_root_command(app: Any) -> Any:
    """Return the Click command that runs ``app``, which can be a ``typer.Typer`` or a Click command or group.

    Raises:
        LoadError: If ``app`` is neither a ``typer.Typer`` nor a Click command or group, or if Typer cannot create a command from
            it.
    """
    try:
        find_command = getattr(find_adapter(app), "find_command", None)
    except TypeError:
        find_command = None
    if find_command is None:
        raise LoadError(f"APP must name a typer.Typer or a Click command or group, not an object of class {type(app).__name__}")
    try:
        return find_command(app)
    except Exception as error:
        raise LoadError(f"Typer can make no command of it: {describe_error(error)}") from error


def walk(root: Any, program: str) -> list[CommandInfo]:
    """Return the commands of the program, sorted by the command name that their events contain.

    The result includes hidden and deprecated commands, and the commands of lazily loaded groups. A group that contains itself is
    entered only once. Limit: the result does not include a command that ``Group.list_commands`` omits, even if the group can run
    it.

    Args:
        root: The program's root command.
        program: The program's name, which is also the command name of a program without subcommands.

    Raises:
        LoadError: If a group cannot list or load its commands.
    """
    infos = {program: CommandInfo(program, hidden=_is(root, "hidden"), deprecated=_is(root, "deprecated"))}
    if hasattr(root, "list_commands"):
        infos = {program: CommandInfo(program), "": CommandInfo("")}
        _enter(root, None, program, "", [root], infos)
    return [infos[name] for name in sorted(infos)]


def _enter(group: Any, parent: Any, typed: str, path: str, above: list[Any], infos: dict[str, CommandInfo]) -> None:
    # Shell completion uses ``resilient_parsing``, too. With it, no callback runs, and no run is recorded.
    context = group.context_class(group, info_name=typed, parent=parent, resilient_parsing=True)
    for listed, child in _children(group, context, path):
        words = frozenset({listed} if lists(group, listed) else ())
        own = replace_unencodable(command_name(child, listed, commands=_commands(group), listed=words))
        if not own:
            continue  # the instrumentation does not record a command without a name either
        name = f"{path}.{own}" if path else own
        before = infos.get(name, CommandInfo(name))
        infos[name] = CommandInfo(
            name,
            group=before.group or hasattr(child, "list_commands"),
            hidden=_is(child, "hidden"),
            deprecated=_is(child, "deprecated"),
            typed=before.typed if listed in (own, *before.typed) else (*before.typed, listed),
            usage=type(child).__module__ == "arcade_otel.cli",
        )
        if hasattr(child, "list_commands") and not any(child is each for each in above):
            _enter(child, context, listed, name, [*above, child], infos)


def _children(group: Any, context: Any, path: str) -> list[tuple[str, Any]]:
    try:
        with context.scope(cleanup=False):
            listed = [(replace_unencodable(str(name)), group.get_command(context, name)) for name in group.list_commands(context)]
    except Exception as error:
        raise LoadError(f"the commands of {path or 'the program'} cannot be listed: {describe_error(error)}") from error
    return [(name, child) for name, child in listed if child is not None]


def _commands(group: Any) -> dict[Any, Any]:
    commands = getattr(group, "commands", None)
    return commands if type(commands) is dict else {}


def _is(command: Any, what: str) -> bool:
    return bool(getattr(command, what, False))  # Click's ``deprecated`` may be a text instead of a boolean
