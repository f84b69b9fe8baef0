"""The usage commands in Typer and Click programs and standing alone: what they print, what they do, and how they exit."""

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from arcade_otel import conventions
from arcade_otel.handoff import receipts
from arcade_otel.testing import FakePostHog, Fault, refused_port
from tests.dashboards.year import made_year
from tests.support.machine import Machine
from tests.support.programs import CLICK, TYPER, read_program, with_us

pytestmark = pytest.mark.posix  # imports modules that Windows lacks, or needs signals, users or file modes

MOUNT = {
    "typer": 'app.add_typer(arcade_otel.usage_commands(app), name="usage")\n',
    "click": "app.add_command(arcade_otel.usage_commands(app))\n",
}
HOSTS = {"typer": TYPER, "click": CLICK}
NAMES = ["status", "enable", "disable", "show", "log", "flush", "forget", "doctor"]
ALONE = "import sys\nfrom arcade_otel.cli.console import main\nsys.exit(main())\n"


def mounted(framework: str) -> str:
    """Return the program with the two lines of this library: ``instrument``, and then the usage commands."""
    source = with_us(HOSTS[framework])
    return source.replace('version="1.2.3")\n', f'version="1.2.3")\n{MOUNT[framework]}')


@pytest.fixture(params=["typer", "click", "alone"])
def usage(request: pytest.FixtureRequest, machine: Machine) -> "Usage":
    """The usage commands in each of their three places."""
    return Usage(machine, request.param)


@pytest.fixture(params=["typer", "click"])
def host(request: pytest.FixtureRequest, machine: Machine) -> "Usage":
    """The usage commands in a program of either framework."""
    return Usage(machine, request.param)


class Usage:
    """The usage commands in one place.

    The place is a program that also has a command ``hello``, or ``arcade-otel`` next to such a program.
    """

    def __init__(self, machine: Machine, place: str) -> None:
        self.machine = machine
        self.words = [] if place == "alone" else ["usage"]
        self.place = place
        machine.program("cli", mounted("click" if place == "alone" else place))
        machine.program("usage", ALONE if place == "alone" else mounted(place))

    def hello(self, **environ: str | None) -> None:
        """Run a command of the program, and wait for its sender."""
        assert self.machine.run("hello", program="cli", environ=environ).stdout == "hello you\n"
        self.machine.settle()

    def run(self, *arguments: str, **environ: str | None) -> "subprocess.CompletedProcess[str]":
        """Run a usage command."""
        return self.machine.run(*self.words, *arguments, program="usage", environ=environ)

    def json(self, *arguments: str, **environ: str | None) -> tuple[int, dict[str, Any]]:
        """Run a usage command with ``--json``. Return its exit code and its object, and check that it prints nothing else."""
        ended = self.run(*arguments, "--json", **environ)
        assert ended.stderr == ""
        told: dict[str, Any] = json.loads(ended.stdout)
        return ended.returncode, told


@pytest.mark.parametrize("name", NAMES)
def test_each_command_prints_one_object_for_programs_and_words_for_people(usage: Usage, name: str) -> None:
    """On a machine that has never run a command, no usage command fails, and none writes to stderr."""
    code, told = usage.json(name)
    assert code == 0
    assert told
    ended = usage.run(name)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.strip()
    assert not ended.stdout.startswith("{")


def test_a_wrong_command_line_exits_with_2(usage: Usage) -> None:
    """The cases are an unknown command, an unknown option, text in place of a number, and a number that is too small."""
    for arguments in (["nosuch"], ["status", "--nosuch"], ["log", "--limit", "x"], ["log", "--limit", "0"]):
        assert usage.run(*arguments).returncode == 2, arguments


def run_without_reader(machine: Machine, *words: str) -> tuple[int, bytes]:
    """Run a program whose stdout is a pipe that nobody reads. Return the exit code and what is on stderr."""
    reading, writing = os.pipe()
    os.close(reading)
    command, environ = [sys.executable, *words], machine.with_environ()
    ended = subprocess.run(command, env=environ, stdout=writing, stderr=subprocess.PIPE, timeout=60, check=False)
    os.close(writing)
    return ended.returncode, ended.stderr


