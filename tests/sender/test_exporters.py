"""Deferred spans reach every exporter, and an exporter that is dead, unknown or broken delays no other exporter."""

import json
import socket
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from arcade_otel import handoff
from arcade_otel.testing import FakePostHog, Fault
from tests.support.collector import Collector, GrpcCollector, HttpCollector
from tests.support.machine import Machine
from tests.support.terminals import TlsFront, certified

DEFERRED = """
import sys
import arcade_otel
with arcade_otel.command(sys.argv[1], name="tool", version="1.2.3", live_spans=False):
    if sys.argv[2:] == ["fail"]:
        raise ValueError("it broke")
"""

#: A program whose failures have no message, with a child span that failed where its spans are live (``LIVE``).
WITHOUT_MESSAGE = """
import sys
import arcade_otel
from opentelemetry import trace
kind = sys.argv[1]
messages = (lambda error: None) if kind == "withheld" else "redacted"
with arcade_otel.command(kind, name="tool", live_spans=LIVE, error_messages=messages):
    with trace.get_tracer("tool").start_as_current_span("child", record_exception=False, set_status_on_exception=False) as child:
        child.set_status(trace.Status(trace.StatusCode.ERROR))
    if kind == "exit":
        sys.exit(3)
    raise ValueError if kind == "empty" else RuntimeError("it is secret")
"""

Environ = dict[str, str | None]


@pytest.fixture
def tool(machine: Machine) -> Machine:
    """Return a machine whose program never traces itself, whatever the environment says about exporters."""
    machine.program("tool", DEFERRED)
    return machine


def http(collector: Collector, names: str = "posthog,otlp", **more: str) -> Environ:
    """Return the environment with which spans are exported over HTTP."""
    return {
        "OTEL_TRACES_EXPORTER": names,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        **more,
    }


def grpc(collector: Collector, **more: str) -> Environ:
    """Return the environment with which spans are exported over gRPC."""
    return {**http(collector), "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", **more}


def names(collector: Collector) -> list[str]:
    """Return the names of the spans that arrived, in order."""
    return [received.name for received in collector.spans]


def commands(posthog: FakePostHog) -> list[str]:
    """Return the commands that PostHog shows."""
    return [event.properties["command_name"] for event in posthog.visible()]


@pytest.mark.parametrize("live", ["True", "False"])
def test_a_failure_without_a_message_is_described_to_a_collector_by_its_type_or_exit_code(
    machine: Machine, collector: HttpCollector, live: str
) -> None:
    """The description of the status is an exit code, or the type of an error whose message is withheld or empty. Viewers show it.

    A child span of the program keeps the status that the program gave it.
    """
    machine.program("tool", WITHOUT_MESSAGE.replace("LIVE", live))
    for words, code in ((("exit",), 3), (("empty",), 1), (("withheld",), 1)):
        assert machine.run(*words, environ=http(collector)).returncode == code
    collector.wait_for(lambda: len([one for one in collector.spans if one.name.startswith("tool ")]) == 3)
    described = {one.name: (one.span.status.code, one.span.status.message) for one in collector.spans}
    assert described.pop("child", (2, "")) == (2, "")
    assert described == {"tool exit": (2, "exit code 3"), "tool empty": (2, "ValueError"), "tool withheld": (2, "RuntimeError")}
    assert not any("error.message" in one.attributes for one in collector.spans)


