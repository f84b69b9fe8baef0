"""The catalogue lists everything that arrives at a server, with its type, and nothing that never arrives."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from arcade_otel import conventions
from arcade_otel.cli.manifest import catalogue, catalogue_page
from arcade_otel.cli.manifest.catalogue import FieldSpec
from arcade_otel.testing import FakePostHog
from tests.support.collector import HttpCollector
from tests.support.installation import grow_old, install
from tests.support.machine import Machine
from tests.support.programs import read_program

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "what-we-collect.md"

PROGRAM = read_program("cli/everything_recorded")


def is_a(kind: str, value: object) -> bool:
    """Return whether a value is of one of the catalogue's types. A whole number does not count as a number with a fraction."""
    types: dict[str, type] = {
        catalogue.STRING: str,
        catalogue.INTEGER: int,
        catalogue.NUMBER: float,
        catalogue.BOOLEAN: bool,
        catalogue.NULL: type(None),
    }
    if kind == catalogue.STRINGS:
        return isinstance(value, list) and all(type(each) is str for each in value)
    return type(value) is types[kind]


def faults(found: Mapping[str, object], entries: Iterable[FieldSpec], *, but: Sequence[str] = ()) -> list[str]:
    """Return those fields of ``found`` that have no entry, or not the type that their entry states."""
    known = {entry.name: entry.type for entry in entries}
    return [
        f"{name}: {value!r}"
        for name, value in found.items()
        if name not in but and not (name in known and is_a(known[name], value))
    ]


def of_event(name: str) -> list[FieldSpec]:
    """Return the properties of an event."""
    return [entry for entry in catalogue.PROPERTIES if name in entry.events]


def program(machine: Machine, name: str = "cli", *, live: str = "") -> None:
    """Write the program. Its ``login`` always logs in the same person."""
    machine.program(name, PROGRAM.replace("sample=SHARES,", f"sample=SHARES{live},"))
    (machine.root / "who.py").write_text("def am_i():\n    return 'user-9'\n")


def ran(machine: Machine, *arguments: str, name: str = "cli", code: int = 0, environ: Mapping[str, str] | None = None) -> None:
    """Run a command and wait for its sender."""
    ended = machine.run(
        *arguments,
        program=name,
        environ={"PYTHONPATH": f"{machine.root}{os.pathsep}{machine.root / 'site-packages'}", **(environ or {})},
    )
    assert ended.returncode == code, (ended.stderr, machine.log)
    machine.settle()


def upgrade(machine: Machine, version: str) -> None:
    """Install another version of the program, as pip would do."""
    program = machine.root / "cli.py"
    program.write_text(re.sub(r'version="[^"]*"', f'version="{version}"', program.read_text()))
    install(machine, version)


# --- what arrives -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def bodies(machine: Machine, posthog: FakePostHog) -> list[dict[str, Any]]:
    """The requests of a user who uses everything: success, failure, login, logout, doctor, and an outage that was too long."""
    program(machine)
    ran(machine, "work", "--fast")
    ran(machine, "fail", "--fast", code=1)
    ran(machine, "login")
    ran(machine, "fail", code=1)
    ran(machine, "usage", "doctor")
    ran(machine, "logout")
    scope = "cloud:\n  context: {org_id: org_123, project_id: proj_456}\n"
    (machine.config_dir / "credentials.yaml").write_text(scope)  # of no account, because groups are the program's own
    for command, code, version in (("work", 0, "1.2.4"), ("fail", 1, "1.2.5"), ("serve", 0, "1.2.6")):
        # Another version of the program, which belongs to an installed distribution, run by an agent in CI.
        upgrade(machine, version)
        ran(machine, command, code=code, environ={"CLAUDECODE": "1", "GITHUB_ACTIONS": "true"})
        # The count of what was dropped goes with the span that reaches the queue first: of `serve`, its start or its end.
        for _ in range(1 if command != "serve" else 5):
            posthog.stop()
            ran(machine, command, code=code)
            grow_old(machine, "posthog")
            posthog.start()
            machine.time_passes()
            ran(machine, command, code=code)
            if any("dropped_events" in event.properties for event in posthog.events if event.event == conventions.EVENT_STARTED):
                break
    assert [request.leaks() for request in posthog.requests if request.leaks()] == []
    assert {request.headers["User-Agent"].partition("/")[0] for request in posthog.requests} == {"arcade-otel"}
    return [json.loads(request.content) for request in posthog.requests]


