import sys

import typer

app = typer.Typer()


def show_version(wanted: bool):
    if wanted:
        print("1.2.3")
        raise typer.Exit


@app.callback()
def main(version: bool = typer.Option(False, "--version", callback=show_version, is_eager=True)):
    pass


@app.command()
def work(name: str = "you"):
    print(f"hello {name}")
    print("a warning", file=sys.stderr)


@app.command()
def fail():
    raise typer.Exit(3)


@app.command()
def login():
    print("welcome")


@app.command()
def logout():
    print("bye")


# instrument
app()
