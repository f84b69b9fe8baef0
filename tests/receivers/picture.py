"""A picture of each receiver's own page: the trace of a command that failed, with the spans below it."""

import os
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.cli.view.test_page import ARGUMENTS, CHROMIUM
from tests.receivers.servers import PROJECT, Server

__all__ = ["take_picture"]

COMMAND = "traced-cli fetch"
_SIZE = {"width": 1280, "height": 760}
#: MLflow opens panels of its own at the first visit. It remembers there that it did.
_VISITED = """
for (const key of ["mlflow.assistant.fab.autoOpenedOnFirstLoad_v1", "mlflow.detectIssues.guidanceShown_v1"])
    localStorage.setItem(key, "true");
localStorage.setItem("mlflow.assistant.panelOpen_v1", "false");
"""


def take_picture(server: Server, url: str, folder: Path, home: Path) -> None:
    """Write ``folder/NAME.png``: the newest trace, which is that of the command that could not fetch its address."""
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=ARGUMENTS, env={"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8"}
        )
        page = browser.new_page(viewport=_SIZE, color_scheme="light", reduced_motion="reduce")  # type: ignore[arg-type]
        page.set_default_timeout(60_000)
        page.add_init_script(_VISITED)
        {"phoenix": _phoenix, "mlflow": _mlflow}[server.name](page, url)
        page.screenshot(path=folder / f"{server.name}.png")
        browser.close()


def _phoenix(page: Page, url: str) -> None:
    page.goto(f"{url}/projects")
    page.get_by_text(PROJECT).first.click()
    page.get_by_role("link", name=COMMAND).first.click()
    page.get_by_text("process.executable.name").first.wait_for()
    page.get_by_text("Connection refused").first.wait_for()


def _mlflow(page: Page, url: str) -> None:
    page.goto(f"{url}/#/experiments/0/traces")
    page.get_by_text("Error").first.click()
    page.get_by_text("measure").first.wait_for()
    page.get_by_text("fetch.tries").first.wait_for()
