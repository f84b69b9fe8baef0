"""An argparse program in one line: the parser, the sub-command, usage errors, help and exit codes are found by themselves."""

from pathlib import Path

import pytest

from tests.frameworks.recording import run
from tests.support.programs import read_program

PROGRAM = read_program("frameworks/argparse_cli")


@pytest.mark.parametrize(
    ("arguments", "exit_code", "command"),
    [
        (["run"], 0, "run"),
        (["r", "--count", "2"], 0, "run"),
        (["toolkit", "list", "x"], 0, "toolkit.list"),
        (["fail"], 1, "fail"),
        (["fail", "--how", "exit"], 7, "fail"),
        (["run", "--count", "many"], 2, "run"),
        (["run", "--nosuch"], 2, "run"),
        (["nosuch"], 2, ""),
        ([], 2, ""),
        (["toolkit"], 2, "toolkit"),
    ],
)
def test_a_run_is_one_span_named_by_the_parsers(tmp_path: Path, arguments: list[str], exit_code: int, command: str) -> None:
    """A usage error is one span, too.

    Typed text never names a command, and output and exit code are those of the bare program.
    """
    ended = run(tmp_path, PROGRAM, *arguments)
    assert ended.exit_code == exit_code
    ((_, attributes),) = ended.spans
    assert (attributes["command"], attributes["process.exit.code"]) == (command, exit_code)


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["run", "--help"]])
def test_help_and_version_are_not_recorded(tmp_path: Path, arguments: list[str]) -> None:
    """No command ran."""
    assert run(tmp_path, PROGRAM, *arguments).spans == []


def test_option_names_are_those_that_the_program_defines(tmp_path: Path) -> None:
    """An abbreviation counts as the option, and a value is never recorded."""
    ((_, attributes),) = run(tmp_path, PROGRAM, "--verb", "run", "--cou=3").spans
    assert [each["stringValue"] for each in attributes["command_options"]["values"]] == ["--count", "--verbose"]


def test_a_program_that_parses_nothing_is_not_recorded(tmp_path: Path) -> None:
    """The command of such a program is unknown. The debug log says why nothing was recorded."""
    source = PROGRAM.replace("    main()\n", "    print('no parser')\n")
    log = tmp_path / "debug.log"
    assert run(tmp_path, source, environ={"ARCADE_USAGE_DEBUG": str(log)}).spans == []
    assert "no ArgumentParser parsed anything" in log.read_text()


def test_a_decorated_main_is_recorded_too(tmp_path: Path) -> None:
    """The decorator is ``@arcade_otel.program()`` on ``main``."""
    source = PROGRAM.replace(
        "with program():\n    main()\n", "context = program()\n(context(main) if callable(context) else main)()\n"
    )
    ((_, attributes),) = run(tmp_path, source, "run").spans
    assert attributes["command"] == "run"
