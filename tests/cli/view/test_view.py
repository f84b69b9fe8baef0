"""``view`` as a command: what it prints, when it opens a browser, how it ends, and which data its page has."""

import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
from typing import Any

import pytest

from arcade_otel.handoff.lanes import lane_name
from arcade_otel.testing import FakePostHog, Fault
from tests.cli.view.collected import Collected
from tests.cli.view.serving import ALONE, Serving
from tests.support.machine import Machine
from tests.support.programs import CLICK, TYPER, with_usage

pytestmark = pytest.mark.posix  # imports modules that Windows lacks, or needs signals, users or file modes

ATTRIBUTES = [{"key": "command", "value": {"stringValue": "x"}}]
#: What nobody of ours would write, in the place of each field.
STRANGE: list[Any] = [
    None,
    True,
    "x",
    -1,
    1.5,
    10**400,
    float("nan"),
    float("inf"),
    [],
    {},
    [[]],
    {"a": {"b": None}},
    "\ud800",
    "\0",
]


# --- beginning and end --------------------------------------------------------------------------------------------------------


def test_ctrl_c_is_a_success_and_leaves_no_traceback(machine: Machine) -> None:
    """On a machine that has never run a command, ``view`` makes no file."""
    before = sorted(str(path) for path in machine.home.rglob("*"))
    running = Serving(machine)
    assert running.data()["events"] == []
    assert running.end() == (0, "", "")
    assert sorted(str(path) for path in machine.home.rglob("*")) == before


@pytest.mark.parametrize("source", [TYPER, CLICK], ids=["typer", "click"])
def test_in_a_program_it_is_recorded_as_a_success_of_it(machine: Machine, posthog: FakePostHog, source: str) -> None:
    """The event has the path of the command.

    Stopping ``view`` by Ctrl-C is a success, although Ctrl-C in any other command is a failure.
    """
    machine.program("cli", with_usage(source))
    with Serving(machine, program="cli", words=("usage",)) as running:
        assert running.data()["status"]["program"] == "tool"
    machine.settle()
    (event,) = posthog.visible()
    assert (event.event, event.properties["command_name"]) == ("CLI execution succeeded", "usage.view")
    assert event.properties["exit_code"] == 0


def test_it_serves_on_the_port_that_was_asked_for_and_says_if_it_is_taken(machine: Machine) -> None:
    """If the port is taken, the exit code is 1, and the message has the address."""
    with Serving(machine) as first:
        port = str(first.port)
        ended = machine.run("view", "--port", port, program="arcade-otel")
        assert (ended.returncode, ended.stdout) == (1, "")
        assert f"127.0.0.1:{port}" in ended.stderr
        assert "Traceback" not in ended.stderr
    with Serving(machine, "--port", port) as again:
        assert again.host == first.host


def test_a_wrong_port_is_a_wrong_command_line(machine: Machine) -> None:
    """This holds in each of the three places of the usage commands."""
    machine.program("alone", ALONE)
    machine.program("typers", with_usage(TYPER))
    machine.program("clicks", with_usage(CLICK))
    for program, words in (("alone", ()), ("typers", ("usage",)), ("clicks", ("usage",))):
        for port in ("-1", "65536", "x"):
            assert machine.run(*words, "view", "--port", port, program=program).returncode == 2, (program, port)


# --- the browser --------------------------------------------------------------------------------------------------------------


