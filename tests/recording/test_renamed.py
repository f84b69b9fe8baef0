"""A program renames or discards its run by ``with arcade_otel.command(…) as run:`` or ``program()``."""

import json

import pytest

from arcade_otel.testing import FakePostHog
from tests.support.machine import Machine
from tests.support.programs import read_program

PROGRAM = read_program("recording/renamed")


@pytest.mark.parametrize(
    ("words", "recorded"),
    [
        (("work", "play"), "play"),
        (("work", "play", "play chess"), "play.chess"),
        (("work", "nothing", "number"), "work"),
        (("work", "prompt"), None),  # excluded by its new name
        (("prompt", "work"), "work"),
        (("work", "discard"), None),
        (("work", "discard", "play"), None),
        (("program", "build"), "build"),
        (("program", "nothing"), "nothing"),
        (("program", "build", "discard"), None),
    ],
)
def test_the_event_has_the_new_name_and_a_discarded_run_has_none(
    machine: Machine, posthog: FakePostHog, words: tuple[str, ...], recorded: str | None
) -> None:
    """An invalid name changes nothing, and neither does a call after the block."""
    machine.program("renamed", PROGRAM)
    ended = machine.run(*words, program="renamed")
    assert (ended.returncode, ended.stdout, ended.stderr.count("Traceback")) == (0, "", 0)
    machine.settle()
    names = [event.properties["command_name"] for event in posthog.visible()]
    assert names == ([] if recorded is None else [recorded])
    bad_names = 0 if words[0] == "program" else words.count("nothing") + words.count("number")
    assert machine.log.count("a command keeps its name") == bad_names


def test_a_user_who_opted_out_can_rename_and_discard_too(machine: Machine, posthog: FakePostHog) -> None:
    """The object of the ``with`` statement has the same methods. The library writes and sends nothing."""
    machine.program("renamed", PROGRAM)
    for words in (("work", "play", "discard"), ("program", "build", "discard")):
        assert machine.run(*words, program="renamed", environ={"ARCADE_USAGE_TRACKING": "0"}).returncode == 0
    machine.settle()
    assert not posthog.requests


def test_a_run_that_becomes_a_login_links_the_account(machine: Machine, posthog: FakePostHog) -> None:
    """The new name decides. The alias comes first, and the login belongs to the account."""
    machine.program("renamed", PROGRAM)
    for words in (("work",), ("work", "login")):
        assert machine.run(*words, program="renamed").returncode == 0
        machine.settle()
    assert [event.event for event in posthog.visible()][1:] == ["$create_alias", "CLI execution succeeded"]
    assert posthog.visible()[-1].distinct_id == "user-9"


def test_a_discarded_logout_still_changes_the_identity(machine: Machine, posthog: FakePostHog) -> None:
    """The next command has a new anonymous ID, and no alias links this ID to the account that logged out."""
    machine.program("renamed", PROGRAM)
    for words in (("login",), ("logout", "discard"), ("work",)):
        assert machine.run(*words, program="renamed").returncode == 0
        machine.settle()
    login, work = (event for event in posthog.visible() if event.event.startswith("CLI"))
    assert [login.properties["command_name"], work.properties["command_name"]] == ["login", "work"]
    assert login.distinct_id == "user-9"
    assert work.distinct_id not in ("user-9", "")
    (alias,) = (event for event in posthog.visible() if event.event == "$create_alias")
    assert work.distinct_id not in json.dumps(alias.properties)


NESTED = """
import arcade_otel
arcade_otel.configure(name="tool", version="1", properties={"plan": ["free", "pro"]}, events={"made": {}})
with arcade_otel.command("outer"):
    with arcade_otel.command("inner") as run:
        run.discard()
        arcade_otel.set_property("plan", "pro")
        arcade_otel.track("made")
"""


def test_what_a_discarded_run_sets_and_tracks_is_not_another_runs(machine: Machine, posthog: FakePostHog) -> None:
    """The run around the discarded run has neither the property nor the event."""
    machine.program("nested", NESTED)
    assert machine.run(program="nested").returncode == 0
    machine.settle()
    (outer,) = posthog.visible()
    assert outer.properties["command_name"] == "outer"
    assert "plan" not in outer.properties


THREADS = read_program("recording/threads")


def test_runs_of_two_threads_keep_their_names_properties_events_and_errors_apart(machine: Machine, posthog: FakePostHog) -> None:
    """Both threads are in the decorated function at the same time."""
    machine.program("threads", THREADS)
    assert machine.run(program="threads").returncode == 0
    machine.settle()
    found = sorted((event.event, event.properties["command_name"], event.properties["number"]) for event in posthog.visible())
    assert found == [
        ("CLI execution failed", "job.1", 1),
        ("CLI execution succeeded", "job.2", 2),
        ("made", "job.1", 1),
        ("made", "job.2", 2),
    ]


OPTING_OUT = """
import os
import arcade_otel
arcade_otel.configure(name="tool", version="1", principal=lambda: "user-9")
with arcade_otel.command("logout") as run:
    os.environ["DO_NOT_TRACK"] = "1"
    run.discard()
"""


@pytest.mark.parametrize("why", ["a dry run", "an opt-out in the block"])
def test_a_discarded_login_changes_nothing_where_nothing_may_be_recorded(
    machine: Machine, posthog: FakePostHog, why: str
) -> None:
    """The account stays linked in a dry run, and also if the user opts out while the command runs."""
    machine.program("renamed", PROGRAM)
    machine.run("login", program="renamed")
    machine.settle()
    before = machine.usage
    assert before["linked_principal_id"] == "user-9"
    files = sorted(path.name for path in machine.state.iterdir())
    if why == "a dry run":
        assert machine.run("logout", "discard", program="renamed", environ={"ARCADE_USAGE_TRACKING": "log"}).returncode == 0
    else:
        machine.program("out", OPTING_OUT)
        assert machine.run(program="out").returncode == 0
    machine.settle()
    assert machine.usage == before
    assert sorted(path.name for path in machine.state.iterdir()) == files


ENDED = """
import argparse
import sys
import arcade_otel
with arcade_otel.program(name="tool", version="1", record_start=["serve"]) as run:
    argparse.ArgumentParser().parse_args([])
    run.rename("serve")
    if "end" in sys.argv:
        arcade_otel.end_run()
    if "discard" in sys.argv:
        run.discard()
        arcade_otel.end_run()
"""


@pytest.mark.parametrize(
    ("words", "ends"), [((), 1), (("end",), 1), (("discard",), 0)], ids=["to its end", "end_run", "discarded"]
)
def test_the_new_name_counts_for_the_start_of_a_server_and_for_the_end_of_its_run(
    machine: Machine, posthog: FakePostHog, words: tuple[str, ...], ends: int
) -> None:
    """``record_start`` and ``end_run()`` use the new name once the command line was parsed. A discarded run has no end."""
    machine.program("serving", ENDED)
    assert machine.run(*words, program="serving").returncode == 0
    machine.settle()
    found = [(event.event, event.properties["command_name"]) for event in posthog.visible()]
    assert sorted(found) == [("CLI execution started", "serve"), *[("CLI execution succeeded", "serve")] * ends]
