spec = globals()["spec"]  # the scenario, which the runner gives
import click

import arcade_otel
from tests.privacy.scenarios import act, declarations


@click.group()
def app():
    pass


@app.command()
@click.argument("words", nargs=-1)
@click.option("--opt", "-o")
@click.option("--count", type=int)
def run(words, opt, count):
    act(spec)


@app.command()
@click.option("--opt", "-o", prompt=True)
def ask(opt):
    act(spec)


@app.command()
@click.argument("words", nargs=-1)
@click.option("--opt", "-o")
def login(words, opt):
    act(spec)


@app.command()
@click.argument("words", nargs=-1)
@click.option("--opt", "-o")
def logout(words, opt):
    act(spec)


arcade_otel.instrument(app, name=spec["name"], version="1", **declarations(spec))
app()
