import os
import sys

import click


@click.group()
def app():
    pass


@app.command()
def work():
    print("done")


@app.command()
def fail():
    raise click.ClickException("it broke")


@app.command()
def login():
    print("hello")


@app.command()
def logout():
    print("bye")


asked: list[str] = []
sys.addaudithook(lambda event, arguments: asked.append(event) if event.startswith("socket.") else None)
# instrument
try:
    app(standalone_mode=False)
except click.ClickException as error:
    print(error.format_message())
if os.environ.get("SHOW_SOCKETS"):
    print(sorted(set(asked)))
