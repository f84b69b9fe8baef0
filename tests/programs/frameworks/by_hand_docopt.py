import sys

from table_helpers import command


def main():
    from docopt import docopt

    with command("tool"):
        chosen = docopt("Usage:\n  tool build [--num=N]\n  tool (fail | leave)\n  tool --help | --version", version="1.0")
        if chosen["fail"]:
            raise ValueError("it broke")
        if chosen["leave"]:
            sys.exit(3)
        print("built", chosen["--num"])
