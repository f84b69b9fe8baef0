"""The tests look at the events, the output, the files and the processes of a command on Windows."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from arcade_otel import conventions
from arcade_otel.testing import Event, FakePostHog, Fault
from tests.support.machine import Machine


def events(posthog: FakePostHog, name: str) -> list[Event]:
    """Return the events of a command."""
    return [event for event in posthog.events if event.properties.get("command_name") == name]


def only_event(posthog: FakePostHog, name: str) -> Event:
    """Wait for a command's event, and return it."""
    posthog.wait_for(lambda: events(posthog, name))
    (event,) = events(posthog, name)
    return event


def test_success_failure_usage_error_and_ctrl_c(computer: Machine, posthog: FakePostHog) -> None:
    """Each command is one event with its exit code. The output and the exit code are the same as without the library."""
    ran = {name: computer.run(*name.split(), program="cli") for name in ("ok", "fail 3", "fail x", "crash", "interrupted")}
    assert {name: result.returncode for name, result in ran.items()} == {
        "ok": 0,
        "fail 3": 3,
        "fail x": 2,
        "crash": 1,
        "interrupted": 1,
    }
    assert (ran["ok"].stdout, ran["ok"].stderr) == ("done\n", "")
    assert (ran["fail 3"].stdout, ran["fail 3"].stderr) == ("", "failing\n")
    assert "Invalid value for 'CODE'" in ran["fail x"].stderr
    assert "RuntimeError: no such toolkit" in ran["crash"].stderr
    assert "Aborted!" in ran["interrupted"].stderr
    succeeded, crashed = only_event(posthog, "ok"), only_event(posthog, "crash")
    posthog.wait_for(lambda: len(events(posthog, "fail")) == 2 and events(posthog, "interrupted"))
    assert succeeded.event == conventions.EVENT_SUCCEEDED
    assert succeeded.properties["os_type"] == "Windows"
    assert re.fullmatch(r"10\.0\.\d+", succeeded.properties["os_release"])
    assert crashed.event == conventions.EVENT_FAILED
    assert crashed.properties["error_message"] == "no such toolkit"
    assert sorted(event.properties["exit_code"] for event in events(posthog, "fail")) == [2, 3]
    interrupted = only_event(posthog, "interrupted")
    assert (interrupted.event, interrupted.properties["exit_code"]) == (conventions.EVENT_FAILED, 1)
    assert len({event.distinct_id for event in posthog.events}) == 1


def test_no_module_of_python_starts_a_shell_for_a_version(computer: Machine) -> None:
    """``platform`` runs ``cmd /c ver`` or asks WMI, and WMI hangs on some machines."""
    computer.program(
        "modules",
        "import atexit, sys\nimport arcade_otel\n"
        "atexit.register(lambda: print('platform' in sys.modules))\n"
        "with arcade_otel.command('one', name='tool', version='1'):\n    pass\n",
    )
    assert computer.run(program="modules").stdout == "False\n"


def test_opted_out_leaves_no_file_no_process_and_no_request(computer: Machine, posthog: FakePostHog) -> None:
    """The user opts out by each of the three variables."""
    environ = {"ARCADE_WORK_DIR": str(computer.root / "fresh")}
    for name, value in (("DO_NOT_TRACK", "1"), ("ARCADE_USAGE_TRACKING", "0"), ("OTEL_SDK_DISABLED", "true")):
        assert computer.run("ok", program="cli", environ={**environ, name: value}).stdout == "done\n"
    assert not (computer.root / "fresh").exists()
    assert "sender" not in computer.log
    assert not posthog.requests


def test_the_streams_are_the_programs_own(computer: Machine, posthog: FakePostHog) -> None:
    """The streams are redirected to a file, piped to another process, or missing.

    The program's output does not change by a byte.
    """
    written = computer.root / "written"
    command = [computer.python, str(computer.root / "cli.py"), "ok"]
    how: dict[str, Any] = {"env": computer.with_environ(None), "cwd": computer.home}
    with written.open("wb") as file:
        subprocess.run(command, stdin=subprocess.PIPE, stdout=file, stderr=subprocess.PIPE, check=True, **how)
    assert written.read_bytes() == f"done{os.linesep}".encode()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **how) as first:
        reader = "import sys; print(sys.stdin.read().upper(), end='')"
        second = subprocess.run([computer.python, "-c", reader], stdin=first.stdout, capture_output=True, check=True)
        assert first.stderr is not None
        assert first.stderr.read() == b""
    assert second.stdout.strip() == b"DONE"
    posthog.wait_for(lambda: len(events(posthog, "ok")) == 2)


