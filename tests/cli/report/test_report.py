"""``arcade-otel report``: the same answers from every format, and what the command does with broken, odd or hostile files."""

import csv
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from arcade_otel import settings, spans
from arcade_otel.cli.console import main
from arcade_otel.cli.report.answers import Report, answer
from arcade_otel.cli.report.events import EventFiles
from arcade_otel.cli.report.questions import COLUMNS, load_questions
from arcade_otel.spans.outcome import Outcome
from tests.dashboards.year import made_year

YEAR = made_year(400)
HOSTILE = "\x1b[2J\u202e<script>window.pwned=1</script>"


def report_of(*texts: str) -> Report:
    """Return the answers over files with these contents."""
    files = EventFiles()
    for text in texts:
        files.add(text)
    return answer(files.events)


def rows(report: Report, name: str) -> list[tuple[Any, ...]]:
    """Return the rows of the answer to a question."""
    return next(each.rows for each in report.answers if each.question.name == name)


def event(number: int = 0, *, failed: bool = False, **changes: Any) -> dict[str, Any]:
    """Return an event. ``changes`` replace its fields or its properties."""
    made: dict[str, Any] = {
        "uuid": f"u{number}",
        "event": f"CLI execution {'failed' if failed else 'succeeded'}",
        "distinct_id": "someone",
        "timestamp": "2026-01-07T12:00:00.000000+00:00",
        "properties": {"command_name": "build", "duration": 10.0},
    }
    for key, value in changes.items():
        (made if key in made else made["properties"])[key] = value
    return made


# --- formats ------------------------------------------------------------------------------------------------------------------


def _csv(events: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, ["uuid", "event", "distinct_id", "timestamp", "properties"])
    writer.writeheader()
    writer.writerows(each | {"properties": json.dumps(each["properties"])} for each in events)
    return text.getvalue()


def _csv_of_single_properties(events: list[dict[str, Any]]) -> str:
    names = sorted({name for each in events for name in each["properties"]})
    text = io.StringIO()
    writer = csv.DictWriter(text, ["uuid", "event", "distinct_id", "timestamp", *(f"properties.{name}" for name in names)])
    writer.writeheader()
    for each in events:
        fields = {f"properties.{name}": value for name, value in each["properties"].items()}
        writer.writerow({key: each[key] for key in ("uuid", "event", "distinct_id", "timestamp")} | fields)
    return text.getvalue()


def _query_response(events: list[dict[str, Any]]) -> str:
    columns = ["properties", "uuid", "event", "distinct_id", "timestamp"]
    found = [[json.dumps(each[name]) if name == "properties" else each[name] for name in columns] for each in events]
    return json.dumps({"columns": columns, "results": found, "hasMore": False})


FORMATS: dict[str, Callable[[list[dict[str, Any]]], str]] = {
    "JSON Lines": lambda events: "".join(json.dumps(each) + "\n" for each in events),
    "JSON Lines, properties as text": lambda events: "\n".join(
        json.dumps(each | {"properties": json.dumps(each["properties"])}) for each in events
    ),
    "an array": json.dumps,
    "the API's page": lambda events: json.dumps({"next": None, "results": events}, indent=1),
    "a batch": lambda events: json.dumps({"api_key": "phc_x", "batch": events}),
    "a query's response": _query_response,
    "CSV": _csv,
    "CSV of single properties": _csv_of_single_properties,
    "ClickHouse's times": lambda events: json.dumps(
        [each | {"timestamp": each["timestamp"].replace("T", " ").removesuffix("+00:00")} for each in events]
    ),
    "times with Z": lambda events: json.dumps(
        [each | {"timestamp": each["timestamp"].replace("+00:00", "000Z")} for each in events]
    ),
}
EXPECTED = report_of(YEAR.lines())


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_answers(name: str) -> None:
    """PostHog's exports differ in their format, but not in their content."""
    assert report_of(FORMATS[name](YEAR.events)) == EXPECTED


def test_several_files_are_one_and_a_repeated_event_counts_once() -> None:
    """This also holds if the end of one file is the beginning of the next one."""
    lines = YEAR.lines().splitlines(keepends=True)
    assert report_of("".join(lines[:250]), "".join(lines[200:])) == EXPECTED
    assert EXPECTED.commands == 400


