import sys

from table_helpers import command


def main():
    from plumbum import cli

    class Tool(cli.Application):
        VERSION = "1.0"

        def main(self):
            pass

    @Tool.subcommand("build")
    class Build(cli.Application):
        num = cli.SwitchAttr("--num", int, default=1)

        def main(self):
            print("built", self.num)

    @Tool.subcommand("fail")
    class Fail(cli.Application):
        def main(self):
            raise ValueError("it broke")

    @Tool.subcommand("leave")
    class Leave(cli.Application):
        def main(self):
            return 3

    with command("tool"):
        Tool.run(["tool", *sys.argv[1:]])
