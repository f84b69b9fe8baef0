"""Every event that leaves the queue leaves a receipt with exactly what was sent. Receipts are limited and delay nothing."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from arcade_otel.handoff import receipts
from arcade_otel.testing import FakePostHog, Fault
from tests.support.collector import HttpCollector
from tests.support.machine import Machine


def lines(machine: Machine) -> list[dict[str, Any]]:
    """Return the lines of the file of receipts."""
    path = machine.state / "receipts.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def told(machine: Machine) -> list[tuple[str, str | None, list[str]]]:
    """Return the state, the reason and the commands in the payload of each event's receipt, newest last."""
    return [
        (
            each["state"],
            each.get("why"),
            [event["properties"]["command_name"] for event in each.get("payload", []) if "properties" in event],
        )
        for each in receipts.events(str(machine.state))
    ]


def test_the_receipt_of_what_was_sent_holds_exactly_what_arrived(machine: Machine, posthog: FakePostHog) -> None:
    """The receipt has each field that arrived, and no field that did not arrive."""
    machine.run("hello")
    machine.settle()
    (event,) = posthog.visible()
    (receipt,) = receipts.events(str(machine.state))
    assert receipt["state"] == "sent"
    assert receipt["payload"] == [
        {
            "event": event.event,
            "distinct_id": event.distinct_id,
            "uuid": event.uuid,
            "timestamp": event.timestamp,
            "properties": event.properties,
        }
    ]
    assert receipt["ended"] <= receipt["at"] <= time.time()


def test_an_alias_is_in_the_receipt_of_the_event_that_owed_it(machine: Machine, posthog: FakePostHog) -> None:
    """The alias and the event are in the order in which they were sent."""
    machine.log_in("key", posthog.url)
    posthog.arcade.add(api_key="key", principal_id="person")
    machine.run("login")
    machine.settle()
    (receipt,) = receipts.events(str(machine.state))
    assert [event["event"] for event in receipt["payload"]] == ["$create_alias", "CLI execution succeeded"]
    assert [event.event for event in posthog.events] == ["$create_alias", "CLI execution succeeded"]


@pytest.mark.posix
def test_only_its_owner_reads_the_file_and_it_holds_no_key(machine: Machine, posthog: FakePostHog) -> None:
    """This holds in PostHog's lane, and in another lane, which has the whole span."""
    machine.run("hello")
    machine.settle()
    with HttpCollector() as collector:
        endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}
        machine.run("hello", environ={"OTEL_TRACES_EXPORTER": "otlp", **endpoint})
        machine.settle()
    path = machine.state / "receipts.jsonl"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each["lane"].partition("@")[0] for each in lines(machine)] == ["posthog", "otlp"]
    assert lines(machine)[1]["payload"][0]["resourceSpans"]
    assert "phc_test" not in path.read_text()
    assert posthog.url not in path.read_text()


def test_what_is_refused_for_good_has_a_receipt_that_says_so(machine: Machine, posthog: FakePostHog) -> None:
    """Only the refused event has this receipt. The others of its batch were sent."""
    posthog.stop()
    for command in ("one", "bad", "three"):
        machine.run(command)
        machine.settle()
        machine.time_passes()
    posthog.start()
    posthog.refuse(lambda event: event["properties"].get("command_name") == "bad")
    machine.run("last")
    machine.settle()
    assert told(machine) == [
        ("sent", None, ["one"]),
        ("dropped", "refused for good", ["bad"]),
        ("sent", None, ["three"]),
        ("sent", None, ["last"]),
    ]


def test_what_fails_for_now_is_no_events_receipt_but_a_problem(machine: Machine, posthog: FakePostHog) -> None:
    """The event stays queued, and ``status`` shows the problem. Once the event is sent, its receipt says so."""
    posthog.always(Fault.status(503))
    machine.run("one")
    machine.settle()
    assert told(machine) == []
    (problem,) = receipts.problems(str(machine.state)).values()
    assert (problem["state"], problem["why"]) == ("failed", "HTTP 503")
    posthog.heal()
    machine.time_passes()
    machine.run("two")
    machine.settle()
    assert told(machine) == [("sent", None, ["one"]), ("sent", None, ["two"])]


def test_an_exporter_that_is_not_installed_is_a_problem(machine: Machine) -> None:
    """Otherwise the user would not know why its spans stay queued."""
    machine.run("one", environ={"OTEL_TRACES_EXPORTER": "nosuch"})
    machine.settle()
    assert len(machine.queued("nosuch")) == 1
    assert receipts.problems(str(machine.state))["nosuch"]["why"] == "the exporter nosuch is unknown or not installed"


@pytest.mark.parametrize("why", ["too old", "no span", "opted out"])
def test_what_is_dropped_unsent_has_a_receipt_that_says_why(machine: Machine, posthog: FakePostHog, why: str) -> None:
    """The reasons are: too old by its name, no span, or forbidden since it was recorded."""
    posthog.stop()
    machine.run("one")
    machine.settle()
    (waiting,) = machine.queue
    if why == "too old":
        waiting.rename(waiting.with_name(f"{time.time_ns() - 8 * 24 * 3600 * 10**9:020d}-{waiting.name.partition('-')[2]}"))
    elif why == "no span":
        waiting.write_text("{}")
    posthog.start()
    machine.time_passes()
    if why == "opted out":
        (machine.state / "consent").write_text("off")
        machine.program("sender", "from arcade_otel import sender\nsender.main()\n")
        machine.run(program="sender", environ={"ARCADE_USAGE_SENDER": str(machine.config_dir)})
    else:
        machine.run("two")
    machine.settle()
    first = told(machine)[0]
    reasons = {
        "too old": "too old",
        "no span": "it is no span",
        "opted out": "stored choice says off",
    }
    assert first[:2] == ("dropped", reasons[why])
    assert "phc_test" not in (machine.state / "receipts.jsonl").read_text()
    assert [event.properties["command_name"] for event in posthog.visible()] == ([] if why == "opted out" else ["two"])


