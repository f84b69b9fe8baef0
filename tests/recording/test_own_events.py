"""Events that a program declares and tracks travel on the span of their command."""

import json
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest

from arcade_otel import consent, conventions, option_checks
from arcade_otel.frameworks.tracking import MAX_EVENTS
from arcade_otel.handoff import receipts
from arcade_otel.settings import make_settings
from arcade_otel.testing import CliSandbox, FakePostHog, Fault
from arcade_otel.testing.capture_validation import Event
from arcade_otel.testing.secret_search import found_in
from tests.support.collector import HttpCollector
from tests.support.machine import Machine
from tests.support.programs import read_program

PROGRAM = read_program("recording/own_events")
CREATED, RUN = "toolkit created", "Tool.run 2"
OWN = {"tools": 3, "kind": "remote", "beta": True}
#: Properties of a command's event that depend on how the command ended.
OF_THE_END = {"duration", "exit_code", "outcome", "first_run"}


@pytest.fixture(autouse=True)
def _program(machine: Machine) -> None:
    machine.program("own", PROGRAM)


def ran(machine: Machine, command: str, *, code: int = 0, environ: Mapping[str, str] | None = None) -> str:
    """Run a command of the program, wait for its sender, and return what it wrote to stderr."""
    ended = machine.run(command, program="own", environ=environ)
    assert (ended.returncode, ended.stdout) == (code, ""), ended.stderr
    machine.settle()
    return ended.stderr


def names(posthog: FakePostHog) -> list[str]:
    """Return the names of the events that PostHog shows, in order."""
    return [event.event for event in posthog.visible()]


def of_program(event: Event, names: Mapping[str, object]) -> dict[str, object]:
    """Return those properties of ``event`` whose names are in ``names``."""
    return {name: event.properties[name] for name in names if name in event.properties}


def test_a_tracked_event_has_its_own_properties_and_those_of_its_command(machine: Machine, posthog: FakePostHog) -> None:
    """The event has the command's person, and its own time and UUID.

    The event has no property that depends on how the command ended.
    """
    ran(machine, "work")
    command, created, run = posthog.visible()
    assert [command.event, created.event, run.event] == [conventions.EVENT_SUCCEEDED, CREATED, RUN]
    assert of_program(created, OWN) == OWN
    assert of_program(run, OWN) == {}
    for event in (created, run):
        rest = {name: value for name, value in event.properties.items() if name not in OWN}
        assert rest == {name: value for name, value in command.properties.items() if name not in OF_THE_END}
        assert event.distinct_id == command.distinct_id == machine.usage["anon_id"]
        assert event.properties["$process_person_profile"] is False
    assert command.timestamp <= created.timestamp <= run.timestamp
    assert len({command.uuid, created.uuid, run.uuid}) == 3


def test_a_tracked_event_has_the_time_at_which_it_was_tracked(machine: Machine, posthog: FakePostHog) -> None:
    """The program waits 20 ms after its first event. The times are exact to the millisecond."""
    ran(machine, "slow")
    first, _, last = posthog.visible()[1:]
    assert (first.event, last.event) == (CREATED, CREATED)
    between = datetime.fromisoformat(last.timestamp) - datetime.fromisoformat(first.timestamp)
    assert timedelta(milliseconds=19) <= between
    assert first.timestamp >= posthog.visible()[0].timestamp


def test_an_event_outside_of_a_command_is_a_debug_line_only(machine: Machine, posthog: FakePostHog) -> None:
    """The program tracks one event before its command and another after the command."""
    assert ran(machine, "work") == ""
    assert names(posthog) == [conventions.EVENT_SUCCEEDED, CREATED, RUN]
    assert machine.log.count("track: no command is recorded, and so no event") == 2


@pytest.mark.posix
def test_a_forked_child_adds_no_event_to_the_command_of_its_parent(machine: Machine, posthog: FakePostHog) -> None:
    """The parent's command is not a command of the child."""
    ran(machine, "fork")
    assert names(posthog) == [conventions.EVENT_SUCCEEDED, CREATED, RUN]
    assert machine.log.count("track: no command is recorded, and so no event") == 3


def test_nothing_that_is_not_declared_leaves_the_process(machine: Machine, posthog: FakePostHog) -> None:
    """Names and values hold a secret.

    An undeclared property is left out of its event, and an undeclared event is left out as a whole.
    """
    canary = "phx_5Canary8hTq2ZrW9"
    ran(machine, "wrong", environ={"CANARY": canary})
    assert names(posthog) == [conventions.EVENT_SUCCEEDED, CREATED, CREATED, RUN, RUN]
    assert [of_program(event, OWN) for event in posthog.visible()[1:3]] == [OWN, {}]
    written = [path.read_bytes() for path in machine.config_dir.rglob("*") if path.is_file()]
    for data in (*written, *(request.content for request in posthog.requests), machine.debug_log.read_bytes()):
        assert found_in(data, canary) is None
    for line in (
        "property dropped: tools of toolkit created (str)",
        "property dropped: kind of toolkit created (str)",
        "property dropped: beta of toolkit created (int)",
        "property dropped: a name that is not declared for toolkit created (int)",
        "property dropped: all of Tool.run 2 (str)",
    ):
        assert machine.log.count(line) == 1, line
    assert machine.log.count("event dropped: a name that is not declared") == 2


