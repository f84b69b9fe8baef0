"""The tests count the instructions that the library adds to a command.

1 million instructions take 0.25 to 0.4 ms, and a bare Python start has 39 million.
"""

import sys

import pytest

from arcade_otel import conventions
from arcade_otel.testing import FakePostHog
from tests.benchmarks import counter
from tests.support.machine import Machine
from tests.support.programs import CLICK, TYPER, with_us, with_usage

MILLION = 1_000_000
RECORDED_LIMIT = {"typer": 12 * MILLION, "click": int(10.7 * MILLION)}
OPTED_OUT_LIMIT = int(1.5 * MILLION)
#: Of each command of a program, Typer makes one of Click's in every run; ours are made when one is asked for.
MOUNTED_LIMIT = 2 * MILLION

# Valgrind is twenty times slower. The limits are for the latest frameworks: older ones load fewer modules that we need, too.
pytestmark = [pytest.mark.linux, pytest.mark.timeout(300), pytest.mark.latest]


@pytest.mark.parametrize(("source", "framework"), [(TYPER, "typer"), (CLICK, "click")], ids=["typer", "click"])
def test_a_command_pays_at_most_12_million_instructions_and_a_user_who_opted_out_1_5(
    machine: Machine, posthog: FakePostHog, source: str, framework: str
) -> None:
    """The same program without the library is subtracted, in the steady state. The sender is another process and does not count.

    Under Click, the limit is 10.7 million. The usage commands cost a program that mounts them at most two million more. All
    limits are in one test, because a run under valgrind takes ten seconds and each run is compared with the same plain program.

    The programs switch the garbage collector off. A pass over Typer's objects takes 1.7 million instructions, and it is chance
    whether one more pass falls into one of two runs. With the collector, the library adds 0.4 million to the Click program.
    """
    programs = {"plain": source, "ours": with_us(source), "mounted": with_usage(source)}
    for name, text in programs.items():
        machine.program(name, "import gc\ngc.disable()\n" + text)
        for _ in range(2):  # the notice was shown, usage.json and *.pyc are there
            assert machine.run("hello", program=name).stdout == "hello you\n", machine.log
    machine.settle()
    before = len(posthog.visible())

    def count(name: str, **changes: str) -> int:
        counted = counter.count(
            [sys.executable, str(machine.root / f"{name}.py"), "hello"], {**machine.environ, **changes}, machine.home
        )
        machine.settle()
        return counted

    plain = count("plain")
    recorded, mounted = count("ours") - plain, count("mounted") - plain
    assert len(posthog.visible()) == before + 2  # they did their work
    opted_out = {conventions.ENV_TRACKING: "0"}
    machine.run("hello", program="ours", environ=opted_out)  # removes what is left of before, once
    silent = count("ours", **opted_out) - plain
    assert recorded <= RECORDED_LIMIT[framework], f"{recorded / MILLION:.1f} M"
    assert mounted - recorded <= MOUNTED_LIMIT, f"{(mounted - recorded) / MILLION:.2f} M"
    assert silent <= OPTED_OUT_LIMIT, f"{silent / MILLION:.2f} M"
