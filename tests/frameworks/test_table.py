"""The statements of ``docs/frameworks.md`` about frameworks without an adapter are true.

Each program runs in two processes, bare and recorded.
"""

from pathlib import Path

import pytest

from tests.frameworks.battery import run_all
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


@pytest.mark.parametrize("framework", ARGPARSE_LIKE)
def test_program_follows_what_parses_by_argparse(tmp_path: Path, framework: str) -> None:
    """The sub-command's name, usage errors and exit codes are recorded, and ``--help`` leaves no event."""
    pytest.importorskip(framework.replace("-", "_"))
    cases: list[tuple[list[str], str | None]] = [
        (["build", "--n", "2"], "build"),
        (["fail"], "fail"),
        (["build", "--nosuch"], "build"),
        (["nosuch"], ""),
        (["--help"], None),
        (["build", "--help"], None),
    ]
    found = run_all(tmp_path, ARGPARSE_LIKE[framework], [words for words, _ in cases])
    assert [[attributes["command"] for _, attributes in ended.spans] for ended in found] == [
        [] if name is None else [name] for _, name in cases
    ]


@pytest.mark.parametrize("framework", BY_HAND)
def test_command_records_a_program_of_any_framework_under_one_name(tmp_path: Path, framework: str) -> None:
    """The exit code and the error are recorded. Help and version are events too, because this library cannot recognize them."""
    pytest.importorskip(framework)
    found = run_all(tmp_path, BY_HAND[framework], [["build", "--n", "2"], ["fail"], ["nosuch"]])
    for ended in found:
        ((_, attributes),) = ended.spans
        assert (attributes["command"], attributes["process.exit.code"]) == ("tool", ended.exit_code)
    assert found[0].exit_code == 0
    assert found[1].spans[0][1]["error.type"] == "ValueError"
