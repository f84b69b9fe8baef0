import os
import sys
from contextlib import nullcontext

import recorder  # noqa: F401 - lets hand-overs go to a file


def program():
    if not os.environ.get("OUT"):
        return nullcontext()
    import arcade_otel

    return arcade_otel.program(name="tool", posthog_api_key="phc_x")


def command(path):
    if not os.environ.get("OUT"):
        return nullcontext()
    import arcade_otel

    return arcade_otel.command(path, name="tool", posthog_api_key="phc_x")


def argparse_program(parser_class, **how):
    parser = parser_class(prog="tool", **how)
    parser.add_argument("--version", action="version", version="1.0")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("build", aliases=["b"], **how).add_argument("--num", type=int, default=1)
    commands.add_parser("fail", **how)
    commands.add_parser("leave", **how)
    return parser


def follow(chosen):
    if chosen.command == "fail":
        raise ValueError("it broke")
    if chosen.command == "leave":
        sys.exit(3)
    print("built", chosen.num)
