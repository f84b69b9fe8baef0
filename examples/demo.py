"""``make demo``: a person's day with a command-line program, and the events that arrive at a fake PostHog.

Only PostHog is fake: processes, detached senders and HTTP on loopback are real. The home is a temporary directory. Exits with 1
if other events arrived than expected. ``demo.py FILE.svg`` draws what it prints (``make pictures``).
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from arcade_otel.testing import FakePostHog

PROGRAM = Path(__file__).with_name("arcade_like.py")
JANE = "jane-principal-id"
DEADLINE_SECONDS = 60.0
SHOWN = 12  # characters of an id

#: What is typed, its exit code, and what must arrive of it: the event, the command, and who is expected behind it.
DAY: list[tuple[list[str], int, str, str, str]] = [
    (["toolkit", "list"], 0, "CLI execution succeeded", "toolkit.list", "first anonymous"),
    (["toolkit", "run"], 0, "CLI execution succeeded", "toolkit.run", "first anonymous"),
    (["login"], 0, "CLI execution succeeded", "login", "jane"),
    (["toolkit", "run"], 0, "CLI execution succeeded", "toolkit.run", "jane"),
    (["deploy"], 1, "CLI execution failed", "deploy", "jane"),
    (["logout"], 0, "CLI execution succeeded", "logout", "jane"),
    (["whoami"], 0, "CLI execution succeeded", "whoami", "second anonymous"),
]
ALIAS_BEFORE = "login"


def main() -> int:
    """Run the day, show what arrived, and return the exit code."""
    picture = Path(sys.argv[1]) if sys.argv[1:] else None
    console = Console(width=None if sys.stdout.isatty() and picture is None else 120, record=picture is not None)
    with FakePostHog() as posthog, tempfile.TemporaryDirectory(prefix="arcade-otel-demo-") as home:
        posthog.arcade.add(api_key="jane-key", principal_id=JANE)
        environ = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": home,
            "LANG": "C.UTF-8",
            "ARCADE_USAGE_POSTHOG_HOST": posthog.url,
            "ARCADE_USAGE_POSTHOG_API_KEY": "phc_demo",
            "ARCADE_USAGE_DEBUG": str(Path(home, "debug.log")),
        }
        slowest = 0.0
        wrong = []
        for count, (words, code, *_) in enumerate(DAY, 1):
            arguments = [*words, "--api-key", "jane-key", "--url", posthog.url] if words == ["login"] else words
            began = time.monotonic()
            ended = subprocess.run(
                [sys.executable, str(PROGRAM), *arguments],
                env=environ,
                cwd=home,
                capture_output=True,
                text=True,
                check=False,
                timeout=60,
            )
            slowest = max(slowest, time.monotonic() - began)
            console.print(f"[bold]$ arcade {' '.join(words)}[/bold]", highlight=False)
            lines = (ended.stderr + ended.stdout).strip().splitlines()
            console.print("\n".join(lines if code == 0 else lines[-1:]), style="dim", highlight=False, markup=False)
            if ended.returncode != code:
                wrong.append(f"arcade {' '.join(words)} exited with {ended.returncode}")
            wait_for(lambda count=count: commands(posthog) >= count)  # so that the table is in the order of the day
        wait_for(lambda: not senders(home))  # the last one lingers for what may come, and the home goes
        events = posthog.visible()
        console.print()
        console.print(table_of(events))
        console.print(persons_of(posthog))
        wrong += differences(events, posthog)
        if wrong:
            console.print(f"[red]Not as expected:[/red] {'; '.join(wrong)}")
            log = Path(home, "debug.log")
            console.print(log.read_text() if log.exists() else "", markup=False)
            return 1
    console.print(
        f"{len(events)} events arrived as expected; the slowest command took {slowest:.2f} s, its interpreter's start included."
    )
    console.print("See your own program's events on a page: python -m arcade_otel.testing --report report.html", highlight=False)
    if picture is not None:
        drawn = console.export_svg(title="make demo", unique_id="demo")
        # Rich's frame loads a font from elsewhere; whoever looks at the picture asks nobody.
        picture.write_text(re.sub(r"@font-face \{.*?\}\n", "", drawn, flags=re.DOTALL), encoding="utf-8")
    return 0


def wait_for(condition: Any) -> None:
    """Wait until something is so, or give up: the comparison tells then."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)