@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
def test_a_collector_gets_the_span_that_posthog_gets_the_event_of(
    tool: Machine, posthog: FakePostHog, collector: HttpCollector, grpc_collector: GrpcCollector, protocol: str
) -> None:
    """The collector gets the name, the kind, the status, attributes of every type, IDs and times.

    The span has no attribute that is only for the sender.
    """
    receiver: Collector = collector if protocol == "http/protobuf" else grpc_collector
    environ = http(collector) if protocol == "http/protobuf" else grpc(grpc_collector)
    assert tool.run("a.b", environ=environ).returncode == 0
    assert tool.run("a.c", "fail", environ=environ).returncode == 1
    receiver.wait_for(lambda: len(receiver.spans) == 2)
    posthog.wait_for(lambda: len(posthog.events) == 2)
    # The second command's sender may deliver before the first one's.
    good, bad = sorted(receiver.spans, key=lambda one: one.name)
    event, failed = sorted(posthog.visible(), key=lambda one: str(one.properties["command_name"]))
    assert (good.name, good.span.kind, good.span.status.code) == ("tool a b", 1, 0)
    assert (bad.name, bad.span.status.code) == ("tool a c", 2)
    expected: dict[str, Any] = {
        "command": "a.b",
        "duration": event.properties["duration"],
        "process.executable.name": "tool",
        "process.exit.code": 0,
        "is_ci": False,
        "distinct_id": event.distinct_id,
        "posthogDistinctId": event.distinct_id,
        "is_anon": True,
    }
    attributes = good.attributes
    assert attributes.pop("process.pid") > 0
    # What is known at the end of the command, and what the sender finds out; each is PostHog's property, too.
    assert attributes.pop("session.id") == event.properties["$session_id"]
    assert attributes.pop("process.interactive") == event.properties["interactive"]
    for name in ("outcome", "container", "first_run"):
        assert attributes.pop(name) == event.properties[name]
    assert attributes == expected
    assert bad.attributes["error.type"] == failed.properties["error_type"] == "ValueError"
    assert bad.attributes["error.message"] == bad.span.status.message == failed.properties["error_message"] == "it broke"
    assert good.span.status.message == ""
    assert good.resource["service.name"] == "tool"
    assert good.resource["service.version"] == event.properties["cli_version"] == "1.2.3"
    assert not [key for received in receiver.spans for key in received.resource if key.startswith("arcade_otel.")]
    lasted = (good.span.end_time_unix_nano - good.span.start_time_unix_nano) / 1e6
    assert lasted == pytest.approx(event.properties["duration"], abs=0.002)


TRACED = """
import sys
from opentelemetry import trace
import arcade_otel
with arcade_otel.command(sys.argv[1], name="tool", version="1.2.3"):
    with trace.get_tracer("mine").start_as_current_span("child"):
        pass
"""


def test_posthogs_own_otlp_endpoint_gets_spans_that_belong_to_the_person(
    tool: Machine, posthog: FakePostHog, collector: HttpCollector
) -> None:
    """Only the environment is set, as in docs/how-to/otlp.md.

    The endpoint gets the commands' spans and child spans of both accounts.
    """
    tool.program("traced", TRACED)
    collector.paths = ["/i/v1/traces"]
    environ = {
        "OTEL_TRACES_EXPORTER": "posthog,otlp",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{collector.url}/i/v1/traces",
        "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "Authorization=Bearer%20phc_test",
    }
    tool.run("one", program="traced", environ=environ)
    collector.wait_for(lambda: len(collector.spans) == 2)
    posthog.arcade.add(api_key="key", principal_id="jane-0815")
    tool.log_in("key", posthog.url)
    tool.run("login", environ=environ)
    tool.run("two", program="traced", environ=environ)
    collector.wait_for(lambda: len(collector.spans) == 5)
    events = {event.properties["command_name"]: event for event in posthog.visible() if "command_name" in event.properties}
    anonymous = events["one"].distinct_id
    headers = [{name.lower(): value for name, value in received.headers.items()} for received in collector.spans]
    assert {each["authorization"] for each in headers} == {"Bearer phc_test"}
    owners = [
        (received.name, received.attributes.get("posthogDistinctId"), received.attributes.get("user.id"))
        for received in collector.spans
    ]
    assert sorted(owners) == [
        ("child", anonymous, None),
        ("child", "jane-0815", "jane-0815"),
        ("tool login", "jane-0815", "jane-0815"),
        ("tool one", anonymous, None),
        ("tool two", "jane-0815", "jane-0815"),
    ]
    assert "https://opentelemetry.io/schemas/1.37.0" in collector.schema_urls


