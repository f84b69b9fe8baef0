import click
from recorder import instrument

calls: list[str] = []


@click.command()
def cli():
    print("leaf")


@click.group(name="inner")
def bar():
    pass


@bar.command()
def baz():
    print("baz")


class LazyGroup(click.Group):
    def __init__(self, *args, lazy_subcommands=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.lazy_subcommands = lazy_subcommands or {}

    def list_commands(self, ctx):
        calls.append("list")
        return super().list_commands(ctx) + sorted(self.lazy_subcommands)

    def get_command(self, ctx, name):
        calls.append("get")
        if name in self.lazy_subcommands:
            return self.lazy_subcommands[name]()
        return super().get_command(ctx, name)


@click.group(cls=LazyGroup, lazy_subcommands={"foo": lambda: cli, "bar": lambda: bar})
def app():
    pass


instrument(app)
try:
    app()
finally:
    print(calls)
