"""cyclopts, cleo, cliff and asyncclick with ``instrument(app)``: a run is one event or none, named by the command tree."""

from pathlib import Path

import pytest

from tests.frameworks.battery import run_all
from tests.support.programs import read_program

CYCLOPTS = read_program("frameworks/cyclopts_cli")
CLEO = read_program("frameworks/cleo_cli")
CLIFF = read_program("frameworks/cliff_cli")
ASYNCCLICK = read_program("frameworks/asyncclick_cli")

#: Command line, its exit code (None: the framework's own for a usage error), and the command's name (None: no event).
COMMAND_LINES: list[tuple[list[str], int | None, str | None]] = [
    (["build", "--n", "2"], 0, "build"),
    (["b", "--fast"], 0, "build"),
    (["leave"], 3, "leave"),
    (["code"], 4, "code"),
    (["toolkit", "fail"], 1, "toolkit.fail"),
    (["build", "--nosuch", "canary"], None, "build"),
    (["canary"], None, ""),
    (["--help"], 0, None),
    (["build", "--help"], 0, None),
    (["--version"], 0, None),
]


@pytest.mark.parametrize("source", [CYCLOPTS, CLEO, CLIFF, ASYNCCLICK], ids=["cyclopts", "cleo", "cliff", "asyncclick"])
def test_each_invocation_is_one_event_or_none(tmp_path: Path, source: str) -> None:
    """An alias is named as its command. Output, errors and exit codes are those of the bare program."""
    found = run_all(tmp_path, source, [words for words, _, _ in COMMAND_LINES])
    for (words, code, name), ended in zip(COMMAND_LINES, found, strict=True):
        if code is None:
            assert ended.exit_code != 0, words
        else:
            assert ended.exit_code == code, words
        assert len(ended.spans) == (name is not None), (words, ended)
        for _, attributes in ended.spans:
            assert (attributes["command"], attributes["process.exit.code"]) == (name, ended.exit_code), words
            assert "canary" not in str(attributes)
    options = [[each["stringValue"] for each in ended.spans[0][1]["command_options"]["values"]] for ended in found[:2]]
    assert options == [["--n"], ["--fast"]]
    if source != CLIFF:  # argparse raises nothing else
        assert all(ended.spans[0][1]["error.type"] != "SystemExit" for ended in found[5:7])
    broken = found[4].spans[0][1]
    assert (broken["error.type"], broken["error.message"]) == ("ValueError", "it broke at")


META = read_program("frameworks/cyclopts_meta")


def test_a_cyclopts_program_may_have_a_meta_app_run_asynchronously_and_call_itself(tmp_path: Path) -> None:
    """Each run is one event, in whichever way the app is started."""
    cases: list[tuple[list[str], str | None]] = [
        (["sub", "f"], "sub.first"),
        (["--user", "me", "sub", "f", "6"], "sub.first"),
        (["--user", "canary", "sub", "first"], "sub.first"),
        (["sub", "nosuch"], "sub"),
        (["--help"], None),
        ([], None),
        (["async", "sub", "first"], "sub.first"),
        (["async", "sub", "first", "6"], "sub.first"),
        (["plain", "other"], "other"),
        (["plain", "sub", "first", "5"], "sub.first"),
        (["plain", "nosuch"], ""),
    ]
    found = run_all(tmp_path, META, [words for words, _ in cases])
    assert [[attributes["command"] for _, attributes in ended.spans] for ended in found] == [
        [] if name is None else [name] for _, name in cases
    ]
    assert "canary" not in str(found[2].spans)


SINGLE_AND_NESTED = read_program("frameworks/cyclopts_single_and_nested")


def test_a_cleo_application_may_return_raise_and_call_its_commands(tmp_path: Path) -> None:
    """Each run is one event. A program that is called without arguments shows its commands, which is no command."""
    cases: list[tuple[list[str], list[tuple[str, int]]]] = [
        (["only"], [("only", 0)]),
        (["only", "raise"], [("only", 1)]),
        (["raises", "only", "raise"], [("only", 1)]),
        (["raises", "nosuch"], [("", 1)]),
        (["only", "interrupt"], [("only", 1)]),
        (["only", "call"], [("only", 0)]),
        ([], []),
        (["help", "only"], []),
        (["list"], []),
    ]
    found = run_all(tmp_path, SINGLE_AND_NESTED, [words for words, _ in cases])
    assert [[(attributes["command"], attributes["process.exit.code"]) for _, attributes in ended.spans] for ended in found] == [
        expected for _, expected in cases
    ]


def test_a_cliff_program_is_named_by_what_the_manager_knows(tmp_path: Path) -> None:
    """This also holds if the user abbreviates, and with ``--debug``, which prints tracebacks."""
    cases = [
        (["tool", "fail"], "toolkit.fail"),
        (["buil"], "build"),
        (["--debug", "toolkit", "fail"], "toolkit.fail"),
        (["--debug", "nosuch"], ""),
        (["help"], None),
        (["help", "build"], None),
        (["complete"], None),
        (["build", "--n", "many"], "build"),
    ]
    found = run_all(tmp_path, CLIFF, [words for words, _ in cases])
    assert [[attributes["command"] for _, attributes in ended.spans] for ended in found] == [
        [] if name is None else [name] for _, name in cases
    ]


@pytest.mark.parametrize("source", [CYCLOPTS, CLEO, CLIFF, ASYNCCLICK], ids=["cyclopts", "cleo", "cliff", "asyncclick"])
def test_an_uninstrumented_app_is_recorded_no_more(tmp_path: Path, source: str) -> None:
    """The app works as before. Instrumenting an app twice is the same as instrumenting it once."""
    line = "    instrument(app, record_option_names=True)\n"
    undone = line * 2 + "    if os.environ.get('OUT') and sys.argv[1] == 'leave':\n        arcade_otel.uninstrument(app)\n"
    before = "import os, sys\nif os.environ.get('OUT'):\n    import arcade_otel\n"
    found = run_all(tmp_path, before + source.replace(line, undone), [["leave"], ["build"], ["leave"]])
    assert [len(ended.spans) for ended in found] == [0, 1, 0]
