"""The same small programs with and without us, for whatever compares the two."""

__all__ = ["CLICK", "TYPER", "with_us"]

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


def with_us(source: str) -> str:
    """Return ``source`` with the one line."""
    return source.replace("# instrument\n", 'import arcade_otel\narcade_otel.instrument(app, name="tool", version="1.2.3")\n')
