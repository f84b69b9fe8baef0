"""The queries of the dashboards: PostHog's parser reads them, ClickHouse runs them, and their answers are right."""

import json
import sys
import types
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from arcade_otel.cli.report.answers import Report, answer
from arcade_otel.cli.report.events import EventFiles
from arcade_otel.cli.report.questions import COLUMNS, load_questions
from arcade_otel.testing import FakePostHog, Persons
from tests.dashboards.year import BAD_COMMAND, BAD_VERSION, BEGIN, COMMANDS, WEEKS, Year, made_year
from tests.support.machine import Machine

if TYPE_CHECKING:
    from tests.dashboards.engine import Engine

pytestmark = [pytest.mark.dashboards, pytest.mark.timeout(500)]

DASHBOARDS = Path(__file__).parents[2] / "dashboards"
NAMES = [question.name for question in load_questions()]
PROGRAM = Path(__file__).parents[2] / "examples/arcade_like.py"
#: What the errors of PostHog's own code are called, which its parser asks for when it is loaded.
ERRORS = ("BaseHogQLError", "ExposedHogQLError", "InternalHogQLError", "ParsingError", "SyntaxError", "NotImplementedError")


#: The functions of HogQL that the queries use. PostHog refuses any that its own table has not; these are in it.
#: Source: PostHog, posthog/hogql/functions/mapping.py and the modules next to it (commit 1fd70c2d).
FUNCTIONS = {
    *(
        "coalesce",
        "count",
        "dateDiff",
        "extract",
        "if",
        "max",
        "min",
        "multiIf",
        "nullIf",
        "nullif",
        "round",
        "row_number",
        "sum",
    ),
    *("toDate", "toFloat", "toMonday", "toString", "toUnixTimestamp64Milli"),
}


@pytest.fixture(scope="module")
def year() -> Year:
    """The made-up year."""
    return made_year()


@pytest.fixture(scope="module")
def reported(year: Year) -> Report:
    """The answers of ``arcade-otel report`` about the year."""
    return report_of(year.events)


@pytest.fixture(scope="module")
def engine(year: Year, tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Engine]":
    """ClickHouse with the events of the year."""
    from tests.dashboards.engine import Engine

    with Engine(tmp_path_factory.mktemp("year") / "chdb", year.events, year.people_by_id) as running:
        yield running


def report_of(events: list[dict[str, Any]]) -> Report:
    """Return the answers of ``arcade-otel report`` about some events."""
    files = EventFiles()
    files.add(json.dumps(events))
    assert files.skipped == 0
    return answer(files.events)


def rows(report: Report, name: str) -> list[tuple[Any, ...]]:
    """Return the rows of the answer to a question."""
    return next(each.rows for each in report.answers if each.question.name == name)


# --- HogQL --------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def parse(monkeypatch: pytest.MonkeyPatch) -> Any:
    """PostHog's parser of HogQL, which needs the names of some errors from PostHog's own code."""
    package, errors = types.ModuleType("posthog.hogql"), types.ModuleType("posthog.hogql.errors")
    package.__path__ = []
    for name in ERRORS:
        setattr(errors, name, type(name, (Exception,), {"__init__": lambda self, text, **_: Exception.__init__(self, text)}))
    monkeypatch.setitem(sys.modules, "posthog.hogql", package)
    monkeypatch.setitem(sys.modules, "posthog.hogql.errors", errors)
    import hogql_parser

    return lambda sql: json.loads(hogql_parser.parse_select_json(sql))


@pytest.mark.parametrize("name", NAMES)
def test_posthogs_parser_reads_the_query(name: str, parse: Any) -> None:
    """The parser also reads its common tables and its limit.

    Without a limit in the query, PostHog would cut the answer at 100 rows.
    """
    tree = parse((DASHBOARDS / f"hogql/{name}.sql").read_text())
    assert tree.get("node") == "SelectQuery", tree
    assert tree["ctes"][0]["name"] == "commands"
    assert tree["limit"]["value"] > 0
    assert set(_calls(tree)) <= FUNCTIONS


def _calls(tree: Any) -> Iterator[str]:
    """Return the names of the functions in a syntax tree."""
    if isinstance(tree, dict):
        if tree.get("node") in ("Call", "WindowFunction"):
            yield tree["name"]
        tree = list(tree.values())
    if isinstance(tree, list):
        for each in tree:
            yield from _calls(each)


def test_the_parser_refuses_what_is_no_hogql(parse: Any) -> None:
    """So the absence of an error means something."""
    assert parse((DASHBOARDS / f"hogql/{NAMES[0]}.sql").read_text().replace("GROUP BY", "GROUP"))["error"] is True


@pytest.mark.parametrize("dialect", ["hogql", "clickhouse"])
def test_a_dialect_makes_the_columns_that_the_questions_read(dialect: str) -> None:
    """The columns are in the order of ``COLUMNS``."""
    text = (DASHBOARDS / f"dialects/{dialect}.sql").read_text().partition("commands AS (")[2]
    found = [line.rstrip(",").rsplit(" AS ", 1)[1] for line in text.splitlines() if line.startswith("    ") and " AS " in line]
    assert [name for name in found if name in COLUMNS] == list(COLUMNS)


