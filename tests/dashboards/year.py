"""A made-up year of a program: 100,000 commands by people who come, log in, upgrade and leave; the same in every run.

The events have the shape of PostHog's export. Half of the year is by a library that did not yet have the properties agent,
interactive, install_method, outcome, first_run, previous_version and $session_id. One version has a fault: ``deploy`` fails in
2.3.0.
"""

import json
import random
import uuid
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

__all__ = ["BAD_COMMAND", "BAD_VERSION", "BEGIN", "COMMANDS", "WEEKS", "Year", "made_year"]

COMMANDS = 100_000
WEEKS = 52
BEGIN = datetime(2025, 1, 6, tzinfo=timezone.utc)  # a Monday
BAD_COMMAND, BAD_VERSION = "deploy", "2.3.0"

_RELEASES = ((0, "2.0.0"), (12, "2.1.0"), (24, "2.2.0"), (34, "2.3.0"), (38, "2.3.1"), (46, "2.4.0"))
_NEW_PROPERTIES_FROM = 26
# name, weight, usual milliseconds, percent of runs that fail
_NAMES: tuple[tuple[str, int, int, int], ...] = (
    ("toolkit.run", 38, 900, 4),
    ("toolkit.list", 20, 140, 1),
    ("chat", 14, 45_000, 3),
    ("deploy", 10, 30_000, 5),
    ("evals.run", 8, 20_000, 8),
    ("secrets.set", 6, 90, 2),
    ("whoami", 4, 60, 1),
)
_ERRORS = ("ConnectionError", "ValueError", "TimeoutError", "click.exceptions.UsageError")
_SYSTEMS = (("Darwin", 50), ("Linux", 38), ("Windows", 12))
_PYTHONS = ("3.10.14", "3.11.9", "3.12.4", "3.13.1")
_METHODS = ("pip", "uv", "pipx", "brew")


class Year(NamedTuple):
    """The events of the year, including second deliveries, and the facts that are known about them without SQL.

    Attributes:
        events: The events in PostHog's format.
        people_by_id: The person behind each ID: the account to which the ID was joined, or else the ID itself.
    """

    events: list[dict[str, Any]]
    people_by_id: dict[str, str]

    def commands(self) -> list[dict[str, Any]]:
        """Return each command once."""
        return [event for event in {event["uuid"]: event for event in self.events}.values() if event["event"] != "$create_alias"]

    def lines(self) -> str:
        """Return the events as JSON Lines."""
        return "".join(json.dumps(event) + "\n" for event in self.events)


def made_year(commands: int = COMMANDS) -> Year:
    """Make the year."""
    return _Maker(commands).make()


