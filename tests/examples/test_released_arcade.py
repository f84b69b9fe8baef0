"""The released Arcade CLI can replace its own tracker by this library: each command leaves the same event with either."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from arcade_otel.testing import Event, FakePostHog
from tests.examples import released
from tests.support.machine import Machine
from tests.support.programs import read_program

pytestmark = [
    pytest.mark.released,
    pytest.mark.latest,
    pytest.mark.timeout(500),
    pytest.mark.skipif(sys.version_info[:2] not in [(3, 11), (3, 12)], reason="one environment of its own is enough"),
]

OURS = (released.ROOT / "examples/released_arcade.py").read_text(encoding="utf-8")
THEIRS = read_program("examples/released_arcade_own_tracker")

ANONYMOUS = [("context", "list"), ("secret", "list"), ("show", "--local"), ("new", "anvil"), ("logout",)]
LOGGED_IN = [
    ("login",),
    ("whoami",),
    ("--context", "work", "whoami"),
    ("server", "list"),
    ("context", "use", "work"),
    ("whoami",),
    ("logout",),
    ("logout", "--all"),
    ("context", "list"),
]
#: The properties of its tracker whose values can be compared between two runs.
COMPARED = (
    *("command_name", "cli_version", "runtime_language", "runtime_version", "os_type", "error_message"),
    *("org_id", "project_id", "$process_person_profile"),
)


class Cli:
    """The released CLI on a machine of its own, with one of the two trackers."""

    def __init__(self, source: str, root: Path, python: str, posthog: FakePostHog) -> None:
        self.posthog = posthog
        self.machine = Machine(root, posthog.url, python)
        self.machine.program("arcade", source)

    def run(self, *arguments: str, events: int = 1, **environ: str) -> "subprocess.CompletedProcess[str]":
        """Run a command, and wait for its events. Both trackers send each event from a process of its own."""
        expected = len(self.events()) + events
        ended = self.machine.run(*arguments, program="arcade", environ=released.OFFLINE | environ)
        self.posthog.wait_for(lambda: len(self.events()) >= expected)
        self.machine.settle()
        assert len(self.events()) == expected
        return ended

    def text(self, ended: "subprocess.CompletedProcess[str]") -> str:
        """Return what a command printed, without the machine's paths.

        Line ends are left out, because they depend on the length of paths.
        """
        return "".join(ended.stdout.split()).replace(str(self.machine.root), "")

    def events(self) -> list[Event]:
        """The events of commands, in the order of their arrival."""
        return [event for event in self.posthog.events if event.event.startswith("CLI execution")]

    def compared(self) -> list[tuple[Any, ...]]:
        """Return each event with its person. The n-th anonymous ID is ``anonymous n``."""
        persons: dict[str, str] = {"account-1": "account-1"}
        found = []
        for event in self.posthog.events:
            person = persons.setdefault(event.distinct_id, f"anonymous {len(persons)}")
            alias = event.properties.get("alias")
            found.append((event.event, person, alias, {name: event.properties.get(name) for name in COMPARED}))
        return found


@pytest.fixture
def clis(tmp_path: Path, python: str) -> Iterator[tuple[Cli, Cli]]:
    """The CLI with its own tracker, and with this library."""
    with FakePostHog() as theirs, FakePostHog() as ours:
        both = Cli(THEIRS, tmp_path / "theirs", python, theirs), Cli(OURS, tmp_path / "ours", python, ours)
        yield both
        for cli in both:
            cli.machine.off()


def test_each_command_leaves_the_event_of_the_clis_own_tracker(clis: tuple[Cli, Cli]) -> None:
    """Both trackers give the same events, and every property that the CLI sends.

    Commands, outputs, persons, aliases, order, errors, organizations and projects are the same, too.
    """
    theirs, ours = clis
    for command in ANONYMOUS:
        before, now = theirs.run(*command), ours.run(*command)
        assert now.returncode == before.returncode
        if command != ANONYMOUS[0]:  # the first one shows a notice
            assert ours.text(now) == theirs.text(before)
    for cli in clis:
        released.log_in(cli.machine, cli.posthog)
    for command in LOGGED_IN:
        before, now = theirs.run(*command), ours.run(*command)
        assert (now.returncode, now.stdout, now.stderr) == (before.returncode, before.stdout, before.stderr)
    assert ours.compared() == theirs.compared()
    for their_event, our_event in zip(theirs.events(), ours.events(), strict=True):
        assert {name for name in their_event.properties if not name.startswith("$")} - released.NOT_SENT <= set(
            our_event.properties
        )
        properties = our_event.properties
        assert properties["duration_ms"] == properties["duration"] > 0
        scope = {"organization": properties.get("org_id"), "project": properties.get("project_id")}
        assert properties.get("$groups") == (scope if scope["organization"] else None)
    organizations = [event.properties.get("org_id") for event in ours.events()][len(ANONYMOUS) :]
    assert organizations == ["org-default", "org-default", "org-work", "org-default", "org-work", "org-work", None, None, None]


def test_the_notice_of_the_clis_own_tracker_is_not_shown(clis: tuple[Cli, Cli]) -> None:
    """Users of the CLI see one notice, on stderr. Users who have opted out see none, leave no event, and get no directory."""
    theirs, ours = clis
    own = "Arcade collects CLI usage data"
    assert own in theirs.run("show", "--local").stdout
    opted_out = ours.run("show", "--local", events=0, ARCADE_USAGE_TRACKING="0")
    assert (opted_out.stdout, opted_out.stderr) == ("No tools found.\n", "")
    assert not ours.machine.config_dir.exists()
    first, second = ours.run("show", "--local"), ours.run("show", "--local")
    assert first.stdout == second.stdout == "No tools found.\n"
    assert "To opt out" in first.stderr
    assert second.stderr == ""
    assert ours.run("--version", events=0).returncode == 0  # as with its own tracker
