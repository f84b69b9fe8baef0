"""A cleo program with usage telemetry: one line."""

from typing import ClassVar

from cleo.application import Application
from cleo.commands.command import Command
from cleo.helpers import argument, option

import arcade_otel


class Run(Command):
    name = "tool run"
    description = "Run a tool."
    arguments: ClassVar = [argument("tool", "Its name.")]
    options: ClassVar = [option("fail", None, "Fail.")]

    def handle(self) -> int:
        if self.option("fail"):
            raise RuntimeError(f"{self.argument('tool')} is out of order")
        self.line(f"{self.argument('tool')}: done")
        return 0


app = Application("cleo-cli", "1.0.0")
app.add(Run())
arcade_otel.instrument(app, name="cleo-cli", version="1.0.0")

if __name__ == "__main__":
    app.run()
