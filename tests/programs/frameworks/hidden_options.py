import click
from recorder import instrument


@click.command()
@click.option("--secret", expose_value=False)
@click.option("--other", expose_value=False, envvar="TOOL_OTHER")
@click.option("--loud", is_flag=True, expose_value=False)
def app():
    raise ValueError("cannot use plumbago or marzipan")


import os

os.environ["TOOL_OTHER"] = "marzipan"


def main():
    instrument(app, record_option_names=True)
    app()