def test_the_events_of_a_command_that_fails_are_sent_without_its_error(machine: Machine, posthog: FakePostHog) -> None:
    """Only the command's own event has the error."""
    assert "it broke" in ran(machine, "fail", code=1)
    command, created, run = posthog.visible()
    assert [command.event, created.event, run.event] == [conventions.EVENT_FAILED, CREATED, RUN]
    assert command.properties["error_message"] == "it broke"
    assert not any(name.startswith("error") for event in (created, run) for name in event.properties)


def test_the_events_of_a_login_and_a_logout_belong_to_the_account_as_their_commands_do(
    machine: Machine, posthog: FakePostHog
) -> None:
    """The alias comes first, and a logout's events come before the rotation. Only events of a person have groups."""
    for command in ("work", "login", "work", "logout", "work"):
        ran(machine, command)
    events = posthog.visible()
    assert [(event.event, event.distinct_id) for event in events if event.event == conventions.EVENT_ALIAS] == [
        (conventions.EVENT_ALIAS, events[0].distinct_id)
    ]
    assert events.index(next(event for event in events if event.event == conventions.EVENT_ALIAS)) == 3
    commands = [event for event in events if event.event != conventions.EVENT_ALIAS]
    assert [event.event for event in commands] == [conventions.EVENT_SUCCEEDED, CREATED, RUN] * 5
    owners = [event.distinct_id for event in commands]
    before, after = owners[0], owners[-1]
    assert owners == [before] * 3 + ["user-9"] * 9 + [after] * 3
    assert len({before, "user-9", after}) == 3
    groups = [event.properties.get("$groups") for event in commands]
    assert groups == [None] * 3 + [{"organization": "org_123"}] * 9 + [None] * 3


def test_a_second_delivery_is_the_same_events(machine: Machine, posthog: FakePostHog) -> None:
    """PostHog has stored the events, but its acknowledgement was lost."""
    posthog.script(Fault.store_then_close())
    ran(machine, "work")
    assert len(posthog.events) == 3
    machine.time_passes()
    ran(machine, "work")
    assert len(posthog.events) == 9
    assert len(posthog.visible()) == 6


def test_a_batch_that_ends_within_the_events_of_a_command_loses_none(machine: Machine, posthog: FakePostHog) -> None:
    """Three commands have 153 events. The first request has 100 of these events, and the second request fails."""
    posthog.stop()
    for _ in range(3):
        ran(machine, "work", environ={"TIMES": str(MAX_EVENTS + 1)})
    assert MAX_EVENTS == 50  # as the documentation says
    assert machine.log.count(f"event dropped: {RUN} (one command can track {MAX_EVENTS} events)") == 6
    posthog.start()
    machine.time_passes()
    posthog.script(Fault.delay(0), Fault.status(503))
    ran(machine, "work")
    assert len(posthog.events) == 100
    assert len(machine.queue) == 3  # the first command is done, and the second one is sent again as a whole
    machine.time_passes()
    ran(machine, "work")
    assert len(posthog.visible()) == 3 * (1 + MAX_EVENTS) + 2 * 3
    assert machine.queue == []


def test_an_event_that_posthog_refuses_for_good_keeps_no_other_event_back(machine: Machine, posthog: FakePostHog) -> None:
    """The receipt of the command does not say that everything was sent."""
    posthog.refuse(lambda event: event["event"] == CREATED)
    ran(machine, "work")
    ran(machine, "work")
    assert names(posthog) == [conventions.EVENT_SUCCEEDED, RUN] * 2
    assert [each["state"] for each in receipts.events(str(machine.state))] == [receipts.DROPPED] * 2


def test_a_receipt_has_the_events_as_they_were_sent(machine: Machine, posthog: FakePostHog) -> None:
    """``usage show`` shows the events to the user."""
    ran(machine, "work")
    machine.program("show", "import sys\nfrom arcade_otel.cli.console import main\nsys.exit(main(['show']))\n")
    shown = machine.run(program="show").stdout
    assert all(f'"event": "{event.event}"' in shown for event in posthog.visible()), shown
    (receipt,) = receipts.events(str(machine.state))
    assert receipt["state"] == receipts.SENT
    assert [(each["event"], each["uuid"]) for each in receipt["payload"]] == [
        (event.event, event.uuid) for event in posthog.visible()
    ]


