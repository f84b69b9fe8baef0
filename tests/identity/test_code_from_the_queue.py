"""No file on disk can name code that runs, because the sender calls only registered entry points."""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from arcade_otel import conventions, spans
from arcade_otel.identity.principal import ENTRY_POINTS
from arcade_otel.identity.store import UsageIdentity
from arcade_otel.sender.identity_resolution import SpanIdentityResolver
from arcade_otel.settings import Settings, make_settings
from arcade_otel.testing import FakePostHog
from tests.support.machine import Machine

#: Names of code that a hostile file may hold: calling the first two, or importing the last, would show.
HOSTILE = ("os:abort", "faulthandler:_sigabrt", "os.abort", "trap:run", "trap", "../trap", "os:system", "", " os:abort ")


def _payload(settings: Settings, anon_id: str) -> dict[str, Any]:
    now = time.time_ns()
    loaded: dict[str, Any] = json.loads(
        spans.encode(
            settings,
            path="run",
            timing=(now - 1, now),
            outcome=spans.Success(),  # type: ignore[arg-type]
            identity=(anon_id, True),
        )
    )
    return loaded


def _write(path: Path, payload: dict[str, Any], principal: object) -> str:
    """Write a span that names its principal, as any program that can write to the queue could do."""
    attributes = payload["resourceSpans"][0]["resource"]["attributes"]
    attributes[:] = [each for each in attributes if each["key"] != conventions.RESOURCE_PRINCIPAL]
    attributes.append({"key": conventions.RESOURCE_PRINCIPAL, "value": {"stringValue": principal}})
    text = json.dumps(payload, separators=(",", ":"))
    path.write_text(text)
    return text


@pytest.mark.parametrize("principal", ["os:abort", "faulthandler:_sigabrt", "os.abort"])
def test_a_hostile_queue_file_makes_the_sender_run_nothing(machine: Machine, posthog: FakePostHog, principal: str) -> None:
    """A real sender would be killed by this code. It goes on, and delivers the event as the anonymous one that it is."""
    machine.run("one")
    machine.settle()
    posthog.stop()
    machine.run("two")
    machine.settle()
    (path,) = machine.queue
    _write(path, json.loads(path.read_text()), principal)
    posthog.start()
    machine.time_passes()
    machine.run("three")
    posthog.wait_for(lambda: len(posthog.events) == 3)
    assert {event.properties["command_name"] for event in posthog.events} == {"one", "two", "three"}
    assert {event.distinct_id for event in posthog.events} == {machine.usage["anon_id"]}


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module ``trap`` that reports when it is imported, and a distribution that registers the entry point ``ours``."""
    root = tmp_path / "site"
    info = root / "ours-1.dist-info"
    info.mkdir(parents=True)
    (root / "trap.py").write_text(f"open({str(tmp_path / 'seen')!r}, 'w').close()\ndef run():\n    return 'mallory'\n")
    (root / "ours_accounts.py").write_text("def who():\n    return 'alice'\n")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ours\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[{ENTRY_POINTS}]\nours = ours_accounts:who\n")
    monkeypatch.syspath_prepend(str(root))
    return root


@pytest.mark.parametrize("principal", HOSTILE)
@pytest.mark.parametrize("logged_in", [False, True])
def test_a_name_of_code_in_a_span_is_neither_imported_nor_asked(
    tmp_path: Path, installed: Path, principal: str, *, logged_in: bool
) -> None:
    """The span stays anonymous, also if Arcade's credentials name an account, because they do not belong to this program."""
    config_dir = tmp_path / "config"
    anon_id = UsageIdentity(str(config_dir)).anon_id
    if logged_in:
        (config_dir / "credentials.yaml").write_text("cloud: {api: {key: k}, coordinator_url: 'http://127.0.0.1:9'}")
        os.utime(config_dir / "credentials.yaml", (1, 1))
    text = _write(tmp_path / "span", _payload(make_settings(config_dir=config_dir), anon_id), principal)
    assert SpanIdentityResolver(str(config_dir)).resolve(str(tmp_path / "span"), text) == text
    assert not (tmp_path / "seen").exists()
    assert "trap" not in sys.modules


def test_a_registered_entry_point_tells_the_sender_who_is_logged_in(tmp_path: Path, installed: Path) -> None:
    """The span has only the name ``ours``, and the sender finds the function that a distribution has registered."""
    settings = make_settings(config_dir=tmp_path / "config", principal="ours")
    anon_id = UsageIdentity(settings.config_dir).anon_id
    payload = _payload(settings, anon_id)
    lane = Path(settings.state_dir, "queue", "posthog")
    lane.mkdir(parents=True, mode=0o700)
    path = lane / f"{time.time_ns():020d}-0123456789abcdef.json"
    path.write_text(json.dumps(payload, separators=(",", ":")))
    text = SpanIdentityResolver(settings.config_dir).resolve(str(path), path.read_text())
    assert '"alice"' in text
    assert UsageIdentity(settings.config_dir).load_or_create()["linked_principal_id"] == "alice"


@pytest.mark.parametrize("principal", [lambda: "alice", "ours_accounts:who", _write])
def test_a_function_never_travels_by_its_name(tmp_path: Path, principal: Any) -> None:
    """A function and ``module:function`` belong to the program's process. The span says that only the program can call them."""
    settings = make_settings(config_dir=tmp_path, principal=principal)
    value = spans.resource_attributes(settings)[conventions.RESOURCE_PRINCIPAL]
    assert value == spans.PRINCIPAL_OF_PROGRAM


@pytest.mark.parametrize(
    "text",
    [
        '{"boolValue":true}',
        '["boolValue":true]',
        '{"resourceSpans":5,"x":{"boolValue":true}}',
        '{"resourceSpans":[5],"x":{"boolValue":true}}',
        '{"resourceSpans":[{"scopeSpans":[{"scope":{"name":"arcade_otel"},"spans":[5]}]}],"x":{"boolValue":true}}',
        '{"resourceSpans":[{"scopeSpans":[{"scope":5,"spans":[]}]}],"x":{"boolValue":true}}',
        "[" * 100_000 + '{"boolValue":true}',
    ],
    ids=lambda text: text[:40],
)
def test_a_queue_file_that_makes_no_sense_is_a_value_error(tmp_path: Path, text: str) -> None:
    """So the sender moves the file to ``corrupt/``, and does not fail at it again and again."""
    UsageIdentity(str(tmp_path)).load_or_create()
    (tmp_path / "credentials.yaml").write_text("cloud: {api: {key: k}}")
    with pytest.raises(ValueError):  # noqa: PT011 - any of them
        SpanIdentityResolver(str(tmp_path)).resolve(str(tmp_path / "span"), text)
    with pytest.raises(ValueError):  # noqa: PT011
        SpanIdentityResolver(str(tmp_path)).with_drop_count(str(tmp_path / "span"), text, 1)
