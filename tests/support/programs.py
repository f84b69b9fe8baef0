"""The same small programs with and without us, for whatever compares the two."""

__all__ = ["CLICK", "TYPER", "with_us", "with_usage"]

TYPER = """
import typer
app = typer.Typer()

@app.command()
def hello(name: str = "you"):
    print(f"hello {name}")

@app.command()
def other():
    pass
# instrument
if __name__ == "__main__":
    app()
"""

CLICK = """
import click

@click.group()
def app():
    pass

@app.command()
@click.option("--name", default="you")
def hello(name):
    print(f"hello {name}")
# instrument
if __name__ == "__main__":
    app()
"""


def with_usage(source: str) -> str:
    """Return ``source`` with our two lines: instrumented, and with the usage commands."""
    mount = (
        "app.add_typer(arcade_otel.usage_commands(app), name='usage')"
        if "typer" in source
        else "app.add_command(arcade_otel.usage_commands(app))"
    )
    return with_us(source).replace('version="1.2.3")\n', f'version="1.2.3")\n{mount}\n')


def with_us(source: str) -> str:
    """Return ``source`` with the one line."""
    return source.replace("# instrument\n", 'import arcade_otel\narcade_otel.instrument(app, name="tool", version="1.2.3")\n')
