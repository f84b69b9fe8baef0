"""The page of ``report --html`` in a real browser: light and dark, on a phone, and with hostile text.

The page requests nothing.
"""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from arcade_otel.cli.console import main
from arcade_otel.cli.report.questions import load_questions
from tests.cli.view.test_page import ARGUMENTS, AUDIT, CHROMIUM
from tests.dashboards.year import made_year

pytestmark = pytest.mark.linux  # Debian's Chromium

SCRIPT = "<img src=x onerror=window.pwned=1><script>window.pwned=1</script>\u202eevil"


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a small year whose events have hostile texts."""
    folder = tmp_path_factory.mktemp("report")
    events = made_year(600).events
    for number, event in enumerate(events):
        if number % 40 == 0 and "command_name" in event["properties"]:
            hostile = dict.fromkeys(("command_name", "cli_version", "error_type", "os_type", "agent", "outcome"), SCRIPT)
            event["properties"] |= hostile | {"install_method": "x" * 400}
    log = folder / "<b>events&.jsonl"
    log.write_text("".join(json.dumps(event) + "\n" for event in events))
    assert main(["report", str(log), "--html", str(folder / "report.html")]) == 0
    return folder / "report.html"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One Chromium for all of these tests."""
    home = str(tmp_path_factory.mktemp("chromium"))
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=CHROMIUM, args=ARGUMENTS, env={"PATH": os.environ["PATH"], "HOME": home, "LANG": "C.UTF-8"}
        )
        yield running
        running.close()


@pytest.fixture
def tab(browser: Browser, page_file: Path) -> Iterator[Page]:
    """The page in a tab, with all its tables open. The page must request nothing, and the console must stay empty."""
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    complaints: list[str] = []
    page.on("request", lambda request: complaints.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(page_file.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    yield page
    page.close()
    assert [each for each in complaints if not each.startswith(("data:", page_file.as_uri()))] == []


def test_every_question_has_its_chart_and_its_table(tab: Page) -> None:
    """The sections are in the order of the questions, and have the text of the questions."""
    questions = load_questions()
    assert tab.locator("h2").all_inner_texts() == [question.title for question in questions]
    answered = len(questions) - 2  # so few people's numbers are not for publication
    assert tab.locator("section details table").count() == answered
    assert tab.locator("section .chart").count() == answered
    assert tab.locator("section .empty").all_inner_texts() == ["There are no such events."] * 2
    assert tab.locator("#duration .bar rect").count() > 6
    assert "1. first command" in tab.locator("#funnel .bars").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_read_in_light_and_dark(tab: Page, scheme: str) -> None:
    """Contrast, names and headings follow WCAG 2.1 AA."""
    tab.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    back = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", back))) < 200) == (scheme == "dark")
    audited = tab.evaluate(AUDIT)
    assert audited["texts"] > 100
    assert audited["faults"] == []


def test_it_fits_on_a_phone(tab: Page) -> None:
    """The page is never wider than the screen. Wide content scrolls by itself."""
    tab.set_viewport_size({"width": 360, "height": 740})
    assert tab.evaluate("Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)") <= 360
    outside = tab.evaluate(
        """() => [...document.querySelectorAll("main *, header *")].filter((each) => !each.closest(".scroll, svg")
            && each.getBoundingClientRect().right > 361).map((each) => each.outerHTML.slice(0, 100))"""
    )
    assert outside == []
    assert tab.evaluate("parseFloat(getComputedStyle(document.querySelector('.label')).fontSize)") >= 14


def test_hostile_text_is_shown_and_not_obeyed(tab: Page, page_file: Path) -> None:
    """Hostile text is shown as text, with the characters escaped that reorder what a person reads."""
    assert "<script>window.pwned=1</script>\\u202eevil" in tab.locator("#commands-by-use").inner_text()
    assert "<b>events&.jsonl" in tab.locator("header").inner_text()
    assert tab.evaluate("window.pwned === undefined && !document.querySelector('script, main img')")
    assert "\u202e" not in page_file.read_text()
