"""Create the dashboard and its insights in a PostHog project, or bring them up to date.

    POSTHOG_PERSONAL_API_KEY=phx_… python dashboards/create.py --project 12345

The key needs the scopes insight:write and dashboard:write. What an earlier run created is found by its name and the tag
arcade-otel, and changed instead of created again. Standard library only; it needs nothing but this file and posthog/.
"""

import argparse
import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any, NoReturn

PAYLOADS = Path(__file__).parent / "posthog"
TIMEOUT_SECONDS = 30
PAGE = 200
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class ApiError(Exception):
    """PostHog refused a request, or cannot be reached."""


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: urllib would send the key along, wherever it leads."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Refuse it; the caller gets the answer as an error."""


class Project:
    """A project's API.

    Args:
        host: PostHog's address, such as https://us.posthog.com; https, or a loopback address.
        number: The project's ID.
        key: A personal API key.

    Raises:
        ApiError: The address is neither https nor of this machine.
    """

    def __init__(self, host: str, number: int, key: str) -> None:
        address = urllib.parse.urlsplit(host)
        if address.scheme != "https" and not (address.scheme == "http" and address.hostname in LOOPBACK):
            raise ApiError(f"the key goes over https only, not to {host}")
        self._root = f"{host.rstrip('/')}/api/projects/{number}/"
        self._key = key
        self._opener = urllib.request.build_opener(NoRedirect)

    def send(self, method: str, path: str, content: dict[str, Any] | None = None) -> Any:
        """Send a request and return the answer.

        Raises:
            ApiError: PostHog refused it, or cannot be reached.
        """
        request = urllib.request.Request(  # noqa: S310 - https or loopback, as checked above
            self._root + path,
            None if content is None else json.dumps(content).encode(),
            {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"},
            method=method,
        )
        try:
            with self._opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise ApiError(f"{method} {path}: {error.code} {_detail(error)}") from None
        except (OSError, ValueError) as error:
            raise ApiError(f"{method} {path}: {error}") from None

    def find(self, kind: str, payload: dict[str, Any]) -> dict[str, Any] | None:
        """Return what an earlier run created from ``payload``, or None."""
        offset = 0
        while True:
            query = urllib.parse.urlencode({"limit": PAGE, "offset": offset, "search": payload["name"]})
            page = self.send("GET", f"{kind}/?{query}")
            for each in page["results"]:
                is_ours = payload["tags"][0] in each.get("tags", ()) and not each.get("deleted")
                if each.get("name") == payload["name"] and is_ours:
                    return dict(each)
            if not page.get("next"):
                return None
            offset += PAGE

    def put(self, kind: str, payload: dict[str, Any]) -> tuple[dict[str, Any], str]:
        """Create what ``payload`` describes, or change what an earlier run created; return it and what was done."""
        found = self.find(kind, payload)
        if found is None:
            return dict(self.send("POST", f"{kind}/", payload)), "created"
        if "dashboards" in payload:
            # You may have put the insight on other dashboards as well.
            payload = payload | {"dashboards": sorted({*found.get("dashboards", ()), *payload["dashboards"]})}
        return dict(self.send("PATCH", f"{kind}/{found['id']}/", payload)), "changed"


def _detail(error: urllib.error.HTTPError) -> str:
    try:
        answer = json.load(error)
        return str(answer["detail"])
    except (OSError, ValueError, KeyError, TypeError):
        return str(error.reason)


def create(project: Project) -> str:
    """Create or change everything; return the dashboard's ID.

    Raises:
        ApiError: PostHog refused a request, or cannot be reached. What was created before stays; a second run goes on.
    """
    described = _payload("dashboard")
    names, text = described.pop("insights"), described.pop("text")
    dashboard, done = project.put("dashboards", described)
    _say(f"{done} dashboard {dashboard['name']!r}")
    tiles = dashboard.get("tiles") or ()
    if not any((tile.get("text") or {}).get("body") == text for tile in tiles):
        project.send("PATCH", f"dashboards/{dashboard['id']}/", {"tiles": [{"text": {"body": text}, "layouts": {}}]})
        _say("added the text about opt-outs")
    for name in names:
        insight, done = project.put("insights", _payload(name) | {"dashboards": [dashboard["id"]]})
        _say(f"{done} insight {insight['name']!r}")
    return str(dashboard["id"])


def _payload(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((PAYLOADS / f"{name}.json").read_text(encoding="utf-8"))
    return loaded


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _fail(message: str) -> NoReturn:
    sys.stderr.write(f"{message}\n")
    sys.exit(1)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--project", type=int, required=True, metavar="ID", help="the project's number, as in its address")
    parser.add_argument("--host", default="https://us.posthog.com", metavar="URL", help="default: %(default)s")
    options = parser.parse_args()
    key = os.environ.get("POSTHOG_PERSONAL_API_KEY", "").strip()
    if not key:
        _fail("Set POSTHOG_PERSONAL_API_KEY to a personal API key with the scopes insight:write and dashboard:write.")
    try:
        identity = create(Project(options.host, options.project, key))
    except ApiError as error:
        _fail(f"Not done: {error}")
    _say(f"{options.host.rstrip('/')}/project/{options.project}/dashboard/{identity}")


if __name__ == "__main__":
    main()
