"""What a command was given: never recorded, taken out of an error's message; options' names only where asked for."""

import json
from pathlib import Path

import pytest

from arcade_otel import conventions
from tests.frameworks.recording import run

# Where a value may come from, besides the command line: each is quoted, without quotes, by the error's message.
TYPER = """
import enum, io, os, sys
from pathlib import Path
import typer
sys.stdin = io.StringIO("CanaryPrompt\\n")
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
"""
CLICK = """
import io, os, sys
from pathlib import Path
import click
sys.stdin = io.StringIO("CanaryPrompt\\n")
os.environ["TOOL_REGION"] = "Canari"

@click.group()
@click.option("--profile", "-p", default="plain")
def app(profile):
    pass

@app.command()
@click.argument("name")
@click.option("--file", "-f", "files", multiple=True, type=click.Path(path_type=Path))
@click.option("--region", envvar="TOOL_REGION")
@click.option("--owner", default=lambda: "CanaryComputed")
@click.option("--secret", prompt=True)
@click.option("--colour", type=click.Choice(["CanaryChoice"]), default="CanaryChoice")
@click.option("--count", "-c", default=7)
@click.option("--verbose/--quiet", "-v", default=False)
@click.option("--token")
def work(name, files, region, owner, secret, colour, count, verbose, token):
    file = files[0].name if files else ""
    raise RuntimeError(f"no {name} {file} in {region} of {owner} with {secret} for {count} at plain; {colour} {token}")

instrument(app, record_option_names=ASKED)
if __name__ == "__main__":
    app(default_map={"work": {"token": "CanaryConfig"}})
"""
SOURCES = pytest.mark.parametrize("source", [TYPER, CLICK], ids=["typer", "click"])


@SOURCES
def test_values_of_parameters_are_taken_out_of_the_message_wherever_they_came_from(tmp_path: Path, source: str) -> None:
    """An argument, a file's name, a variable, a prompt, a configuration; a default that the source tells is left."""
    ended = run(
        tmp_path,
        source.replace("ASKED", "False"),
        "-p",
        "CanaryProfile",
        "work",
        "Canary1",
        "-f",
        "some/CanaryFile",
        "--colour",
        "CanaryChoice",
    )
    ((_, attributes),) = ended.spans
    message = attributes[conventions.ERROR_MESSAGE]
    assert "canar" not in json.dumps(attributes).lower(), message
    assert message.startswith("no <argument> <argument> in <argument> of <argument> with <argument> for 7 at plain")
    assert conventions.COMMAND_OPTIONS not in attributes


@SOURCES
def test_the_names_of_options_are_recorded_where_a_program_asks_for_them(tmp_path: Path, source: str) -> None:
    """As they are defined, each once, the group's too; neither what came from elsewhere nor any value."""
    asked = source.replace("ASKED", "True").replace("raise RuntimeError", "str")
    ended = run(tmp_path, asked, "-pCanary", "work", "Canary1", "-fa", "-f", "Canary2", "-v", "-c", "3")
    ((_, attributes),) = ended.spans
    assert ended.exit_code == 0, ended.stderr
    assert "canar" not in json.dumps(attributes).lower()
    names = [value["stringValue"] for value in attributes[conventions.COMMAND_OPTIONS]["values"]]
    assert names == ["--count", "--file", "--profile", "--verbose"]


@SOURCES
def test_an_option_that_is_not_defined_is_not_recorded(tmp_path: Path, source: str) -> None:
    """What was mistyped may be a secret."""
    ended = run(tmp_path, source.replace("ASKED", "True"), "work", "x", "--canary=1")
    ((_, attributes),) = ended.spans
    assert ended.exit_code == 2
    assert "canar" not in json.dumps(attributes).lower()
    assert conventions.COMMAND_OPTIONS not in attributes