def test_the_commands_own_process_writes_no_receipt(machine: Machine) -> None:
    """The sender of the command does nothing in this test."""
    machine.program(
        "hello", "import sys, arcade_otel\nwith arcade_otel.command('a', sender_command=[sys.executable, '-c', '']):\n    pass\n"
    )
    for _ in range(3):
        assert machine.run(program="hello").returncode == 0
    assert sorted(path.name for path in machine.state.glob("receipts*")) == []


@pytest.mark.parametrize("obstacle", ["a folder", "read-only lock", "garbage"])
def test_receipts_that_cannot_be_written_hold_nothing_up(machine: Machine, posthog: FakePostHog, obstacle: str) -> None:
    """The event arrives and leaves the queue."""
    if obstacle == "a folder":
        (machine.state / "receipts.jsonl").mkdir()
    elif obstacle == "read-only lock":
        (machine.state / "receipts.lock").mkdir()
    else:
        (machine.state / "receipts.jsonl").write_bytes(b"\xff\0garbage without an end")
    machine.run("hello")
    machine.settle()
    assert len(posthog.visible()) == 1
    assert machine.queue == []
    assert len(receipts.events(str(machine.state))) == (1 if obstacle == "garbage" else 0)


def receipt(number: int, **more: Any) -> receipts.Receipt:
    """Return the receipt of a made-up event."""
    return receipts.receipt(receipts.SENT, "posthog", name=f"{number:020d}-{number:016x}.json", **more)


def test_a_corrupt_line_is_skipped_and_spoils_no_other(tmp_path: Path) -> None:
    """The lines are half a line of a killed process, and JSON that is no receipt."""
    state = str(tmp_path)
    receipts.write(state, [receipt(1)])
    whole = (tmp_path / "receipts.jsonl").read_bytes()
    (tmp_path / "receipts.jsonl").write_bytes(b'null\n[]\n{"at":1}\n\xff\n' + whole + b'{"at":17,"state":"se')
    receipts.write(state, [receipt(2)])
    assert [each["id"] for each in receipts.events(state)] == [f"{1:016x}", f"{2:016x}"]


def test_the_last_100_events_are_kept_in_a_bounded_file(tmp_path: Path) -> None:
    """This holds whatever their payload is. A payload that is too large is left out, and the receipt says so."""
    state = str(tmp_path)
    for number in range(500):
        receipts.write(state, [receipt(number, payload=["x" * 4000])])
        assert (tmp_path / "receipts.jsonl").stat().st_size <= receipts.MAX_BYTES
    assert [each["id"] for each in receipts.events(state)] == [f"{number:016x}" for number in range(400, 500)]
    receipts.write(state, [receipt(500, payload=["x" * 20_000])])
    assert receipts.events(state)[-1]["too_large"] is True
    assert "payload" not in receipts.events(state)[-1]


def test_an_event_that_was_sent_twice_has_one_receipt(tmp_path: Path) -> None:
    """A sender was killed between the acknowledgement and the removal of the file. For PostHog, too, this is one event."""
    state = str(tmp_path)
    receipts.write(state, [receipt(1), receipt(2), receipt(1)])
    assert [each["id"] for each in receipts.events(state)] == [f"{2:016x}", f"{1:016x}"]


def test_the_newest_problem_survives_a_rewriting(tmp_path: Path) -> None:
    """This holds however many events came after the problem."""
    state = str(tmp_path)
    receipts.write(state, [receipts.receipt(receipts.FAILED, "otlp", why="the exporter failed")])
    for number in range(400):
        receipts.write(state, [receipt(number, payload=["x" * 4000])])
    assert len(receipts.events(state)) == receipts.MAX_COUNT
    assert receipts.problems(state)["otlp"]["why"] == "the exporter failed"


def test_senders_side_by_side_keep_every_line_whole(tmp_path: Path) -> None:
    """The file is rewritten in between, and the newest line of each sender is in it."""
    source = """
import sys
from arcade_otel.handoff import receipts
receipts.MAX_BYTES = 200_000
for number in range(60):
    made = receipts.receipt(receipts.SENT, sys.argv[2], name=f"{number:020d}-{number:016x}.json", payload=["x" * 3000])
    receipts.write(sys.argv[1], [made])
"""
    running = [
        subprocess.Popen([sys.executable, "-c", source, str(tmp_path), f"lane{number}"], env={"PATH": os.environ["PATH"]})
        for number in range(4)
    ]
    assert [process.wait(timeout=60) for process in running] == [0] * 4
    for line in (tmp_path / "receipts.jsonl").read_text().splitlines():
        json.loads(line)
    newest = receipts.events(str(tmp_path))[-1]
    assert newest["id"] == f"{59:016x}"