@pytest.mark.parametrize("name", ["status", "show", "log"])
def test_a_reader_that_leaves_hears_nothing_on_stderr(usage: Usage, name: str) -> None:
    """In ``usage log | head``, the pipe is closed before the command writes to it."""
    assert run_without_reader(usage.machine, str(usage.machine.root / "usage.py"), *usage.words, name) == (1, b"")


@pytest.mark.parametrize("name", ["report", "manifest"])
def test_the_reader_of_a_maintainers_command_may_leave_too(machine: Machine, name: str) -> None:
    """The maintainer runs ``arcade-otel report FILE | head``, or ``arcade-otel manifest APP | head``."""
    export = machine.root / "export.jsonl"
    export.write_text(made_year(100).lines())
    program = machine.program("cli", with_us(CLICK))
    about = str(export) if name == "report" else f"{program}:app"
    assert run_without_reader(machine, "-m", "arcade_otel.cli.console", name, about) == (1, b"")


def test_the_help_lists_every_command(usage: Usage) -> None:
    """The help lets users find commands that they do not know."""
    ended = usage.run("--help")
    assert ended.returncode == 0
    assert all(name in ended.stdout for name in [*NAMES, "view"])


# --- status -------------------------------------------------------------------------------------------------------------------


def test_the_status_tells_on_or_off_and_why(usage: Usage) -> None:
    """The reasons are tested in the order of precedence. If usage data is off, the exit code is 3."""
    assert usage.json("status")[1]["reason"] == "default"
    (usage.machine.state / "consent").write_text("off")
    code, told = usage.json("status")
    assert (code, told["tracking"], told["reason"]) == (3, "off", "stored choice")
    code, told = usage.json("status", ARCADE_USAGE_TRACKING="1")
    assert (code, told["tracking"], told["reason"]) == (0, "on", "ARCADE_USAGE_TRACKING")
    code, told = usage.json("status", ARCADE_USAGE_TRACKING="1", DO_NOT_TRACK="1")
    assert (code, told["tracking"], told["reason"]) == (3, "off", "DO_NOT_TRACK")
    assert "DO_NOT_TRACK is set" in usage.run("status", DO_NOT_TRACK="1").stdout


def test_the_status_tells_what_waits_what_was_sent_and_what_went_wrong(usage: Usage, posthog: FakePostHog) -> None:
    """One event was sent, and then the server failed."""
    usage.hello()
    posthog.always(Fault.status(503))
    usage.hello()
    _, told = usage.json("status")
    assert told["distinct_id"] == usage.machine.usage["anon_id"]
    assert told["anonymous"] is True
    assert told["waiting"] >= 1
    (lane,) = told["lanes"]
    assert (lane["exporter"], lane["failures_in_a_row"], lane["last_problem"]["why"]) == ("posthog", 1, "HTTP 503")
    assert lane["oldest"] <= told["last_problem"]["at"]
    assert told["last_problem"]["why"] == "HTTP 503"
    assert told["last_sent"]["lane"] == lane["lane"]
    assert "phc_test" not in json.dumps(told)
    assert "HTTP 503" in usage.run("status").stdout


def test_the_status_names_exporters_that_are_not_installed(usage: Usage) -> None:
    """Spans for an exporter that is not installed would otherwise wait without an explanation."""
    _, told = usage.json("status", OTEL_TRACES_EXPORTER="posthog,nosuch")
    assert told["exporters"] == [{"name": "posthog", "installed": True}, {"name": "nosuch", "installed": False}]
    assert "nosuch" in usage.run("status", OTEL_TRACES_EXPORTER="posthog,nosuch").stdout


def test_the_status_of_a_program_without_a_key_says_that_nothing_is_sent(host: Usage) -> None:
    """The word "on" would be wrong for such a program."""
    code, told = host.json("status", ARCADE_USAGE_POSTHOG_API_KEY=None)
    assert (code, told["tracking"], told["reason"]) == (3, "off", "nobody to send to")


