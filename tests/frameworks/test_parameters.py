"""The values of a command's parameters are never recorded and are removed from an error's message.

Option names are recorded only on request.
"""

import json
from pathlib import Path

import pytest

from arcade_otel import conventions
from tests.frameworks.recording import run
from tests.support.programs import read_program

# Where a value may come from, besides the command line: each is quoted, without quotes, by the error's message.
TYPER = read_program("frameworks/typer_parameters")
CLICK = read_program("frameworks/click_parameters")
SOURCES = pytest.mark.parametrize("source", [TYPER, CLICK], ids=["typer", "click"])


@SOURCES
def test_values_of_parameters_are_taken_out_of_the_message_wherever_they_came_from(tmp_path: Path, source: str) -> None:
    """The values come from an argument, a file's name, a variable, a prompt or a configuration.

    A default in the source is left.
    """
    ended = run(
        tmp_path,
        source,
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
    """The names are as the program defines them, each once, and include those of groups.

    Options from other sources and values are not recorded.
    """
    asked = source.replace("ASKED = False", "ASKED = True").replace("raise RuntimeError", "str")
    ended = run(tmp_path, asked, "-pCanary", "work", "Canary1", "-fa", "-f", "Canary2", "-v", "-c", "3")
    ((_, attributes),) = ended.spans
    assert ended.exit_code == 0, ended.stderr
    assert "canar" not in json.dumps(attributes).lower()
    names = [value["stringValue"] for value in attributes[conventions.COMMAND_OPTIONS]["values"]]
    assert names == ["--count", "--file", "--profile", "--verbose"]


@SOURCES
def test_an_option_that_is_not_defined_is_not_recorded(tmp_path: Path, source: str) -> None:
    """A mistyped option may be a secret."""
    ended = run(tmp_path, source.replace("ASKED = False", "ASKED = True"), "work", "x", "--canary=1")
    ((_, attributes),) = ended.spans
    assert ended.exit_code == 2
    assert "canar" not in json.dumps(attributes).lower()
    assert conventions.COMMAND_OPTIONS not in attributes
