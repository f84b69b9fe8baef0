"""Programs that change how Click finds commands run as they do without us, and are recorded under the names that they define."""

from pathlib import Path

import pytest

from tests.frameworks.recording import run
from tests.support.programs import read_program

LAZY = read_program("frameworks/lazy_group")
ANY_WORD = read_program("frameworks/any_word_group")
STRINGS = read_program("frameworks/string_commands_group")
MAKE_CONTEXT = read_program("frameworks/make_context_group")


@pytest.mark.parametrize(("arguments", "command"), [(["foo"], "foo"), (["bar", "baz"], "bar.baz")])
def test_clicks_documented_lazy_group_is_recorded_by_registered_names(tmp_path: Path, arguments: list[str], command: str) -> None:
    """The name is not that of the function, and ``get_command`` is called as often as without this library."""
    ended = run(tmp_path, LAZY, *arguments)
    ((_, attributes),) = ended.spans
    assert attributes["command"] == command
    assert b"['get']" in ended.stdout


def test_a_command_made_of_any_word_is_recorded_under_its_group(tmp_path: Path) -> None:
    """Typed text never becomes a name, even if the group keeps the command that it made."""
    ((_, attributes),) = run(tmp_path, ANY_WORD, "secretword").spans
    assert "secretword" not in str(attributes)
    assert attributes["command"] == "tool"


def test_a_placeholder_that_is_swapped_is_recorded_by_its_name_and_prompted_values_do_not_leak(tmp_path: Path) -> None:
    """A mapping of strings in place of commands raises no error, and the command that really ran is recorded."""
    ended = run(tmp_path, STRINGS, "logout", "--token", "quokkazanzibar")
    ((_, attributes),) = ended.spans
    assert (attributes["command"], attributes["process.exit.code"]) == ("logout", 1)
    assert "quokkazanzibar" not in attributes["error.message"]


def test_an_error_after_the_parsing_is_recorded_and_the_next_run_too(tmp_path: Path) -> None:
    """An overridden ``make_context`` may raise an error that no context sees."""
    first, second = run(tmp_path, MAKE_CONTEXT).spans
    assert (first[1]["process.exit.code"], second[1]["process.exit.code"]) == (1, 0)
