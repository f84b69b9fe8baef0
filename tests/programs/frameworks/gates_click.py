import click
from recorder import instrument


def version(context, parameter, wanted):
    if wanted:
        print("1.2.3")
        exit()


@click.group()
@click.option("--version", is_flag=True, expose_value=False, is_eager=True, callback=version)
@click.pass_context
def app(context):
    if context.invoked_subcommand not in ("login", None):
        raise click.ClickException("you are not logged in")


@app.group()
def secret():
    pass


@secret.command(name="list")
def list_():
    pass


@app.command()
def login():
    pass


instrument(app)
app()
