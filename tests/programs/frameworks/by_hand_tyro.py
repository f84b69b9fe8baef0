import sys

from table_helpers import command


def main():
    import tyro

    def build(num: int = 1):
        print("built", num)

    def fail():
        raise ValueError("it broke")

    def leave():
        sys.exit(3)

    with command("tool"):
        tyro.extras.subcommand_cli_from_dict({"build": build, "fail": fail, "leave": leave}, prog="tool")