def test_spans_in_otlp_json_become_the_events_that_posthog_gets() -> None:
    """A collector's file exporter writes one ``TracesData`` per line. Spans of other scopes are no commands."""
    chosen = settings.make_settings(name="tool", version="1.2.3")

    def line(command: str, at: int, error: BaseException | None, who: str, previous: str | None) -> str:
        timing = (at * 10**9, at * 10**9 + 5_000_000)
        outcome = Outcome(0 if error is None else 1, error)
        text = spans.encode(chosen, path=command, timing=timing, outcome=outcome, identity=(who, previous is None))
        if previous:
            attribute = {"key": "previous_distinct_id", "value": {"stringValue": previous}}
            loaded = json.loads(text)
            for span in loaded["resourceSpans"][0]["scopeSpans"][0]["spans"]:
                span["attributes"].append(attribute)
            text = json.dumps(loaded)
        return json.dumps(json.loads(text))

    first = line("build", 1_767_787_200, ValueError("no"), "anonymous", None)
    second = line("login", 1_767_787_260, None, "account", "anonymous")
    foreign = second.replace('"arcade_otel"', '"another"')
    report = report_of(f"{first}\n{second}\n{foreign}\n")
    assert (report.commands, report.people) == (2, 1)
    assert rows(report, "03-failure-rate") == [("build", "1.2.3", 1, 1, 0, 100.0)]
    assert rows(report, "04-errors-by-type") == [("ValueError", 1, 1, 1)]


# --- answers ------------------------------------------------------------------------------------------------------------------


def test_a_person_who_logged_in_counts_once() -> None:
    """Events under the anonymous ID before the login belong to the account. A second alias of the same ID changes nothing."""
    alias = event(9, event="$create_alias", distinct_id="anon", properties={"distinct_id": "anon", "alias": "account"})
    late = alias | {"uuid": "u8", "timestamp": "2026-02-01T00:00:00+00:00", "properties": {"alias": "another"}}
    report = report_of(json.dumps([late, event(1, distinct_id="anon"), event(2, distinct_id="account"), alias, event(3)]))
    assert rows(report, "17-ids-and-people") == [("2026-01-05", 3, 2)]
    assert report.people == 2


@pytest.mark.posix
def test_old_and_new_events_are_told_apart() -> None:
    """Events of an older library have no data about agents, terminals and sessions."""
    new = {"agent": "claude-code", "interactive": False, "install_method": "uv", "outcome": "interrupted", "$session_id": "s"} | {
        "first_run": True,
        "previous_version": "1",
    }
    report = report_of(
        json.dumps(
            [
                event(1),
                event(2, failed=True, **new),
                event(3, is_ci=True),
                event(4, ci="github_actions"),
                event(5, interactive=True),
            ]
        )
    )
    assert dict(row[:2] for row in rows(report, "11-agents")) == {"people": 2, "CI": 2, "claude-code": 1}
    assert dict(row[:2] for row in rows(report, "12-ci-and-terminals")) == {"CI": 2, "unknown": 1, "script": 1, "terminal": 1}
    assert dict(row[:2] for row in rows(report, "15-outcomes")) == {"success": 4, "interrupted": 1}
    assert rows(report, "03-failure-rate")[0][2:5] == (5, 1, 1)
    assert rows(report, "18-installations") == [("2026-01-05", 1, 1, 1)]
    assert dict(rows(report, "16-install-methods")) == {"unknown": 1, "uv": 1}


def test_sessions_end_after_a_pause_or_with_their_id() -> None:
    """A pause of 29 minutes does not end a session, and a pause of 31 minutes does. A session with an ID has no such limit."""
    times = ["12:00", "12:29", "13:00", "13:01"]
    without = [event(n, timestamp=f"2026-01-07T{at}:00+00:00") for n, at in enumerate(times)]
    session = {"command_name": "build", "$session_id": "s"}
    with_id = [event(10 + n, timestamp=f"2026-01-08T{at}:00+00:00", properties=session) for n, at in enumerate(times)]
    assert rows(report_of(json.dumps(without)), "14-sessions") == [("2026-01-05", 2, 1, 2.0)]
    assert rows(report_of(json.dumps(with_id)), "14-sessions") == [("2026-01-05", 1, 1, 4.0)]


