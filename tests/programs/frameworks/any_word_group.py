import click
from recorder import instrument


class AnyWord(click.Group):
    def get_command(self, ctx, name):
        command = click.Command(name, callback=lambda: print("ran"))
        self.add_command(command)
        return command


@click.group(cls=AnyWord)
def app():
    pass


instrument(app)
app()
