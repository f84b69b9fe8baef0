"""A cliff program with usage telemetry: one line."""

import sys
from argparse import ArgumentParser, Namespace

from cliff.app import App
from cliff.command import Command
from cliff.commandmanager import CommandManager

import arcade_otel


class Run(Command):
    """Run a tool."""

    def get_parser(self, prog_name: str) -> ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("name")
        parser.add_argument("--fail", action="store_true")
        return parser

    def take_action(self, parsed_args: Namespace) -> None:
        if parsed_args.fail:
            raise RuntimeError(f"{parsed_args.name} is out of order")
        print(f"{parsed_args.name}: done")


commands = CommandManager("cliff_cli.commands")
commands.add_command("tool run", Run)
app = App("Do this and that.", "1.0.0", commands)
arcade_otel.instrument(app, name="cliff-cli", version="1.0.0")

if __name__ == "__main__":
    sys.exit(app.run(sys.argv[1:]))
