import sys

import typer
from recorder import instrument

app = typer.Typer()
toolkit = typer.Typer()
app.add_typer(toolkit, name="toolkit")


def version(value: bool):
    if value:
        print("1.2.3")
        raise typer.Exit


@app.callback()
def main(version: bool = typer.Option(False, "--version", callback=version, is_eager=True)):
    pass


@toolkit.command()
def run(count: int = 1):
    print("ran", count)


@toolkit.command(name="list")
def list_():
    raise ValueError("no such thing")


@app.command()
def leave(code: int = 0):
    raise typer.Exit(code)


@app.command()
def exits(what: str = "text"):
    sys.exit({"text": "some text", "none": None, "zero": 0, "seven": 7}[what])


@app.command()
def abort():
    raise typer.Abort


@app.command()
def interrupt():
    raise KeyboardInterrupt


@app.command()
def pipe():
    raise BrokenPipeError(32, "Broken pipe")


@app.command()
def needs(name: str):
    print(name)


instrument(app)
if __name__ == "__main__":
    app()
