"""Draw docs/view.png, the page of ``view`` with the events of two made-up days. ``make pictures`` runs this."""

import json
import os
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from arcade_otel.handoff import queue
from arcade_otel.sender.backoff import Backoff
from tests.cli.view.collected import WHO, Collected
from tests.cli.view.serving import Serving
from tests.cli.view.test_page import ARGUMENTS, CHROMIUM
from tests.support.machine import Machine

_SIZE = {"width": 1100, "height": 1400}
_REFUSED = ConnectionError("cannot reach https://api.example.com")
_SENT: tuple[tuple[float, str, float, Exception | None], ...] = (  # hours ago, command, milliseconds, what went wrong
    (30.0, "login", 2300, None),
    (29.8, "toolkit.list", 140, None),
    (29.5, "toolkit.run", 1250, None),
    (29.4, "toolkit.run", 1410, None),
    (28.9, "chat", 312_000, None),
    (27.0, "deploy", 64_000, _REFUSED),
    (26.9, "deploy", 71_000, None),
    (26.8, "worker.start", 3100, None),
    (26.0, "secrets.set", 88, None),
    (25.9, "evals.run", 45_200, None),
    (25.5, "chat", 91_000, None),
    (5.2, "toolkit.list", 131, None),
    (5.1, "toolkit.run", 1180, None),
    (5.0, "toolkit.run", 930, ValueError("unknown tool")),
    (4.9, "toolkit.run", 1220, None),
    (4.4, "evals.run", 51_800, None),
    (3.1, "chat", 154_000, None),
    (0.9, "toolkit.run", 1104, None),
    (0.5, "secrets.set", 92, None),
)


def main(picture: str) -> None:
    """Write the picture to docs/view.png."""
    with tempfile.TemporaryDirectory(prefix="you-") as folder:
        machine = Machine(Path(folder), "https://us.i.posthog.com")
        machine.state.mkdir(parents=True)
        (machine.config_dir / "usage.json").write_text(json.dumps({"anon_id": WHO[0], "linked_principal_id": None}))
        collected = Collected(machine)
        for hours, command, ms, error in _SENT:
            collected.sent(command, ago=hours * 3600, ms=ms, error=error)
        collected.dropped("deploy", "refused for good", ago=2.2 * 3600, ms=60_200)
        collected.queued("toolkit.run", ago=260, ms=5004, error=TimeoutError("no answer in 5 s"))
        collected.queued("toolkit.list", ago=70, ms=131)
        collected.fails("HTTP 503")
        Backoff(str(machine.state), queue.lanes(str(machine.state))[0]).record_failure(60)
        with Serving(machine) as serving, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=CHROMIUM, args=ARGUMENTS, env={"PATH": os.environ["PATH"], "HOME": folder, "LANG": "C.UTF-8"}
            )
            page = browser.new_page(viewport=_SIZE, locale="en-GB", color_scheme="light", reduced_motion="reduce")  # type: ignore[arg-type]
            page.goto(serving.url)
            page.wait_for_selector("body[data-ready]")
            page.locator(".row").nth(3).click()
            page.mouse.move(0, 0)
            page.screenshot(path=picture)
            browser.close()


if __name__ == "__main__":
    main(sys.argv[1])
