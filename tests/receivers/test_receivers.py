"""``make receivers`` agrees with the documentation, and its checks notice each fault. These tests run no receiver."""

import re
from pathlib import Path

import pytest

from tests.receivers.day import DAY, EXAMPLES, EXPECTED, PRINCIPAL, Expected, differences, send_day
from tests.receivers.run import RESOURCE, without_resource
from tests.receivers.servers import SERVERS, Seen, Server
from tests.support.collector import HttpCollector

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/how-to/otlp.md").read_text(encoding="utf-8")

each_server = pytest.mark.parametrize("server", SERVERS, ids=[server.name for server in SERVERS])


def seen(collector: HttpCollector) -> list[Seen]:
    """Return the spans that arrived at a collector, as a receiver's API would return them."""
    return [
        Seen(
            received.name,
            received.span_id,
            received.parent_id,
            received.span.status.code == 2,
            received.span.status.message,
            received.attributes,
            received.resource,
        )
        for received in collector.spans
    ]


@each_server
def test_the_page_has_the_commands_and_variables_that_the_script_uses(server: Server) -> None:
    """Each receiver has a section with the package to install, the command to start it, and every variable, in this order."""
    section = PAGE.partition(f"### {server.title}\n")[2].partition("\n### ")[0]
    starting, sending = re.findall(r"^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    assert starting.splitlines() == [f"pip install {server.package}", server.start_line()]
    assert sending.splitlines() == server.export_lines()
    assert f"http://127.0.0.1:{server.port}`" in section


@each_server
def test_the_documentation_shows_a_picture_of_each_receiver(server: Server) -> None:
    """The how-to and the page about OpenTelemetry have the picture, and the how-to names the version."""
    picture = f"receivers/{server.name}.png"
    assert (ROOT / "docs" / picture).read_bytes().startswith(b"\x89PNG")
    assert f"(../{picture})" in PAGE
    assert f"({picture})" in (ROOT / "docs/opentelemetry.md").read_text(encoding="utf-8")
    assert re.search(rf"The pictures show (?:\w+ [\d.]+ and )?{server.title.split()[-1]} \d+\.\d+\.\d+", " ".join(PAGE.split()))


@pytest.mark.linux
def test_the_day_arrives_at_a_collector_as_the_receivers_must_show_it(collector: HttpCollector, tmp_path: Path) -> None:
    """Names, parents, error messages and persons of every example's spans arrive, and so do MLflow's resource attributes."""
    mlflow = next(server for server in SERVERS if server.name == "mlflow")
    sending = mlflow.sending | {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
    assert send_day(tmp_path / "day", f"{collector.url}/", sending) == []
    spans = seen(collector)
    assert [each for each in differences(spans) if "GET" not in each] == []  # the stand-in answers no GET
    deploy = next(received for received in collector.spans if received.name == "arcade deploy")
    assert deploy.attributes["user.id"] == PRINCIPAL
    assert {key: deploy.resource.get(key) for key in RESOURCE["mlflow"] if not key.startswith("mlflow.")} == {
        key: value for key, value in RESOURCE["mlflow"].items() if not key.startswith("mlflow.")
    }
    assert {received.headers["x-mlflow-experiment-id"] for received in collector.spans} == {"0"}


def test_every_example_that_runs_by_itself_is_in_the_day() -> None:
    """``demo`` runs another example, ``released_arcade`` needs an environment of its own, and ``arcade_mcp`` serves a client."""
    examples = {path.stem for path in EXAMPLES.glob("*.py")} - {"demo", "released_arcade", "arcade_mcp"}
    assert {example for example, _, _ in DAY} == examples


def as_expected() -> list[Seen]:
    """Return the spans that a receiver would have if all went well."""
    spans, ids = [], {"": ""}
    for number, (name, parent, message) in enumerate(EXPECTED):
        ids[name] = str(number)
        attributes = {"posthogDistinctId": PRINCIPAL}
        spans.append(Seen(name, ids[name], ids[parent], message is not None, message or "", attributes, RESOURCE["mlflow"]))
    return spans


def test_the_check_accepts_the_expected_spans_and_notices_each_difference() -> None:
    """The cases are a lost or doubled span, another parent, a lost message, person or resource attribute, and an argument."""
    first, *others = as_expected()
    assert differences([first, *others]) == []
    assert differences(others) == [f"missing: {Expected(first.name)}"]
    assert differences([first, first, *others]) == [f"not expected: {Expected(first.name)}"]
    assert len(differences([first._replace(parent_id="elsewhere"), *others])) == 2
    assert len(differences([first._replace(failed=True), *others])) == 2
    assert differences([first._replace(attributes={}), *others]) == [f"{first.name} belongs to None"]
    failed = next(span for span in as_expected() if span.failed and span.message)
    rest = [span for span in as_expected() if span.span_id != failed.span_id]
    assert len(differences([failed._replace(message=""), *rest])) == 2
    stranger = next(span for span in as_expected() if span.name.startswith("arcade "))
    rest = [span for span in as_expected() if span.span_id != stranger.span_id]
    assert differences([stranger._replace(attributes={"posthogDistinctId": "stranger"}), *rest]) == [
        f"{stranger.name} belongs to stranger"
    ]
    spoken = first._replace(attributes=first.attributes | {"argument": "hammer"})
    assert differences([spoken, *others]) == [f"{first.name} has what was typed"]
    mlflow = next(server for server in SERVERS if server.name == "mlflow")
    assert without_resource(mlflow, as_expected()) == []
    bare = [span._replace(resource={}) for span in as_expected()]
    assert len(without_resource(mlflow, bare)) == len(RESOURCE["mlflow"])