def test_baggage_of_the_environment_is_not_read(tool: Machine, posthog: FakePostHog, collector: HttpCollector) -> None:
    """Baggage may contain anything. The context of a trace is read, because it contains only two numbers."""
    environ = {"BAGGAGE": "secret=canary", "TRACEPARENT": f"00-{'ab' * 16}-{'cd' * 8}-01", **http(collector)}
    tool.run("one", environ=environ)
    collector.wait_for(lambda: collector.spans)
    posthog.wait_for(posthog.visible)
    (received,) = collector.spans
    assert received.trace_id == "ab" * 16
    assert "canary" not in str(received.span) + str(received.resource) + str(posthog.visible()[0].properties)


def test_the_standard_variables_are_honoured_in_the_sender(tool: Machine, collector: HttpCollector) -> None:
    """The variables set the endpoint, the headers and the compression."""
    more = {"OTEL_EXPORTER_OTLP_HEADERS": "x-team=blue", "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip"}
    tool.run("one", environ=http(collector, "otlp", **more))
    collector.wait_for(lambda: collector.spans)
    (received,) = collector.spans
    assert received.headers["x-team"] == "blue"
    assert received.headers["Content-Encoding"] == "gzip"


def test_headers_and_compression_are_honoured_over_grpc_too(tool: Machine, grpc_collector: GrpcCollector) -> None:
    """Headers are sent as gRPC's metadata."""
    more = {"OTEL_EXPORTER_OTLP_HEADERS": "x-team=blue", "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip"}
    tool.run("one", environ=grpc(grpc_collector, OTEL_TRACES_EXPORTER="otlp", **more))
    grpc_collector.wait_for(lambda: grpc_collector.spans)
    (received,) = grpc_collector.spans
    assert received.headers["x-team"] == "blue"


@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
def test_the_standard_certificate_is_honoured_in_the_sender(
    tool: Machine, collector: HttpCollector, grpc_collector: GrpcCollector, protocol: str
) -> None:
    """Without the certificate, the sender does not trust the collector, and its span waits.

    With the certificate, both spans arrive.
    """
    chosen: Collector = collector if protocol.startswith("http") else grpc_collector
    context, bundle = certified(tool.root)
    if protocol == "grpc":
        context.set_alpn_protocols(["h2"])
    with TlsFront(context, int(chosen.url.rpartition(":")[2])) as front:
        environ: Environ = {
            "OTEL_TRACES_EXPORTER": "otlp",
            "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
            "OTEL_EXPORTER_OTLP_ENDPOINT": front.url,
            "OTEL_EXPORTER_OTLP_TIMEOUT": "2",
        }
        tool.run("stranger", environ=environ)
        tool.settle()
        assert chosen.requests == 0
        assert len(tool.queued("otlp")) == 1
        tool.time_passes()
        tool.run("known", environ={**environ, "OTEL_EXPORTER_OTLP_CERTIFICATE": str(bundle)})
        chosen.wait_for(lambda: names(chosen) == ["tool stranger", "tool known"])


def test_json_over_http_is_asked_of_its_own_package(tool: Machine, posthog: FakePostHog) -> None:
    """The package is not installed here. The debug log has one clear line, the spans wait, and PostHog gets its event."""
    environ: Environ = {"OTEL_TRACES_EXPORTER": "otlp,posthog", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}
    tool.run("one", environ=environ)
    posthog.wait_for(lambda: commands(posthog) == ["one"])
    tool.settle()
    assert "exporter otlp of OTEL_TRACES_EXPORTER is not installed (no otlp_json_http in" in tool.log
    assert len(tool.queued("otlp")) == 1


