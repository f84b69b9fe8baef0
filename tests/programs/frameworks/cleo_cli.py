from cleo.application import Application
from cleo.commands.command import Command
from cleo.helpers import option
from recorder import instrument


class Build(Command):
    name = "build"
    aliases = ["b"]
    options = [option("n", None, "", flag=False, default="1"), option("fast", "f", "")]

    def handle(self):
        self.line(f"built {self.option('n')}")
        return 0


class Leave(Command):
    name = "leave"

    def handle(self):
        return 3


class Code(Command):
    name = "code"

    def handle(self):
        return 4


class Fail(Command):
    name = "toolkit fail"

    def handle(self):
        raise ValueError("it broke at ")


def main():
    app = Application("tool", "1.0")
    for command in (Build(), Leave(), Code(), Fail()):
        app.add(command)
    instrument(app, record_option_names=True)
    app.run()