def test_the_status_changes_nothing(usage: Usage) -> None:
    """The command ``status`` makes no anonymous ID."""
    before = sorted(str(path) for path in usage.machine.home.rglob("*"))
    usage.run("status", DO_NOT_TRACK="1")
    assert sorted(str(path) for path in usage.machine.home.rglob("*")) == before


# --- enable, disable ----------------------------------------------------------------------------------------------------------


def test_disable_takes_effect_at_once_and_leaves_no_trace_of_itself(usage: Usage, posthog: FakePostHog) -> None:
    """Queued events are deleted, nothing more is recorded, and ``enable`` turns recording on again."""
    posthog.stop()
    usage.hello()
    assert len(usage.machine.queue) == 1
    posthog.start()
    code, told = usage.json("disable")
    assert (code, told["tracking"], told["removed"]) == (0, "off", 1)
    assert usage.machine.queue == []
    usage.machine.settle()
    usage.machine.time_passes()
    usage.hello()
    assert usage.machine.queue == []
    assert posthog.requests == []
    assert (usage.machine.state / "consent").stat().st_mode & 0o777 == 0o600
    assert usage.json("enable")[1]["tracking"] == "on"
    usage.hello()
    assert [event.properties["command_name"] for event in posthog.visible()] == ["hello"]


def test_disable_deletes_the_other_events_and_says_what_is_left_if_one_cannot_be_deleted(
    usage: Usage, posthog: FakePostHog
) -> None:
    """On Windows, a file that is open cannot be deleted. In this test, a directory with an event's name takes its place."""
    posthog.stop()
    usage.hello()
    (event,) = usage.machine.queue
    stuck = event.with_name(f"1{event.name[1:]}")
    stuck.mkdir()
    code, told = usage.json("disable")
    assert (code, told["stored"], told["tracking"], told["left"]) == (1, "off", "off", 1)
    assert not event.exists()
    assert "Not deleted: 1 queued events" in usage.run("disable").stdout


def test_a_choice_that_something_stronger_overrides_is_stored_and_exits_with_1(usage: Usage) -> None:
    """The command says what overrides the choice."""
    code, told = usage.json("enable", DO_NOT_TRACK="1")
    assert (code, told["stored"], told["tracking"], told["reason"]) == (1, "on", "off", "DO_NOT_TRACK")
    code, told = usage.json("disable", ARCADE_USAGE_TRACKING="1")
    assert (code, told["stored"], told["tracking"], told["reason"]) == (1, "off", "on", "ARCADE_USAGE_TRACKING")
    assert (usage.machine.state / "consent").read_text() == "off"


def test_a_choice_that_cannot_be_stored_is_told_and_exits_with_1(usage: Usage) -> None:
    """The cases are a directory in the place of the file, and a user without a home."""
    (usage.machine.state / "consent").mkdir()
    ended = usage.run("disable")
    assert ended.returncode == 1
    assert str(usage.machine.state / "consent") in ended.stderr
    assert "Traceback" not in ended.stderr
    assert usage.run("enable", HOME="").returncode == 1


def test_who_opted_out_by_the_environment_finds_the_programs_own_settings(host: Usage, tmp_path: Path) -> None:
    """If the user has opted out, ``instrument`` does nothing.

    The usage commands must still find the program's config directory.
    """
    source = host.machine.root / "usage.py"
    source.write_text(source.read_text().replace('version="1.2.3"', f'version="1.2.3", config_dir={str(tmp_path / "own")!r}'))
    (tmp_path / "own" / "usage").mkdir(parents=True)
    (tmp_path / "own" / "usage" / "notice").write_text(str(conventions.NOTICE_VERSION))
    assert host.json("status", DO_NOT_TRACK="1")[1]["config_dir"] == str(tmp_path / "own")
    assert host.json("status", DO_NOT_TRACK="1")[1]["program"] == "tool"
    assert host.json("status")[1]["config_dir"] == str(tmp_path / "own")


