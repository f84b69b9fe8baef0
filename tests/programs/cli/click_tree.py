import click

import arcade_otel


class Lazy(click.Group):
    lazy_subcommands = {"late": "late", "nosuch": None, "other-name": "its-own"}

    def list_commands(self, ctx):
        return list(self.lazy_subcommands)

    def get_command(self, ctx, name):
        made = self.lazy_subcommands.get(name)
        return made and click.Command(made, callback=lambda: None)


class Abbreviating(click.Group):
    def list_commands(self, ctx):
        return ["st", "status"]

    def get_command(self, ctx, name):
        return next((self.commands[full] for full in self.commands if full.startswith(name)), None)


@click.group(invoke_without_command=True)
def app():
    pass


@app.command(hidden=True)
def secret():
    pass


@app.command(deprecated=True)
def old():
    raise ValueError("too old")


@click.command()
def inner():
    pass


app.add_command(inner, "outer")


@app.group()
def tool():
    pass


@tool.group(name="box")
def box():
    pass


@box.command(name="run-it")
def run_it():
    pass


@app.command()
def login():
    pass


lazy = Lazy("lazy")
app.add_command(lazy)
abbreviating = Abbreviating("abbreviating")
app.add_command(abbreviating)


@abbreviating.command()
def status():
    pass


arcade_otel.instrument(app, name="tool", version="1.2.3")
app.add_command(arcade_otel.usage_commands(app))
if __name__ == "__main__":
    app()
