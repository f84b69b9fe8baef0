"""Measure what a user costs the network and the backend.

``python -m tests.benchmarks.scaling`` prints the figures of docs/scaling.md.
"""

import sys
import tempfile
from pathlib import Path

from arcade_otel.testing import FakePostHog, Fault
from tests.support.machine import Machine

__all__ = ["main"]


def main() -> int:
    """Measure one command alone, ten in a row, and a hundred after an outage."""
    with FakePostHog() as posthog, tempfile.TemporaryDirectory(prefix="arcade-otel-scaling-") as directory:
        machine = Machine(Path(directory, "machine"), posthog.url)
        machine.environ["ARCADE_USAGE_IDLE_SECONDS"] = "2"
        try:
            _measure("one command alone", machine, posthog, 1)
            _measure("ten commands in a row", machine, posthog, 10)
            posthog.always(Fault.status(503))
            for number in range(100):
                machine.run(f"command-{number % 20}")
            machine.settle()
            posthog.heal()
            machine.time_passes()
            _measure("the first command after an outage of a hundred", machine, posthog, 1)
        finally:
            machine.off()
    return 0


def _measure(what: str, machine: Machine, posthog: FakePostHog, commands: int) -> None:
    requests, events, senders = len(posthog.requests), len(posthog.visible()), machine.log.count("at work: ")
    for number in range(commands):
        machine.run(f"command-{number % 20}")
    machine.settle()
    sent = posthog.requests[requests:]
    arrived = len(posthog.visible()) - events
    body = sum(len(request.body) for request in sent)
    plain = sum(len(request.content) for request in sent)
    heads = sum(len(f"{name}: {value}\r\n") for request in sent for name, value in request.headers.items())
    sys.stdout.write(
        f"{what}: {arrived} events, {len(sent)} requests, {machine.log.count('at work: ') - senders} senders, "
        f"{body / arrived:.0f} bytes of body, {plain / arrived:.0f} uncompressed, {heads / arrived:.0f} of headers for an event\n"
    )


if __name__ == "__main__":
    sys.exit(main())