def test_the_commands_may_be_mounted_before_the_program_is_instrumented(host: Usage) -> None:
    """A usage command looks up the settings when it runs."""
    source = host.machine.root / "usage.py"
    text = source.read_text()
    line = next(line for line in text.splitlines() if line.startswith("arcade_otel.instrument("))
    mount = MOUNT[host.place]
    source.write_text(text.replace(mount, "").replace(line, f"{mount}{line}"))
    assert host.json("status")[1]["program"] == "tool"


# --- show, log ----------------------------------------------------------------------------------------------------------------


def test_show_tells_exactly_what_was_sent_and_what_waits(usage: Usage, posthog: FakePostHog) -> None:
    """The shown event equals the event that arrived, field by field. A queued event arrives exactly as it was shown."""
    usage.hello()
    (arrived,) = posthog.visible()
    _, told = usage.json("show")
    (shown,) = told["last"]["payload"]
    assert told["last"]["state"] == "sent"
    assert (shown["uuid"], shown["timestamp"], shown["properties"]) == (arrived.uuid, arrived.timestamp, arrived.properties)
    usage.machine.settle()
    posthog.stop()
    usage.hello()
    _, told = usage.json("show")
    (shown,) = told["waiting"][0]["payload"]
    assert arrived.uuid in usage.run("log", "--json").stdout
    usage.machine.settle()
    posthog.start()
    usage.machine.time_passes()
    usage.hello()
    (later,) = (event for event in posthog.visible() if event.uuid == shown["uuid"])
    assert (shown["timestamp"], shown["properties"]) == (later.timestamp, later.properties)


def test_the_log_tells_queued_sent_and_dropped_newest_last(usage: Usage, posthog: FakePostHog) -> None:
    """The log has one event of each kind, and never more than ``--limit`` events."""
    usage.hello()
    posthog.refuse(lambda _: True)
    usage.hello()
    posthog.refuse(lambda _: False)
    posthog.stop()
    usage.hello()
    _, told = usage.json("log")
    mine = [event for event in told["events"] if event["command"] == "hello"]
    assert [(event["state"], event["why"]) for event in mine] == [
        ("sent", None),
        ("dropped", "refused for good"),
        ("queued", None),
    ]
    assert all(event["payload"] for event in mine)
    assert len(usage.json("log", "--limit", "1")[1]["events"]) == 1
    assert "refused for good" in usage.run("log").stdout


def test_the_log_names_the_command_of_a_live_trace_and_not_the_programs_own_span(machine: Machine) -> None:
    """The queued file of a live trace has the program's own spans first, because they end before the command."""
    usage = Usage(machine, "alone")
    machine.program("traced", read_program("recording/traced"))
    with refused_port() as port:
        environ = {"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}"}
        assert machine.run("work", program="traced", environ=environ).returncode == 0
        machine.settle()
    _, told = usage.json("log")
    (event,) = told["events"]
    assert "step 0" in json.dumps(event["payload"])
    assert (event["lane"], event["command"]) == ("otlp", "work")


def test_nothing_in_a_payload_steers_the_terminal(usage: Usage, posthog: FakePostHog) -> None:
    """The hostile payload is in a receipt, or in a file of the queue, that another program has written."""
    made = receipts.receipt(receipts.DROPPED, "posthog", name="1-a.json", why="\x1b]0;owned\x07[bold]x[/bold]")
    receipts.write(str(usage.machine.state), [made])
    ended = usage.run("log")
    assert "\x1b" not in ended.stdout
    assert "[bold]x[/bold]" in ended.stdout


# --- flush --------------------------------------------------------------------------------------------------------------------


def test_flush_sends_what_waits_though_the_lane_pauses(usage: Usage, posthog: FakePostHog) -> None:
    """Earlier failures make every other sender skip the lane."""
    posthog.always(Fault.status(503))
    for _ in range(2):
        usage.hello()
    waiting = {path.name for path in usage.machine.queue}
    assert len(waiting) == 2
    posthog.heal()
    code, told = usage.json("flush")
    assert (code, told["waiting"], told["problem"]) == (0, 0, None)
    assert [event.properties["command_name"] for event in posthog.visible()][:2] == ["hello", "hello"]


