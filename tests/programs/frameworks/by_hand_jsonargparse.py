import sys

from table_helpers import command


def main():
    from jsonargparse import ArgumentParser

    with command("tool"):
        parser = ArgumentParser(prog="tool", version="1.0")
        commands = parser.add_subcommands(dest="command")
        build = ArgumentParser()
        build.add_argument("--num", type=int, default=1)
        commands.add_subcommand("build", build, aliases=["b"])
        commands.add_subcommand("fail", ArgumentParser())
        commands.add_subcommand("leave", ArgumentParser())
        chosen = parser.parse_args()
        if chosen.command == "fail":
            raise ValueError("it broke")
        if chosen.command == "leave":
            sys.exit(3)
        print("built")
