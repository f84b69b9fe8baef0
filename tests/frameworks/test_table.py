"""The statements of ``docs/frameworks.md`` about frameworks without an adapter are true.

Each program runs in two processes, bare and recorded.
"""

from pathlib import Path

import pytest

from arcade_otel.testing import FakePostHog
from tests.frameworks.battery import HELPERS, run_all
from tests.support.machine import Machine
from tests.support.programs import read_program

pytestmark = pytest.mark.latest

ARGPARSE_LIKE = {
    "rich-argparse": read_program("frameworks/argparse_like_rich_argparse"),
    "argcomplete": read_program("frameworks/argparse_like_argcomplete"),
    "configargparse": read_program("frameworks/argparse_like_configargparse"),
    "pydantic-settings": read_program("frameworks/argparse_like_pydantic_settings"),
    "knack": read_program("frameworks/argparse_like_knack"),
}
BY_HAND = {
    "fire": read_program("frameworks/by_hand_fire"),
    "docopt": read_program("frameworks/by_hand_docopt"),
    "tyro": read_program("frameworks/by_hand_tyro"),
    "jsonargparse": read_program("frameworks/by_hand_jsonargparse"),
    "plumbum": read_program("frameworks/by_hand_plumbum"),
}


#: Frameworks whose program here has no second name for a sub-command, or no option that shows the version.
WITHOUT_ALIASES = ("pydantic-settings", "knack", "fire", "docopt", "tyro", "plumbum")
WITHOUT_VERSION = ("pydantic-settings", "fire", "tyro")


def command_lines(framework: str) -> list[list[str]]:
    """Return the command lines that the framework has a meaning for: a success, ways to fail, and questions to the program."""
    lines = [["build", "--num=2"], ["leave"], ["fail"], ["build", "--nosuch"], ["nosuch"], ["--help"], ["build", "--help"]]
    if framework not in WITHOUT_ALIASES:
        lines.append(["b", "--num=2"])
    if framework not in WITHOUT_VERSION:
        lines.append(["--version"])
    return lines


@pytest.mark.parametrize("framework", ARGPARSE_LIKE)
def test_program_follows_what_parses_by_argparse(tmp_path: Path, framework: str) -> None:
    """The sub-command's own name, usage errors and exit codes are recorded, and help and version leave no event.

    An alias is recorded under the name of its sub-command.
    """
    pytest.importorskip(framework.replace("-", "_"))
    lines = command_lines(framework)
    expected = {
        "build --nosuch": "build",
        "b --num=2": "build",
        "nosuch": "",
        "build --num=2": "build",
        "leave": "leave",
        "fail": "fail",
    }
    found = run_all(tmp_path, ARGPARSE_LIKE[framework], lines)
    for words, ended in zip(lines, found, strict=True):
        name = expected.get(" ".join(words))
        seen = [(attributes["command"], attributes["process.exit.code"]) for _, attributes in ended.spans]
        assert seen == ([] if name is None else [(name, ended.exit_code)]), (words, ended)
    codes = dict(zip(map(" ".join, lines), (ended.exit_code for ended in found), strict=True))
    assert (codes["build --num=2"], codes["leave"], codes["fail"], codes["nosuch"], codes["--help"]) == (0, 3, 1, 2, 0)


@pytest.mark.parametrize("framework", BY_HAND)
def test_command_records_a_program_of_any_framework_under_one_name(tmp_path: Path, framework: str) -> None:
    """The exit code and the error are recorded. Help and version are events too, because this library cannot recognize them."""
    pytest.importorskip(framework)
    lines = command_lines(framework)
    found = run_all(tmp_path, BY_HAND[framework], lines)
    for words, ended in zip(lines, found, strict=True):
        seen = [(attributes["command"], attributes["process.exit.code"]) for _, attributes in ended.spans]
        assert seen == [("tool", ended.exit_code)], (words, ended)
    assert [ended.exit_code for ended in found[:3]] == [0, 3, 1]
    assert all(ended.exit_code for ended in found[3:5])
    assert found[2].spans[0][1]["error.type"] == "ValueError"


@pytest.mark.parametrize("framework", ["jsonargparse", "tyro"])
def test_program_records_nothing_of_a_parser_that_is_not_argparse(machine: Machine, posthog: FakePostHog, framework: str) -> None:
    """The debug log says so, and the program runs as usual."""
    pytest.importorskip(framework)
    machine.program(
        "mycli", BY_HAND[framework].replace("import command", "import program").replace('command("tool")', "program()")
    )
    machine.program("table_helpers", HELPERS)
    machine.program("recorder", "")
    machine.program("main", "from mycli import main\nmain()\n")
    ended = machine.run("build", "--num=2", program="main", environ={"OUT": "1"})
    assert (ended.returncode, ended.stdout.startswith("built")) == (0, True), ended.stderr
    assert "no ArgumentParser parsed anything, so nothing is recorded" in machine.log
    machine.settle()
    assert posthog.visible() == []
