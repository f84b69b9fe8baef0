"""A Typer program with usage telemetry: one line."""

import typer

import arcade_otel

app = typer.Typer()
tool = typer.Typer()
app.add_typer(tool, name="tool")


@tool.command()
def run(name: str, *, fail: bool = False) -> None:
    """Run a tool."""
    if fail:
        raise typer.Exit(3)
    typer.echo(f"{name}: done")


@app.command()
def hello() -> None:
    """Say hello."""
    typer.echo("hello")


arcade_otel.instrument(app, name="typer-cli", version="1.0.0")

if __name__ == "__main__":
    app()
