"""The table of the usage commands, with the name, help, options and function of each command.

Importing this module does not import the modules that contain the commands' functions.
"""

from collections.abc import Callable
from importlib import import_module
from typing import NamedTuple

from arcade_otel.cli.output import Output
from arcade_otel.settings import Settings

__all__ = [
    "COMMANDS",
    "EPILOG",
    "EXIT_FAILURE",
    "EXIT_OFF",
    "EXIT_OK",
    "EXIT_USAGE",
    "JSON_HELP",
    "Command",
    "FlagOption",
    "IntOption",
]

# --- exit codes ---------------------------------------------------------------------------------------------------------------
#: The command succeeded.
EXIT_OK = 0
#: The command failed, or something needs attention.
EXIT_FAILURE = 1
#: The command line is wrong. Click, Typer and argparse exit with the same code.
EXIT_USAGE = 2
#: ``status``: no usage data is collected.
EXIT_OFF = 3

JSON_HELP = "Print one JSON object, for scripts."
EPILOG = (
    "Exit codes: 0 done, 1 not done or something needs attention, 2 wrong command line, 3 (status) no usage data is collected."
)


class IntOption(NamedTuple):
    """An option that takes a whole number: ``--name N``."""

    name: str
    default: int
    minimum: int
    help: str
    maximum: int | None = None


class FlagOption(NamedTuple):
    """An option without a value: ``--name``. The command's function receives the option as a keyword argument."""

    name: str
    help: str

    @property
    def keyword(self) -> str:
        """The name of the keyword argument that the command's function receives."""
        return self.name.replace("-", "_")


class Command(NamedTuple):
    """One usage command: its name, its help, the module and function that run it, and its options except ``--json``."""

    name: str
    help: str
    target: str
    number: IntOption | None = None
    flag: FlagOption | None = None

    def run(self, settings: Settings, output: Output, number: int | None = None, *, flag: bool = False) -> int:
        """Run the command and return its exit code.

        Raises:
            OSError: If the config directory cannot be read or written.
        """
        module, _, name = self.target.partition(":")
        function: Callable[..., int] = getattr(import_module(f"arcade_otel.cli.{module}"), name)
        numbers = () if self.number is None else (number,)
        flags = {} if self.flag is None else {self.flag.keyword: flag}
        return function(settings, output, *numbers, **flags)


COMMANDS = (
    Command("status", "Show whether usage data is collected, why, and which events are queued.", "status:status"),
    Command("enable", "Enable usage data for every program that uses this config directory.", "enable_disable:enable"),
    Command(
        "disable",
        "Disable usage data for every program that uses this config directory, and delete the queued events.",
        "enable_disable:disable",
    ),
    Command("show", "Show the exact payload of the last event and of every queued event.", "show_and_log:show"),
    Command(
        "log",
        "Show whether each of the last events was queued, sent or dropped, and why.",
        "show_and_log:log",
        IntOption("limit", 100, 1, "Show only the N newest events."),
    ),
    Command(
        "flush",
        "Send the queued events now.",
        "flush:flush",
        IntOption("timeout", 60, 1, "Stop after N seconds."),
    ),
    Command(
        "forget",
        "Delete the queued events and the receipts on this machine, and make a new anonymous ID.",
        "forget:forget",
    ),
    Command(
        "doctor",
        "Check whether events can be delivered from this machine, and measure how much time recording adds to a command.",
        "doctor:doctor",
    ),
    Command(
        "view",
        "Show the status and the events of this machine on a page in your browser, until you press Ctrl-C.",
        "view:view",
        IntOption("port", 0, 0, "Serve the page on port N of 127.0.0.1, where 0 means any free port.", maximum=65535),
        FlagOption("no-browser", "Print the address of the page without opening a browser."),
    ),
)
