"""``python -m arcade_otel.testing`` prints the events that arrive, logs them, and shows them on a page."""

import json
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from arcade_otel.cli.console import main


@pytest.mark.posix
def test_events_are_printed_logged_and_reported_as_they_arrive(tmp_path: Path, capsys: Any) -> None:
    """The page exists while the command runs, and is up to date when the command ends. ``report`` reads the log."""
    log, page = tmp_path / "events.jsonl", tmp_path / "report.html"
    command = [sys.executable, "-m", "arcade_otel.testing", "--log", str(log), "--report", str(page), "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split("HOST=")[1].split()[0]
        _send(url, 1, "build", "succeeded")
        assert "CLI execution succeeded   build" in process.stdout.readline()
        assert process.stdout.readline() == f"report: {page.as_uri()}\n"
        assert "1 commands by 1 people" in page.read_text()
        _send(url, 2, "deploy", "failed")
        assert "CLI execution failed      deploy" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60)[0] == ""
        assert process.returncode == 0
    assert "2 commands by 1 people" in page.read_text()
    assert [path.name for path in tmp_path.iterdir() if path not in (log, page)] == []
    assert main(["report", "--json", str(log)]) == 0
    answers = {each["name"]: each["rows"] for each in json.loads(capsys.readouterr().out)["questions"]}
    assert answers["02-commands-by-use"] == [["build", 1, 1], ["deploy", 1, 1]]


def _send(url: str, number: int, command: str, outcome: str) -> None:
    event = {
        "event": f"CLI execution {outcome}",
        "distinct_id": "someone",
        "timestamp": "2026-01-07T12:00:00+00:00",
        "properties": {"command_name": command},
    }
    body = json.dumps({"api_key": "phc_test", "batch": [event]}).encode()
    request = urllib.request.Request(f"{url}/batch/", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.status == 200, number
