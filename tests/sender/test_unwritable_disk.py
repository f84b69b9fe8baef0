"""If a disk takes no writes, a command's event is sent once without the queue, and status and doctor report the cause."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from arcade_otel.testing import FakePostHog, Fault
from tests.support.disk import CANNOT_MOUNT, MOUNTS, Disk
from tests.support.machine import Machine
from tests.support.programs import read_program

pytestmark = pytest.mark.skipif(bool(CANNOT_MOUNT), reason=CANNOT_MOUNT)


@pytest.fixture(params=list(MOUNTS))
def disk(request: pytest.FixtureRequest, machine: Machine, posthog: FakePostHog) -> Iterator[Disk]:
    """Return a disk on which one command has run without an error."""
    made = Disk(machine, request.param)
    made.run(*tool(machine, "before"))
    assert len(posthog.visible()) == 1, machine.log
    yield made
    made.close()


def tool(machine: Machine, command: str) -> list[str]:
    """Return the command line of the tool."""
    return [machine.python, str(machine.root / "tool.py"), command]


def arcade_otel(machine: Machine, *arguments: str) -> list[str]:
    """Return the command line of ``arcade-otel``."""
    return [str(Path(machine.python).parent / "arcade-otel"), *arguments]


def test_the_event_is_sent_without_the_queue(machine: Machine, posthog: FakePostHog, disk: Disk) -> None:
    """The event is sent once, with the same ID as before.

    The same happens in continuous integration, where commands normally write to the queue.
    """
    disk.refuse()
    for number, where in enumerate(({}, {"CI": "true"}, {"ARCADE_USAGE_WAIT_SECONDS": "1"})):
        ended = disk.run(*tool(machine, "during"), **where)
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
        assert len(posthog.visible()) == number + 2, machine.log
    assert len({event.distinct_id for event in posthog.visible()}) == 1
    assert len({event.uuid for event in posthog.visible()}) == 4


def test_the_choice_counts_there_too(machine: Machine, posthog: FakePostHog, disk: Disk) -> None:
    """The choice is read from the disk that refuses writes."""
    disk.write("consent", "off")
    disk.refuse()
    disk.run(*tool(machine, "during"))
    assert len(posthog.visible()) == 1


def test_it_never_overtakes_what_is_queued(
    request: pytest.FixtureRequest, machine: Machine, posthog: FakePostHog, disk: Disk
) -> None:
    """The queue may have the alias of the ID.

    A full disk lets a sender deliver the alias first, but a read-only disk does not.
    """
    posthog.always(Fault.status(503))
    disk.run(*tool(machine, "queued"))
    posthog.heal()
    disk.refuse()
    disk.run(*tool(machine, "after"))
    full = ["before", "queued", "after"]
    seen = [event.properties["command_name"] for event in posthog.visible()]
    assert seen == (full if "full" in request.node.name else ["before"])


def test_status_and_doctor_say_so(request: pytest.FixtureRequest, machine: Machine, disk: Disk) -> None:
    """One check fails and names the cause, and the delivery itself works."""
    disk.refuse()
    line = "disk" if "full" in request.node.name else "config directory"
    ended = disk.run(*arcade_otel(machine, "doctor", "--json"))
    checks = {check["name"]: check for check in json.loads(ended.stdout)["checks"]}
    failed = [name for name, check in checks.items() if check["ok"] is False]
    assert (ended.returncode, failed) == (1, [line]), ended.stdout
    assert "sent once" in checks[line]["detail"]
    text = disk.run(*arcade_otel(machine, "status")).stdout
    assert "so each event is sent once, and lost if that fails. Run doctor." in " ".join(text.split())


def test_a_sender_that_never_comes_up_there_is_reported_by_doctor(machine: Machine, posthog: FakePostHog, disk: Disk) -> None:
    """No mark can be written, so the span is lost, each command starts a sender, and ``status`` only says that spans are lost.

    The command itself ends as usual.
    """
    machine.program("cli", read_program("sender/named_sender"))
    disk.refuse()
    program = [machine.python, str(machine.root / "cli.py")]
    broken = json.dumps([machine.python, "-c", ""])
    for _ in range(3):
        ended = disk.run(*program, "work", TEST_SENDER=broken)
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    assert machine.log.count(" started") == 1 + 3
    text = disk.run(*arcade_otel(machine, "status")).stdout
    assert "so each event is sent once, and lost if that fails. Run doctor." in " ".join(text.split())
    doctor = json.loads(disk.run(*program, "usage", "doctor", "--json", TEST_SENDER=broken).stdout)
    (sender,) = [check for check in doctor["checks"] if check["name"] == "sender"]
    assert sender["ok"] is False
    assert sender["remedy"].startswith("name a program that calls arcade_otel.sender.main()")
    assert len(posthog.visible()) == 1
