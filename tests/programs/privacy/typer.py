spec = globals()["spec"]  # the scenario, which the runner gives

import typer

import arcade_otel
from tests.privacy.scenarios import act, declarations

app = typer.Typer()


@app.callback()
def main(verbose: bool = False):
    pass


@app.command()
def run(words: list[str] = typer.Argument(None), opt: str = typer.Option("", "--opt", "-o"), count: int = 1):
    act(spec)


@app.command()
def ask(opt: str = typer.Option(..., prompt=True)):
    act(spec)


@app.command()
def login(words: list[str] = typer.Argument(None), opt: str = typer.Option("", "--opt", "-o")):
    act(spec)


@app.command()
def logout(words: list[str] = typer.Argument(None), opt: str = typer.Option("", "--opt", "-o")):
    act(spec)


arcade_otel.instrument(app, name=spec["name"], version="1", **declarations(spec))
app()
