"""A command with ``wait_seconds`` waits for its own event, for places where all processes die with the command."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from arcade_otel.testing import FakePostHog, Fault
from tests.support.machine import Machine

WAITS = {"ARCADE_USAGE_WAIT_SECONDS": "8"}
#: A program whose options come from the test.
OPTIONS = """
import sys
import arcade_otel
with arcade_otel.command(sys.argv[1], name="tool", {options}):
    pass
"""
#: For what a busy machine takes longer than an idle one.
SLACK_SECONDS = 1.5


def _cannot_unshare() -> str:
    unshare = shutil.which("unshare")
    if unshare is None:
        return "unshare is missing (util-linux)"
    tried = subprocess.run([unshare, "--pid", "--fork", "--mount-proc", "true"], capture_output=True, text=True, check=False)
    return "" if tried.returncode == 0 else f"no process namespace can be made here: {tried.stderr.strip()}"


CANNOT_UNSHARE = _cannot_unshare()
needs_unshare = pytest.mark.skipif(bool(CANNOT_UNSHARE), reason=CANNOT_UNSHARE)


def as_pid_1(machine: Machine, *arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    """Run the tool as the first process of a container. The end of that process ends every process in the container."""
    return subprocess.run(
        ["unshare", "--pid", "--fork", "--mount-proc", machine.python, str(machine.root / "tool.py"), *arguments],
        env={**machine.environ, **environ},
        cwd=machine.home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )


def test_ten_of_ten_arrive_although_everything_is_killed_at_the_exit(machine: Machine, posthog: FakePostHog) -> None:
    """When the command has ended, the queue is empty, and no sender is needed."""
    for number in range(10):
        assert machine.run("work", environ=WAITS).returncode == 0
        machine.kill_senders()
        assert len(posthog.visible()) == number + 1, machine.log
    assert machine.queue == []


@needs_unshare
def test_as_pid_1_a_command_that_waits_delivers_and_one_that_does_not_leaves_its_event_in_the_queue(
    machine: Machine, posthog: FakePostHog
) -> None:
    """The test stands for ``docker run image mycli`` with a volume for the config directory."""
    posthog.always(Fault.hang())
    as_pid_1(machine, "work")
    assert len(machine.queue) == 1
    posthog.heal()
    for number in range(2):
        as_pid_1(machine, "work", **WAITS)
        assert len(posthog.visible()) == number + 2, machine.log  # the first one, too
    assert machine.queue == []


@pytest.mark.parametrize("where", [{"CI": "true"}, {"GITLAB_CI": "true"}])
def test_in_ci_the_event_is_in_the_queue_before_the_command_ends(
    machine: Machine, posthog: FakePostHog, where: dict[str, str]
) -> None:
    """The end of a job kills the sender. ``usage flush``, or a later job with the same directory, delivers the event."""
    posthog.always(Fault.hang())
    process = machine.start("work", environ={**where, "ARCADE_USAGE_DEBUG": None})
    process.wait()
    machine.kill_senders()
    assert len(machine.queue) == 1


@pytest.mark.parametrize(
    ("options", "environ", "waits"),
    [
        ("wait_seconds=2", {}, True),
        ("wait_seconds_in_ci=2", {"CI": "1"}, True),
        ("wait_seconds_in_ci=2", {}, False),
        ("wait_seconds=2, wait_seconds_in_ci=0", {"CI": "1"}, False),
        ("wait_seconds=2", {"ARCADE_USAGE_WAIT_SECONDS": "0"}, False),
        ("", {"ARCADE_USAGE_WAIT_SECONDS": "2"}, True),
        ("wait_seconds=2", {"ARCADE_USAGE_WAIT_SECONDS": "a while"}, True),
    ],
)
def test_the_wait_is_bounded_and_only_where_it_is_asked_for(
    machine: Machine,
    posthog: FakePostHog,
    options: str,
    environ: dict[str, str],
    waits: bool,  # noqa: FBT001
) -> None:
    """While PostHog hangs, the command waits as long as it may and no longer. Its event stays in the queue."""
    machine.program("waits", OPTIONS.format(options=options))
    machine.program("plain", "")
    posthog.always(Fault.hang())
    began = time.monotonic()
    machine.run("work", program="plain")
    plain = time.monotonic() - began
    began = time.monotonic()
    ended = machine.run("work", program="waits", environ=environ)
    took = time.monotonic() - began
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    machine.kill_senders()
    if waits:
        assert 2.0 <= took <= plain + 2.0 + SLACK_SECONDS
        assert len(machine.queue) == 1
    else:
        assert took <= plain + SLACK_SECONDS


def test_a_delivery_that_cannot_come_is_not_waited_for(machine: Machine, posthog: FakePostHog) -> None:
    """Offline, the first failure ends the wait. During the pause after the failure, no sender tries, and no command waits."""
    posthog.always(Fault.status(503))
    for _ in range(3):
        began = time.monotonic()
        machine.run("work", environ=WAITS)
        assert time.monotonic() - began < 5.0
        machine.settle()
    assert len(machine.queue) == 3


@pytest.mark.posix  # sends SIGINT to a process
def test_ctrl_c_ends_the_wait_and_not_the_command(machine: Machine, posthog: FakePostHog) -> None:
    """The command is already over, so its exit code does not change."""
    posthog.always(Fault.hang())
    process = machine.start("work", environ=WAITS)
    posthog.wait_for(lambda: posthog.requests)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.wait() == 0
    assert time.monotonic() - began < 5.0
    machine.kill_senders()


def test_login_and_logout_wait_too(machine: Machine, posthog: FakePostHog) -> None:
    """The identity has changed before the wait, so a kill during the wait undoes nothing."""
    posthog.arcade.add(api_key="key", principal_id="user-1")
    machine.log_in("key", posthog.url)
    for command in ("login", "logout"):
        machine.run(command, environ=WAITS)
        machine.kill_senders()
    assert [event.properties.get("command_name") for event in posthog.visible() if event.event != "$create_alias"] == [
        "login",
        "logout",
    ]
    assert machine.usage["linked_principal_id"] is None


@pytest.mark.parametrize("wrong", ["'2'", "True", "-1", "11", "float('nan')"])
def test_a_senseless_wait_raises_at_once(tmp_path: Path, wrong: str) -> None:
    """The error is raised in the developer's first run, and never in a user's run."""
    source = OPTIONS.format(options=f"wait_seconds={wrong}")
    ended = subprocess.run(
        [sys.executable, "-c", source, "work"],
        env={**os.environ, "ARCADE_WORK_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "wait_seconds must be" in ended.stderr
