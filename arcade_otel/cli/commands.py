"""The usage commands: what they are called, what they take, and where they are. Importing this loads none of them."""

from collections.abc import Callable
from importlib import import_module
from typing import NamedTuple

from arcade_otel.cli.output import Output
from arcade_otel.settings import Settings

__all__ = ["COMMANDS", "EXIT_FAILURE", "EXIT_OFF", "EXIT_OK", "EXIT_USAGE", "JSON_HELP", "Command", "FlagOption", "IntOption"]

# --- exit codes ---------------------------------------------------------------------------------------------------------------
#: It did what it was asked to.
EXIT_OK = 0
#: It did not, or something needs attention.
EXIT_FAILURE = 1
#: The command line is wrong (Click's, Typer's and argparse's own).
EXIT_USAGE = 2
#: ``status``: nothing is recorded.
EXIT_OFF = 3

JSON_HELP = "Print one JSON object, for programs."


class IntOption(NamedTuple):
    """A command's option that takes a whole number: ``--name N``."""

    name: str
    default: int
    smallest: int
    help: str
    largest: int | None = None


class FlagOption(NamedTuple):
    """A command's option that is given or not: ``--name``; a keyword of that name to its function."""

    name: str
    help: str

    @property
    def keyword(self) -> str:
        """The name as Python writes it."""
        return self.name.replace("-", "_")


class Command(NamedTuple):
    """A command: its name, its help, the module and function that run it, and its options besides ``--json``."""

    name: str
    help: str
    place: str
    number: IntOption | None = None
    flag: FlagOption | None = None

    def run(self, settings: Settings, output: Output, number: int | None = None, *, flag: bool = False) -> int:
        """Run it and return its exit code.

        Raises:
            OSError: The config directory cannot be read or written.
        """
        module, _, function = self.place.partition(":")
        found: Callable[..., int] = getattr(import_module(f"arcade_otel.cli.{module}"), function)
        numbers = () if self.number is None else (number,)
        flags = {} if self.flag is None else {self.flag.keyword: flag}
        return found(settings, output, *numbers, **flags)


COMMANDS = (
    Command(
        "status", "Tell whether usage data is collected, why, and what waits to be sent. Exit code 3: it is not.", "status:status"
    ),
    Command("enable", "Let usage data be collected. Exit code 1: something stronger still says no.", "enable_disable:enable"),
    Command("disable", "Let nothing be collected from now on, and remove what waits to be sent.", "enable_disable:disable"),
    Command("show", "Show exactly what the last command sent, and what waits to be sent.", "show_and_log:show"),
    Command(
        "log",
        "Tell what became of the last events: queued, sent, or dropped and why.",
        "show_and_log:log",
        IntOption("limit", 100, 1, "Tell of at most so many, the newest."),
    ),
    Command(
        "flush",
        "Send what waits, now. Exit code 1: something still waits.",
        "flush:flush",
        IntOption("timeout", 60, 1, "Give up after so many seconds."),
    ),
    Command("forget", "Remove everything that was collected on this machine, and take a new anonymous id.", "forget:forget"),
    Command("doctor", "Measure what the collection costs here, and check the way to the server.", "doctor:doctor"),
    Command(
        "view",
        "Show what was collected on this machine on a page in the browser, until Ctrl-C.",
        "view:view",
        IntOption("port", 0, 0, "Serve the page on this port of 127.0.0.1; 0 takes any that is free.", largest=65535),
        FlagOption("no-browser", "Print the page's address, and open no browser."),
    ),
)
