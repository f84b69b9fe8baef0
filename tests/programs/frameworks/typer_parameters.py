import enum
import io
import os
import sys
from pathlib import Path

import typer
from recorder import instrument

ASKED = False
sys.stdin = io.StringIO("CanaryPrompt\n")
os.environ["TOOL_REGION"] = "Canari"  # as long as an ordinary variable's value that is looked for
app = typer.Typer()


class Colour(str, enum.Enum):
    red = "CanaryChoice"


@app.callback()
def main(profile: str = typer.Option("plain", "--profile", "-p")):
    pass


@app.command()
def work(
    name: str,
    files: list[Path] = typer.Option([], "--file", "-f"),
    region: str = typer.Option("nowhere", envvar="TOOL_REGION"),
    owner: str = typer.Option(lambda: "CanaryComputed"),
    secret: str = typer.Option(..., prompt=True, hide_input=False),
    colour: Colour = typer.Option(Colour.red, "--colour"),
    count: int = typer.Option(7, "--count", "-c"),
    verbose: bool = typer.Option(False, "--verbose/--quiet", "-v"),
):
    file = files[0].name if files else ""
    raise RuntimeError(f"no {name} {file} in {region} of {owner} with {secret} for {count} at plain; {colour.value}")


instrument(app, record_option_names=ASKED)
if __name__ == "__main__":
    app()
