"""If a disk takes no writes, a command's event is sent once without the queue, and status and doctor report the cause."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from arcade_otel.testing import FakePostHog, Fault
from tests.support.machine import Machine

MOUNTS = {
    "read-only": 'mount --bind "$1" "$1"',
    "full": 'cp -a "$1" "$1.copy" && mount -t tmpfs -o size=256k,mode=700 none "$1" && cp -a "$1.copy/." "$1"',
}
REFUSES = {"read-only": 'mount -o remount,ro,bind "$1"', "full": 'cat /dev/zero > "$1/filler" 2>/dev/null || true'}


def _cannot_mount() -> str:
    if shutil.which("unshare") is None or shutil.which("nsenter") is None:
        return "unshare or nsenter is missing (util-linux)"
    tried = subprocess.run(["unshare", "--mount", "mount", "--bind", "/", "/mnt"], capture_output=True, text=True, check=False)
    return "" if tried.returncode == 0 else f"nothing can be mounted here: {tried.stderr.strip()}"


CANNOT_MOUNT = _cannot_mount()
pytestmark = pytest.mark.skipif(bool(CANNOT_MOUNT), reason=CANNOT_MOUNT)


class Disk:
    """The disk of the config directory: a mount that only the processes of one namespace see, and that ends with them."""

    def __init__(self, machine: Machine, kind: str) -> None:
        self._machine = machine
        self._kind = kind
        self._holder = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", f"{MOUNTS[kind]} && echo ready && exec cat", "sh", str(machine.config_dir)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._holder.stdout is not None
        assert self._holder.stdout.readline() == b"ready\n"

    def run(self, *command: str, **environ: str) -> "subprocess.CompletedProcess[str]":
        """Run a command that has its config directory on the disk, and wait for its senders."""
        ended = subprocess.run(
            ["nsenter", "--mount", "--target", str(self._holder.pid), *command],
            env={**self._machine.environ, **environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        self._machine.settle()
        return ended

    def refuse(self) -> None:
        """Make the disk refuse all writes from now on."""
        assert self.run("sh", "-c", REFUSES[self._kind], "sh", str(self._machine.config_dir)).returncode == 0

    def write(self, name: str, text: str) -> None:
        """Write a file in ``usage/``."""
        self.run("sh", "-c", f'printf %s "$2" > "$1/usage/{name}"', "sh", str(self._machine.config_dir), text)

    def close(self) -> None:
        """Unmount the disk."""
        self._holder.communicate(timeout=60)


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
    if line == "config directory":
        text = disk.run(*arcade_otel(machine, "status")).stdout
        assert "so each event is sent once, and lost if that fails" in " ".join(text.split())