class _Maker:
    def __init__(self, commands: int) -> None:
        self._chance = random.Random(20250106)  # noqa: S311 - events, not secrets
        self._left = commands
        self._events: list[dict[str, Any]] = []
        self._people: dict[str, str] = {}

    def make(self) -> Year:
        number = 0
        while self._left:
            if number % 12 == 11:
                self._pipeline()
            else:
                self._person(number)
            number += 1
        self._events += self._chance.sample(self._events, len(self._events) // 200)  # delivered a second time
        self._events.sort(key=lambda event: (str(event["timestamp"]), event["uuid"]))
        return Year(self._events, self._people)

    def _person(self, number: int) -> None:
        """Add a person with one or two machines, perhaps an account, and fewer commands from week to week."""
        chance = self._chance
        account = f"account-{number}" if chance.random() < 0.55 else None
        machines = [self._machine() for _ in range(2 if account and chance.random() < 0.3 else 1)]
        first_week = min(int(chance.triangular(0, WEEKS, WEEKS / 2)), WEEKS - 1)
        stays = chance.choice((0.35, 0.6, 0.85, 0.97))
        behind = chance.choice((0, 0, 1, 3))  # weeks until this person has a new version
        logged_in = [False] * len(machines)
        active = 1.0
        for week in range(first_week, WEEKS):
            if chance.random() < active:
                at = BEGIN + timedelta(weeks=week, seconds=chance.randrange(5 * 86400))
                for _ in range(chance.randint(1, 16)):
                    which = chance.randrange(len(machines))
                    machine = machines[which]
                    if account and not logged_in[which] and chance.random() < 0.3:
                        self._alias(machine["id"], account, at)
                        logged_in[which] = True
                        self._people[account] = account
                        at = self._command(machine, account, at, week, behind, "login", 2300, 2, is_anonymous=False)
                    else:
                        name, ms, fails = self._name()
                        identity = account if account and logged_in[which] else machine["id"]
                        at = self._command(machine, identity, at, week, behind, name, ms, fails, is_anonymous=identity != account)
                    if at >= BEGIN + timedelta(weeks=week + 1):
                        break
            active = active * stays if active < 1 else stays

    def _pipeline(self) -> None:
        """Add a pipeline of a few weeks, in which each job has a new anonymous ID."""
        chance = self._chance
        first_week = chance.randrange(WEEKS)
        for week in range(first_week, min(first_week + 4, WEEKS)):
            for _ in range(3):
                machine = self._machine(ci=True)
                at = BEGIN + timedelta(weeks=week, seconds=chance.randrange(5 * 86400))
                for name, ms, fails in (("toolkit.list", 150, 1), ("evals.run", 20_000, 8), ("deploy", 30_000, 5)):
                    at = self._command(machine, machine["id"], at, week, 0, name, ms, fails, is_anonymous=True)

    def _machine(self, *, ci: bool = False) -> dict[str, Any]:
        chance = self._chance
        identity = str(uuid.UUID(int=chance.getrandbits(128), version=4))
        self._people[identity] = identity
        systems = [name for name, _ in _SYSTEMS]
        return {
            "id": identity,
            "os": "Linux" if ci else chance.choices(systems, [weight for _, weight in _SYSTEMS])[0],
            "python": chance.choice(_PYTHONS),
            "ci": ci,
            "version": "",
            "agent": "" if ci or chance.random() < 0.8 else chance.choice(("claude-code", "cursor")),
            "method": "pip" if ci else chance.choice(_METHODS),
        }

    def _name(self) -> tuple[str, int, int]:
        name, _, ms, fails = self._chance.choices(_NAMES, [weight for _, weight, _, _ in _NAMES])[0]
        return name, ms, fails

    def _alias(self, machine: str, account: str, at: datetime) -> None:
        before = at - timedelta(milliseconds=5)
        self._people[machine] = account
        self._add("$create_alias", machine, before, {"distinct_id": machine, "alias": account})

    def _command(
        self,
        machine: dict[str, Any],
        identity: str,
        at: datetime,
        week: int,
        behind: int,
        name: str,
        ms: int,
        fails: int,
        *,
        is_anonymous: bool,
    ) -> datetime:
        """Add a command. After half of the failures, add the same command once more. Return when the next command may begin."""
        if not self._left:
            return at
        self._left -= 1
        chance = self._chance
        version = [release for since, release in _RELEASES if since <= max(week - behind, 0)][-1]
        if (name, version) == (BAD_COMMAND, BAD_VERSION):
            fails = 60
        failed = chance.random() * 100 < fails
        duration = round(ms * chance.lognormvariate(0, 0.5), 3)
        properties: dict[str, Any] = {
            "command_name": name,
            "cli_version": version,
            "python_version": machine["python"],
            "os_type": machine["os"],
            "os_release": "1.0",
            "duration": duration,
            "exit_code": int(failed),
            "is_ci": machine["ci"],
            "$lib": "arcade-otel",
        }
        if failed:
            is_bad = (name, version) == (BAD_COMMAND, BAD_VERSION)
            properties["error_type"] = "KeyError" if is_bad else chance.choice(_ERRORS)
        if is_anonymous:
            properties["$process_person_profile"] = False
        outcome = "usage_error" if "UsageError" in properties.get("error_type", "") else "failure" if failed else "success"
        if week >= _NEW_PROPERTIES_FROM:
            properties |= {
                "interactive": not machine["ci"] and not machine["agent"],
                "install_method": machine["method"],
                "outcome": outcome,
                "first_run": not machine["version"],
                "$session_id": f"{machine['id'][:8]}-{week}-{at.hour // 4}",
            }
            if machine["version"] not in ("", version):
                properties["previous_version"] = machine["version"]
            if machine["agent"]:
                properties["agent"] = machine["agent"]
            if machine["ci"]:
                properties["ci"] = "github-actions"
        machine["version"] = version
        self._add(f"CLI execution {'failed' if failed else 'succeeded'}", identity, at, properties)
        after = at + timedelta(milliseconds=duration) + timedelta(seconds=chance.choice((3, 20, 90, 600, 7200)) + chance.random())
        if failed and chance.random() < 0.5:
            soon = at + timedelta(milliseconds=duration) + timedelta(seconds=5 + chance.random())
            again = 0 if fails < 50 else fails
            return self._command(machine, identity, soon, week, behind, name, ms, again, is_anonymous=is_anonymous)
        return after

    def _add(self, event: str, identity: str, at: datetime, properties: dict[str, Any]) -> None:
        self._events.append(
            {
                "uuid": str(uuid.UUID(int=self._chance.getrandbits(128), version=4)),
                "event": event,
                "distinct_id": identity,
                "timestamp": at.isoformat(timespec="microseconds"),
                "properties": properties,
            }
        )