# --- the year -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dialect", ["hogql", "clickhouse"])
def test_each_engine_gives_the_answer_of_report(name: str, dialect: str, engine: "Engine", reported: Report) -> None:
    """The answers are equal in each column and row. The year has aliases, second deliveries and events of an older library."""
    columns, found = getattr(engine, dialect)(name)
    expected = next(each for each in reported.answers if each.question.name == name)
    assert columns == expected.columns
    assert found
    assert found == expected.rows


def test_the_year_has_what_the_answers_are_checked_against(year: Year) -> None:
    """The year is large, some events came twice, and PostHog's persons are those of the year."""
    assert len(year.commands()) == COMMANDS
    assert len(year.events) > COMMANDS + 1000
    sent = FakePostHog()
    for number, event in enumerate(year.events[:20_000]):
        sent.events.append(_delivered(event, number))
    persons = Persons(sent.events)
    owners: dict[str, set[str]] = {}
    for delivered in sent.events:
        owners.setdefault(persons.owner(delivered), set()).add(delivered.distinct_id)
    joined = {event.distinct_id for event in sent.events if event.event == "$create_alias"}
    for identities in owners.values():
        known = {year.people_by_id[identity] if identity in joined else identity for identity in identities}
        assert len(known) == 1, identities


def _delivered(event: dict[str, Any], number: int) -> Any:
    from arcade_otel.testing import Event

    return Event(
        **{key: event[key] for key in ("event", "distinct_id", "uuid", "timestamp", "properties")},
        sent_at=event["timestamp"],
        token="phc_year",
        time=datetime.fromisoformat(event["timestamp"]),
        request=number,
    )


def test_the_seeded_failure_shows(reported: Report, year: Year) -> None:
    """The failure is the first row, with exact numbers. In every other version, the same command does not fail."""
    of_version = [event for event in year.commands() if event["properties"]["cli_version"] == BAD_VERSION]
    bad = [event for event in of_version if event["properties"]["command_name"] == BAD_COMMAND]
    failures = sum(event["event"] == "CLI execution failed" for event in bad)
    first, *others = rows(reported, "03-failure-rate")
    assert first == (BAD_COMMAND, BAD_VERSION, len(bad), failures, 0, round(1000 * failures / len(bad)) / 10)
    assert first[-1] > 50
    assert max(row[-1] for row in others if row[0] == BAD_COMMAND) < 15
    assert rows(reported, "04-errors-by-type")[0][0] == "KeyError"


def test_people_weeks_and_retention_are_right(reported: Report, year: Year) -> None:
    """The numbers are those that sets in Python give."""
    weeks: dict[str, set[str]] = {}
    for event in year.commands():
        if not event["properties"]["is_ci"]:
            weeks.setdefault(_week(event), set()).add(year.people_by_id[event["distinct_id"]])
    found = {row[0]: row[1] for row in rows(reported, "01-people-by-week")}
    assert found == {week: len(people) for week, people in weeks.items()}
    assert len(found) >= WEEKS - 1
    seen: dict[str, str] = {}
    for week in sorted(weeks):
        for person in weeks[week]:
            seen.setdefault(person, week)
    expected = Counter()  # type: Counter[tuple[str, int]]
    for week, people in weeks.items():
        for person in people:
            later = (datetime.fromisoformat(week) - datetime.fromisoformat(seen[person])) // timedelta(weeks=1)
            if later <= 8:
                expected[seen[person], later] += 1
    assert {(row[0], row[1]): row[2] for row in rows(reported, "09-retention")} == dict(expected)


def _week(event: dict[str, Any]) -> str:
    weeks = (datetime.fromisoformat(event["timestamp"]) - BEGIN) // timedelta(weeks=1)
    return (BEGIN + timedelta(weeks=weeks)).strftime("%Y-%m-%d")


def test_durations_uses_and_the_funnel_are_right(reported: Report, year: Year) -> None:
    """The numbers are those that lists in Python give."""
    durations: dict[str, list[float]] = {}
    for event in year.commands():
        durations.setdefault(event["properties"]["command_name"], []).append(event["properties"]["duration"])
    for command, runs, p50, p95 in rows(reported, "05-duration"):
        ordered = sorted(durations[command])
        assert runs == len(ordered)
        assert p50 == pytest.approx(ordered[ceil(0.5 * runs) - 1], abs=0.051)
        assert p95 == pytest.approx(ordered[ceil(0.95 * runs) - 1], abs=0.051)
    assert {row[0]: row[1] for row in rows(reported, "02-commands-by-use")} == {name: len(of) for name, of in durations.items()}
    people = {year.people_by_id[event["distinct_id"]] for event in year.commands() if not event["properties"]["is_ci"]}
    accounts = {person for person in people if person.startswith("account-")}
    (_, ran, _), (_, logged_in, _), (_, used, _) = rows(reported, "08-funnel")
    assert (ran, logged_in) == (len(people), len(accounts))
    assert 0 < used <= logged_in