def test_a_user_who_opted_out_leaves_no_event_and_log_prints_them(machine: Machine, posthog: FakePostHog) -> None:
    """The user opts out by a variable, before the command, while it runs, or while its events are queued.

    An excluded command leaves no event either.
    """
    assert ran(machine, "work", environ={consent.ENV_TRACKING: "0"}) == ""
    ran(machine, "disable")
    ran(machine, "prompt")
    shown = ran(machine, "work", environ={consent.ENV_TRACKING: consent.LOG})
    assert not (machine.config_dir / "usage.json").exists()
    posthog.stop()
    ran(machine, "work")
    assert len(machine.queue) == 1
    ran(machine, "work", environ={consent.ENV_TRACKING: "0"})
    assert machine.queue == []
    posthog.start()
    machine.time_passes()
    ran(machine, "prompt")
    assert posthog.requests == []
    events = [json.loads(f"{{{text}") for text in ("\n" + shown).split("\n{")[1:]]
    assert [event["event"] for event in events] == [conventions.EVENT_SUCCEEDED, CREATED, RUN]
    assert {event["distinct_id"] for event in events} == {events[0]["distinct_id"]}


@pytest.mark.parametrize("live", ["live_spans=True", "live_spans=False"])
@pytest.mark.parametrize("command", ["work", "login"])
def test_a_receiver_of_otlp_gets_span_events_on_the_commands_span(
    machine: Machine, posthog: FakePostHog, collector: HttpCollector, live: str, command: str
) -> None:
    """No second span is sent, whichever way the span is made. The standard limits of spans do not change PostHog's events."""
    machine.program("own", PROGRAM.replace('exclude="prompt"', live))
    environ = {
        "OTEL_TRACES_EXPORTER": "posthog,otlp",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
    }
    ran(machine, command, environ=environ)
    collector.wait_for(lambda: collector.spans)
    (received,) = collector.spans
    assert [event.name for event in received.span.events] == [CREATED, RUN]
    created, run = received.span.events
    assert received.span.start_time_unix_nano <= created.time_unix_nano <= run.time_unix_nano
    assert run.time_unix_nano <= received.span.end_time_unix_nano
    assert {attribute.key for attribute in created.attributes} == {
        conventions.OWN_EVENT,
        *(f"cli.property.{name}" for name in OWN),
    }
    sent = [event for event in posthog.visible() if event.event != conventions.EVENT_ALIAS]
    assert [event.event for event in sent] == [conventions.EVENT_SUCCEEDED, CREATED, RUN]
    limits = {"OTEL_SPAN_EVENT_COUNT_LIMIT": "1", "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT": "1"}
    ran(machine, command, environ=environ | limits)
    assert [of_program(event, OWN) for event in posthog.visible() if event.event == CREATED] == [OWN, OWN]
    assert names(posthog).count(RUN) == 2


@pytest.mark.posix
@pytest.mark.parametrize(("command", "found"), [("work", ""), ("wrong", "event dropped: a name that is not declared")])
def test_the_sandbox_fails_for_what_is_not_declared(arcade_usage: CliSandbox, command: str, found: str) -> None:
    """A program that tracks only what it declares passes, although it also tracks an event outside of its command."""
    program = arcade_usage.home / "own.py"
    program.write_text(PROGRAM)
    environ = {"PYTHONPATH": ":".join(path for path in sys.path if path), "CANARY": "canary"}
    assert arcade_usage.run(sys.executable, str(program), command, env=environ).returncode == 0
    if found:
        with pytest.raises(AssertionError, match=found):
            arcade_usage.settle()
    else:
        assert [event.event for event in arcade_usage.events] == [conventions.EVENT_SUCCEEDED, CREATED, RUN]


@pytest.mark.parametrize(
    "events",
    [
        ["toolkit created"],
        {"": {}},
        {"toolkit  created": {}},
        {" toolkit": {}},
        {"$pageview": {}},
        {"été": {}},
        {"CLI execution failed": {}},
        {"arcade-otel doctor": {}},
        {"x" * (option_checks.MAX_NAME_LENGTH + 1): {}},
        {"toolkit created": {"name": str}},
        {"toolkit created": {"$ip": int}},
        {"toolkit created": {"runtime": "python_version"}},
        {"toolkit created": int},
        {3: {}},
    ],
)
def test_a_declaration_that_makes_no_sense_raises_at_once(events: object) -> None:
    """The error is raised in the developer's first run, and never in a user's run."""
    with pytest.raises((TypeError, ValueError), match="events"):
        make_settings(events=events)
