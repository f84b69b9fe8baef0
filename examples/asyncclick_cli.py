"""A asyncclick program with usage telemetry: one line."""

import asyncclick as click

import arcade_otel


@click.group()
async def cli() -> None:
    """Do this and that."""


@cli.group()
async def tool() -> None:
    """Work with tools."""


@tool.command()
@click.argument("name")
@click.option("--fail", is_flag=True)
async def run(name: str, *, fail: bool) -> None:
    """Run a tool."""
    if fail:
        raise click.ClickException(f"{name} is out of order")
    click.echo(f"{name}: done")


arcade_otel.instrument(cli, name="asyncclick-cli", version="1.0.0")

if __name__ == "__main__":
    cli(_anyio_backend="asyncio")