def _viewed(machine: Machine, *arguments: str, terminal: bool, **environ: str) -> tuple[str, str | None]:
    """Run ``view`` for people until it has printed its address.

    Return its output and the addresses that a browser was asked to open.
    """
    asked = machine.root / "asked"
    browser = machine.root / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {asked}.new && mv {asked}.new {asked}\n')
    browser.chmod(0o755)
    text_browsers = machine.root / "bin"
    text_browsers.mkdir()
    for name in ("www-browser", "links", "elinks", "lynx", "w3m"):
        (text_browsers / name).symlink_to(browser)
    leader, follower = pty.openpty()
    machine.program("arcade-otel", ALONE)
    with subprocess.Popen(
        [sys.executable, str(machine.root / "arcade-otel.py"), "view", *arguments],
        env={**machine.environ, "PATH": f"{text_browsers}:{machine.environ['PATH']}", "BROWSER": str(browser), **environ},
        cwd=machine.home,
        stdin=subprocess.DEVNULL,
        stdout=follower if terminal else subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        reading = leader if terminal else process.stdout.fileno() if process.stdout else -1
        shown = b""
        while b"Ctrl-C" not in shown:
            part = os.read(reading, 65536)
            assert part, shown
            shown += part
        if terminal and not arguments and environ.get("BROWSER") != "":
            machine.wait_until(asked.exists, "a browser was asked")
        # It answers: whatever it was to do before is done, or under way.
        url = re.findall(r"http://127\.0\.0\.1:(\d+)/[\w-]{43}/", shown.decode())
        with socket.create_connection(("127.0.0.1", int(url[0])), timeout=60) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert connection.recv(100).startswith(b"HTTP/1.0 403")
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    os.close(leader)
    os.close(follower)
    return shown.decode(), asked.read_text() if asked.exists() else None


def test_on_a_terminal_it_opens_a_browser_with_the_address_that_it_prints(machine: Machine) -> None:
    """The terminal shows the same address that the browser gets."""
    shown, asked = _viewed(machine, terminal=True)
    assert asked is not None
    assert asked in shown


@pytest.mark.parametrize("why", ["--no-browser", "no terminal", "no desktop"])
def test_it_opens_none_where_nobody_looks_or_wants_it(machine: Machine, why: str) -> None:
    """A text browser would take over the terminal, and a program that reads the address opens the page itself."""
    arguments = [why] if why.startswith("--") else []
    environ = {"BROWSER": ""} if why == "no desktop" else {}
    shown, asked = _viewed(machine, *arguments, terminal=why != "no terminal", **environ)
    assert asked is None
    assert "http://127.0.0.1:" in shown


# --- the data -----------------------------------------------------------------------------------------------------------------


def test_each_event_is_told_with_its_exact_payload(machine: Machine) -> None:
    """The data has one event of each kind, newest first."""
    collected = Collected(machine)
    payloads = [
        collected.sent_by_otlp("to.collector", ago=50, ms=1500, error=ValueError("no luck")),
        collected.sent("one", ago=40, ms=12.5),
        collected.dropped("two", "refused for good", ago=30, error=ValueError("no luck")),
        collected.dropped("three", "too old", ago=20, known=False),
        collected.queued("four", ago=10),
    ]
    with Serving(machine) as running:
        told = running.data()["events"]
    told.reverse()
    fields = [[each[name] for name in ("command", "state", "why", "outcome", "exit_code", "duration", "lane")] for each in told]
    lane = lane_name(machine.posthog_url, "phc_test")
    assert fields == [
        ["to.collector", "sent", None, "failed", 1, 1500.0, "otlp"],
        ["one", "sent", None, "succeeded", 0, 12.5, lane],
        ["two", "dropped", "refused for good", "failed", 1, 12.0, lane],
        [None, "dropped", "too old", None, None, None, lane],
        ["four", "queued", None, "succeeded", 0, 12.0, lane],
    ]
    assert [each["error_type"] for each in told] == ["ValueError", None, "ValueError", None, None]
    assert [each["error_message"] for each in told] == ["no luck", None, "no luck", None, None]
    shown = [each["payload"] for each in told]
    assert shown[3] is None
    assert [each and json.loads(each) for each in shown] == [payloads[0], payloads[1], payloads[2], None, payloads[4]]
    assert shown[1] == json.dumps(payloads[1], indent=2)  # to the letter
    assert [each["ran"] for each in told] == sorted(each["ran"] for each in told)


def test_what_waits_tells_why_and_until_when(machine: Machine, posthog: FakePostHog) -> None:
    """A failure has started the back-off of the lane."""
    posthog.always(Fault.status(503, headers={"Retry-After": "600"}))
    machine.run("hello")
    machine.settle()
    with Serving(machine) as running:
        (event,) = running.data()["events"]
        (lane,) = running.data()["status"]["lanes"]
    assert (event["command"], event["state"]) == ("hello", "queued")
    assert event["why"] == lane["last_problem"]["why"] == "HTTP 503"
    assert event["pauses_until"] == lane["pauses_until"] is not None


def test_the_status_is_that_of_the_command(machine: Machine, posthog: FakePostHog) -> None:
    """The status is the same word for word, and contains no key."""
    machine.run("hello")
    machine.settle()
    machine.program("arcade-otel", ALONE)
    expected = json.loads(machine.run("status", "--json", program="arcade-otel").stdout)
    with Serving(machine) as running:
        assert running.data()["status"] == expected
        assert "phc_test" not in json.dumps(running.data())
        assert expected["distinct_id"] == machine.usage["anon_id"]


def test_every_event_that_waits_is_there_though_the_log_ends_at_100(machine: Machine) -> None:
    """A lane holds a thousand events."""
    collected = Collected(machine)
    for number in range(1000):
        collected.queued(f"command{number}")
    for number in range(100):
        collected.sent(f"sent{number}")
    with Serving(machine) as running:
        told = running.data()["events"]
    assert len(told) == 1100
    assert len({each["id"] for each in told}) == 1100


def test_the_page_is_made_anew_at_each_look(machine: Machine, posthog: FakePostHog) -> None:
    """A command that ran in between is on the page."""
    with Serving(machine) as running:
        assert running.data()["events"] == []
        machine.run("hello")
        machine.settle()
        assert [each["command"] for each in running.data()["events"]] == ["hello"]


def test_whatever_lies_in_the_directory_the_page_has_its_data(machine: Machine) -> None:
    """The directory has receipts and spans that another program has written.

    The data contains no value that JSON does not have.
    """
    collected = Collected(machine)
    collected.queued("good")
    (lane,) = (machine.state / "queue").iterdir()
    (lane / "00000000000000000001-bad.json").write_text("{")
    (lane / "x.json").write_text('{"resourceSpans": 1}')
    base: dict[str, Any] = {"at": 1.0, "ended": 1.0, "state": "sent", "lane": "posthog", "id": "a", "why": None, "payload": []}
    properties: dict[str, Any] = {"command_name": "x", "duration": 1.0, "exit_code": 1, "error_type": "E", "error_message": "m"}
    span = {"attributes": ATTRIBUTES, "startTimeUnixNano": "1"}
    made = 0
    for value in STRANGE:
        whole = [
            {**base, "id": f"{made}", "state": state, name: value} for name in base for state in ("sent", "dropped", "failed")
        ]
        events = [{"properties": {**properties, name: value}, "timestamp": value} for name in properties]
        spans: list[Any] = [{**span, "startTimeUnixNano": value}, {**span, "attributes": value}, value]
        for name in ("intValue", "stringValue", "doubleValue", "nothing"):
            keys = ("command", "duration", "process.exit.code", "error.type")
            spans += [{"attributes": [*ATTRIBUTES, {"key": key, "value": {name: value}}, value]} for key in keys]
        nested: list[Any] = [{"resourceSpans": [{"scopeSpans": [{"spans": [each]}]}]} for each in spans]
        nested += [{"resourceSpans": value}, {"resourceSpans": [{"scopeSpans": value}]}]
        for receipt in whole:
            collected.raw(receipt)
        for part in (value, *events, *nested):
            made += 1
            collected.raw({**base, "id": f"{made}", "payload": [part]})
        with Serving(machine) as running:
            told = running.data()["events"]
        assert "good" in [each["command"] for each in told]
        assert len(told) > 20