def test_whatever_arrives_at_posthog_has_an_entry_of_its_type(bodies: list[dict[str, Any]]) -> None:
    """Each request, event and property on the wire has an entry.

    Each entry arrives, also the rare ones, in each of its events.
    """
    events = [event for body in bodies for event in body["batch"]]
    wrong = [fault for body in bodies for fault in faults(body, catalogue.REQUEST, but=["batch"])]
    wrong += [fault for event in events for fault in faults(event, catalogue.FIELDS, but=["properties"])]
    wrong += [fault for event in events for fault in faults(event["properties"], of_event(event["event"]))]
    assert wrong == []

    assert {entry.name for entry in catalogue.REQUEST} <= {name for body in bodies for name in body}
    for entry in catalogue.FIELDS:
        assert all(entry.name in event for event in events), entry.name
    for kind in catalogue.EVENTS:
        of_kind = [event["properties"] for event in events if event["event"] == kind.name]
        assert of_kind, f"{kind.name} never arrived"
        for entry in of_event(kind.name):
            having = [entry.name in properties for properties in of_kind]
            assert any(having), f"{entry.name} never arrived in {kind.name}"
            assert all(having) or entry.when, f"{entry.name} is not always in {kind.name}, and its entry does not say when"
    assert {event["event"] for event in events} == {kind.name for kind in catalogue.EVENTS}


def test_whatever_arrives_at_a_collector_has_an_entry_of_its_type(
    machine: Machine, posthog: FakePostHog, collector: HttpCollector
) -> None:
    """Spans made both ways, their resources and their scope have entries. No attribute that is meant for the sender arrives."""
    environ = {
        "OTEL_TRACES_EXPORTER": "otlp",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
    }
    program(machine, "deferred", live=", live_spans=False")
    program(machine, "live")
    for name in ("deferred", "live"):
        for command, code in (("serve", 0), ("fail", 1), ("login", 0), ("logout", 0)):
            ran(machine, command, name=name, code=code, environ=environ)
        collector.failing = True
        ran(machine, "work", "--fast", name=name, environ=environ)
        grow_old(machine, "otlp")
        collector.failing = False
        machine.time_passes()
        ran(machine, "work", "--fast", name=name, environ=environ)
    collector.wait_for(lambda: len(collector.spans) >= 10)
    received = collector.spans
    assert len(received) == 10
    wrong = [fault for one in received for fault in faults(one.attributes, catalogue.ATTRIBUTES)]
    wrong += [fault for one in received for fault in faults(one.resource, catalogue.RESOURCE)]
    wrong += [fault for one in received for fault in faults(one.scope_attributes, catalogue.SCOPE)]
    assert wrong == []

    for entries, holders in (
        (catalogue.ATTRIBUTES, [one.attributes for one in received]),
        (catalogue.RESOURCE, [one.resource for one in received]),
        (catalogue.SCOPE, [one.scope_attributes for one in received]),
    ):
        for entry in entries:
            having = [entry.name in holder for holder in holders]
            # What depends on the surroundings arrives at PostHog in the test above, and the spans are the same.
            assert any(having) or entry.rare, f"{entry.name} never arrived"
            assert all(having) or entry.when, f"{entry.name} is not always there, and its entry does not say when"
    assert sum(conventions.SCOPE_LIVE in one.scope_attributes for one in received) == 5


def test_a_new_property_is_a_row_and_a_value(tmp_path: Path) -> None:
    """In a copy of the library, changes in two files make an event with a new property and its line in the catalogue.

    A value without a row goes nowhere.
    """
    for folder in ("arcade_otel", "exporters/arcade_otel_exporters"):
        shutil.copytree(ROOT / folder, tmp_path / Path(folder).name, ignore=shutil.ignore_patterns("__pycache__"))

    def change(name: str, old: str, new: str) -> None:
        source = (tmp_path / name).read_text(encoding="utf-8")
        assert source.count(old) == 1
        (tmp_path / name).write_text(source.replace(old, new), encoding="utf-8")

    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PYTHONPATH": str(tmp_path),
        "ARCADE_USAGE_TRACKING": "log",
        "ARCADE_USAGE_POSTHOG_API_KEY": "phc_test",
    }

    def run(code: str) -> str:
        return subprocess.run(
            [sys.executable, "-c", code], env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
        ).stderr

    work = "import arcade_otel\nwith arcade_otel.command('work', name='tool', version='1'): pass\n"
    value = "conventions.PROCESS_PID: os.getpid(),\n"
    change("arcade_otel/spans/__init__.py", value, f'{value}        "shell": "zsh",\n')
    assert "zsh" not in run(work)
    table = "PROPERTIES: tuple[Property, ...] = (\n"
    row = '    Property("shell", "shell", STRING, "zsh", "which shells to complete for"),\n'
    change("arcade_otel/spans/properties.py", table, table + row)
    shown = run(work)
    event = json.loads(shown[shown.index("{") :])
    assert faults(event["properties"], of_event(event["event"])) == ["shell: 'zsh'"]
    listed = "import sys; from arcade_otel.cli.manifest import catalogue_page; "
    listed += "sys.stderr.write(catalogue_page.render(catalogue_page.BEGIN + catalogue_page.END))"
    assert "| `shell` | string | `zsh` | succeeded, failed, started | which shells to complete for | `shell` |" in run(listed)


# --- the names ----------------------------------------------------------------------------------------------------------------


