"""Write the dashboards from the questions of ``arcade-otel report``, or check that they are up to date: ``make dashboards``.

``hogql/`` and ``clickhouse/`` get one query per question: the dialect's table ``commands``, then the question. ``posthog/`` gets
what PostHog's API takes: one insight per question, and the dashboard. ``docs/dashboards.md`` gets its list of questions.
"""

import argparse
import json
import sys
from pathlib import Path

from arcade_otel.cli.report.questions import Question, load_questions

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs/dashboards.md"
BEGIN, END = "<!-- questions:begin -->", "<!-- questions:end -->"
DIALECTS = ("hogql", "clickhouse")
TAG = "arcade-otel"
#: PostHog's names of displays; it needs the columns of the axes for all of them but a table.
DISPLAYS = {"line": "ActionsLineGraph", "bar": "ActionsBar"}
TABLE = "ActionsTable"
DATE_FROM = "-90d"

OPT_OUTS = (
    "**Opt-outs are not on this dashboard.** A user who opted out sends nothing, not even that they opted out. "
    "So every number here counts the people who did not opt out."
)


def query(dialect: str, question: Question) -> str:
    """Return the question's query in a dialect."""
    prefix = (HERE / f"dialects/{dialect}.sql").read_text(encoding="utf-8").rstrip()
    body = question.sql
    joined = f"{prefix},\n{body.removeprefix('WITH ')}" if body.startswith("WITH ") else f"{prefix}\n{body}"
    head = [f"-- {question.title}", f"-- Question: {question.question}", f"-- Unit: {question.unit}"]
    if question.note:
        head.append(f"-- Note: {question.note}")
    head.append("-- Written by make dashboards from arcade_otel/cli/report/questions.")
    return "\n".join([*head, joined]) + "\n"


def insight(question: Question) -> dict[str, object]:
    """Return what PostHog's API takes to create the question's insight."""
    chart = question.chart
    # A bar with two labels has no counterpart in PostHog; neither has a heat map of SQL rows.
    display = DISPLAYS.get(chart.kind, TABLE) if len(chart.labels) == 1 else TABLE
    node: dict[str, object] = {
        "kind": "DataVisualizationNode",
        "source": {
            "kind": "HogQLQuery",
            "query": query("hogql", question),
            "filters": {"dateRange": {"date_from": DATE_FROM}},
        },
        "display": display,
    }
    if display != TABLE:
        settings: dict[str, object] = {
            "xAxis": {"column": chart.labels[0]},
            "yAxis": [{"column": column} for column in chart.values],
        }
        if chart.series:
            settings["seriesBreakdownColumn"] = chart.series
        node["chartSettings"] = settings
    description = f"{question.question} Unit: {question.unit}. {question.note}".rstrip()
    return {"name": question.title, "description": description, "query": node, "tags": [TAG, question.name], "saved": True}


def dashboard(questions: list[Question]) -> dict[str, object]:
    """Return what PostHog's API takes to create the dashboard, and what to put on it."""
    return {
        "name": "Command-line usage",
        "description": "Usage events of a command-line program that uses arcade-otel.",
        "tags": [TAG],
        "pinned": False,
        "filters": {"date_from": DATE_FROM},
        "text": OPT_OUTS,
        "insights": [question.name for question in questions],
    }


def listing(questions: list[Question]) -> str:
    """Return the list of questions for the documentation."""
    parts = []
    for question in questions:
        note = f" {question.note}" if question.note else ""
        queries = " and ".join(f"[{dialect}]({link(dialect, question)})" for dialect in DIALECTS)
        parts.append(
            f"### {question.title}\n\n{question.question}\n\nValues: {question.unit}.{note} SQL: {queries}.\n\n"
            f"![{question.title}, over the made-up year](dashboards/{question.name}.png)\n"
        )
    return "\n".join(parts)


def link(dialect: str, question: Question) -> str:
    """Return the address of a query's file: it is not part of the documentation's site."""
    return f"https://github.com/ArcadeAI/arcade-otel/blob/main/dashboards/{dialect}/{question.name}.sql"


def files() -> dict[Path, str]:
    """Return every file that is generated, with its contents."""
    questions = load_questions()
    made = {HERE / dialect / f"{each.name}.sql": query(dialect, each) for dialect in DIALECTS for each in questions}
    for each in questions:
        made[HERE / f"posthog/{each.name}.json"] = json.dumps(insight(each), indent=2) + "\n"
    made[HERE / "posthog/dashboard.json"] = json.dumps(dashboard(questions), indent=2) + "\n"
    if PAGE.exists():
        head, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        _, _, tail = rest.partition(END)
        made[PAGE] = f"{head}{BEGIN}\n{listing(questions)}{END}{tail}"
    return made


def main() -> int:
    """Write the files, or compare them; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare and write nothing")
    check = parser.parse_args().check
    made = files()
    present = {path for folder in (*DIALECTS, "posthog") for path in (HERE / folder).glob("*.*")}
    wrong = [path for path, text in made.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    left = sorted(present - set(made))
    if check:
        for path in (*wrong, *left):
            sys.stdout.write(f"{path.relative_to(HERE.parent)} is not up to date: make dashboards writes it\n")
        return 1 if wrong or left else 0
    for path in wrong:
        path.parent.mkdir(exist_ok=True)
        path.write_text(made[path], encoding="utf-8")
    for path in left:
        path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
