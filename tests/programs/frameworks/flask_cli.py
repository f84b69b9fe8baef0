import click
import flask
from flask.cli import FlaskGroup
from werkzeug.serving import is_running_from_reloader

import arcade_otel


def create_app():
    if is_running_from_reloader():
        print("serving", flush=True)
    return flask.Flask(__name__)


@click.group(cls=FlaskGroup, create_app=create_app)
def cli():
    pass


arcade_otel.instrument(cli, name="flask_cli")
if __name__ == "__main__":
    cli()
