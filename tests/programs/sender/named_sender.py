"""A program with the usage commands. The variable TEST_SENDER, if it is set, has the command line of its sender as JSON."""

import json
import os

import click

import arcade_otel


@click.group()
def app() -> None:
    """Do nothing."""


@app.command()
def work() -> None:
    """Do nothing."""


if __name__ == "__main__":
    sender = json.loads(os.environ.get("TEST_SENDER", "null"))
    arcade_otel.instrument(app, name="tool", version="1", sender_command=sender)
    app.add_command(arcade_otel.usage_commands(app))
    app()