def test_a_retry_is_the_next_run_within_ten_minutes() -> None:
    """A retry is a run of the same command by the same person."""
    failed = event(1, failed=True)
    soon = event(2, timestamp="2026-01-07T12:09:00+00:00")
    late = event(3, timestamp="2026-01-07T12:11:00+00:00")
    other = event(4, timestamp="2026-01-07T12:01:00+00:00", distinct_id="another")
    assert rows(report_of(json.dumps([failed, soon])), "13-retries") == [("build", 1, 100.0, 100.0)]
    assert rows(report_of(json.dumps([failed, late, other])), "13-retries") == [("build", 1, 0.0, None)]


def test_questions_have_all_their_lines_and_columns_that_exist() -> None:
    """A chart of a column that the answer lacks would fail only when a user runs the report."""
    assert len(load_questions()) >= 14
    for each in EXPECTED.answers:
        question, chart = each.question, each.question.chart
        assert question.question.endswith("?")
        assert question.unit
        assert {*chart.labels, *chart.values, *filter(None, [chart.series])} <= set(each.columns)
        assert len(each.columns) == len(set(each.columns))
    assert COLUMNS


# --- the command --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A file with the events, for the report to read."""
    path = tmp_path / "events.jsonl"
    path.write_text(YEAR.lines())
    return path


def test_it_prints_tables(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each table has its question and its unit."""
    assert main(["report", str(log)]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("400 commands by ")
    for question in load_questions():
        assert f"\n{question.title}\n{question.question} Unit: {question.unit}.\n" in out
    assert "failure percent" in out
    assert err == ""


def test_it_prints_json(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The JSON has all the values that the tables have."""
    packed = log.with_suffix(".gz")
    packed.write_bytes(gzip.compress(log.read_bytes()))
    assert main(["report", "--json", str(packed)]) == 0
    loaded = json.loads(capsys.readouterr().out)
    assert (loaded["commands"], loaded["skipped"]) == (400, 0)
    answers = {each["name"]: each for each in loaded["questions"]}
    for each in EXPECTED.answers:
        assert answers[each.question.name]["columns"] == each.columns
        assert answers[each.question.name]["rows"] == [list(row) for row in each.rows]


def test_what_is_no_event_is_counted_and_left_out(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Such records are a line that was cut off, and JSON of something else."""
    odd = ['{"event": "CLI exec', "[1, null]", "{}", json.dumps(event(timestamp="yesterday")), json.dumps(event(properties="{"))]
    log.write_text("\n".join([*odd, json.dumps(event(1, duration="soon", cli_version=7, agent=["x"], python_version=None))]))
    assert main(["report", str(log)]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("1 commands by 1 people, 2026-01-07 to 2026-01-07")
    assert err == "6 records are no events and were left out.\n"


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        ("", 1, "There are no command events in these files."),
        (json.dumps(event(event="$pageview")), 1, "There are no command events in these files."),
        ("not, a, log", 2, "neither JSON nor a CSV file"),
        ("{broken", 2, "neither JSON nor JSON Lines"),
        ("[" * 400 + "]" * 400, 1, "There are no command events"),
        ("[" * 100_000, 2, "Cannot read"),
    ],
)
def test_files_without_events(text: str, code: int, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For each such file, the command says why there are no answers, and prints nothing on stdout."""
    path = tmp_path / "file"
    path.write_text(text)
    assert main(["report", str(path)]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert told in err
    assert err.splitlines()[-1].startswith(("There are", "Cannot read"))


def test_a_file_that_is_not_there_or_cannot_be_written(log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command names the file and exits with 2."""
    assert main(["report", str(tmp_path / "missing")]) == 2
    assert "missing: No such file or directory" in capsys.readouterr().err
    assert main(["report", str(log), "--html", str(tmp_path / "no" / "such" / "folder.html")]) == 2
    assert "Cannot write" in capsys.readouterr().err


def test_hostile_text_does_nothing_to_the_terminal(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The names in events can come from anyone, because the project's key is public."""
    log.write_text(json.dumps(event(1, failed=True, command_name=HOSTILE, error_type=HOSTILE)))
    assert main(["report", str(log)]) == 0
    assert main(["report", str(log), "--json"]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "\\x1b[2J" in out