def test_a_dead_collector_holds_up_posthog_not_at_all_and_gets_its_spans_once_it_is_back(
    tool: Machine, posthog: FakePostHog, collector: HttpCollector
) -> None:
    """The spans arrive in order, and each arrives once."""
    collector.failing = True
    for number in range(3):
        tool.run(f"c{number}", environ=http(collector))
        posthog.wait_for(lambda: len(posthog.visible()) == number + 1)  # noqa: B023
    tool.settle()
    assert len(tool.queued("otlp")) == 3
    collector.failing = False
    tool.time_passes()
    tool.run("last", environ=http(collector))
    collector.wait_for(lambda: len(collector.spans) == 4)
    tool.settle()
    assert names(collector) == ["tool c0", "tool c1", "tool c2", "tool last"]
    assert commands(posthog) == ["c0", "c1", "c2", "last"]
    assert tool.queued("otlp") == tool.queue == []


@pytest.mark.waits
@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
def test_senders_pause_for_a_collector_that_never_answers(
    tool: Machine, posthog: FakePostHog, collector: HttpCollector, protocol: str
) -> None:
    """OTLP's own time-out is longer than the life of a sender.

    The sender gives up by itself, says so, and tries less and less often.
    """
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        hanging = {**http(collector), "OTEL_EXPORTER_OTLP_PROTOCOL": protocol, "OTEL_EXPORTER_OTLP_ENDPOINT": url}
        for number in range(2):
            tool.run(f"c{number}", environ=hanging)
            posthog.wait_for(lambda: len(posthog.visible()) == number + 1)  # noqa: B023
            tool.settle()
            assert tool.log.count("otlp: 0 of") == number + 1
        assert (tool.state / "pause-otlp").read_text().split()[1] == "2"
    assert len(tool.queued("otlp")) == 2
    tool.time_passes()
    tool.run("last", environ=http(collector))
    collector.wait_for(lambda: len(collector.spans) == 3)
    tool.settle()
    assert names(collector) == ["tool c0", "tool c1", "tool last"]
    assert commands(posthog) == ["c0", "c1", "last"]


# The lowest gRPC exporter tries again for a minute whatever its time-out: there the sender gives it up (the test before).
@pytest.mark.parametrize("protocol", ["http/protobuf", pytest.param("grpc", marks=pytest.mark.latest)])
def test_the_standard_timeout_is_honoured_in_the_sender(tool: Machine, collector: HttpCollector, protocol: str) -> None:
    """The time-out is a second. The exporter itself reports the failure, long before the sender would give up."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        more = {"OTEL_EXPORTER_OTLP_ENDPOINT": url, "OTEL_EXPORTER_OTLP_PROTOCOL": protocol, "OTEL_EXPORTER_OTLP_TIMEOUT": "1"}
        tool.run("one", environ={**http(collector, "otlp"), **more})
        tool.settle()
    assert "otlp: 0 of 1 spans delivered; the exporter failed" in tool.log
    assert len(tool.queued("otlp")) == 1


def test_a_dead_posthog_holds_up_no_collector(tool: Machine, posthog: FakePostHog, collector: HttpCollector) -> None:
    """PostHog gets its events when it is back, and the collector gets no span twice."""
    posthog.always(Fault.status(503))
    for number in range(3):
        tool.run(f"c{number}", environ=http(collector))
        collector.wait_for(lambda: len(collector.spans) == number + 1)  # noqa: B023
    tool.settle()
    posthog.heal()
    tool.time_passes()
    tool.run("last", environ=http(collector))
    posthog.wait_for(lambda: len(posthog.visible()) == 4)
    tool.settle()
    assert names(collector) == ["tool c0", "tool c1", "tool c2", "tool last"]
    assert commands(posthog) == ["c0", "c1", "c2", "last"]


def test_none_means_nobody(tool: Machine, posthog: FakePostHog) -> None:
    """The library sends no request and keeps no span."""
    ended = tool.run("one", environ={"OTEL_TRACES_EXPORTER": "none"})
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    tool.settle()
    assert posthog.requests == []
    assert not (tool.state / "queue").exists()


def test_console_writes_nothing_on_the_users_streams_from_the_sender(tool: Machine, posthog: FakePostHog) -> None:
    """The sender's streams are the null device. The other exporters get their spans."""
    ended = tool.run("one", environ={"OTEL_TRACES_EXPORTER": "console,posthog"})
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    posthog.wait_for(lambda: posthog.events)
    tool.settle()
    assert tool.queued("console") == []


