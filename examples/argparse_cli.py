"""An argparse program with usage telemetry: one line around ``main()``."""

import argparse
import sys

import arcade_otel


def main() -> int:
    """Run a command."""
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    tool = commands.add_parser("tool").add_subparsers(dest="action", required=True)
    run = tool.add_parser("run")
    run.add_argument("name")
    run.add_argument("--fail", action="store_true")
    arguments = parser.parse_args()
    if arguments.fail:
        sys.exit(f"{arguments.name} is out of order")
    print(f"{arguments.name}: done")
    return 0


if __name__ == "__main__":
    with arcade_otel.program(name="argparse-cli", version="1.0.0"):
        sys.exit(main())
