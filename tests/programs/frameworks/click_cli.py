import sys

import click
from recorder import instrument


@click.group()
@click.version_option("1.2.3")
def app():
    pass


@app.group()
def toolkit():
    pass


@toolkit.command()
@click.option("--count", default=1)
def run(count):
    print("ran", count)


@toolkit.command(name="list")
def list_():
    raise ValueError("no such thing")


@app.command()
@click.option("--code", default=0)
@click.pass_context
def leave(ctx, code):
    ctx.exit(code)


@app.command()
@click.option("--what", default="text")
def exits(what):
    sys.exit({"text": "some text", "none": None, "zero": 0, "seven": 7}[what])


@app.command()
def abort():
    raise click.Abort


@app.command()
def interrupt():
    raise KeyboardInterrupt


@app.command()
def pipe():
    raise BrokenPipeError(32, "Broken pipe")


@app.command()
@click.argument("name")
def needs(name):
    print(name)


instrument(app)
if __name__ == "__main__":
    app()