def commands(posthog: FakePostHog) -> int:
    """Count the commands that arrived."""
    return sum(event.event != "$create_alias" for event in posthog.visible())


def senders(home: str) -> bool:
    """Tell whether a sender of this home is alive, where ``/proc`` can tell."""
    mark = f"ARCADE_USAGE_SENDER={Path(home, '.arcade')}".encode()
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark in entry.read_bytes().split(b"\0"):
                return True
        except OSError:
            continue
    return False


def table_of(events: Any) -> Table:
    """Return the events as a table, in the order of their arrival."""
    table = Table(title="What arrived at PostHog")
    for heading in ("event", "command", "distinct id", "anonymous", "duration", "exit", "message"):
        table.add_column(heading, justify="right" if heading in ("duration", "exit") else "left")
    for event in events:
        properties = event.properties
        alias = event.event == "$create_alias"
        table.add_row(
            event.event,
            f"= {str(properties['alias'])[:SHOWN]}" if alias else properties["command_name"],
            event.distinct_id[:SHOWN],
            "" if alias else "yes" if anonymous(event) else "no",
            "" if alias else f"{properties['duration']:.0f} ms",
            "" if alias else str(properties["exit_code"]),
            properties.get("error_message") or "",
        )
    return table


def persons_of(posthog: FakePostHog) -> Table:
    """Return the persons that PostHog makes of the events."""
    persons = posthog.persons()
    table = Table(title="The persons that result")
    for heading in ("person", "ids", "commands"):
        table.add_column(heading)
    owners: dict[str, list[Any]] = {}
    for event in posthog.visible():
        owners.setdefault(persons.owner(event), []).append(event)
    for own in owners.values():
        ids = sorted({event.distinct_id for event in own})
        known = JANE in ids
        names = [event.properties["command_name"] for event in own if "command_name" in event.properties]
        table.add_row("Jane" if known else "nobody known", ", ".join(identity[:SHOWN] for identity in ids), ", ".join(names))
    return table


def anonymous(event: Any) -> bool:
    """Tell whether an event says that it makes no person."""
    return event.properties.get("$process_person_profile") is False


def differences(events: Any, posthog: FakePostHog) -> list[str]:
    """Return what is not as expected."""
    wrong = []
    arrived = [(event.event, event.properties.get("command_name")) for event in events]
    expected: list[tuple[str, str | None]] = [(event, command) for _, _, event, command, _ in DAY]
    expected.insert([command for _, command in expected].index(ALIAS_BEFORE), ("$create_alias", None))
    if arrived != expected:
        return [f"arrived: {json.dumps(arrived)}"]
    told = [event for event in events if event.event != "$create_alias"]
    ids = {who: event.distinct_id for (*_, who), event in zip(DAY, told, strict=True)}
    if len(set(ids.values())) != len(ids) or ids["jane"] != JANE:
        wrong.append(f"ids: {ids}")
    for (*_, who), event in zip(DAY, told, strict=True):
        if event.distinct_id != ids[who] or anonymous(event) != (who != "jane"):
            wrong.append(f"{event!r} is not of {who}")
        if "jane@example.com" in str(event.properties):
            wrong.append("an e-mail address went out")
    persons = posthog.persons()
    if persons.owner_of(ids["first anonymous"]) != persons.owner_of(JANE):
        wrong.append("what came before the login is not Jane's")
    if persons.owner_of(ids["second anonymous"]) == persons.owner_of(JANE):
        wrong.append("what came after the logout is Jane's")
    return wrong


if __name__ == "__main__":
    sys.exit(main())
