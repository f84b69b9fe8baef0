"""The program ``arcade-otel``: the usage commands for a config directory, without a host, and what maintainers need.

Standard library only.
"""

import argparse
import sys
from collections.abc import Callable, Sequence

from arcade_otel.cli.commands import COMMANDS, JSON_HELP, Command
from arcade_otel.cli.framework_adapters import execute
from arcade_otel.conventions import __version__
from arcade_otel.settings import make_settings

__all__ = ["main"]

#: Of this program alone: a maintainer's command is none for the users of a program.
_MANIFEST = "manifest"
_MANIFEST_HELP = "For maintainers: import a program, and write down everything that it can collect, or compare it."
_MANIFEST_CODES = "Exit codes: 0 written, or the same; 1 (--check) it differs: the difference is on stdout; 2 it cannot be done."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line ``arguments`` (the process's if None) and return the exit code.

    Raises:
        SystemExit: The command line is wrong (2), or asks for help or the version (0).
    """
    parser = argparse.ArgumentParser(
        prog="arcade-otel",
        description="See, choose and check what usage data the programs of this config directory collect.",
        epilog="Exit codes: 0 done; 1 not done, or something needs attention; 2 wrong usage; 3 (status) nothing is collected.",
    )
    parser.add_argument("--version", action="version", version=f"arcade-otel {__version__}")
    parser.add_argument("--config-dir", help="Config directory; ARCADE_WORK_DIR or ~/.arcade without it.")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in COMMANDS:
        taker = subparsers.add_parser(command.name, help=command.help, description=command.help)
        taker.add_argument("--json", action="store_true", help=JSON_HELP)
        if command.number is not None:
            name, default, smallest, about, largest = command.number
            kind = _between(smallest, largest)
            taker.add_argument(f"--{name}", dest="number", type=kind, default=default, metavar="N", help=about)
        taker.set_defaults(number=None) if command.number is None else None
        if command.flag is not None:
            taker.add_argument(f"--{command.flag.name}", dest="flag", action="store_true", help=command.flag.help)
        taker.set_defaults(flag=False) if command.flag is None else None
    _manifest_arguments(subparsers.add_parser(_MANIFEST, help=_MANIFEST_HELP, description=_MANIFEST_HELP, epilog=_MANIFEST_CODES))
    chosen = parser.parse_args(arguments)
    if chosen.command == _MANIFEST:
        return _manifest(chosen)
    settings = make_settings(name="arcade-otel", version=__version__, config_dir=chosen.config_dir)
    command = next(each for each in COMMANDS if each.name == chosen.command)
    return _run(command, settings, as_json=chosen.json, number=chosen.number, flag=chosen.flag)


def _manifest_arguments(taker: argparse.ArgumentParser) -> None:
    taker.add_argument("app", metavar="APP", help="What instrument() was given: module:attribute or path/to/file.py:attribute.")
    taker.add_argument("--json", action="store_true", help="For programs; Markdown without it.")
    way = taker.add_mutually_exclusive_group()
    way.add_argument("--output", metavar="FILE", help="Write it there; to stdout without it.")
    way.add_argument("--check", metavar="FILE", help="Write nothing, and compare it with FILE.")


def _manifest(chosen: argparse.Namespace) -> int:
    from arcade_otel.cli.manifest import manifest

    return manifest(chosen.app, as_json=chosen.json, output=chosen.output, check=chosen.check)


def _run(command: Command, settings: object, *, as_json: bool, number: int | None, flag: bool) -> int:
    class Host:
        _arcade_otel_settings = settings

    return execute(command, Host, None, as_json=as_json, number=number, flag=flag)


def _between(smallest: int, largest: int | None) -> Callable[[str], int]:
    def number(text: str) -> int:
        value = int(text)
        if value < smallest:
            raise argparse.ArgumentTypeError(f"must be at least {smallest}")
        if largest is not None and value > largest:
            raise argparse.ArgumentTypeError(f"must be at most {largest}")
        return value

    return number


if __name__ == "__main__":
    sys.exit(main())
