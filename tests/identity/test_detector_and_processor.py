"""Detector, lifecycle processor, detached exporter and live spans, with the real SDK and real senders."""

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from arcade_otel import conventions, identity as identity_file
from arcade_otel.handoff import exporter_config, queue
from arcade_otel.identity.detector import IdentityResourceDetector
from arcade_otel.identity.processor import IdentityLifecycleProcessor
from arcade_otel.recording import identity_span
from arcade_otel.sender import exporter_loader
from arcade_otel.sender.posthog_lane import PostHogLaneExporter
from arcade_otel.sender.sdk_lane import SdkLaneExporter
from arcade_otel.settings import Settings, make_settings
from arcade_otel.spans.outcome import Outcome
from arcade_otel_exporters import otlp_json
from arcade_otel_exporters.detached import DetachedSpanExporter
from arcade_otel_exporters.posthog import PostHogSpanExporter
from tests.support.receiver import Receiver, SpanMaker

SUCCESS, FAILURE = SpanExportResult.SUCCESS, SpanExportResult.FAILURE
_NOW = time.time_ns()
#: A sender that does nothing. Wine starts Linux' own programs, but Python gets no handle of them.
NOTHING = ("/bin/true",) if os.name == "posix" else (sys.executable, "-S", "-c", "")
# Recent: the queue keeps nothing that is older than a week.
TIMING = (_NOW - 10**9, _NOW)


def logged_in() -> str:
    """The account that is logged in, for the settings below."""
    return "user-9"


def identity_of(settings: Settings) -> tuple[str, str | None]:
    """Return the anonymous and the linked ID of a machine that has an identity."""
    identity = identity_file.read(settings.config_dir)
    assert identity is not None
    return identity


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


@pytest.fixture
def settings(receiver: Receiver, tmp_path: Path) -> Settings:
    """Settings of a program whose login is always user-9's. Its senders are off, so its spans stay in the queue."""
    return make_settings(
        name="cli",
        version="1.0",
        posthog_api_key="phc_k",
        posthog_host=receiver.url,
        config_dir=tmp_path / "config",
        principal=f"{__name__}:logged_in",
        sender_command=NOTHING,
    )


def queued(settings: Settings, exporter: str = "posthog") -> list[ReadableSpan]:
    files = [
        file for file in Path(settings.state_dir, "queue").glob("*/*.json") if queue.lane_exporter(file.parent.name) == exporter
    ]
    return [span for file in sorted(files) for span in otlp_json.decode(file.read_bytes())]


def queued_attributes(settings: Settings, exporter: str = "posthog") -> list[dict[str, object]]:
    return [dict(span.attributes or {}) for span in queued(settings, exporter)]