def test_flush_exits_with_1_and_says_why_if_something_still_waits(usage: Usage, posthog: FakePostHog) -> None:
    """Either the server fails, or there is no server."""
    posthog.always(Fault.status(503))
    usage.hello()
    code, told = usage.json("flush")
    assert (code, told["before"], told["waiting"]) == (1, 1, 1)
    assert "HTTP 503" in told["problem"]
    assert "HTTP 503" in usage.run("flush").stdout


def test_flush_sends_nothing_while_nothing_may_be_sent(usage: Usage, posthog: FakePostHog) -> None:
    """The cases are a user who has opted out, and a user who only prints payloads (``log``)."""
    posthog.stop()
    usage.hello()
    posthog.start()
    code, told = usage.json("flush", ARCADE_USAGE_TRACKING="log") if usage.place == "alone" else (1, {"waiting": 1})
    assert (code, told["waiting"]) == (1, 1)
    usage.json("flush", DO_NOT_TRACK="1")
    assert posthog.requests == []


# --- forget -------------------------------------------------------------------------------------------------------------------


def test_forget_leaves_nothing_and_takes_a_new_id(usage: Usage, posthog: FakePostHog) -> None:
    """Events, receipts and the old ID are gone, and ``forget`` itself is not recorded."""
    usage.hello()
    posthog.stop()
    usage.hello()
    before = usage.machine.usage["anon_id"]
    code, told = usage.json("forget")
    assert code == 0
    assert told["was"] == before
    assert told["removed"] == 1
    assert told["receipts"] == 1
    usage.machine.settle()
    assert usage.machine.usage == {"anon_id": told["anon_id"], "linked_principal_id": None}
    assert told["anon_id"] != before
    left = [path for path in usage.machine.config_dir.rglob("*") if path.is_file() and before in path.read_text(errors="replace")]
    assert left == []
    assert usage.machine.queue == []
    assert not (usage.machine.state / "receipts.jsonl").exists()
    posthog.start()
    usage.hello()
    assert [event.distinct_id for event in posthog.visible()] == [before, told["anon_id"]]


def test_forget_goes_on_past_a_file_that_cannot_be_deleted_and_says_so(usage: Usage, posthog: FakePostHog) -> None:
    """The other events, the receipts and the ID are still removed."""
    usage.hello()
    before = usage.machine.usage["anon_id"]
    posthog.stop()
    usage.hello()
    (event,) = usage.machine.queue
    event.with_name(f"1{event.name[1:]}").mkdir()
    code, told = usage.json("forget")
    assert (code, told["left"], told["receipts"]) == (1, 1, 1)
    assert not event.exists()
    assert usage.machine.usage["anon_id"] not in (before, None)
    assert "Not deleted: 1 queued events" in usage.run("forget").stdout


def test_forget_waits_for_a_sender_that_is_at_work(usage: Usage, posthog: FakePostHog) -> None:
    """Otherwise the sender would write its receipts after ``forget`` has removed them."""
    posthog.script(Fault.delay(2))
    usage.machine.run("hello", program="cli")
    usage.machine.wait_until(lambda: posthog.requests, "the request was under way")
    assert usage.json("forget")[0] == 0
    usage.machine.settle()
    assert not (usage.machine.state / "receipts.jsonl").exists()
    assert usage.machine.queue == []


# --- doctor -------------------------------------------------------------------------------------------------------------------


def checks(told: dict[str, Any]) -> dict[str, bool | None]:
    """Return the lines of ``doctor`` by their check.

    ``delivery posthog`` stands for the lane, whose name has a checksum of the key.
    """
    return {re.sub(r"^(delivery|lane) posthog@.*", r"\1 posthog", check["name"]): check["ok"] for check in told["checks"]}