def test_what_may_be_published_has_no_small_groups(year: Year) -> None:
    """A command that nine people used is left out. With a tenth person, it is in the answer."""

    def run(person: int) -> dict[str, Any]:
        event = dict(year.commands()[0], distinct_id=f"p{person}", uuid=f"u{person}")
        return event | {"properties": event["properties"] | {"command_name": "rare"}}

    assert rows(report_of([run(person) for person in range(9)]), "19-public-commands") == []
    assert rows(report_of([run(person) for person in range(10)]), "19-public-commands") == [("rare", 10, 10, 10)]
    assert rows(report_of([run(person) for person in range(9)]), "20-public-platforms") == []


# --- what the product sends ---------------------------------------------------------------------------------------------------


def test_the_queries_run_over_what_the_product_sent(
    machine: Machine, posthog: FakePostHog, engine: "Engine", tmp_path: Path
) -> None:
    """A real program, its sender and the fake PostHog give one person before and after the login, and another after the logout.

    A process can have only one ClickHouse, so the events are in tables of their own next to those of the year.
    """
    posthog.arcade.add(api_key="key", principal_id="jane")
    login = ["login", "--api-key", "key", "--url", posthog.url]
    day = (["toolkit", "list"], ["deploy"], login, ["toolkit", "run"], ["deploy"], ["logout"], ["whoami"])
    machine.program("arcade", PROGRAM.read_text())
    for count, words in enumerate(day, 1):
        machine.run(*words, program="arcade")
        posthog.wait_for(lambda count=count: sum("CLI" in event.event for event in posthog.visible()) >= count)  # type: ignore[misc]
    machine.settle()
    events = [event.exported() for event in posthog.events]
    persons = posthog.persons()
    expected = report_of(events)
    assert (expected.commands, expected.people) == (7, 2)
    assert rows(expected, "08-funnel") == [
        ("1. first command", 2, 100.0),
        ("2. logged in", 1, 50.0),
        ("3. a success after the login", 1, 50.0),
    ]
    assert [(row[0], *row[2:]) for row in rows(expected, "03-failure-rate")] == [("deploy", 2, 2, 0, 100.0)]
    engine.replace(tmp_path, events, {event["distinct_id"]: persons.owner_of(event["distinct_id"]) for event in events})
    for each in expected.answers:
        for dialect in ("hogql", "clickhouse"):
            columns, found = getattr(engine, dialect)(each.question.name)
            assert (columns, found) == (each.columns, each.rows), (dialect, each.question.name)


def test_each_new_property_of_what_the_product_sent_is_counted(
    machine: Machine, posthog: FakePostHog, engine: "Engine", tmp_path: Path
) -> None:
    """Agents, CI, outcomes, installations, upgrades and sessions are counted in ``report`` and in both dialects.

    One person runs a command by hand, mistypes one, lets an agent fail at one, upgrades, and has a job in GitHub Actions.
    """
    machine.program("arcade", PROGRAM.read_text())
    machine.program("upgraded", PROGRAM.read_text().replace('version="1.2.3"', 'version="1.3.0"'))
    runs: tuple[tuple[list[str], str, dict[str, str | None]], ...] = (
        (["toolkit", "list"], "arcade", {}),
        (["toolkit", "list", "--lsit"], "arcade", {}),
        (["deploy"], "arcade", {"CLAUDECODE": "1"}),
        (["toolkit", "list"], "upgraded", {}),
        (["toolkit", "list"], "upgraded", {"CI": "true", "GITHUB_ACTIONS": "true"}),
    )
    for words, program, environ in runs:
        machine.run(*words, program=program, environ=environ)
        machine.settle()
    posthog.wait_for(lambda: len(posthog.visible()) == len(runs))
    sent = [event.properties for event in posthog.visible()]
    assert [each.get("agent") for each in sent] == [None, None, "claude-code", None, None]
    assert [each.get("ci") for each in sent] == [None, None, None, None, "github-actions"]
    assert len({each["$session_id"] for each in sent if not each["is_ci"]}) == 1
    method = sent[0].get("install_method", "unknown")
    events = [event.exported() for event in posthog.events]
    expected = report_of(events)
    week = rows(expected, "01-people-by-week")[0][0]
    assert rows(expected, "11-agents") == [("people", 3, 1, 33.3), ("CI", 1, 1, 0.0), ("claude-code", 1, 1, 100.0)]
    assert rows(expected, "12-ci-and-terminals") == [("script", 4, 1, 50.0), ("CI", 1, 1, 0.0)]
    assert rows(expected, "14-sessions") == [(week, 1, 1, 4.0)]
    assert rows(expected, "15-outcomes") == [("success", 3, 60.0), ("failure", 1, 20.0), ("usage_error", 1, 20.0)]
    assert rows(expected, "16-install-methods") == [(method, 1)]
    assert rows(expected, "18-installations") == [(week, 1, 1, 1)]
    engine.replace(tmp_path, events, {event["distinct_id"]: event["distinct_id"] for event in events})
    for each in expected.answers:
        for dialect in ("hogql", "clickhouse"):
            assert getattr(engine, dialect)(each.question.name) == (each.columns, each.rows), (dialect, each.question.name)
