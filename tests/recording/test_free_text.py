"""A property that a program declares as free text loses what the user typed and set, and what looks like a secret."""

import subprocess
import sys
from pathlib import Path

import pytest

import arcade_otel
from arcade_otel import conventions
from arcade_otel.settings import make_settings
from arcade_otel.testing import CliSandbox, FakePostHog
from arcade_otel.testing.secret_search import found_in
from tests.support.machine import Machine
from tests.support.programs import read_program

PROGRAM = read_program("recording/free_text")
PARSED = read_program("recording/free_text_argparse")
LAST = "in the end, <path> was missing"


@pytest.fixture(autouse=True)
def _program(machine: Machine) -> None:
    machine.program("free", PROGRAM)


def texts(posthog: FakePostHog) -> list[tuple[str, object, object]]:
    """Return the last word of each event, and its two free texts."""
    shown = [event for event in posthog.visible() if event.event != conventions.EVENT_ALIAS]
    return [(event.event.split()[-1], event.properties.get("why"), event.properties.get("last")) for event in shown]


def everything(machine: Machine, posthog: FakePostHog) -> list[bytes]:
    """Return everything that the library has written and sent."""
    files = [path.read_bytes() for path in machine.config_dir.rglob("*") if path.is_file()]
    return [*files, *(request.content for request in posthog.requests), machine.debug_log.read_bytes()]


def test_what_the_user_typed_answered_set_and_kept_is_taken_out_before_anything_is_written(
    machine: Machine, posthog: FakePostHog, tmp_path: Path
) -> None:
    """An argument, answers at Click's prompt and at ``input()``, a variable, and a key in a file go. Other words stay."""
    key = "sk-proj-x8XBXzrs5pl93XlfoWcBe6wS890M8pMsPPsXRXNfu1T27Kia"
    settings = tmp_path / "settings"
    settings.write_text(f"key {key}")
    planted = {"REGION": "Wombatland", "SERVER_PASSWORD": "dingo-42"}
    posthog.stop()
    ended = subprocess.run(
        [machine.python, str(machine.root / "free.py"), "work", "numbat.txt", "--settings", str(settings)],
        env=machine.with_environ(planted),
        cwd=machine.home,
        input="Quokkaville\nbilby\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    machine.settle()
    assert ended.returncode == 0, ended.stderr
    assert len(machine.queue) == 1
    kept = everything(machine, posthog)
    posthog.start()
    machine.time_passes()
    machine.run("login", program="free")
    machine.settle()
    assert texts(posthog)[:2] == [
        ("succeeded", "No such file or directory <argument> in <argument>", LAST),
        ("failed", "<argument> of <argument> knows no key <redacted>", None),
    ]
    for canary in ("numbat", "Quokkaville", "bilby", *planted.values(), key, "jane"):
        for data in (*kept, *everything(machine, posthog)):
            assert found_in(data, canary) is None, canary


def test_values_that_argparse_read_from_a_file_are_taken_out(machine: Machine, posthog: FakePostHog, tmp_path: Path) -> None:
    """The values are on no command line. Only the parser has them while the command runs."""
    machine.program("parsed", PARSED)
    (tmp_path / "words").write_text("--customer\nQuokka Ltd\n")
    assert machine.run(f"@{tmp_path / 'words'}", program="parsed").returncode == 0
    machine.settle()
    assert {event.properties.get("why") for event in posthog.visible()} == {"no contract with <argument>"}
    assert len(posthog.visible()) == 2


def test_a_text_has_one_line_of_at_most_300_characters_and_nothing_in_quotes(machine: Machine, posthog: FakePostHog) -> None:
    """A start event has no free text. A member of an enumeration is its text. An empty text and None are left out."""
    assert machine.run("say", "hello", program="free").returncode == 0
    machine.settle()
    started, command, *failed = sorted(texts(posthog), key=lambda each: ("started", "succeeded", "failed").index(each[0]))
    assert started == ("started", None, None)
    assert command == ("succeeded", ("very " * 60)[: conventions.FREE_TEXT_LIMIT], LAST)
    assert conventions.FREE_TEXT_LIMIT == 300  # as the documentation says
    reasons = [why for _, why, _ in failed]  # events of one millisecond have no order
    assert sorted(reasons, key=str) == sorted(["the tool timed out", None, None, "said '<value>' and <b>"], key=str)
    assert machine.log.count("a free text is left out") == 1
    assert "property dropped" not in machine.log


@pytest.mark.posix  # a command line on Windows has at most 32,767 characters
def test_a_text_is_left_out_if_the_user_typed_too_much_to_search_for(machine: Machine, posthog: FakePostHog) -> None:
    """The message of an error is left out for the same reason."""
    assert machine.run("many", *map(str, range(100000, 106_001)), program="free").returncode == 0
    machine.settle()
    assert texts(posthog) == [("succeeded", None, None), ("failed", None, None)]


def test_a_value_that_is_no_string_is_left_out_and_fails_in_the_sandbox(
    machine: Machine, posthog: FakePostHog, arcade_usage: CliSandbox
) -> None:
    """A line in the debug log has the type of each such value. The last property counts."""
    assert machine.run("wrong", program="free").returncode == 0
    machine.settle()
    assert texts(posthog) == [("succeeded", None, LAST)] + [("failed", None, None)] * 5
    kinds = ("int", "bool", "bytes", "list", "ValueError")
    assert [machine.log.count(f"property dropped: why of tool failed ({kind})") for kind in kinds] == [1] * 5
    assert machine.log.count("property dropped: why (ValueError)") == 1
    program = arcade_usage.home / "free.py"
    program.write_text(PROGRAM)
    environ = {"PYTHONPATH": ":".join(path for path in sys.path if path)}
    assert arcade_usage.run(sys.executable, str(program), "wrong", env=environ).returncode == 0
    with pytest.raises(AssertionError, match="property dropped: why"):
        arcade_usage.settle()


def test_the_event_of_a_login_has_its_free_text_redacted_and_none_on_the_person(machine: Machine, posthog: FakePostHog) -> None:
    """The event of a login takes another way, through the SDK."""
    assert machine.run("login", program="free").returncode == 0
    machine.settle()
    (login,) = [event for event in posthog.visible() if event.event == conventions.EVENT_SUCCEEDED]
    assert (login.properties["why"], login.properties.get("$set")) == ("asked <email>", None)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"properties": {"why": arcade_otel.FreeText}}, "FreeText describes the risk"),
        ({"properties": {"why": str}}, "FreeText describes the risk"),
        ({"events": {"failed": {"why": arcade_otel.FreeText}}}, "FreeText describes the risk"),
        ({"groups": [arcade_otel.FreeText(reason="no")]}, "groups"),
        (
            {"properties": {"why": arcade_otel.FreeText(reason="no")}, "person_properties": ["why"]},
            "why is free text, which is no fact about a person",
        ),
    ],
)
def test_free_text_cannot_be_declared_by_accident_or_for_a_person(options: dict[str, object], message: str) -> None:
    """The error is raised in the developer's first run, and never in a user's run."""
    with pytest.raises((TypeError, ValueError), match=message):
        make_settings(**options)


@pytest.mark.parametrize("reason", ["", " ", None, 3])
def test_free_text_needs_a_reason(reason: object) -> None:
    """The manifest shows the reason to users."""
    with pytest.raises((TypeError, ValueError), match="reason"):
        arcade_otel.FreeText(reason=reason)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        arcade_otel.FreeText()  # type: ignore[call-arg]
