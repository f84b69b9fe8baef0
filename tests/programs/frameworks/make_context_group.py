import click
from recorder import instrument


class Late(click.Command):
    def make_context(self, *args, **kwargs):
        super().make_context(*args, **kwargs)
        raise click.ClickException("after the parsing")


app = Late("app", callback=lambda: None)
other = click.Command("other", callback=lambda: print("other"))
instrument(app)
instrument(other)
try:
    app(standalone_mode=False)
except click.ClickException as error:
    print(error.message)
other()
