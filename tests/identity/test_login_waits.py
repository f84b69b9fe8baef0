"""A login waits at most 2 s until PostHog has acknowledged its alias. The tests use real senders, a real server, and a clock."""

import time
from pathlib import Path

import pytest

from arcade_otel import conventions, identity as identity_file
from arcade_otel.identity.processor import ALIAS_SECONDS, LOGIN_SECONDS
from arcade_otel.recording import identity_span
from arcade_otel.settings import Settings, make_settings
from arcade_otel.spans.outcome import Outcome
from arcade_otel.storage.directories import Directory
from arcade_otel.storage.locks import FileLock
from arcade_otel.testing import FakePostHog, Fault
from tests.support.machine import Machine

#: What a process may lose to others on a busy machine before this clock says that a login waited too long.
_SLACK_SECONDS = 1.5

_LOGIN = """
import logging
import sys
import arcade_otel
logging.basicConfig(level=logging.DEBUG, stream=sys.stderr) if "--log" in sys.argv else None
with arcade_otel.command("login", name="tool", version="1.2.3"):
    pass
"""


@pytest.fixture
def debug_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(conventions.ENV_DEBUG, str(tmp_path / "debug.log"))
    return tmp_path / "debug.log"


@pytest.fixture
def settings(posthog: FakePostHog, tmp_path: Path) -> Settings:
    return make_settings(
        name="cli", posthog_api_key="phc_k", posthog_host=posthog.url, config_dir=tmp_path / "config", principal=lambda: "user-9"
    )


def _log_in(settings: Settings) -> float:
    """Record a login and return how many seconds it took."""
    now = time.time_ns()
    began = time.monotonic()
    identity_span.record(settings, "login", (now - 10**9, now), Outcome(0), login=True)
    return time.monotonic() - began


def _aliases(posthog: FakePostHog) -> list[tuple[str, str]]:
    """Return the acknowledged aliases that the server has."""
    return [(event.distinct_id, event.properties["alias"]) for event in posthog.events if event.event == "$create_alias"]


def test_a_login_returns_when_its_alias_was_acknowledged(settings: Settings, posthog: FakePostHog, debug_log: Path) -> None:
    """Either the alias has arrived, or the 2 s are over. On an idle machine, a server that answers is faster than that."""
    seconds = _log_in(settings)
    anon_id, linked = identity_file.read(settings.config_dir) or ("", None)
    assert linked == "user-9"
    if seconds < ALIAS_SECONDS:
        assert _aliases(posthog) == [(anon_id, "user-9")]
        assert "login: PostHog acknowledged the alias" in debug_log.read_text()
    assert seconds < LOGIN_SECONDS + _SLACK_SECONDS


def test_a_login_waits_for_an_answer_that_comes_late(settings: Settings, posthog: FakePostHog, debug_log: Path) -> None:
    """The server takes 0.7 s for the alias. The login takes at least as long, and the alias has arrived when the login returns.

    Only if the machine is so busy that the login has waited for its 2 s may the alias arrive later.
    """
    posthog.script(Fault.delay(0.7))
    seconds = _log_in(settings)
    assert 0.7 <= seconds < LOGIN_SECONDS + _SLACK_SECONDS
    if seconds < ALIAS_SECONDS:
        assert _aliases(posthog)


@pytest.mark.waits
@pytest.mark.parametrize(
    "fault",
    [Fault.hang(60), Fault.status(503), Fault.status(401), Fault.close_before_reading(), Fault.reset(), Fault.garbage()],
    ids=repr,
)
def test_a_login_waits_two_seconds_for_a_server_that_does_not_take_the_alias(
    settings: Settings, posthog: FakePostHog, debug_log: Path, fault: Fault
) -> None:
    """The server never answers, or refuses for a reason that may pass.

    The login takes its 2 s, links, and says that the alias is pending.
    """
    posthog.always(fault)
    seconds = _log_in(settings)
    assert ALIAS_SECONDS <= seconds < LOGIN_SECONDS + _SLACK_SECONDS
    assert "acknowledged the alias" not in debug_log.read_text()
    assert "login: the alias is pending" in debug_log.read_text()
    assert (identity_file.read(settings.config_dir) or ("", None))[1] == "user-9"
    assert len(list(Path(settings.state_dir).glob("queue/*/*.json"))) == 1


@pytest.mark.waits
def test_a_login_takes_four_and_a_half_seconds_in_all(settings: Settings, posthog: FakePostHog) -> None:
    """The source of the account answers after 1.9 s, and PostHog never answers."""

    def slow() -> str:
        time.sleep(1.9)
        return "user-9"

    posthog.always(Fault.hang(60))
    seconds = _log_in(settings.replace(principal=slow))
    assert 1.9 + ALIAS_SECONDS <= seconds < LOGIN_SECONDS + _SLACK_SECONDS


@pytest.mark.waits
def test_a_login_whose_store_is_locked_ends_in_time_and_is_remembered(
    settings: Settings, posthog: FakePostHog, tmp_path: Path
) -> None:
    """Another process holds the lock of usage.json. No account is linked, and the next login takes another anonymous ID."""
    anon_id = identity_file.current(settings)[0]
    with Directory.open(settings.config_dir) as directory:
        lock = FileLock.acquire(directory, "usage.json.lock", wait=0, stale_after=60)
    assert lock is not None
    with lock:
        seconds = _log_in(settings)
        assert 1.9 <= seconds < LOGIN_SECONDS + _SLACK_SECONDS
        assert identity_file.read(settings.config_dir) == (anon_id, None)
    _log_in(settings.replace(principal=lambda: "somebody-else"))
    after = identity_file.read(settings.config_dir)
    assert after is not None
    assert after[0] != anon_id


def test_an_event_that_was_dropped_is_not_called_acknowledged(settings: Settings, posthog: FakePostHog, debug_log: Path) -> None:
    """PostHog finds the alias and the event malformed. Both are dropped for good, and the debug log does not say otherwise."""
    posthog.refuse(lambda _: True)
    _log_in(settings)
    assert not posthog.events
    assert "acknowledged the alias" not in debug_log.read_text()


def test_an_alias_that_was_refused_is_not_called_acknowledged(settings: Settings, posthog: FakePostHog, debug_log: Path) -> None:
    """PostHog finds the alias malformed, and accepts the event."""
    posthog.refuse(lambda event: event["event"] == conventions.EVENT_ALIAS)
    _log_in(settings)
    posthog.wait_for(lambda: posthog.events)
    assert "acknowledged the alias" not in debug_log.read_text()


def test_a_login_prints_nothing(machine: Machine, posthog: FakePostHog) -> None:
    """This holds if all goes well and if no server answers, also in a program that prints the log of every library."""
    posthog.arcade.add(api_key="key", principal_id="user-1")
    machine.log_in("key", posthog.url)
    machine.program("login", _LOGIN)
    for fault in (None, Fault.status(500)):
        if fault is not None:
            posthog.always(fault)
            posthog.arcade.always(fault)
        for arguments in ((), ("--log",)):
            ended = machine.run(*arguments, program="login")
            assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