def test_an_unknown_exporter_is_one_clear_line_in_the_debug_log(tool: Machine, posthog: FakePostHog) -> None:
    """The other exporters still run, the command is not disturbed, and not every command looks for the unknown exporter again."""
    for number in range(3):
        ended = tool.run(f"c{number}", environ={"OTEL_TRACES_EXPORTER": "nosuch,posthog"})
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
        tool.settle()
    assert commands(posthog) == ["c0", "c1", "c2"]
    said = [line for line in tool.log.splitlines() if "exporter nosuch of OTEL_TRACES_EXPORTER is not installed" in line]
    assert len(said) == 1
    assert len(tool.queued("nosuch")) == 3


@pytest.mark.parametrize(
    "body", ["open(os.environ['ARCADE_TEST_SEEN'], 'a').write(spans[0].name)", "raise RuntimeError('broken')"]
)
def test_any_registered_exporter_runs(tool: Machine, posthog: FakePostHog, body: str) -> None:
    """The exporter is in the entry-point group ``opentelemetry_traces_exporter``.

    If the exporter raises, its spans wait for it.
    """
    roots = tool.root / "site"
    info = roots / "theirs-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[opentelemetry_traces_exporter]\ntheirs = theirs:Theirs\n")
    (roots / "theirs.py").write_text(
        "import os\n"
        "from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult\n"
        "class Theirs(SpanExporter):\n"
        "    def export(self, spans):\n"
        f"        {body}\n"
        "        return SpanExportResult.SUCCESS\n"
    )
    seen = tool.root / "seen"
    tool.run(
        "one", environ={"OTEL_TRACES_EXPORTER": "theirs,posthog", "ARCADE_TEST_SEEN": str(seen), "ARCADE_USAGE_ROOTS": str(roots)}
    )
    posthog.wait_for(lambda: posthog.events)
    tool.settle()
    # The sender looks where the interpreter does; a folder that only PYTHONPATH names is none of its places.
    assert not seen.exists()
    assert len(tool.queued("theirs")) == 1
    tool.time_passes()
    _install(tool, roots, seen)
    tool.settle()
    if "raise" in body:
        assert "theirs raised: RuntimeError" in tool.log
        assert len(tool.queued("theirs")) == 1
    else:
        assert seen.read_text() == "tool one"
        assert tool.queued("theirs") == []


def _install(machine: Machine, roots: Path, seen: Path) -> None:
    """Run the sender with ``roots`` among the folders of installed packages."""
    import os
    import subprocess

    command = handoff.sender_command()
    assert command is not None
    environ = handoff.sender_environment(
        str(machine.config_dir),
        None,
        machine.with_environ({"OTEL_TRACES_EXPORTER": "theirs,posthog", "ARCADE_TEST_SEEN": str(seen)}),
    )
    environ["ARCADE_USAGE_ROOTS"] = os.pathsep.join([str(roots), environ["ARCADE_USAGE_ROOTS"]])
    subprocess.run(list(command), env=environ, cwd=machine.root, timeout=60, check=True)


def test_a_file_of_the_queue_can_be_posted_to_any_otlp_endpoint_as_it_is(tool: Machine, collector: HttpCollector) -> None:
    """The file is OTLP/JSON, so ``curl --data-binary @file`` can send it."""
    tool.run("one", "fail", environ={"ARCADE_USAGE_POSTHOG_HOST": "http://127.0.0.1:9"})
    tool.settle()
    (file,) = tool.queue
    request = urllib.request.Request(
        f"{collector.url}/v1/traces", data=file.read_bytes(), headers={"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        assert response.status == 200
    (received,) = collector.spans
    written = json.loads(file.read_text())["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    assert (received.name, received.trace_id, received.span_id) == ("tool one", written["traceId"], written["spanId"])
    assert received.attributes["error.type"] == "ValueError"
