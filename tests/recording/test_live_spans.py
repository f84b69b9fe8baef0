"""In a process that traces itself, the command's span is current, other spans nest below it, and all spans leave detached."""

import json
import re
from typing import Any

import pytest

from arcade_otel.testing import FakePostHog, refused_port
from tests.benchmarks import counter
from tests.support.collector import Collector, GrpcCollector, HttpCollector
from tests.support.machine import Machine
from tests.support.programs import read_program

APP = read_program("recording/traced")

OTLP = {"OTEL_TRACES_EXPORTER": "posthog,otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}
SHARED = {"name", "kind", "attributes", "status"}


def program(machine: Machine, name: str = "live", *, live: str = "", host: str = "") -> None:
    """Write the program. With ``host`` it sets a provider of its own, and with ``live`` it asks for live spans."""
    machine.program(name, APP.replace('"who:am_i")', f'"who:am_i"{live})').replace("# the host program's own tracing\n", host))
    (machine.root / "who.py").write_text("def am_i():\n    return 'user-9'\n")


def ran(
    machine: Machine, *arguments: str, environ: dict[str, str | None] | None = None, name: str = "live", code: int = 0
) -> str:
    """Run the program, and return what it printed."""
    ended = machine.run(*arguments, program=name, environ=environ)
    assert ended.returncode == code, ended.stderr
    return str(ended.stdout)


def to(collector: Collector, **more: str) -> dict[str, str | None]:
    """Return the environment that sends traces to the collector."""
    return {**OTLP, "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, **more}


def test_other_spans_nest_below_the_commands_in_one_trace(
    machine: Machine, posthog: FakePostHog, collector: HttpCollector
) -> None:
    """The program makes the spans by hand and adds attributes to the command's span.

    The usage event has the IDs of the trace, and none of those attributes.
    """
    program(machine)
    ran(machine, "work", environ=to(collector))
    collector.wait_for(lambda: len(collector.spans) == 5)
    posthog.wait_for(lambda: posthog.events)
    command = collector.named("tool work")
    assert command.attributes["tool.name"] == "hammer"
    assert command.attributes["command"] == "work"
    assert command.parent_id == ""
    for number in range(2):
        step = collector.named(f"step {number}")
        assert step.parent_id == command.span_id
        assert [inner.name for inner in collector.spans if inner.parent_id == step.span_id] == ["inner"]
    assert {received.trace_id for received in collector.spans} == {command.trace_id}
    machine.settle()
    (event,) = posthog.events
    assert event.properties["command_name"] == "work"
    assert "hammer" not in json.dumps(event.properties)
    assert not any(b"canary" in request.content or b"hammer" in request.content for request in posthog.requests)


@pytest.mark.posix
def test_the_live_span_is_the_deferred_one_attribute_by_attribute(
    machine: Machine, posthog: FakePostHog, collector: HttpCollector
) -> None:
    """The command succeeds or fails. Only what depends on the process and the moment may differ, and the name of the SDK."""
    program(machine)
    program(machine, "deferred", live=", live_spans=False")
    machine.run("work", program="deferred")  # the notice, the identity
    machine.settle()  # its sender records that the first run is over
    for name in ("live", "deferred"):
        ran(machine, "work", "--times", "0", environ=to(collector), name=name)
        ran(machine, "fail", environ=to(collector), name=name, code=1)
    collector.wait_for(lambda: len([one for one in collector.spans if one.name != "before"]) == 4)
    for command in ("work", "fail"):
        live, deferred = sorted(
            (one for one in collector.spans if one.name == f"tool {command}"), key=lambda one: one.span.start_time_unix_nano
        )
        both = [_comparable(one.attributes) for one in (live, deferred)]
        assert both[0].pop("tool.name", None) == ("hammer" if command == "work" else None)
        assert both[0] == both[1]
        assert (live.span.kind, live.span.status, live.scope) == (deferred.span.kind, deferred.span.status, deferred.scope)
        resources = [dict(one.resource) for one in (live, deferred)]
        assert resources[0].pop("telemetry.sdk.name") == "opentelemetry"
        assert resources[1].pop("telemetry.sdk.name") == "arcade_otel"
        for resource in resources:
            del resource["telemetry.sdk.version"]
            assert "service.instance.id" not in resource  # the latest SDK's own
        assert resources[0] == resources[1]
    assert posthog.visible()


def _comparable(attributes: dict[str, Any]) -> dict[str, Any]:
    assert attributes.pop("duration") > 0
    assert attributes.pop("process.pid") > 0
    return attributes


def test_instrumentations_and_threads_nest_too(machine: Machine, posthog: FakePostHog, collector: HttpCollector) -> None:
    """The trace has an HTTP call of httpx, and a span of another thread."""
    program(machine)
    ran(machine, "fetch", environ=to(collector, ENDPOINT=posthog.url))
    collector.wait_for(lambda: len(collector.spans) == 3)
    command = collector.named("tool fetch")
    assert {one.parent_id for one in collector.spans if one is not command} == {command.span_id}
    assert collector.named("in a thread").trace_id == command.trace_id


def test_grpc_takes_the_same(machine: Machine, grpc_collector: GrpcCollector) -> None:
    """The headers of the standard variable arrive too."""
    program(machine)
    environ = to(grpc_collector, OTEL_EXPORTER_OTLP_HEADERS="x-team=blue") | {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
    ran(machine, "work", environ=environ)
    grpc_collector.wait_for(lambda: len(grpc_collector.spans) == 5)
    assert grpc_collector.named("tool work").headers["x-team"] == "blue"


def test_an_endpoint_alone_asks_for_traces_where_the_exporter_is_installed(
    machine: Machine, posthog: FakePostHog, collector: HttpCollector
) -> None:
    """OpenTelemetry's SDK has the same default. The usage event is sent as well."""
    program(machine)
    ran(
        machine,
        "work",
        environ={"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"},
    )
    collector.wait_for(lambda: len(collector.spans) == 5)
    posthog.wait_for(lambda: posthog.events)


def test_a_trace_of_around_contains_the_command_and_its_children(machine: Machine, collector: HttpCollector) -> None:
    """The command reads ``TRACEPARENT`` and ``TRACESTATE``, with live and with deferred spans.

    Child processes get both while the command runs.
    """
    program(machine)
    program(machine, "deferred", live=", live_spans=False")
    job = {"TRACEPARENT": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "TRACESTATE": "vendor=one"}
    printed = ran(machine, "show", environ=to(collector, **job))
    assert re.fullmatch(r"00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-0[13] vendor=one\n", printed)
    ran(machine, "work", "--times", "0", environ=to(collector, **job), name="deferred")
    ran(machine, "child", environ=to(collector, **job))
    collector.wait_for(lambda: len(collector.spans) == 6)
    assert {one.trace_id for one in collector.spans} == {"0af7651916cd43dd8448eb211c80319c"}
    assert {one.span.trace_state for one in collector.spans} == {"vendor=one"}
    for one in collector.spans:
        if one.name in ("tool show", "tool child"):
            assert one.parent_id == "b7ad6b7169203331"
    works = [one for one in collector.spans if one.name == "tool work"]
    assert {one.parent_id for one in works} == {"b7ad6b7169203331", collector.named("tool child").span_id}


@pytest.mark.parametrize(
    "value", ["", "nonsense", "00-0-0-01", f"00-{'0' * 32}-b7ad6b7169203331-01", f"ff-{'a' * 32}-{'b' * 16}-01"]
)
def test_a_traceparent_that_makes_no_sense_is_none(
    machine: Machine, posthog: FakePostHog, collector: HttpCollector, value: str
) -> None:
    """An invalid ``TRACEPARENT`` is ignored, for live and for deferred spans."""
    program(machine)
    program(machine, "deferred", live=", live_spans=False")
    for name in ("live", "deferred"):
        ran(machine, "work", "--times", "0", environ=to(collector, TRACEPARENT=value), name=name)
    collector.wait_for(lambda: len(collector.spans) == 2)
    assert {one.parent_id for one in collector.spans} == {""}
    posthog.wait_for(lambda: len(posthog.events) == 2)


@pytest.mark.parametrize("live", ["", ", live_spans=False"])
def test_the_usage_event_is_never_sampled_away(
    machine: Machine, posthog: FakePostHog, collector: HttpCollector, live: str
) -> None:
    """The parent is not sampled, or the sampler drops the live span. The trace is not sent, but the event is."""
    program(machine, live=live)
    unsampled = {"TRACEPARENT": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"}
    ran(machine, "work", environ=to(collector, **unsampled))
    ran(machine, "login", environ=to(collector, **unsampled))
    if not live:
        ran(machine, "work", environ=to(collector, OTEL_TRACES_SAMPLER="always_off"))
    machine.settle()
    ran(machine, "work", "--times", "0", environ=to(collector))
    collector.wait_for(lambda: collector.spans)
    machine.settle()
    assert [one.name for one in collector.spans] == ["tool work"]
    names = [event.properties.get("command_name") for event in posthog.visible() if event.event != "$create_alias"]
    assert names == ["work", "login", "work"] + ["work"] * (not live)


def test_limits_cut_the_trace_and_not_the_usage_event(machine: Machine, posthog: FakePostHog, collector: HttpCollector) -> None:
    """The limits are ``OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT`` and ``OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT``."""
    program(machine)
    limits = {"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "2", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "3"}
    ran(machine, "work", environ=to(collector, **limits))
    collector.wait_for(lambda: len(collector.spans) == 5)
    cut = collector.named("tool work")
    assert len(cut.attributes) == 2
    assert cut.span.dropped_attributes_count > 0
    posthog.wait_for(lambda: posthog.events)
    assert posthog.events[0].properties["command_name"] == "work"


def test_service_name_and_resource_attributes_are_the_standard_variables(
    machine: Machine, posthog: FakePostHog, collector: HttpCollector
) -> None:
    """The spans are live or deferred.

    The program's values take precedence, except for the name of the service. PostHog gets none of these attributes.
    """
    program(machine)
    program(machine, "deferred", live=", live_spans=False")
    standard = {
        "OTEL_SERVICE_NAME": "tool-in-ci",
        "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=a%20canary,service.version=9,broken,arcade_otel.posthog_host=x,"
        "service.instance.id=canary-1,cicd.pipeline.name=canary-release,vcs.repository.name=canary-repository",
    }
    for name in ("live", "deferred"):
        ran(machine, "work", "--times", "0", environ=to(collector, **standard), name=name)
    collector.wait_for(lambda: len(collector.spans) == 2)
    for one in collector.spans:
        assert one.resource["service.name"] == "tool-in-ci"
        assert one.resource["deployment.environment.name"] == "a canary"
        assert one.resource["service.version"] == "1.2.3"
        assert one.resource["service.instance.id"] == "canary-1"
        assert one.resource["cicd.pipeline.name"] == "canary-release"
        assert one.resource["vcs.repository.name"] == "canary-repository"
        assert not [key for key in one.resource if key.startswith("arcade_otel")]
    posthog.wait_for(lambda: len(posthog.events) == 2)
    assert not any(b"canary" in request.content or b"tool-in-ci" in request.content for request in posthog.requests)


HOST = """
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter()))
trace.set_tracer_provider(provider)
"""


@pytest.mark.parametrize("where", ["at start", "in a callback"])
def test_a_host_keeps_its_provider_and_gets_the_commands_span_in_it(machine: Machine, posthog: FakePostHog, where: str) -> None:
    """The program's spans nest below the command's span.

    The provider exports none of the library's data twice, and PostHog gets the event once.
    """
    if where == "at start":
        program(machine, host=HOST)
    else:
        program(machine)
        source = (machine.root / "live.py").read_text()
        setting = "".join(f"    {line}\n" for line in HOST.strip().splitlines())
        (machine.root / "live.py").write_text(source.replace("def app():\n    pass\n", f"def app():\n{setting}", 1))
    printed = ran(machine, "work", "--times", "1")
    spans = [json.loads(text) for text in re.findall(r"^\{$.*?^\}$", printed, re.DOTALL | re.MULTILINE)]
    assert [span["name"] for span in spans] == ["inner", "step 0", "tool work"]
    assert spans[1]["parent_id"] == spans[2]["context"]["span_id"]
    assert spans[2]["attributes"]["command"] == "work"
    machine.settle()
    assert [event.properties["command_name"] for event in posthog.events] == ["work"]
    assert not any(b"hammer" in request.content for request in posthog.requests)


def test_opentelemetry_instrument_works_with_our_exporter_and_our_detector(machine: Machine, posthog: FakePostHog) -> None:
    """``OTEL_TRACES_EXPORTER=posthog opentelemetry-instrument mycli`` sends one event, and not one per pipeline."""
    program(machine)
    environ: dict[str, str | None] = {
        "OTEL_TRACES_EXPORTER": "posthog",
        "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS": "arcade_identity",
    }
    machine.program(
        "instrumented",
        "import os, sys\n"
        "from opentelemetry.instrumentation.auto_instrumentation import run\n"
        f"sys.argv = ['opentelemetry-instrument', sys.executable, {str(machine.root / 'live.py')!r}, 'work']\n"
        "run()\n",
    )
    ran(machine, name="instrumented", environ=environ)
    posthog.wait_for(lambda: posthog.events)
    machine.settle()
    (event,) = posthog.events
    assert event.properties["command_name"] == "work"
    assert event.distinct_id == machine.usage["anon_id"]
    assert "live: the process's own tracer provider gets the command's span" in machine.log


CONFIGURED = """
from opentelemetry import trace
with trace.get_tracer("arcade_otel").start_as_current_span("tool work") as span:
    span.set_attributes({"command": "work", "process.exit.code": 0})
    with trace.get_tracer("the.host").start_as_current_span("secret"):
        pass
print(type(trace.get_tracer_provider()).__module__)
"""
FILE = """
file_format: "1.0"
resource:
  detection/development:
    detectors:
      - arcade_identity:
tracer_provider:
  processors:
    - batch:
        exporter:
          posthog:
            api_key: phc_of_the_file
            host: URL
"""


@pytest.mark.latest
def test_a_configuration_file_names_our_exporter_and_our_detector(machine: Machine, posthog: FakePostHog) -> None:
    """The program runs with ``OTEL_CONFIG_FILE`` and ``opentelemetry-instrument``.

    Only the library's exporter sends the event, with the detector's identity.
    """
    machine.program("configured", CONFIGURED)
    (machine.root / "otel.yaml").write_text(FILE.replace("URL", posthog.url))
    machine.program(
        "instrumented",
        "import sys\n"
        "from opentelemetry.instrumentation.auto_instrumentation import run\n"
        f"sys.argv = ['opentelemetry-instrument', sys.executable, {str(machine.root / 'configured.py')!r}]\n"
        "run()\n",
    )
    printed = ran(machine, name="instrumented", environ={"OTEL_CONFIG_FILE": str(machine.root / "otel.yaml")})
    assert printed == "opentelemetry.sdk.trace\n"
    (event,) = posthog.events
    assert event.properties["command_name"] == "work"
    assert event.distinct_id == machine.usage["anon_id"]
    assert b"phc_of_the_file" in posthog.requests[0].content


def test_a_login_and_a_logout_are_traced_too(machine: Machine, posthog: FakePostHog, collector: HttpCollector) -> None:
    """The alias arrives before the event of the login, and the logout has the old ID. The trace says whose each command was."""
    program(machine)
    environ = to(collector, PYTHONPATH=str(machine.root))
    ran(machine, "work", "--times", "0", environ=environ)
    ran(machine, "login", environ=environ)
    ran(machine, "logout", environ=environ)
    ran(machine, "work", "--times", "0", environ=environ)
    collector.wait_for(lambda: len(collector.spans) == 4)
    machine.settle()
    whose = [one.attributes["distinct_id"] for one in sorted(collector.spans, key=lambda one: one.span.end_time_unix_nano)]
    events = [event for event in posthog.visible() if event.event != "$create_alias"]
    assert [event.distinct_id for event in events] == whose
    assert whose[1:3] == ["user-9", "user-9"]
    assert len(set(whose)) == 3


def test_what_cannot_be_delivered_waits_and_a_dead_collector_costs_the_command_nothing(
    machine: Machine, posthog: FakePostHog, collector: HttpCollector
) -> None:
    """The trace arrives once when the collector is back. Meanwhile PostHog gets its events without delay."""
    program(machine)
    with refused_port() as port:
        ran(machine, "work", environ=to(collector) | {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}"})
        posthog.wait_for(lambda: posthog.events)
        machine.settle()
        assert len(machine.queued("otlp")) >= 1
    machine.time_passes()
    ran(machine, "show", environ=to(collector))
    collector.wait_for(lambda: len(collector.spans) == 6)
    machine.settle()
    assert sorted(one.name for one in collector.spans) == ["inner", "inner", "step 0", "step 1", "tool show", "tool work"]
    assert len(posthog.events) == 2


@pytest.mark.linux  # valgrind
@pytest.mark.timeout(300)
def test_the_live_path_costs_little_over_the_sdk_alone(machine: Machine, collector: HttpCollector) -> None:
    """The limit is 100 million instructions (25 to 40 ms) over the SDK without exporters. The collector may be dead."""
    plain = HOST.replace("provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter()))\n", "")
    program(machine, "plain", host=plain)
    source = (machine.root / "plain.py").read_text()
    source = source.replace("import click, arcade_otel", "import click")
    source = re.sub(r"^arcade_otel.instrument.*$", "", source, flags=re.MULTILINE)
    (machine.root / "plain.py").write_text(source)
    program(machine)

    def cost(name: str, environ: dict[str, str | None]) -> int:
        for _ in range(2):
            ran(machine, "work", environ=environ, name=name)
        machine.settle()
        command = [machine.python, str(machine.root / f"{name}.py"), "work"]
        return counter.count(command, machine.with_environ(environ), machine.home)

    base = cost("plain", {})
    alive = cost("live", to(collector)) - base
    with refused_port() as port:
        dead = cost("live", to(collector) | {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}"}) - base
    print(f"live path: {alive / 1e6:.1f} M, collector dead {dead / 1e6:.1f} M")
    assert alive <= 100_000_000
    assert dead <= 100_000_000


@pytest.mark.parametrize("variable", [("CI", "true"), ("ARCADE_USAGE_WAIT_SECONDS", "30")], ids=["in CI", "waits"])
def test_a_trace_is_sent_at_once_where_spans_are_queued_and_posthog_is_not_asked(
    machine: Machine, collector: HttpCollector, variable: tuple[str, str]
) -> None:
    """The command's own sender delivers the span to the collector, without a later command."""
    environ = to(collector) | {"OTEL_TRACES_EXPORTER": "otlp", variable[0]: variable[1]}
    assert machine.run("one", environ=environ).returncode == 0
    machine.settle()
    assert len(collector.spans) == 1
    assert not machine.queue


def test_a_program_without_a_posthog_key_can_be_traced(machine: Machine, posthog: FakePostHog, collector: HttpCollector) -> None:
    """The spans go to OTLP only. The library keeps and sends no data for PostHog."""
    program(machine)
    environ = to(collector) | {"ARCADE_USAGE_POSTHOG_API_KEY": None, "OTEL_TRACES_EXPORTER": "otlp"}
    ran(machine, "work", environ=environ)
    collector.wait_for(lambda: len(collector.spans) == 5)
    machine.settle()
    assert posthog.requests == []
    assert machine.queue == []


def test_who_opted_out_is_not_traced_by_us(machine: Machine, collector: HttpCollector) -> None:
    """The library makes no file, no process and no request, whatever the environment says about exporters."""
    program(machine)
    for refusal in ({"DO_NOT_TRACK": "1"}, {"OTEL_SDK_DISABLED": "true"}, {"ARCADE_USAGE_TRACKING": "0"}):
        ran(machine, "work", environ=to(collector, **refusal))
    assert machine.senders() == []
    assert [path.name for path in machine.config_dir.rglob("*")] == ["usage", "notice"]  # the kit's own
    assert collector.requests == 0


def test_many_spans_of_a_long_command_arrive_without_a_process_each(machine: Machine, collector: HttpCollector) -> None:
    """A thousand child spans make a few files and start a few senders."""
    program(machine)
    ran(machine, "work", "--times", "500", environ=to(collector))
    collector.wait_for(lambda: len(collector.spans) == 1001, timeout=60)
    machine.settle()
    assert machine.log.count("started") <= 12
