"""A program can declare properties, leave commands out, and record only a share of the runs of a command."""

import pytest

from arcade_otel import option_checks
from arcade_otel.settings import make_settings
from arcade_otel.testing import FakePostHog
from tests.support.machine import Machine
from tests.support.programs import read_program

PROGRAM = read_program("recording/declared")


def test_only_declared_values_of_their_types_leave(machine: Machine, posthog: FakePostHog) -> None:
    """A group is recorded only together with a person. An excluded command is not recorded at all."""
    machine.program("own", PROGRAM)
    for command in ("work", "prompt", "prompt/zsh", "login", "work"):
        assert machine.run(command, program="own").returncode == 0
        machine.settle()
    before, login, after = (event for event in posthog.visible() if event.event.startswith("CLI"))
    own = {name: before.properties.get(name) for name in ("plan", "tools", "beta", "size", "secret", "$groups")}
    assert own == {"plan": "pro", "tools": 7, "beta": True, "size": None, "secret": None, "$groups": None}
    assert login.properties["command_name"] == "login"
    assert after.properties["$groups"] == {"organization": "org_123"}
    everything = b"".join(request.content for request in posthog.requests) + machine.debug_log.read_bytes()
    assert b"CANARY" not in everything
    assert machine.log.count("property dropped: size (str)") == 3 + 2
    assert machine.log.count("property dropped: a name that is not declared (str)") == 3 + 2


SHARED = """
import arcade_otel
from arcade_otel import spans

first = iter("17cf843b")
spans.new_ids = lambda: ("a" * 32, next(first) + "0" * 15)
arcade_otel.configure(name="tool", version="1", sample={"watch": 0.5}, properties={"number": int})
for number in range(8):
    with arcade_otel.command("watch"):
        arcade_otel.set_property("number", number)
"""


def test_a_share_is_chosen_by_the_spans_id_and_told_on_the_event(machine: Machine, posthog: FakePostHog) -> None:
    """The span IDs begin with 1, 7, c, f, 8, 4, 3 and b. With a share of a half, the commands with IDs below 8 arrive."""
    machine.program("many", SHARED)
    assert machine.run(program="many").returncode == 0
    machine.settle()
    assert sorted(event.properties["number"] for event in posthog.visible()) == [0, 1, 5, 6]
    assert {event.properties["sample_rate"] for event in posthog.visible()} == {0.5}


CHANGES = """
import sys
import arcade_otel

arcade_otel.configure(
    name="tool", version="1", principal=lambda: "user-9", record_start=["login", "logout"], %s
)
with arcade_otel.command(sys.argv[1]):
    if "fail" in sys.argv:
        raise SystemExit(3)
"""


@pytest.mark.parametrize(
    "option", ["sample={'login': 1e-9, 'logout': 1e-9}", "exclude=['login', 'logout']"], ids=["sampled", "excluded"]
)
def test_a_login_or_logout_that_succeeds_is_always_recorded_and_counts_once(
    machine: Machine, posthog: FakePostHog, option: str
) -> None:
    """The start of the login is always recorded too.

    The event has no ``sample_rate``, which would make PostHog count it as a thousand million. A failed login is left out.
    """
    machine.program("changes", CHANGES % option)
    for words in (["login"], ["logout"]):
        assert machine.run(*words, program="changes").returncode == 0
        machine.settle()
    assert machine.run("login", "fail", program="changes").returncode == 3
    machine.settle()
    events = [event for event in posthog.visible() if event.event.startswith("CLI")]
    found = sorted((event.event.split()[-1], event.properties["command_name"]) for event in events)
    assert found == [("started", "login")] * 2 + [("started", "logout"), ("succeeded", "login"), ("succeeded", "logout")]
    assert [event.properties.get("sample_rate") for event in events] == [None] * 5


ENUMERATED = read_program("recording/enumerated")


