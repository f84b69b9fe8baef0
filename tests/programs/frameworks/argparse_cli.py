import argparse
import sys
from contextlib import nullcontext


def main():
    parser = argparse.ArgumentParser(prog="t")
    parser.add_argument("--version", action="version", version="t 1.0")
    parser.add_argument("--verbose", action="store_true")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", aliases=["r"])
    run.add_argument("--count", type=int, default=1)
    toolkit = commands.add_parser("toolkit").add_subparsers(dest="sub", required=True)
    toolkit.add_parser("list").add_argument("name", nargs="?")
    commands.add_parser("fail").add_argument("--how", default="raise")
    chosen = parser.parse_args()
    if chosen.command == "fail":
        if chosen.how == "raise":
            raise ValueError("it broke")
        sys.exit(7)
    print("done", chosen.command)


def program():
    import os

    if not os.environ.get("OUT"):
        return nullcontext()
    import arcade_otel

    return arcade_otel.program(name="tool", posthog_api_key="phc_x", record_option_names=True)


with program():
    main()