def test_the_doctor_proves_a_round_trip_with_an_event_that_is_nobodys(host: Usage, posthog: FakePostHog) -> None:
    """The check of the cost sends neither an ID nor a command."""
    host.hello()
    code, told = host.json("doctor")
    assert code == 0
    found = checks(told)
    assert all(
        found[name]
        for name in ("consent", "config directory", "identity", "cost", "sender", "exporter posthog", "delivery posthog")
    )
    (cost,) = (check for check in told["checks"] if check["name"] == "cost")
    assert 0 < cost["milliseconds"] < 10_000
    (event,) = (event for event in posthog.events if event.event == "arcade-otel doctor")
    assert event.distinct_id != host.machine.usage["anon_id"]
    assert set(event.properties) <= {"$process_person_profile", "$geoip_disable", "$ip", "$lib", "$lib_version"}
    assert event.properties["$process_person_profile"] is False
    assert [request.leaks() for request in posthog.requests] == [[]] * len(posthog.requests)


@pytest.mark.parametrize("why", ["nobody listens", "503", "no proxy", "no TLS", "captive portal"])
def test_the_doctor_says_what_fails_on_the_way(host: Usage, posthog: FakePostHog, why: str) -> None:
    """``doctor`` then exits with 1."""
    with refused_port() as port:
        environ: dict[str, str | None] = {}
        if why == "nobody listens":
            environ = {"ARCADE_USAGE_POSTHOG_HOST": f"http://127.0.0.1:{port}"}
        elif why == "no proxy":
            environ = {"HTTP_PROXY": f"http://user:secret@127.0.0.1:{port}", "NO_PROXY": ""}
        elif why == "no TLS":
            environ = {"ARCADE_USAGE_POSTHOG_HOST": posthog.url.replace("http:", "https:")}
        else:
            posthog.always(Fault.status(503) if why == "503" else Fault.garbage())
        code, told = host.json("doctor", **environ)
    assert code == 1
    assert told["well"] is False
    found = checks(told)
    assert found["delivery posthog"] is False
    assert found["proxy"] is (why != "no proxy")
    if why == "no TLS":
        assert found["certificate"] is False
    if why == "no proxy":
        assert f"http://127.0.0.1:{port}" in json.dumps(told)
    assert "secret" not in json.dumps(told)


def test_the_doctor_standing_alone_names_the_variable_for_the_project_key(machine: Machine) -> None:
    """``arcade-otel`` has no project key of its own, so it sends no test event, and the line of the delivery says what to set."""
    usage = Usage(machine, "alone")
    code, told = usage.json("doctor", ARCADE_USAGE_POSTHOG_API_KEY=None)
    (delivery,) = (check for check in told["checks"] if check["name"] == "delivery")
    assert (code, delivery["ok"]) == (0, None)
    assert "set ARCADE_USAGE_POSTHOG_API_KEY to the key" in delivery["detail"]
    _, told = usage.json("doctor", ARCADE_USAGE_POSTHOG_API_KEY="phc_test")
    assert checks(told)["delivery posthog"] is True


def test_the_delivery_to_an_exporter_that_is_not_installed_refers_to_the_line_of_the_exporter(host: Usage) -> None:
    """Its endpoint is not the cause."""
    _, told = host.json("doctor", OTEL_TRACES_EXPORTER="posthog,nosuch")
    (delivery,) = (check for check in told["checks"] if check["name"] == "delivery nosuch")
    assert delivery["ok"] is False
    assert delivery["remedy"] == "correct the problem in the line exporter nosuch."


def test_the_doctor_of_who_opted_out_sends_nothing(usage: Usage, posthog: FakePostHog) -> None:
    """``doctor`` does not even send its test event."""
    code, told = usage.json("doctor", DO_NOT_TRACK="1")
    assert code == 0
    assert checks(told)["delivery"] is None
    assert posthog.requests == []
    assert not (usage.machine.config_dir / "usage.json").exists()


def test_the_doctor_finds_what_is_broken_here(host: Usage) -> None:
    """The faults are a corrupt identity, and an exporter that is not installed."""
    (host.machine.config_dir / "usage.json").write_text("{")
    code, told = host.json("doctor", OTEL_TRACES_EXPORTER="nosuch")
    assert code == 1
    found = checks(told)
    assert found["identity"] is False
    assert found["exporter nosuch"] is False


# --- on a terminal ------------------------------------------------------------------------------------------------------------


