"""A command reads the environment as the program has left it, whatever form it has."""

import pytest

from arcade_otel.testing import FakePostHog
from tests.support.machine import Machine

REPLACED = """
import os
import arcade_otel
with arcade_otel.command("replaced", name="tool", version="1"):
    os.environ = {**os.environ, "ARCADE_USAGE_TRACKING": os.environ["CHOICE"]}
"""


@pytest.mark.posix
def test_a_variable_that_is_not_utf_8_changes_nothing(machine: Machine, posthog: FakePostHog) -> None:
    """The event arrives, and has what the sender finds in the other variables."""
    machine.run("hello", environ={"ODD": "\udcff", "AI_AGENT": "claude-code"})
    machine.settle()
    assert [event.properties["agent"] for event in posthog.visible()] == ["claude-code"]


@pytest.mark.parametrize(("choice", "events"), [("0", []), ("1", ["replaced"])])
def test_an_opt_out_counts_in_a_mapping_that_replaces_the_environment(
    machine: Machine, posthog: FakePostHog, choice: str, events: list[str]
) -> None:
    """The program assigns ``os.environ`` while the command runs. With "0" in it, no event is sent."""
    machine.program("replaced", REPLACED)
    assert machine.run(program="replaced", environ={"CHOICE": choice}).returncode == 0
    machine.settle()
    assert [event.properties["command_name"] for event in posthog.visible()] == events
