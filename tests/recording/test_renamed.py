"""``with arcade_otel.command(…) as run:`` and ``program()``: a program renames or discards its run."""

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
    """What makes no sense as a name changes nothing, and neither does a call after the block."""
    machine.program("renamed", PROGRAM)
    ended = machine.run(*words, program="renamed")
    assert (ended.returncode, ended.stdout, ended.stderr.count("Traceback")) == (0, "", 0)
    machine.settle()
    names = [event.properties["command_name"] for event in posthog.visible()]
    assert names == ([] if recorded is None else [recorded])
    bad_names = 0 if words[0] == "program" else words.count("nothing") + words.count("number")
    assert machine.log.count("a command keeps its name") == bad_names


def test_a_user_who_opted_out_can_rename_and_discard_too(machine: Machine, posthog: FakePostHog) -> None:
    """The object of the ``with`` statement has the same methods, and nothing is written or sent."""
    machine.program("renamed", PROGRAM)
    for words in (("work", "play", "discard"), ("program", "build", "discard")):
        assert machine.run(*words, program="renamed", environ={"ARCADE_USAGE_TRACKING": "0"}).returncode == 0
    machine.settle()
    assert not posthog.requests


def test_a_run_that_becomes_a_login_links_the_account(machine: Machine, posthog: FakePostHog) -> None:
    """The new name decides: the alias comes first, and the login is the account's."""
    machine.program("renamed", PROGRAM)
    for words in (("work",), ("work", "login")):
        assert machine.run(*words, program="renamed").returncode == 0
        machine.settle()
    assert [event.event for event in posthog.visible()][1:] == ["$create_alias", "CLI execution succeeded"]
    assert posthog.visible()[-1].distinct_id == "user-9"


def test_a_discarded_logout_still_changes_the_identity(machine: Machine, posthog: FakePostHog) -> None:
    """The next command has a new anonymous ID, which no alias links to the account that logged out."""
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