def on_a_terminal(usage: Usage, *arguments: str) -> str:
    """Run a usage command with stdout and stderr on a terminal, and return what the terminal shows."""
    leader, follower = pty.openpty()
    with subprocess.Popen(
        [sys.executable, str(usage.machine.root / "usage.py"), *usage.words, *arguments],
        env={**usage.machine.environ, "TERM": "xterm", "COLUMNS": "160"},
        cwd=usage.machine.home,
        stdin=subprocess.DEVNULL,
        stdout=follower,
        stderr=follower,
    ):
        os.close(follower)
        shown = b""
        while True:
            try:
                part = os.read(leader, 65536)
            except OSError:  # Linux says so when the last process has closed it
                break
            if not part:
                break
            shown += part
    os.close(leader)
    return shown.decode()


def test_a_terminal_gets_a_table_that_shows_markup_as_it_is(usage: Usage) -> None:
    """The table is made by rich, which is installed with Typer. Text in a cell controls neither rich nor the terminal."""
    made = receipts.receipt(receipts.DROPPED, "posthog", name="1-a.json", why="\x1b]0;owned\x07[bold]x[/bold]")
    receipts.write(str(usage.machine.state), [made])
    shown = on_a_terminal(usage, "log")
    assert "\u2502" in shown  # a line between columns
    assert "[bold]x[/bold]" in shown
    assert "\x1b]0;" not in shown


def test_flush_shows_on_a_terminal_how_far_it_is(usage: Usage, posthog: FakePostHog) -> None:
    """``flush`` shows its progress while it waits for an answer."""
    posthog.stop()
    usage.hello()
    posthog.start()
    posthog.script(Fault.delay(1))
    shown = on_a_terminal(usage, "flush")
    assert "Sending" in shown
    assert "Sent 1 of 1 queued events." in shown


# --- in the host --------------------------------------------------------------------------------------------------------------


def test_they_are_recorded_like_any_other_command_but_for_disable_and_forget(host: Usage, posthog: FakePostHog) -> None:
    """The name of a usage command is its path in the program."""
    for name in ("status", "show", "log", "enable", "forget", "disable", "status"):
        host.run(name)
        host.machine.settle()
    recorded = [event.properties["command_name"] for event in posthog.visible()]
    assert recorded == ["usage.status", "usage.show", "usage.log", "usage.enable"]


def test_disable_is_not_recorded_where_something_stronger_says_on_either(host: Usage, posthog: FakePostHog) -> None:
    """A user who says no is not counted for saying no."""
    assert host.run("disable", ARCADE_USAGE_TRACKING="1").returncode == 1
    host.machine.settle()
    assert posthog.requests == []


def test_mounted_under_another_name_they_are_recorded_under_it(machine: Machine, posthog: FakePostHog) -> None:
    """The program chooses the name under which it mounts the usage commands."""
    machine.program(
        "cli", with_us(CLICK).replace("if __name__", "app.add_command(arcade_otel.usage_commands(app), 'telemetry')\nif __name__")
    )
    assert machine.run("telemetry", "status", program="cli").returncode == 0
    machine.settle()
    assert [event.properties["command_name"] for event in posthog.visible()] == ["telemetry.status"]


def test_what_is_neither_is_refused_at_once(machine: Machine) -> None:
    """The error appears when the maintainer writes the program, and never in a user's run."""
    machine.program("wrong", "import arcade_otel\narcade_otel.usage_commands(print)\n")
    ended = machine.run(program="wrong")
    assert ended.returncode == 1
    assert "TypeError: app must be a typer.Typer or a Click group" in ended.stderr


def test_the_standing_alone_program_is_installed(machine: Machine) -> None:
    """It is installed as ``arcade-otel``, and works on the config directory that it is given."""
    program = Path(sys.executable).parent / "arcade-otel"
    ended = subprocess.run(
        [program, "--config-dir", str(machine.root / "elsewhere"), "status", "--json"],
        env=machine.environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert json.loads(ended.stdout)["config_dir"] == str(machine.root / "elsewhere")
    assert ended.returncode == 0
