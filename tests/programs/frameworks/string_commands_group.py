import click
from recorder import instrument


class Strings(click.Group):
    def get_command(self, ctx, name):
        found = super().get_command(ctx, name)
        return real if isinstance(found, str) else found

    def list_commands(self, ctx):
        return list(self.commands)


@click.command()
@click.option("--token", prompt=True)
def real(token):
    raise ValueError(f"bad token {token}")


app = Strings("app", commands={})
app.commands["logout"] = "package.module:real"  # type: ignore[assignment]
instrument(app)
app()
