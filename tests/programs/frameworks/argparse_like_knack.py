import sys

from table_helpers import program


def main():
    import types

    from knack import CLI
    from knack.commands import CLICommandsLoader, CommandGroup

    module = types.ModuleType("operations")

    def build(num=1):
        print("built", num)

    def fail():
        raise ValueError("it broke")

    def leave():
        sys.exit(3)

    vars(module).update(build=build, fail=fail, leave=leave)
    sys.modules["operations"] = module

    class Loader(CLICommandsLoader):
        def load_command_table(self, args):
            with CommandGroup(self, "", "operations#{}") as group:
                group.command("build", "build")
                group.command("fail", "fail")
                group.command("leave", "leave")
            return super().load_command_table(args)

    with program():
        cli = CLI(cli_name="tool", commands_loader_cls=Loader)
        sys.exit(cli.invoke(sys.argv[1:]))
