from table_helpers import command


def main():
    import tyro

    def build(n: int = 1):
        print("built", n)

    def fail():
        raise ValueError("it broke")

    with command("tool"):
        tyro.extras.subcommand_cli_from_dict({"build": build, "fail": fail}, prog="tool")
