import sys

from cleo.application import Application
from cleo.commands.command import Command
from cleo.helpers import argument
from recorder import instrument


class Only(Command):
    name = "only"
    arguments = [argument("word", optional=True)]

    def handle(self):
        if self.argument("word") == "raise":
            raise KeyError("broken")
        if self.argument("word") == "interrupt":
            raise KeyboardInterrupt
        if self.argument("word") == "call":
            return self.call("second")
        self.line("only")
        return 0


class Second(Command):
    name = "second"

    def handle(self):
        self.line("second")
        return 0


def main():
    app = Application("tool", "1.0")
    app.add(Only())
    app.add(Second())
    app.auto_exits(False)
    if sys.argv[1:2] == ["raises"]:
        del sys.argv[1]
        app.catch_exceptions(False)
    instrument(app)
    print("returned", app.run())