def test_a_reader_of_the_output_does_not_wait_for_the_sender(computer: Machine, posthog: FakePostHog) -> None:
    """The sender has no handle of the command's pipes, so the pipes end with the command while PostHog hangs."""
    posthog.always(Fault.hang())
    assert computer.run("ok", program="cli").stdout == "done\n"
    posthog.wait_for(lambda: posthog.requests)
    assert computer.senders()


def test_concurrent_first_runs_are_one_installation(computer: Machine, posthog: FakePostHog) -> None:
    """Eight commands at the same time make one anonymous ID."""
    processes = [computer.start("ok", program="cli") for _ in range(8)]
    assert [process.wait(timeout=100) for process in processes] == [0] * 8
    posthog.wait_for(lambda: len(events(posthog, "ok")) == 8, timeout=60)
    assert {event.distinct_id for event in posthog.events} == {computer.usage["anon_id"]}


def test_offline_and_back(computer: Machine, posthog: FakePostHog) -> None:
    """The events of the time without network arrive in their order."""
    posthog.always(Fault.status(503))
    for name in ("ok", "crash"):
        computer.run(name, program="cli")
    computer.settle()
    assert len(computer.queue) == 2
    posthog.heal()
    computer.time_passes()
    computer.run("fail", "4", program="cli")
    posthog.wait_for(lambda: events(posthog, "fail"))
    assert [event.properties["command_name"] for event in posthog.events] == ["ok", "crash", "fail"]
    computer.settle()
    assert not computer.queue


def test_killed_at_its_exit(computer: Machine, posthog: FakePostHog) -> None:
    """Windows ends the process right after the command. The event is in the queue, and arrives later."""
    assert computer.run("killed", program="cli").stdout == "done\n"
    only_event(posthog, "killed")


def test_a_directory_near_the_limit_of_paths(computer: Machine, posthog: FakePostHog) -> None:
    """The path of the config directory has 230 characters, and the path of a span's file has 340."""
    directory = computer.root
    while len(str(directory)) < 200:
        directory /= "d" * min(50, 229 - len(str(directory)))
    result = computer.run("ok", program="cli", environ={"ARCADE_WORK_DIR": str(directory), "ARCADE_USAGE_TRACKING": "1"})
    assert (result.stdout, result.stderr) == ("done\n", "")
    only_event(posthog, "ok")


def test_the_policy_is_where_the_registry_says(computer: Machine) -> None:
    """The user's environment does not change the path of the policy."""
    computer.program("where", "from arcade_otel import consent\nprint(consent.POLICY_FILE)\n")
    said = computer.run(program="where", environ={"PROGRAMDATA": str(computer.root), "SYSTEMDRIVE": "Z:"}).stdout.strip()
    assert said == r"C:\ProgramData\arcade-otel\policy"


def test_the_home_is_the_users_profile(computer: Machine, posthog: FakePostHog) -> None:
    """The library ignores HOME, which Git Bash sets, and also an empty HOME."""
    computer.run("ok", program="cli", environ={"HOME": ""})
    only_event(posthog, "ok")
    assert (computer.config_dir / "usage.json").exists()


def test_the_sender_runs_without_a_window() -> None:
    """The sender runs with ``pythonw.exe`` if the installation has this program."""
    from arcade_otel import handoff

    command = handoff.sender_command()
    assert command is not None
    name = "pythonw.exe" if Path(sys.base_prefix, "pythonw.exe").exists() else "python.exe"
    assert Path(command[0]).name.lower() == name


@pytest.mark.parametrize("exporter", ["con", "NUL.txt", "com1", "a:b"])
def test_a_name_of_a_device_is_no_lane(computer: Machine, exporter: str) -> None:
    """A directory ``CON`` in the queue would be the console."""
    from arcade_otel.handoff import lanes

    assert lanes.lanes_for({"OTEL_TRACES_EXPORTER": exporter}, api_key="k") == []
