"""A program of argparse's with usage telemetry: a block around what a command does."""

import argparse
import sys

import arcade_otel

arcade_otel.configure(name="argparse-cli", version="1.0.0")


def main() -> int:
    """Run a command."""
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run")
    run.add_argument("name")
    run.add_argument("--fail", action="store_true")
    arguments = parser.parse_args()
    with arcade_otel.command(f"tool.{arguments.command}"):
        if arguments.fail:
            sys.exit(f"{arguments.name} is out of order")
        print(f"{arguments.name}: done")
    return 0


if __name__ == "__main__":
    sys.exit(main())
