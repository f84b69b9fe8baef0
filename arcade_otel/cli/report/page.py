"""Render the answers as one HTML page with charts. The page contains no scripts and loads no other files."""

import os
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from arcade_otel import terminal
from arcade_otel.cli.report.answers import Answer, Report

__all__ = ["chart_of", "render"]

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
#: The stylesheet has this many colours. Further series are in the table only.
_MAX_SERIES = 8
_MAX_BARS = 12
_WIDTH, _HEIGHT = 1000, 200


def render(report: Report, sources: Sequence[str]) -> str:
    """Return the report as one HTML page.

    Raises:
        OSError: If the stylesheet in this package cannot be read.
    """
    with open(os.path.join(os.path.dirname(__file__), "page.css"), encoding="utf-8") as file:
        css = file.read()
    begin = report.begin.strftime("%Y-%m-%d") if report.begin else ""
    end = report.end.strftime("%Y-%m-%d") if report.end else ""
    sections = "\n".join(_section(answer) for answer in report.answers)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>Usage report</title>
<style>
{css}</style>
</head>
<body>
<header>
<h1>Usage report</h1>
<p>{report.commands:,} commands by {report.people:,} people, {begin} to {end}. From {_text(", ".join(sources))}.</p>
<p>Users who opted out send nothing, so they are in none of the numbers.</p>
</header>
<main>
{sections}
</main>
</body>
</html>
"""


def _section(answer: Answer) -> str:
    question = answer.question
    note = f'<p class="note">{_text(question.note)}</p>' if question.note else ""
    if answer.rows:
        table = f'<details><summary>Table</summary><div class="scroll" tabindex="0">{_table(answer)}</div></details>'
        body = f'<div class="chart">{chart_of(answer)}</div>{table}'
    else:
        body = '<p class="empty">There are no such events.</p>'
    return (
        f'<section id="{question.name.partition("-")[2]}"><h2>{_text(question.title)}</h2><p>{_text(question.question)}</p>'
        f'<p class="unit">Unit: {_text(question.unit)}.</p>{note}{body}</section>'
    )


def chart_of(answer: Answer) -> str:
    """Return the chart of ``answer`` as HTML. The answer must contain at least one row."""
    drawers = {"line": _lines, "bar": _bars, "heat": _heat}
    return drawers[answer.question.chart.kind](answer)


def _lines(answer: Answer) -> str:
    chart = answer.question.chart
    x = answer.columns.index(chart.labels[0])
    points = sorted({str(row[x]) for row in answer.rows})
    series: dict[str, dict[str, float]] = {}
    for value in chart.values:
        y = answer.columns.index(value)
        for row in answer.rows:
            name = str(row[answer.columns.index(chart.series)]) if chart.series else _words(value)
            series.setdefault(name, {})[str(row[x])] = float(row[y] or 0)
    largest = sorted(series, key=lambda name: (-sum(series[name].values()), name))[:_MAX_SERIES]
    shown = {name: values for name, values in series.items() if name in largest}
    top = max((value for values in shown.values() for value in values.values()), default=0) or 1
    step = _WIDTH / max(len(points) - 1, 1)
    drawn, legend = [], []
    for number, (name, values) in enumerate(shown.items()):
        colour = f"var(--s{number})"
        places = [
            f"{index * step:.1f},{_HEIGHT - values.get(point, 0) / top * (_HEIGHT - 10):.1f}"
            for index, point in enumerate(points)
        ]
        if len(places) == 1:
            places.append(f"{_WIDTH},{places[0].partition(',')[2]}")
        drawn.append(f'<polyline style="stroke:{colour}" points="{" ".join(places)}"/>')
        legend.append(f"<li>{_swatch(number)}{_text(name)}</li>")
    label = f"{answer.question.title}: highest {_number(top)}"
    return (
        f'<ul class="legend">{"".join(legend)}</ul><div class="axis"><span>{_number(top)}</span></div>'
        f'<svg class="line" role="img" aria-label="{_text(label)}" viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none">'
        f'{"".join(drawn)}</svg><div class="axis"><span>{_text(points[0])}</span><span>{_text(points[-1])}</span></div>'
    )


def _bars(answer: Answer) -> str:
    chart = answer.question.chart
    labels = [answer.columns.index(label) for label in chart.labels]
    values = [answer.columns.index(value) for value in chart.values]
    rows = answer.rows[:_MAX_BARS]
    top = max((float(row[value] or 0) for row in rows for value in values), default=0) or 1
    legend = ""
    if len(values) > 1:
        items = (f"<li>{_swatch(number)}{_text(_words(value))}</li>" for number, value in enumerate(chart.values))
        legend = f'<ul class="legend">{"".join(items)}</ul>'
    cells = []
    for row in rows:
        name = " ".join(str(row[label]) for label in labels) or "(none)"
        for number, value in enumerate(values):
            share = f"{100 * float(row[value] or 0) / top:.2f}%"
            cells.append(
                f'<div class="label">{_text(name) if number == 0 else ""}</div>'
                f'<svg class="bar" aria-hidden="true"><rect width="{share}" height="100%" style="fill:var(--s{number})"/></svg>'
                f'<div class="number">{_number(row[value])}</div>'
            )
    more = len(answer.rows) - len(rows)
    rest = f'<p class="note">The table has {more} more.</p>' if more else ""
    return f'{legend}<div class="bars">{"".join(cells)}</div>{rest}'


def _swatch(number: int) -> str:
    rectangle = f'<rect width="10" height="10" rx="2" style="fill:var(--s{number})"/>'
    return f'<svg width="10" height="10" aria-hidden="true">{rectangle}</svg>'


def _heat(answer: Answer) -> str:
    chart = answer.question.chart
    row_at, column_at, value_at = (answer.columns.index(name) for name in (*chart.labels, *chart.values))
    cells = {(str(row[row_at]), int(row[column_at])): float(row[value_at]) for row in answer.rows}
    rows = sorted({name for name, _ in cells})[-_MAX_BARS:]
    columns = range(max(column for _, column in cells) + 1)
    head = "".join(f'<th class="n" scope="col">{column}</th>' for column in columns)
    body = []
    for name in rows:
        made = []
        for column in columns:
            value = cells.get((name, column))
            shade = "" if value is None else f' style="background:rgb(var(--heat) / {min(value, 100) * 0.45:.0f}%)"'
            made.append(f"<td{shade}>{'' if value is None else f'{value:.0f}'}</td>")
        body.append(f'<tr><th scope="row">{_text(name)}</th>{"".join(made)}</tr>')
    top = f'<tr><th scope="col">{_text(_words(chart.labels[0]))} / {_text(_words(chart.labels[1]))}</th>{head}</tr>'
    table = f'<table class="heat"><thead>{top}</thead><tbody>{"".join(body)}</tbody></table>'
    return f'<div class="scroll" tabindex="0">{table}</div>'


def _table(answer: Answer) -> str:
    numeric = [all(isinstance(row[index], int | float | None) for row in answer.rows) for index in range(len(answer.columns))]
    head = "".join(_cell("th", _words(name), is_number) for name, is_number in zip(answer.columns, numeric, strict=True))
    body = "".join(f"<tr>{_cells(row, numeric)}</tr>" for row in answer.rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cells(row: Iterable[Any], numeric: Sequence[bool]) -> str:
    return "".join(
        _cell("td", _plain_number(value) if is_number else str(value), is_number)
        for value, is_number in zip(row, numeric, strict=True)
    )


def _cell(tag: str, text: str, is_number: bool) -> str:  # noqa: FBT001 - a private helper
    kind = ' class="n"' if is_number else ""
    scope = ' scope="col"' if tag == "th" else ""
    return f"<{tag}{kind}{scope}>{_text(text)}</{tag}>"


def _plain_number(value: float | None) -> str:
    return "" if value is None else f"{value:,}"


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def _words(column: str) -> str:
    return column.replace("_", " ")


def _text(text: str) -> str:
    """Escape HTML, invisible characters, and characters that change the direction of text."""
    return escape(terminal.escape(text))
