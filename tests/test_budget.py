"""What a command pays for us, in instructions: design.md's budget, "Two ways a span is made"."""

import sys

import pytest

from arcade_otel import conventions
from arcade_otel.testing import StandIn
from tests.benchmarks import counter
from tests.kit.machine import Machine
from tests.kit.programs import CLICK, TYPER, with_us, with_usage

MILLION = 1_000_000
RECORDED_LIMIT = 20 * MILLION
OPTED_OUT_LIMIT = 2 * MILLION
#: Of each command of a program, Typer makes one of Click's in every run; ours are made when one is asked for.
MOUNTED_LIMIT = 2 * MILLION

pytestmark = pytest.mark.timeout(300)  # valgrind is fifty times slower


def _prepared(machine: Machine, source: str) -> tuple[list[str], list[str]]:
    """Return the command lines without and with us, both run before: the notice was shown, usage.json and *.pyc are there."""
    plain = [sys.executable, str(machine.program("plain", source)), "hello"]
    ours = [sys.executable, str(machine.program("ours", with_us(source))), "hello"]
    for program in ("plain", "ours", "ours"):
        assert machine.run("hello", program=program).stdout == "hello you\n", machine.log()
    machine.settle()
    return plain, ours


@pytest.mark.parametrize("source", [TYPER, CLICK], ids=["typer", "click"])
def test_a_recorded_command_costs_at_most_20_million_instructions(machine: Machine, posthog: StandIn, source: str) -> None:
    """Over the same program without us, in the steady state; the sender is another process and not counted."""
    plain, ours = _prepared(machine, source)
    without = counter.count(plain, machine.environ, machine.home)
    before = len(posthog.visible())
    ours_count = counter.count(ours, machine.environ, machine.home)
    machine.settle()
    assert len(posthog.visible()) == before + 1  # it did its work
    assert ours_count - without <= RECORDED_LIMIT, f"{(ours_count - without) / MILLION:.1f} M"


@pytest.mark.parametrize("source", [TYPER, CLICK], ids=["typer", "click"])
def test_who_opted_out_pays_at_most_2_million_instructions(machine: Machine, source: str) -> None:
    """Two million instructions are half a millisecond."""
    plain, ours = _prepared(machine, source)
    environ = {**machine.environ, conventions.ENV_TRACKING: "0"}
    machine.run("hello", program="ours", environ=environ)  # removes what is left of before, once
    extra = counter.count(ours, environ, machine.home) - counter.count(plain, environ, machine.home)
    assert extra <= OPTED_OUT_LIMIT, f"{extra / MILLION:.2f} M"


@pytest.mark.parametrize("source", [TYPER, CLICK], ids=["typer", "click"])
def test_mounting_the_usage_commands_costs_at_most_2_million_instructions(machine: Machine, source: str) -> None:
    """Over the same program without them; a command of its own still keeps the whole budget."""
    plain, ours = _prepared(machine, source)
    machine.program("mounted", with_usage(source))
    for _ in range(2):
        assert machine.run("hello", program="mounted").stdout == "hello you\n"
    machine.settle()
    mounted = [sys.executable, str(machine.root / "mounted.py"), "hello"]
    counts = [counter.count(each, machine.environ, machine.home) for each in (plain, ours, mounted)]
    machine.settle()
    assert counts[2] - counts[0] <= RECORDED_LIMIT, f"{(counts[2] - counts[0]) / MILLION:.1f} M"
    assert counts[2] - counts[1] <= MOUNTED_LIMIT, f"{(counts[2] - counts[1]) / MILLION:.2f} M"
