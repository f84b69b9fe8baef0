"""The program ``arcade-otel`` has the usage commands, and the commands ``manifest`` and ``report`` for maintainers.

This module imports only ``arcade_otel`` and the standard library.
"""

import argparse
import sys
from collections.abc import Callable, Sequence

from arcade_otel import terminal
from arcade_otel.cli.commands import COMMANDS, EPILOG, EXIT_FAILURE, JSON_HELP
from arcade_otel.cli.framework_adapters import execute
from arcade_otel.cli.output import discard_stdout
from arcade_otel.conventions import __version__
from arcade_otel.settings import make_settings

__all__ = ["PROGRAM", "main", "make_parser"]

PROGRAM = "arcade-otel"
#: Only ``arcade-otel`` has these commands, because they are for maintainers.
MANIFEST = "manifest"
REPORT = "report"
#: The exit code after Ctrl-C, as in shells: 128 and the number of SIGINT.
EXIT_INTERRUPTED = 130
_MANIFEST_HELP = "For maintainers: list everything that a program can collect, or compare the list with a file."
_MANIFEST_EPILOG = "Exit codes: 0 written or equal, 1 (--check) different, 2 the program or the file cannot be read or written."
_REPORT_HELP = "For maintainers: read events from files, and answer the dashboard's questions about usage."
_REPORT_EPILOG = "Exit codes: 0 done, 1 the files have no commands, 2 a file cannot be read or written."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line ``arguments`` and return the exit code.

    Args:
        arguments: The arguments without the program's name, or None for ``sys.argv[1:]``.

    Raises:
        SystemExit: If the command line is wrong (code 2), or if the user asked for help or the version (code 0).
    """
    options = make_parser().parse_args(arguments)
    if options.command in (MANIFEST, REPORT):
        try:
            return _for_maintainers(options)
        except BrokenPipeError:  # ``arcade-otel report FILE | head``
            discard_stdout()
            return EXIT_FAILURE
    settings = make_settings(name=PROGRAM, version=__version__, config_dir=options.config_dir)
    command = next(each for each in COMMANDS if each.name == options.command)
    try:
        return execute(command, settings, as_json=options.json, number=options.number, flag=options.flag)
    except KeyboardInterrupt:
        terminal.write(sys.stderr, "Interrupted.")
        return EXIT_INTERRUPTED


def _for_maintainers(options: argparse.Namespace) -> int:
    if options.command == MANIFEST:
        from arcade_otel.cli.manifest import manifest

        return manifest(options.app, as_json=options.json, output=options.output, check=options.check)
    from arcade_otel.cli.report import report

    return report(options.files, as_json=options.json, html=options.html)


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line. ``docs/reference/cli.md`` is generated from this parser."""
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Show, choose and check which usage data the programs of a config directory collect.",
        epilog=EPILOG,
    )
    parser.add_argument("--version", action="version", version=f"arcade-otel {__version__}", help="Show the version and exit.")
    parser.add_argument("--config-dir", metavar="PATH", help="Config directory. Default: ARCADE_WORK_DIR, else ~/.arcade.")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in COMMANDS:
        subparser = subparsers.add_parser(command.name, help=command.help, description=command.help, epilog=EPILOG)
        subparser.set_defaults(number=None, flag=False)
        if command.number is not None:
            name, default, minimum, about, maximum = command.number
            integer = _integer_between(minimum, maximum)
            subparser.add_argument(
                f"--{name}", dest="number", type=integer, default=default, metavar="N", help=f"{about} Default: {default}."
            )
        if command.flag is not None:
            subparser.add_argument(f"--{command.flag.name}", dest="flag", action="store_true", help=command.flag.help)
        subparser.add_argument("--json", action="store_true", help=JSON_HELP)
    _add_manifest_arguments(
        subparsers.add_parser(MANIFEST, help=_MANIFEST_HELP, description=_MANIFEST_HELP, epilog=_MANIFEST_EPILOG)
    )
    _add_report_arguments(subparsers.add_parser(REPORT, help=_REPORT_HELP, description=_REPORT_HELP, epilog=_REPORT_EPILOG))
    return parser


def _add_report_arguments(subparser: argparse.ArgumentParser) -> None:
    subparser.add_argument(
        "files",
        metavar="FILE",
        nargs="+",
        help="A PostHog export (JSON Lines, JSON, CSV), OTLP/JSON, or the log of python -m arcade_otel.testing. For stdin: -",
    )
    subparser.add_argument("--json", action="store_true", help=JSON_HELP)
    subparser.add_argument("--html", metavar="OUT", help="Write an HTML page with charts to OUT, instead of tables to stdout.")


def _add_manifest_arguments(subparser: argparse.ArgumentParser) -> None:
    subparser.add_argument(
        "app", metavar="APP", help="The object that you pass to instrument(): module:attribute or path/to/file.py:attribute."
    )
    subparser.add_argument("--json", action="store_true", help="Write JSON instead of Markdown.")
    mode = subparser.add_mutually_exclusive_group()
    mode.add_argument("--output", metavar="FILE", help="Write to FILE. Default: stdout.")
    mode.add_argument("--check", metavar="FILE", help="Check that FILE is up to date, and write nothing.")


def _integer_between(minimum: int, maximum: int | None) -> Callable[[str], int]:
    def integer(text: str) -> int:
        value = int(text)
        if value < minimum:
            raise argparse.ArgumentTypeError(f"must be at least {minimum}")
        if maximum is not None and value > maximum:
            raise argparse.ArgumentTypeError(f"must be at most {maximum}")
        return value

    return integer


if __name__ == "__main__":
    sys.exit(main())
