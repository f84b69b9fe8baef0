"""Run a fake PostHog on this machine, and print each event when it arrives: ``python -m arcade_otel.testing``."""

import argparse
import json
import os
import signal
import sys
import threading
import webbrowser
from pathlib import Path
from typing import TextIO

from arcade_otel.cli.report import write_page
from arcade_otel.cli.report.answers import answer
from arcade_otel.cli.report.events import EventFiles
from arcade_otel.testing import Event, FakePostHog

__all__: list[str] = []

#: Seconds between two checks whether the report is out of date.
_INTERVAL = 0.25


def main(arguments: list[str] | None = None) -> int:
    """Run until Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(
        prog="python -m arcade_otel.testing",
        description="Run a fake PostHog on this machine, and print each event when it arrives.",
    )
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: any)")
    parser.add_argument("--key", action="append", metavar="API_KEY=PRINCIPAL", default=[], help="a key that Arcade's API knows")
    parser.add_argument(
        "--log", metavar="FILE", help="append each event to FILE, as PostHog exports it; arcade-otel report reads it"
    )
    parser.add_argument(
        "--report", metavar="FILE", help="keep the page of arcade-otel report in FILE, and open it in the browser"
    )
    parser.add_argument("--no-browser", action="store_true", help="do not open the report in the browser")
    chosen = parser.parse_args(arguments)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    log = open(chosen.log, "a", encoding="utf-8") if chosen.log else None  # noqa: SIM115 - closed below
    try:
        with FakePostHog(port=chosen.port, arrived=lambda event: _show(event, log)) as stand_in:
            for pair in chosen.key:
                api_key, _, principal = pair.partition("=")
                stand_in.arcade.add(api_key=api_key, principal_id=principal)
            _say(f"listening: export ARCADE_USAGE_POSTHOG_HOST={stand_in.url} ARCADE_USAGE_POSTHOG_API_KEY=phc_local")
            if chosen.report:
                _keep_report(chosen.report, stand_in, ended, browser=not chosen.no_browser)
            ended.wait()
    finally:
        if log is not None:
            log.close()
    return 0


def _show(event: Event, log: TextIO | None) -> None:
    if log is not None:
        log.write(json.dumps(event.exported()) + "\n")
        log.flush()
    what = event.properties.get("command_name") or event.properties.get("alias") or ""
    _say(f"{event.time:%H:%M:%S}  {event.event:<24}  {what:<24}  {event.distinct_id}")


def _keep_report(path: str, stand_in: FakePostHog, ended: threading.Event, *, browser: bool) -> None:
    """Write the report page again whenever new events have arrived, until ``ended`` is set.

    When the page is written for the first time, print its address. If ``browser`` is True, also open the page in a browser.
    """
    written = 0
    while True:
        is_last = ended.wait(_INTERVAL)
        arrived = len(stand_in.events)
        if arrived > written:
            read = EventFiles()
            read.add(json.dumps([event.exported() for event in stand_in.events[:arrived]]))
            result = answer(read.events)
            if result.commands:
                # Write and rename, so that the browser never loads half a page.
                partial = f"{path}.{os.getpid()}"
                write_page(partial, result, [stand_in.url])
                os.replace(partial, path)
                if not written:
                    address = Path(path).absolute().as_uri()
                    _say(f"report: {address}")
                    if browser:
                        webbrowser.open(address)
                written = arrived
        if is_last:
            return


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
