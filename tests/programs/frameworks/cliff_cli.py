import sys

from cliff.app import App
from cliff.command import Command
from cliff.commandmanager import CommandManager
from recorder import instrument


class Build(Command):
    def get_parser(self, prog):
        parser = super().get_parser(prog)
        parser.add_argument("--n", type=int, default=1)
        parser.add_argument("--fast", action="store_true")
        return parser

    def take_action(self, args):
        self.app.stdout.write(f"built {args.n}\n")


class Leave(Command):
    def take_action(self, args):
        sys.exit(3)


class Code(Command):
    def take_action(self, args):
        return None

    def run(self, args):
        return 4


class Fail(Command):
    def take_action(self, args):
        raise ValueError("it broke at ")


class Tool(App):
    NAME = "tool"

    def initialize_app(self, argv):
        pass

    def clean_up(self, cmd, result, err):
        print("cleaned up", result, err)


def main():
    manager = CommandManager("no.such.namespace")
    for name, command in (("build", Build), ("leave", Leave), ("code", Code), ("toolkit fail", Fail)):
        manager.add_command(name, command)
    manager.add_legacy_command("b", "build")
    app = Tool(description="", version="1.0", command_manager=manager)
    instrument(app, record_option_names=True)
    sys.exit(app.run(sys.argv[1:]))
