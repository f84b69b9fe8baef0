import os
import pathlib
import signal

import click

import arcade_otel


@click.group()
def app():
    pass


@app.command()
@click.option("--once", is_flag=True)
def serve(once):
    print("serving", flush=True)
    if not once:
        signal.pause()


@app.command()
def login():
    credentials = os.environ["ARCADE_TEST_CREDENTIALS"]
    pathlib.Path(os.environ["ARCADE_WORK_DIR"], "credentials.yaml").write_text(credentials)


@app.command()
def work():
    pass


arcade_otel.instrument(app, name="tool", version="1.2.3", record_start=["serve", "login"], exclude=())
app()
