"""``dashboards/create.py`` against a local server that keeps dashboards and insights as PostHog's API does."""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from arcade_otel.cli.report.questions import load_questions

DASHBOARDS = Path(__file__).parents[2] / "dashboards"
KEY = "phx_test"


class Api(ThreadingHTTPServer):
    """A fake API of PostHog's project 7, which returns one result per page."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.kept: dict[str, list[dict[str, Any]]] = {"dashboards": [], "insights": []}
        self.requests: list[str] = []
        self.answer: tuple[int, dict[str, str], str] | None = None

    @property
    def url(self) -> str:
        """The address of the fake API."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    """The part of the fake API that lists, creates and changes."""

    server: Api

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PATCH(self) -> None:
        self._serve()

    def _serve(self) -> None:
        address = urlsplit(self.path)
        content = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "null")
        self.server.requests.append(f"{self.command} {address.path}")
        found = re.fullmatch(r"/api/projects/7/(dashboards|insights)/(?:(\d+)/)?", address.path)
        if self.server.answer is not None:
            self._answer(*self.server.answer)
        elif self.headers["Authorization"] != f"Bearer {KEY}" or not found:
            self._answer(403, {}, json.dumps({"detail": "You do not have permission to perform this action."}))
        else:
            self._answer(200, {}, json.dumps(self._done(self.server.kept[found[1]], found[2], content, parse_qs(address.query))))

    def _done(self, kept: list[dict[str, Any]], number: str | None, content: Any, query: dict[str, list[str]]) -> Any:
        if self.command == "GET":
            matching = [each for each in kept if query["search"][0] in each["name"]]
            at = int(query["offset"][0]) // 200
            return {"results": matching[at : at + 1], "next": "more" if at + 1 < len(matching) else None}
        if self.command == "POST":
            kept.append(content | {"id": 100 + len(kept)})
            return kept[-1]
        (one,) = [each for each in kept if each["id"] == int(number or 0)]
        one |= content
        return one

    def _answer(self, status: int, headers: dict[str, str], body: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body.encode())), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *arguments: object) -> None:
        """Print no line for a request."""


@pytest.fixture
def api() -> Iterator[Api]:
    """The API on loopback."""
    with Api() as running:
        threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield running
        running.shutdown()


def create(host: str, key: str = KEY) -> "subprocess.CompletedProcess[str]":
    """Run ``dashboards/create.py`` as a maintainer does."""
    return subprocess.run(
        [sys.executable, "-S", str(DASHBOARDS / "create.py"), "--project", "7", "--host", host],
        env={"PATH": os.environ["PATH"], "POSTHOG_PERSONAL_API_KEY": key},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_it_creates_everything_once_and_then_brings_it_up_to_date(api: Api) -> None:
    """Insights of other people with the same name stay as they are, and so do the dashboards on which you put an insight."""
    questions = load_questions()
    api.kept["insights"].append({"id": 1, "name": questions[0].title, "tags": ["mine"]})
    first = create(api.url)
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout.splitlines()[-1] == f"{api.url}/project/7/dashboard/100"
    (dashboard,) = api.kept["dashboards"]
    assert "opted out sends nothing" in dashboard["tiles"][0]["text"]["body"]
    insights = api.kept["insights"][1:]
    assert [each["name"] for each in insights] == [question.title for question in questions]
    for question, insight in zip(questions, insights, strict=True):
        assert insight["dashboards"] == [100]
        assert insight["query"]["source"]["query"] == (DASHBOARDS / f"hogql/{question.name}.sql").read_text()
        assert question.unit in insight["description"]
    insights[2]["dashboards"].append(55)
    insights[2]["query"] = None
    second = create(api.url)
    assert second.returncode == 0
    assert "created" not in second.stdout
    assert len(api.kept["insights"]) == len(questions) + 1
    assert len(dashboard["tiles"]) == 1
    assert insights[2]["dashboards"] == [55, 100]
    assert insights[2]["query"] is not None
    assert api.kept["insights"][0] == {"id": 1, "name": questions[0].title, "tags": ["mine"]}


def test_charts_name_columns_that_the_query_returns() -> None:
    """PostHog draws an empty box for a chart whose axes it cannot find."""
    for question in load_questions():
        node = json.loads((DASHBOARDS / f"posthog/{question.name}.json").read_text())["query"]
        if node["display"] == "ActionsTable":
            assert "chartSettings" not in node
        else:
            axes = [node["chartSettings"]["xAxis"], *node["chartSettings"]["yAxis"]]
            assert all(re.search(rf"\b{axis['column']}\b", question.sql) for axis in axes)


def test_a_refusal_is_told_without_the_key(api: Api) -> None:
    """The message has PostHog's own words, if there are any. A redirect is refused, because it would send the key elsewhere."""
    refused = create(api.url, key="phx_wrong")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "403 You do not have permission" in refused.stderr
    assert "phx_wrong" not in refused.stderr
    api.requests.clear()
    api.answer = (302, {"Location": f"{api.url}/elsewhere"}, "")
    redirected = create(api.url)
    assert redirected.returncode == 1
    assert "302" in redirected.stderr
    assert len(api.requests) == 1


def test_the_key_goes_over_https_only_and_must_be_there() -> None:
    """Otherwise, no request is sent."""
    assert "over https only" in create("http://posthog.example").stderr
    assert "Set POSTHOG_PERSONAL_API_KEY" in create("https://127.0.0.1:9", key=" ").stderr
    assert create("https://127.0.0.1:9").stderr.startswith("Not done: GET dashboards/")


def test_the_generated_files_are_up_to_date() -> None:
    """``make dashboards`` writes the files, and ``make lint`` runs the same check."""
    ended = subprocess.run(
        [sys.executable, str(DASHBOARDS / "generate.py"), "--check"], capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stdout) == (0, "")