def test_every_name_of_the_conventions_that_leaves_has_an_entry() -> None:
    """A new constant without an entry fails this test.

    Constants that are meant for the sender never leave the machine, and need none.
    """
    constants = {name: value for name, value in vars(conventions).items() if name.isupper() and isinstance(value, str)}
    private = {name for name in constants if name.startswith(("ENV_", "RESOURCE_"))}
    # No names of attributes or events. The last two are a value of RESOURCE_PRINCIPAL and a group of entry points.
    others = {"SCOPE", "SCHEMA_URL", "DEFAULT_POSTHOG_HOST", "LIB", "PRINCIPAL_OF_PROGRAM", "PRINCIPAL_ENTRY_POINTS"}
    groups = (catalogue.ATTRIBUTES, catalogue.RESOURCE, catalogue.SCOPE, catalogue.SPAN_EVENT)
    listed = {event.name for event in catalogue.EVENTS} | {entry.name for group in groups for entry in group}
    assert {constants[name] for name in constants.keys() - private - others} <= listed
    assert all(constants[name].startswith(conventions.RESOURCE_PRIVATE_PREFIX) for name in private if name[:3] == "RES")


@pytest.mark.posix
def test_a_property_comes_from_an_attribute_that_has_an_entry() -> None:
    """The attribute is one of the span or of its resource."""
    known = {entry.name for entry in (*catalogue.ATTRIBUTES, *catalogue.RESOURCE)}
    made = [entry for entry in (*catalogue.PROPERTIES, *catalogue.FIELDS) if entry.attribute]
    assert made
    assert {entry.attribute for entry in made} <= known


def test_every_entry_is_complete_and_its_example_is_of_its_type() -> None:
    """Each entry has a reason and a source, and no name occurs twice."""
    groups = (
        catalogue.PROPERTIES,
        catalogue.FIELDS,
        catalogue.REQUEST,
        catalogue.ATTRIBUTES,
        catalogue.RESOURCE,
        catalogue.SCOPE,
    )
    for group in groups:
        assert len({entry.name for entry in group}) == len(group)
        for entry in group:
            assert entry.reason, entry.name
            assert entry.source, entry.name
            value = entry.example if entry.type == catalogue.STRING else json.loads(entry.example)
            assert is_a(entry.type, value), entry.name
            assert entry.when or not entry.rare, entry.name
    for event in catalogue.EVENTS:
        assert event.when, event.name
        assert event.reason, event.name
        assert event.source, event.name
    assert len({event.short for event in catalogue.EVENTS}) == len(catalogue.EVENTS)


# --- the page -----------------------------------------------------------------------------------------------------------------


def command(*arguments: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    """Run ``python -m arcade_otel.cli.manifest``."""
    return subprocess.run(
        [sys.executable, "-m", "arcade_otel.cli.manifest", *arguments],
        env={"PATH": os.environ["PATH"], "HOME": str(cwd), "LANG": "C.UTF-8"},
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_page_is_what_the_catalogue_says() -> None:
    """``make catalogue`` writes the page."""
    text = PAGE.read_text(encoding="utf-8")
    assert catalogue_page.render(text) == text
    for entry in (*catalogue.PROPERTIES, *catalogue.ATTRIBUTES):
        assert f"| `{entry.name}` |" in text


def test_a_page_that_differs_fails_the_check_and_is_made_right(tmp_path: Path) -> None:
    """The check writes nothing and prints the difference. Text around the tables stays as it is."""
    copy = tmp_path / "page.md"
    wrong = PAGE.read_text(encoding="utf-8").replace("| `exit_code` | integer |", "| `exit_code` | string |")
    copy.write_text(wrong, encoding="utf-8")
    checked = command("--check", "page.md", cwd=tmp_path)
    assert checked.returncode == 1
    assert "\n-| `exit_code` | string |" in checked.stdout
    assert "\n+| `exit_code` | integer |" in checked.stdout
    assert copy.read_text(encoding="utf-8") == wrong
    written = command("page.md", cwd=tmp_path)
    assert (written.returncode, written.stdout, written.stderr) == (0, "", "")
    assert copy.read_text(encoding="utf-8") == PAGE.read_text(encoding="utf-8")
    checked = command("--check", "page.md", cwd=tmp_path)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"{catalogue_page.BEGIN}\n",
        f"{catalogue_page.END}{catalogue_page.BEGIN}",
        f"{catalogue_page.BEGIN}{catalogue_page.END}{catalogue_page.END}",
    ],
)
def test_a_page_without_its_markers_is_left_alone(tmp_path: Path, text: str) -> None:
    """A page that does not exist is not written either."""
    copy = tmp_path / "page.md"
    copy.write_text(text, encoding="utf-8")
    for arguments in (["page.md"], ["--check", "page.md"], ["nosuch.md"]):
        ended = command(*arguments, cwd=tmp_path)
        assert (ended.returncode, ended.stdout) == (2, ""), arguments
        assert ended.stderr.startswith(f"{arguments[-1]}: ")
    assert copy.read_text(encoding="utf-8") == text
    assert [path.name for path in tmp_path.iterdir()] == ["page.md"]
