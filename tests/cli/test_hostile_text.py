"""Wherever this library shows text from outside (a program's, an error's, a server's), it shows the text escaped."""

import json
import re
from pathlib import Path

import pytest

from arcade_otel.handoff import receipts
from arcade_otel.testing import FakePostHog, Fault
from tests.cli.view.collected import Collected
from tests.cli.view.serving import Serving
from tests.support.machine import Machine

#: Sets the title, clears the screen, writes the clipboard; a carriage return, a C1 introducer; turns the direction of writing; is
#: invisible; forges a line; a lone surrogate and a byte that no code page has.
HOSTILE = "HOSTILE\x1b]0;owned\x07\x1b[2J\x1b]52;c;cm0=\x07\r\x9b2J\u202egnp\u2066\u200b\u2028\x7f\x00\x85\ud800\nforged: line"

_ACTS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]")

USAGE = "import sys\nfrom arcade_otel.cli.console import main\nsys.exit(main(sys.argv[1:]))\n"

FAILING = """
import sys
import arcade_otel
hostile = {hostile!r}
with arcade_otel.command(hostile, name=hostile, version=hostile, error_messages=str, live_spans=False):
    raise ValueError(hostile)
"""


@pytest.fixture
def hostile(machine: Machine, posthog: FakePostHog) -> Machine:
    """A machine on which every stored or received text is hostile: commands, errors, lanes, reasons, IDs and files."""
    posthog.always(Fault.status(400, body=HOSTILE.encode("utf-8", "replace").decode(), headers={"X-Reason": "\x1b[2J"}))
    machine.program("usage", USAGE)
    machine.program("tool", FAILING.format(hostile=HOSTILE))
    collected = Collected(machine)
    text = HOSTILE.replace("\ud800", "")
    collected.queued(text, error=ValueError(text))
    collected.sent(text, error=ValueError(text))
    collected.dropped(text, text, error=ValueError(text))
    collected.raw(
        {"at": 1.0, "state": "dropped", "lane": HOSTILE, "id": HOSTILE, "why": HOSTILE, "payload": [{HOSTILE: HOSTILE}]}
    )
    lane = next((machine.state / "queue").iterdir()).name
    receipts.write(str(machine.state), [receipts.receipt(receipts.FAILED, lane, why=HOSTILE)])
    return machine


def acting(text: str) -> list[str]:
    """Return the characters in a text on which a terminal would act."""
    return _ACTS.findall(text)


@pytest.mark.parametrize("form", [[], ["--json"]], ids=["text", "json"])
@pytest.mark.parametrize("command", ["status", "log", "show", "doctor", "flush", "disable", "forget"])
def test_a_usage_command_shows_it_escaped(hostile: Machine, command: str, form: list[str]) -> None:
    """The text does not act on the terminal, and forges no line."""
    ended = hostile.run(command, *form, program="usage")
    shown = ended.stdout + ended.stderr
    assert shown
    assert "Traceback" not in shown
    assert acting(shown) == []
    assert not [line for line in shown.splitlines() if line.startswith("forged")]
    if command in ("status", "log"):
        assert "HOSTILE" in shown, "it is shown"


def test_log_mode_shows_it_escaped(hostile: Machine) -> None:
    """With ``ARCADE_USAGE_TRACKING=log``, the rest of stderr is Python's own traceback, which the program caused."""
    ended = hostile.run(environ={"ARCADE_USAGE_TRACKING": "log"})
    event, _, _ = ended.stderr.partition("\nTraceback")
    assert "HOSTILE" in event
    assert acting(event) == []
    assert json.loads(event)["event"]


def test_the_manifest_shows_it_escaped(hostile: Machine) -> None:
    """The program chooses the names and help texts of its commands."""
    text = HOSTILE.replace("\ud800", "").replace("\x00", "")
    hostile.program(
        "app",
        "import click, arcade_otel\n"
        f"@click.group(name={text!r}, help={text!r})\ndef app(): pass\n"
        f"@app.command(name={text!r}, help={text!r})\n@click.option('--x', help={text!r})\ndef one(x): pass\n"
        f"arcade_otel.instrument(app, name={text!r}, version='1')\n",
    )
    ended = hostile.run("manifest", str(hostile.root / "app.py") + ":app", program="usage")
    assert ended.returncode == 0, ended.stderr
    assert "HOSTILE" in ended.stdout
    assert acting(ended.stdout) == []


def test_the_page_gets_it_escaped(hostile: Machine) -> None:
    """The texts on the page are escaped. The payloads are shown unchanged, in ASCII."""
    with Serving(hostile) as running:
        told = json.dumps(running.data(), ensure_ascii=False)
        texts = [text for event in running.data()["events"] for text in event.values() if isinstance(text, str)]
    assert "HOSTILE" in told
    assert [text for text in texts if acting(text)] == []
    assert acting(told) == []


def test_no_stray_file(hostile: Machine) -> None:
    """A hostile name never becomes a path."""
    assert {path.name for path in Path(hostile.config_dir).iterdir()} <= {"usage", "usage.json"}