def test_a_member_of_an_enumeration_is_sent_as_the_word_that_was_declared(machine: Machine, posthog: FakePostHog) -> None:
    """The member is equal to its word, but is formatted as another text.

    The spans of a login go another way, and have the same word.
    """
    machine.program("enumerated", ENUMERATED)
    ended = machine.run(program="enumerated")
    assert (ended.returncode, ended.stderr) == (0, "")
    machine.settle()
    events = [event for event in posthog.visible() if event.event != "$create_alias"]
    assert [event.event for event in events].count("made thing") == 2
    assert len(events) == 4
    assert {event.properties["plan"] for event in events} == {"pro"}
    assert [event.properties.get("$groups") for event in events if event.properties["command_name"] == "work"] == [
        {"organization": "org_123"}
    ] * 2
    assert b"CANARY" not in b"".join(request.content for request in posthog.requests)


GROUPS = """
import arcade_otel
arcade_otel.configure(name="tool", version="1", groups=["a", "b", "c", "d", "e"], principal=lambda: "user-9")
for command in ("login", "work"):
    with arcade_otel.command(command):
        for group, text in zip("abcde", ("jane@example.com", "Jane Doe", "x" * 101, "", "x" * 100)):
            arcade_otel.set_property(group, text)
"""


def test_a_group_is_an_id_and_no_other_text(machine: Machine, posthog: FakePostHog) -> None:
    """An ID is no address, has no spaces, and has at most 100 characters.

    The debug log says that a value is left out, without the value.
    """
    machine.program("grouped", GROUPS)
    assert machine.run(program="grouped").returncode == 0
    machine.settle()
    (work,) = (event for event in posthog.visible() if event.properties.get("command_name") == "work")
    assert work.properties["$groups"] == {"e": "x" * 100}
    assert [machine.log.count(f"property dropped: {group} (str)") for group in "abcde"] == [2, 2, 2, 2, 0]
    assert "example.com" not in machine.log


@pytest.mark.parametrize(
    "options",
    [
        {"properties": {"plan": str}},
        {"properties": {"Plan": int}},
        {"properties": {"$ip": int}},
        {"properties": ["plan"]},
        {"groups": ["a", "b", "c", "d", "e", "f"]},
        {"property_values": {"plan": 1}},
        {"person_properties": ["plan"]},
        {"person_properties": ["took"], "properties": {"took": "duration"}},
        {"arcade_context": True, "groups": ["a", "b", "c", "d"]},
        {"sample": {"watch": 0}},
        {"sample": {"watch": "1"}},
        {"exclude": [""]},
    ],
)
def test_a_declaration_that_makes_no_sense_raises_at_once(options: dict[str, object]) -> None:
    """The error is raised in the developer's first run, and never in a user's run."""
    with pytest.raises((TypeError, ValueError), match=next(iter(options))):
        make_settings(**options)
    assert option_checks.MAX_GROUPS == 5


PERSON = """
import sys
from typing import Literal
import arcade_otel

arcade_otel.configure(
    name="tool", version="1", properties={"plan": Literal["free", "pro"], "tools": int, "is_ci": bool},
    property_values=lambda: {"plan": "pro", "tools": 3, "is_ci": True}, person_properties=["plan"], principal=lambda: "user-9",
)
with arcade_otel.command(sys.argv[1]):
    pass
"""


def test_a_login_and_no_other_command_sets_the_persons_properties(machine: Machine, posthog: FakePostHog) -> None:
    """PostHog sets the properties on the person by ``$set``.

    A declared name that the library uses itself is left out, with a debug line.
    """
    machine.program("person", PERSON)
    for command in ("work", "login", "work"):
        assert machine.run(command, program="person").returncode == 0
        machine.settle()
    events = [event for event in posthog.visible() if event.event.startswith("CLI")]
    assert [event.properties.get("$set") for event in events] == [None, {"plan": "pro"}, None]
    assert [event.properties["tools"] for event in events] == [3, 3, 3]
    assert [event.properties["is_ci"] for event in events] == [False, False, False]
    assert "property dropped: is_ci is the name of one of the library's own" in machine.log
