"""A cyclopts program with usage telemetry: one line."""

import sys

from cyclopts import App

import arcade_otel

app = App(name="cyclopts-cli", version="1.0.0")
tool = App(name="tool")
app.command(tool)


@tool.command
def run(name: str, *, fail: bool = False) -> None:
    """Run a tool."""
    if fail:
        sys.exit(f"{name} is out of order")
    print(f"{name}: done")


arcade_otel.instrument(app, name="cyclopts-cli", version="1.0.0")

if __name__ == "__main__":
    app()