class Steps(SpanProcessor):
    """Keep each span that it gets, and the identity of the machine at that moment."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.steps: list[object] = []

    def on_end(self, span: ReadableSpan) -> None:
        attributes = span.attributes or {}
        linked = identity_of(self.settings)[1]
        self.steps.append(
            (attributes.get("command"), attributes.get("distinct_id"), attributes.get("previous_distinct_id"), linked)
        )

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        self.steps.append(("flush", timeout_millis <= 2000, identity_of(self.settings)[1]))
        return True


def run(processor: SpanProcessor, *commands: str, scope: str = conventions.SCOPE, exit_code: int = 0) -> None:
    provider = TracerProvider(resource=Resource({}), shutdown_on_exit=False)
    provider.add_span_processor(processor)
    for command in commands:
        with provider.get_tracer(scope).start_as_current_span(f"cli {command}") as span:
            span.set_attributes({"command": command, "process.exit.code": exit_code})


@pytest.mark.posix
def test_the_detector_tells_the_identity_and_makes_one_where_there_is_none(settings: Settings) -> None:
    resource = IdentityResourceDetector(settings=settings).detect()
    identity = identity_of(settings)
    assert dict(resource.attributes) == {"distinct_id": identity[0], "is_anon": True}
    assert resource.schema_url == ""
    assert IdentityResourceDetector(config_dir=settings.config_dir).detect() == resource


def test_the_detector_leaves_no_trace_of_who_opted_out(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DO_NOT_TRACK", "1")
    assert dict(IdentityResourceDetector(settings=settings).detect().attributes) == {}
    assert not os.path.exists(settings.config_dir)


def test_the_detector_finds_nothing_where_no_file_can_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert dict(IdentityResourceDetector(config_dir=tmp_path / "file" / "config").detect().attributes) == {}
    with pytest.raises(OSError, match="file"):
        IdentityResourceDetector(raise_on_error=True, config_dir=tmp_path / "file" / "config").detect()


def test_a_login_hands_over_its_debt_before_the_link_and_waits_after_it(settings: Settings) -> None:
    steps = Steps(settings)
    run(IdentityLifecycleProcessor(steps, settings), "run")
    anon_id = identity_of(settings)[0]
    run(IdentityLifecycleProcessor(steps, settings), "login", "run")
    assert steps.steps == [
        ("run", anon_id, None, None),
        ("login", "user-9", anon_id, None),
        ("flush", True, "user-9"),
        ("run", "user-9", None, "user-9"),
    ]


def test_a_logout_leaves_under_the_old_id_and_then_the_id_rotates(settings: Settings) -> None:
    steps = Steps(settings)
    run(IdentityLifecycleProcessor(steps, settings), "login")
    anon_id = identity_of(settings)[0]
    run(IdentityLifecycleProcessor(steps, settings), "logout")
    assert steps.steps[-1] == ("logout", "user-9", None, "user-9")
    after = identity_of(settings)
    assert after[0] != anon_id
    assert after[1] is None


def test_a_login_or_logout_that_failed_changes_nothing(settings: Settings) -> None:
    steps = Steps(settings)
    run(IdentityLifecycleProcessor(steps, settings), "login", exit_code=1)
    assert identity_of(settings)[1] is None
    run(IdentityLifecycleProcessor(steps, settings), "login")
    before = identity_of(settings)
    run(IdentityLifecycleProcessor(steps, settings), "logout", exit_code=1)
    assert identity_file.read(settings.config_dir) == before


def test_the_commands_that_change_the_identity_can_be_named(settings: Settings) -> None:
    steps = Steps(settings)
    run(IdentityLifecycleProcessor(steps, settings, login=("auth.enter",), logout=()), "login", "auth.enter")
    assert [step[0] for step in steps.steps if isinstance(step, tuple)] == ["login", "auth.enter", "flush"]


def test_a_login_whose_span_could_not_be_handed_on_is_not_linked(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(conventions.ENV_STRICT)

    class Broken(SpanProcessor):
        def on_end(self, span: ReadableSpan) -> None:
            raise RuntimeError

    run(IdentityLifecycleProcessor(Broken(), settings), "login")
    assert identity_of(settings)[1] is None


def test_no_hook_raises_whatever_the_wrapped_processor_does(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(conventions.ENV_STRICT)

    class Broken(SpanProcessor):
        def on_start(self, span: object, parent_context: object = None) -> None:
            raise RuntimeError

        def on_end(self, span: object) -> None:
            raise RuntimeError

        def shutdown(self) -> None:
            raise RuntimeError

        def force_flush(self, timeout_millis: int = 0) -> bool:
            raise RuntimeError

    processor = IdentityLifecycleProcessor(Broken(), settings)
    run(processor, "run", "login", "logout")
    assert processor.force_flush() is False
    processor.shutdown()


def test_a_hosts_own_span_passes_untouched(settings: Settings) -> None:
    memory = InMemorySpanExporter()
    run(IdentityLifecycleProcessor(SimpleSpanProcessor(memory), settings), "login", scope="host")
    (span,) = memory.get_finished_spans()
    assert set(span.attributes or {}) == {"command", "process.exit.code"}
    assert identity_file.read(settings.config_dir) is None


def test_identity_is_left_alone_once_the_user_opted_out(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARCADE_USAGE_TRACKING", "0")
    memory = InMemorySpanExporter()
    run(IdentityLifecycleProcessor(SimpleSpanProcessor(memory), settings), "login", "logout")
    assert len(memory.get_finished_spans()) == 2
    assert not os.path.exists(settings.config_dir)


@pytest.mark.posix
def test_record_queues_the_debt_and_links(settings: Settings) -> None:
    identity_span.record(settings, "login", TIMING, Outcome(0), login=True)
    anon_id, linked = identity_of(settings)
    assert linked == "user-9"
    (span,) = queued(settings)
    assert span.name == "cli login"
    assert (span.start_time, span.end_time) == (TIMING[0], TIMING[1])
    attributes = dict(span.attributes or {})
    assert attributes["previous_distinct_id"] == anon_id
    assert attributes["distinct_id"] == "user-9"
    assert attributes["duration"] == 1000.0
    assert attributes["process.exit.code"] == 0
    resource = span.resource.attributes
    assert resource["distinct_id"] == anon_id, "a resource is the start's"
    assert resource["telemetry.sdk.name"] == "opentelemetry"
    assert resource["arcade_otel.posthog_api_key"] == "phc_k"


def test_record_is_neither_sampled_away_nor_cut(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    monkeypatch.setenv("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "3")
    monkeypatch.setenv("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "1")
    identity_span.record(settings, "login", TIMING, Outcome(0), login=True)
    (attributes,) = queued_attributes(settings)
    assert attributes["command"] == "login"


def test_a_login_and_what_follows_reach_posthog_in_order_by_a_real_sender(settings: Settings, receiver: Receiver) -> None:
    """The alias was acknowledged before ``record`` returned. The logout is sent under the old ID."""
    settings = settings.replace(sender_command=None)
    identity_span.record(settings, "login", TIMING, Outcome(0), login=True)
    wait_for(lambda: len(receiver.events) >= 2)
    identity_span.record(settings, "logout", (TIMING[1], TIMING[1] + 5), Outcome(0), logout=True)
    wait_for(lambda: len(receiver.events) >= 3)
    assert [(e["event"], e["properties"].get("command_name")) for e in receiver.events] == [
        ("$create_alias", None),
        ("CLI execution succeeded", "login"),
        ("CLI execution succeeded", "logout"),
    ]
    assert [e["distinct_id"] for e in receiver.events[1:]] == ["user-9", "user-9"]
    wait_for(lambda: not queued(settings))


def test_a_login_is_not_held_up_by_a_posthog_that_hangs(settings: Settings, receiver: Receiver) -> None:
    receiver.answer = lambda _: None
    began = time.monotonic()
    identity_span.record(settings.replace(sender_command=None), "login", TIMING, Outcome(0), login=True)
    assert time.monotonic() - began < 20
    assert identity_of(settings)[1] == "user-9"
    assert len(queued(settings)) == 1


@pytest.mark.posix
def test_the_detached_exporter_works_alone_and_addresses_commands(settings: Settings, make_span: SpanMaker) -> None:
    exporter = DetachedSpanExporter("posthog,otlp", settings=settings)
    assert exporter.export([make_span(), make_span(scope="host", attributes={"url.full": "canary"})]) is SUCCESS
    (command,) = queued(settings)
    assert command.resource.attributes["arcade_otel.posthog_host"] == settings.posthog_host
    assert len(queued(settings, "otlp")) == 2
    assert "canary" not in json.dumps(queued_attributes(settings))


def test_the_detached_exporter_gives_a_command_to_a_real_sender(
    settings: Settings, receiver: Receiver, make_span: SpanMaker
) -> None:
    exporter = DetachedSpanExporter(settings=settings.replace(sender_command=None))
    span = make_span()
    assert exporter.export([span]) is SUCCESS
    wait_for(lambda: receiver.events)
    (event,) = receiver.events
    expected = PostHogSpanExporter().event_of(span)
    assert expected is not None
    properties = event.pop("properties")
    added = {"arch", "container", "first_run", "python_implementation", "$session_id"}  # the sender finds these out
    assert added <= properties.keys()
    known = expected.pop("properties")
    assert known.pop("os_release").startswith(properties.pop("os_release"))  # without what may identify a self-made kernel
    assert {key: value for key, value in properties.items() if key in known} == known
    assert event == expected


def test_flush_waits_for_what_is_owed_until_it_is_paid(settings: Settings, make_span: SpanMaker) -> None:
    exporter = DetachedSpanExporter(settings=settings)
    assert exporter.force_flush(0) is True
    exporter.export([make_span(attributes={"previous_distinct_id": "a", "is_anon": False})])
    assert exporter.force_flush(50) is False
    exporter.export([make_span(attributes={"previous_distinct_id": "a", "is_anon": False})])

    def pay() -> None:
        for path in Path(settings.state_dir).glob("queue/*/*.json"):
            path.unlink()

    timer = threading.Timer(0.2, pay)
    timer.start()
    assert exporter.force_flush(30000) is True
    timer.join()


def test_after_shutdown_the_detached_exporter_refuses(settings: Settings, make_span: SpanMaker) -> None:
    exporter = DetachedSpanExporter(settings=settings)
    exporter.shutdown()
    exporter.shutdown()
    assert exporter.export([make_span()]) is FAILURE
    assert queued(settings) == []


def test_the_detached_exporter_reports_a_queue_that_cannot_be_written(settings: Settings, make_span: SpanMaker) -> None:
    Path(settings.config_dir).touch()
    assert DetachedSpanExporter("posthog", settings=settings).export([make_span()]) is FAILURE


def test_nothing_is_handed_over_for_who_opted_out(
    settings: Settings, make_span: SpanMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARCADE_USAGE_TRACKING", "off")
    assert DetachedSpanExporter("posthog", settings=settings).export([make_span()]) is SUCCESS
    assert not os.path.exists(settings.config_dir)


@pytest.mark.posix
def test_two_threads_and_a_fork_hand_over_everything(settings: Settings, make_span: SpanMaker) -> None:
    exporter = DetachedSpanExporter("posthog", settings=settings)
    threads = [threading.Thread(target=exporter.export, args=([make_span()],)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if hasattr(os, "fork"):
        child = os.fork()
        if not child:
            os._exit(0 if exporter.export([make_span()]) is SUCCESS else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert len(queued(settings)) == 9


@pytest.mark.parametrize(
    ("value", "names"),
    [("", ["posthog"]), ("none", []), ("posthog, otlp,posthog", ["posthog", "otlp"]), ("console", ["console"]), ("../x", [])],
)
def test_exporters_are_named_as_opentelemetry_does(value: str, names: list[str]) -> None:
    assert exporter_config.exporter_names({"OTEL_TRACES_EXPORTER": value}) == names


def test_exporters_are_made_by_name_and_an_unknown_one_is_one_debug_line(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(conventions.ENV_DEBUG, "1")
    assert isinstance(exporter_loader.make_exporter("posthog"), PostHogLaneExporter)
    console = exporter_loader.make_exporter("console")
    assert isinstance(console, SdkLaneExporter)
    assert type(console._exporter).__name__ == "ConsoleSpanExporter"
    assert capfd.readouterr().err == ""
    assert exporter_loader.make_exporter("nobodys") is None
    assert capfd.readouterr().err.count("\n") == 1
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "carrier-pigeon")
    assert exporter_loader.make_exporter("otlp") is None
    assert "carrier-pigeon" in capfd.readouterr().err
