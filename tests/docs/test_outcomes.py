"""The table of outcomes in ``docs/what-we-collect.md`` is true."""

import re
from pathlib import Path

import pytest

from arcade_otel.testing import FakePostHog
from tests.support.machine import Machine
from tests.support.programs import read_program

pytestmark = pytest.mark.posix  # raises SIGINT

PAGE = Path(__file__).parents[2] / "docs/what-we-collect.md"
OUTCOMES = {
    "success": ["returns", "sys-exit-0", "exit-0"],
    "usage_error": ["bad-parameter", "returns --nosuch"],
    "interrupted": ["ctrl-c", "abort", "declines"],
    "exit": ["sys-exit-3", "exit-3"],
    "failure": ["exception", "message"],
}


def test_each_example_in_the_table_of_outcomes_ends_so(machine: Machine, posthog: FakePostHog) -> None:
    """The table has these outcomes in this order, and as many examples of each."""
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$", PAGE.read_text("utf-8").partition("### Outcomes")[2], re.MULTILINE)
    assert {outcome: examples.count(",") + 1 for outcome, examples in rows} == {
        outcome: len(words) for outcome, words in OUTCOMES.items()
    }
    machine.program("outcomes", read_program("frameworks/outcomes"))
    machine.warm = True
    for outcome, examples in OUTCOMES.items():
        for example in examples:
            machine.run(*example.split(), program="outcomes")
            machine.settle()
            assert posthog.visible()[-1].properties["outcome"] == outcome, example
