import sys

from table_helpers import command


def main():
    from plumbum import cli

    class Tool(cli.Application):
        def main(self):
            pass

    @Tool.subcommand("build")
    class Build(cli.Application):
        n = cli.SwitchAttr("--n", int, default=1)

        def main(self):
            print("built", self.n)

    @Tool.subcommand("fail")
    class Fail(cli.Application):
        def main(self):
            raise ValueError("it broke")

    with command("tool"):
        Tool.run(["tool", *sys.argv[1:]])
