"""Commands that ``record_start`` names leave an event when they begin, so that a server that is killed leaves a trace."""

import json
import signal
import subprocess

import pytest

from arcade_otel import conventions
from arcade_otel.testing import FakePostHog
from tests.support.collector import HttpCollector
from tests.support.machine import Machine
from tests.support.programs import read_program

SERVER = read_program("frameworks/record_start")
#: What only the end of a command knows, and what counts runs.
OF_THE_END = {"duration", "exit_code", "outcome", "first_run", "previous_version", "$session_id"}


@pytest.fixture(autouse=True)
def _server(machine: Machine) -> None:
    machine.program("server", SERVER)


def names(posthog: FakePostHog) -> list[tuple[str, str]]:
    """Return the events that arrived, in order, as the event's last word and its command."""
    return [(event.event.rpartition(" ")[2], event.properties.get("command_name", "")) for event in posthog.visible()]


@pytest.mark.posix
def test_a_server_that_is_killed_leaves_exactly_one_started_event(machine: Machine, posthog: FakePostHog) -> None:
    """The event arrives while the server runs.

    It has the command's properties, but none that depend on its end. SIGKILL adds no event.
    """
    machine.run("work", program="server")
    machine.settle()
    process = machine.start("serve", program="server")
    posthog.wait_for(lambda: names(posthog) == [("succeeded", "work"), ("started", "serve")])
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    machine.settle()
    work, started = posthog.visible()
    assert names(posthog) == [("succeeded", "work"), ("started", "serve")]
    assert started.event == conventions.EVENT_STARTED
    assert set(work.properties) - set(started.properties) == OF_THE_END - {"previous_version"}
    assert set(started.properties) <= set(work.properties)
    assert started.distinct_id == work.distinct_id


def test_a_server_that_ends_gives_started_and_then_succeeded_and_other_commands_only_their_end(
    machine: Machine, posthog: FakePostHog
) -> None:
    """The two events of one run have one first run and two UUIDs."""
    for words in (["serve", "--once"], ["work"]):
        assert machine.run(*words, program="server").returncode == 0
        machine.settle()
    assert sorted(names(posthog)) == [("started", "serve"), ("succeeded", "serve"), ("succeeded", "work")]
    assert len({event.uuid for event in posthog.visible()}) == 3
    first_run = {
        event.event: event.properties.get("first_run")
        for event in posthog.visible()
        if event.properties["command_name"] == "serve"
    }
    assert first_run == {conventions.EVENT_STARTED: None, conventions.EVENT_SUCCEEDED: True}


def test_the_start_of_a_login_belongs_to_the_anonymous_id_and_the_alias_is_of_the_login(
    machine: Machine, posthog: FakePostHog
) -> None:
    """The identity is read when the command begins. So the start event is not under the new ID, and makes no profile."""
    posthog.arcade.add(api_key="key", principal_id="user-1")
    machine.run("work", program="server")
    anonymous = machine.usage["anon_id"]
    environ = {
        "ARCADE_WORK_DIR": str(machine.config_dir),
        "ARCADE_TEST_CREDENTIALS": f"cloud:\n  api:\n    key: key\n  coordinator_url: {posthog.url}\n",
    }
    assert machine.run("login", program="server", environ=environ).returncode == 0
    machine.settle()
    owners = {event.event: event.distinct_id for event in posthog.visible() if event.properties.get("command_name") == "login"}
    assert owners == {conventions.EVENT_STARTED: anonymous, conventions.EVENT_SUCCEEDED: "user-1"}
    assert [event.distinct_id for event in posthog.visible() if event.event == "$create_alias"] == [anonymous]
    assert all("$process_person_profile" in each.properties for each in posthog.visible() if each.event.endswith("started"))


@pytest.mark.parametrize("live", ["live_spans=True", "live_spans=False"])
def test_a_receiver_of_otlp_gets_one_span_of_the_command(
    machine: Machine, posthog: FakePostHog, collector: HttpCollector, live: str
) -> None:
    """The start is an event for PostHog only, whichever way the span is made."""
    environ = {
        "OTEL_TRACES_EXPORTER": "posthog,otlp",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
    }
    machine.program("traced", SERVER.replace("exclude=()", live))
    assert machine.run("serve", "--once", program="traced", environ=environ).returncode == 0
    collector.wait_for(lambda: collector.spans)
    machine.settle()
    assert sorted(names(posthog)) == [("started", "serve"), ("succeeded", "serve")]
    assert len(collector.spans) == 1
    assert conventions.RESOURCE_STARTED not in collector.spans[0].resource


def test_nothing_begins_for_a_user_who_opted_out_and_log_prints_both_events(machine: Machine, posthog: FakePostHog) -> None:
    """Consent also counts at the start. An excluded command leaves neither event."""
    off = machine.run("serve", "--once", program="server", environ={"ARCADE_USAGE_TRACKING": "0"})
    shown = machine.run("serve", "--once", program="server", environ={"ARCADE_USAGE_TRACKING": "log"})
    machine.program("excluding", SERVER.replace("exclude=()", "exclude='serve'"))
    machine.run("serve", "--once", program="excluding")
    machine.settle()
    assert (off.stderr, names(posthog)) == ("", [])
    events = [json.loads(f"{{{text}") for text in ("\n" + shown.stderr).split("\n{")[1:]]
    assert [event["event"] for event in events] == [conventions.EVENT_STARTED, conventions.EVENT_SUCCEEDED]


def test_both_events_of_a_sampled_command_arrive_or_neither(machine: Machine, posthog: FakePostHog) -> None:
    """Sampling is decided once for a run."""
    code = "import arcade_otel\narcade_otel.configure(name='tool', version='1', sample={'serve': 0.5}, record_start='serve')\n"
    machine.program("many", code + "for _ in range(16):\n    with arcade_otel.command('serve'):\n        pass\n")
    assert isinstance(machine.run(program="many"), subprocess.CompletedProcess)
    machine.settle()
    found = [name for name, _ in names(posthog)]
    assert 0 < found.count("started") == found.count("succeeded") < 16


def test_a_program_of_one_command_is_named_by_its_own_name_and_the_start_has_declared_properties(
    machine: Machine, posthog: FakePostHog
) -> None:
    """The path of the command is empty, so ``record_start`` has the name of the program."""
    code = "import click, arcade_otel\n@click.command()\ndef app(): pass\narcade_otel.instrument(app, name='tool', version='1', "
    code += "record_start='tool', properties={'tools': int}, property_values=lambda: {'tools': 3})\napp()\n"
    machine.program("single", code)
    assert machine.run(program="single").returncode == 0
    machine.settle()
    found = [
        (event.event.split()[-1], event.properties["command_name"], event.properties["tools"]) for event in posthog.visible()
    ]
    assert sorted(found) == [("started", "tool", 3), ("succeeded", "tool", 3)]


def test_a_command_that_is_not_named_imports_nothing_for_the_start(machine: Machine) -> None:
    """Only the commands that ``record_start`` names pay for it."""
    code = (
        "import sys, arcade_otel\nwith arcade_otel.command(sys.argv[1], name='tool', version='1', record_start='serve'): pass\n"
    )
    code += "print(*(name for name in ('arcade_otel.frameworks.start_event', 'arcade_otel.spans.otlp') if name in sys.modules))\n"
    machine.program("imports", code)
    assert machine.run("work", program="imports").stdout.split() == []
    assert machine.run("serve", program="imports").stdout.split() == [
        "arcade_otel.frameworks.start_event",
        "arcade_otel.spans.otlp",
    ]
