"""A program can copy the library's properties, and record the organization and the project of Arcade's credentials."""

import os
import time

import pytest

from arcade_otel import option_checks
from arcade_otel.settings import make_settings
from arcade_otel.spans.properties import PROPERTIES
from arcade_otel.testing import Event, FakePostHog
from tests.support.collector import HttpCollector
from tests.support.machine import Machine
from tests.support.programs import read_program

PROGRAM = read_program("recording/copies")
_CREDENTIALS = """
cloud:
  active_context: home
  contexts:
    home: {context: {org_id: org-home, org_name: CANARY, project_id: project-home}, user: {email: CANARY}}
    work: {context: {org_id: org-work, org_name: CANARY, project_id: project-work}}
    odd: {context: {org_id: "jane@CANARY.example", project_id: 7}}
"""


def write_credentials(machine: Machine, text: str = _CREDENTIALS) -> None:
    """Write credentials without a token, so that the events stay anonymous."""
    machine.config_dir.mkdir(exist_ok=True)
    (machine.config_dir / "credentials.yaml").write_text(text)


def events(machine: Machine, posthog: FakePostHog, **environ: str) -> list[Event]:
    """Run a command, and return all events that have arrived so far."""
    machine.program("copies", PROGRAM)
    assert machine.run("work", program="copies", environ=dict(environ)).returncode == 0
    machine.settle()
    return list(posthog.visible())


def scope(event: Event) -> tuple[object, object]:
    """Return the IDs of the organization and the project."""
    return event.properties.get("org_id"), event.properties.get("project_id")


def test_a_copy_has_the_value_of_the_librarys_property(machine: Machine, posthog: FakePostHog) -> None:
    """The event has both names. A value that the program sets for a copy is dropped."""
    (event,) = events(machine, posthog)
    properties = event.properties
    assert properties["duration_ms"] == properties["duration"] != 7
    assert (properties["runtime_version"], properties["code"]) == (properties["python_version"], 0)
    assert "property dropped: duration_ms (int)" in machine.log
    assert scope(event) == (None, None)


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        (None, ("org-home", "project-home")),
        ("", ("org-home", "project-home")),
        ("work", ("org-work", "project-work")),
        ("odd", (None, None)),
        ("gone", (None, None)),
    ],
)
def test_the_ids_are_those_of_the_context_that_the_program_names(
    machine: Machine, posthog: FakePostHog, context: str | None, expected: tuple[str | None, str | None]
) -> None:
    """If the program names no context, the active one counts. A missing context has no IDs. Names and addresses never leave."""
    write_credentials(machine)
    (event,) = events(machine, posthog, **({} if context is None else {"CONTEXT": context}))
    assert scope(event) == expected
    assert "$groups" not in event.properties  # PostHog drops groups without a person
    assert b"CANARY" not in b"".join(request.content for request in posthog.requests)


ACCOUNT = """
import sys
import arcade_otel
arcade_otel.configure(
    name="tool", version="1", arcade_context=True, groups=["organization"], principal=lambda: "user-9",
    property_values=lambda: {"organization": "org-own"} if "own" in sys.argv else {},
)
with arcade_otel.command(sys.argv[1]):
    pass
"""


def test_a_person_has_both_groups_the_programs_own_id_counts_and_a_logout_has_none(
    machine: Machine, posthog: FakePostHog
) -> None:
    """At a logout, the active context can be another one than the context that the user has left."""
    write_credentials(machine)
    machine.program("account", ACCOUNT)
    for words in (["login"], ["work"], ["work", "own"], ["logout"]):
        assert machine.run(*words, program="account").returncode == 0
        machine.settle()
    _, work, own, logout = (event for event in posthog.visible() if event.event.startswith("CLI"))
    assert work.properties["$groups"] == {"organization": "org-home", "project": "project-home"}
    assert own.properties["$groups"] == {"organization": "org-own", "project": "project-home"}
    assert scope(work) == scope(own) == ("org-home", "project-home")
    assert logout.properties["command_name"] == "logout"
    assert (scope(logout), logout.properties.get("$groups")) == ((None, None), None)


def test_credentials_that_are_newer_than_the_command_are_not_used(machine: Machine, posthog: FakePostHog) -> None:
    """A span that waits in the queue keeps the organization of its command, or gets no organization."""
    write_credentials(machine)
    posthog.stop()
    events(machine, posthog)
    path = machine.config_dir / "credentials.yaml"
    path.write_text(_CREDENTIALS.replace("active_context: home", "active_context: work"))
    later = time.time_ns() + 3600 * 10**9
    os.utime(path, ns=(later, later))
    posthog.start()
    machine.time_passes()
    first, second = events(machine, posthog)
    assert scope(first) == ("org-home", "project-home")  # its first sender has written them into the queue
    assert scope(second) == (None, None)


def test_other_backends_get_the_ids_and_not_the_name_of_the_context(
    machine: Machine, posthog: FakePostHog, collector: HttpCollector
) -> None:
    """A span for a receiver of OTLP has the two attributes, and no attribute that is only for the sender."""
    write_credentials(machine)
    machine.program("copies", PROGRAM.replace('version="1",', 'version="1",\n    live_spans=False,'))
    environ = {
        "CONTEXT": "work",
        "OTEL_TRACES_EXPORTER": "otlp",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
    }
    assert machine.run("work", program="copies", environ=environ).returncode == 0
    collector.wait_for(lambda: len(collector.spans) == 1)
    (span,) = collector.spans
    assert (span.attributes["org_id"], span.attributes["project_id"]) == ("org-work", "project-work")
    assert not [key for key in (*span.resource, *span.attributes) if key.startswith("arcade_otel.")]
    assert posthog.visible() == []


def test_only_a_property_of_ended_commands_can_be_copied() -> None:
    """Every name that can be copied is in the table of properties. Any other name raises at once."""
    assert {row.name for row in PROPERTIES if row.name} >= option_checks.COPIED
    with pytest.raises(ValueError, match="copy of 'error_message'"):
        make_settings(properties={"why": "error_message"})
    with pytest.raises(TypeError, match="arcade_context"):
        make_settings(arcade_context="work")
