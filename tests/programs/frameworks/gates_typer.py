import typer
from recorder import instrument

app = typer.Typer()
secret = typer.Typer()
app.add_typer(secret, name="secret")


def version(value: bool):
    if value:
        print("1.2.3")
        exit()


@app.callback()
def main(ctx: typer.Context, version: bool = typer.Option(False, "--version", callback=version, is_eager=True)):
    if ctx.invoked_subcommand != "login":
        raise typer.Exit(1)


@secret.command(name="list")
def list_():
    pass


@app.command()
def login():
    pass


instrument(app)
app()
