"""Properties that a program declares, commands that it leaves out, and commands of which it records a share."""

import json

import pytest

from arcade_otel import option_checks
from arcade_otel.settings import make_settings
from arcade_otel.testing import FakePostHog
from tests.support.machine import Machine
from tests.support.programs import read_program

PROGRAM = read_program("recording/declared")


def test_only_declared_values_of_their_types_leave(machine: Machine, posthog: FakePostHog) -> None:
    """A group goes with a person only, and what is excluded is not recorded at all."""
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


def test_a_share_is_chosen_by_the_spans_id_and_told_on_the_event(machine: Machine, posthog: FakePostHog) -> None:
    """Of 24 runs about half arrive, and each of those has an ID in the lower half."""
    code = "import arcade_otel\narcade_otel.configure(name='tool', version='1', sample={'watch': 0.5})\n"
    code += "for _ in range(24):\n    with arcade_otel.command('watch'):\n        pass\n"
    machine.program("many", code)
    assert machine.run(program="many").returncode == 0
    machine.settle()
    events = posthog.visible()
    assert 2 < len(events) < 22
    assert {event.properties["sample_rate"] for event in events} == {0.5}


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
        {"sample": {"watch": 0}},
        {"sample": {"watch": "1"}},
        {"exclude": [""]},
    ],
)
def test_a_declaration_that_makes_no_sense_raises_at_once(options: dict[str, object]) -> None:
    """In the developer's first run, and never in a user's."""
    with pytest.raises((TypeError, ValueError), match=next(iter(options))):
        make_settings(**options)
    assert option_checks.MAX_GROUPS == 5
    assert json.dumps(sorted(options))


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
    """PostHog sets them on the person by ``$set``. A declared name that is the library's own is left out, with a debug line."""
    machine.program("person", PERSON)
    for command in ("work", "login", "work"):
        assert machine.run(command, program="person").returncode == 0
        machine.settle()
    events = [event for event in posthog.visible() if event.event.startswith("CLI")]
    assert [event.properties.get("$set") for event in events] == [None, {"plan": "pro"}, None]
    assert [event.properties["tools"] for event in events] == [3, 3, 3]
    assert [event.properties["is_ci"] for event in events] == [False, False, False]
    assert "property dropped: is_ci is the name of one of the library's own" in machine.log
