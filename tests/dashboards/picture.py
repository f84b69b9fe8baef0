"""Draw docs/dashboards/*.png, one picture per question, from the made-up year. ``make pictures`` runs this."""

import json
import os
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from arcade_otel.cli.report import write_page
from arcade_otel.cli.report.answers import answer
from arcade_otel.cli.report.events import EventFiles
from tests.cli.view.test_page import ARGUMENTS, CHROMIUM
from tests.dashboards.year import made_year


def main(folder: str) -> None:
    """Write the pictures into ``folder``."""
    read = EventFiles()
    read.add(json.dumps(made_year().events))
    report = answer(read.events)
    Path(folder).mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="year-") as temporary, sync_playwright() as playwright:
        write_page(f"{temporary}/year.html", report, ["the made-up year"])
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=ARGUMENTS, env={"PATH": os.environ["PATH"], "HOME": temporary, "LANG": "C.UTF-8"}
        )
        page = browser.new_page(viewport={"width": 660, "height": 900}, color_scheme="light")
        page.goto(Path(temporary, "year.html").as_uri())
        page.evaluate("document.querySelectorAll('details').forEach((each) => each.remove())")
        for each in report.answers:
            section = page.locator(f"#{each.question.name.partition('-')[2]}")
            section.screenshot(path=f"{folder}/{each.question.name}.png")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1])
