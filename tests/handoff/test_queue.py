"""The queue keeps spans in the order in which commands ended, whole or not at all, and within its limits."""

import json
import os
import stat
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from arcade_otel import conventions
from arcade_otel.handoff import queue

DAY = 24 * 3600


def span(end_ns: int, span_id: str = "00000000000000aa", padding: int = 0, attributes: Mapping[str, str] | None = None) -> str:
    """Return a payload with the fields that the queue reads."""
    fields = {
        "spanId": span_id,
        "endTimeUnixNano": str(end_ns),
        "padding": "x" * padding,
        "attributes": [{"key": key, "value": {"stringValue": value}} for key, value in (attributes or {}).items()],
    }
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [fields]}]}]})


def test_names_sort_by_the_end_of_the_command_not_by_arrival(tmp_path: Path) -> None:
    """Senders of successive commands may write in any order."""
    for end in (30, 10, 20):
        queue.enqueue(str(tmp_path), span(end, f"{end:016x}"), ["posthog"])
    names = queue.list_spans(queue.lane_dir(str(tmp_path), "posthog"))
    assert [int(name.partition("-")[0]) for name in names] == [10, 20, 30]


def test_a_span_put_twice_is_one_file(tmp_path: Path) -> None:
    """So a process that is not sure whether it has written a span can write it again."""
    assert queue.enqueue(str(tmp_path), span(1), ["posthog"]) == queue.enqueue(str(tmp_path), span(1), ["posthog"])
    assert len(queue.list_spans(queue.lane_dir(str(tmp_path), "posthog"))) == 1


@pytest.mark.posix
def test_files_and_directories_are_their_owners_only(tmp_path: Path) -> None:
    """Files have mode 0600 and directories 0700, whatever the umask is."""
    mask = os.umask(0)
    try:
        (path,) = queue.enqueue(str(tmp_path / "usage"), span(1), ["posthog"])
    finally:
        os.umask(mask)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "usage").stat().st_mode) == 0o700


def test_a_file_that_is_being_written_is_not_a_span(tmp_path: Path) -> None:
    """Half-written files are never read. Those of a writer that died are removed after a minute."""
    (path,) = queue.enqueue(str(tmp_path), span(1), ["posthog"])
    half = Path(path).parent / f".{Path(path).name}.0a1b2c3d.tmp"
    half.write_text("{")
    assert len(queue.list_spans(str(half.parent))) == 1
    queue.enforce_limits(str(tmp_path), "posthog", now=1)
    assert half.exists()
    queue.enforce_limits(str(tmp_path), "posthog", now=half.stat().st_mtime + 61)
    assert not half.exists()


def test_the_oldest_of_more_than_a_thousand_go_and_are_counted(tmp_path: Path) -> None:
    """The queue is limited by count."""
    folder = Path(queue.lane_dir(str(tmp_path), "posthog"))
    folder.mkdir(parents=True)
    for number in range(1, 1011):
        (folder / f"{number:020d}-{number:016x}.json").write_text("{}")
    assert queue.enforce_limits(str(tmp_path), "posthog", now=1) == 10
    kept = queue.list_spans(str(folder))
    assert (len(kept), kept[0]) == (1000, f"{11:020d}-{11:016x}.json")
    assert queue.DropCounter(str(tmp_path), "posthog").count() == 10


def test_spans_go_even_if_their_number_cannot_be_written(tmp_path: Path) -> None:
    """The disk is full, or a directory is where the number would be. The sender goes on and delivers the other spans."""
    now = time.time()
    for age in (8 * DAY, DAY):
        queue.enqueue(str(tmp_path), span(int(now - age) * 10**9, f"{age:016x}"), ["posthog"])
    (tmp_path / "dropped-posthog").mkdir()
    assert queue.enforce_limits(str(tmp_path), "posthog") == 1
    assert len(queue.list_spans(queue.lane_dir(str(tmp_path), "posthog"))) == 1
    assert queue.DropCounter(str(tmp_path), "posthog").count() == 0


def test_the_newest_five_mebibytes_stay(tmp_path: Path) -> None:
    """The queue is limited by bytes, and the oldest spans are deleted first."""
    for number in range(1, 8):
        queue.enqueue(str(tmp_path), span(number, f"{number:016x}", padding=1024 * 1024), ["posthog"])
    assert queue.enforce_limits(str(tmp_path), "posthog", now=1) == 3
    assert queue.list_spans(queue.lane_dir(str(tmp_path), "posthog"))[0].startswith(f"{4:020d}")


@pytest.mark.parametrize("padding", [0, 8 * 1024], ids=["count", "bytes"])
def test_a_pending_alias_goes_last(tmp_path: Path, padding: int) -> None:
    """The account of the oldest span is linked already. Its alias must be sent before the events under the account's ID."""
    folder = Path(queue.lane_dir(str(tmp_path), "posthog"))
    folder.mkdir(parents=True)
    for number in range(1, 1011):
        alias = {conventions.PREVIOUS_DISTINCT_ID: "anonymous"} if number in (1, 5) else {}
        (folder / f"{number:020d}-{number:016x}.json").write_text(span(number, f"{number:016x}", padding, alias))
    assert queue.enforce_limits(str(tmp_path), "posthog", now=1) >= 10
    kept = [int(name.partition("-")[0]) for name in queue.list_spans(str(folder))]
    assert kept[:2] == [1, 5]
    assert kept[2:] == list(range(1011 - len(kept[2:]), 1011))


def test_of_too_many_pending_aliases_the_oldest_go(tmp_path: Path) -> None:
    """The queue has a bound in any case. A command's name may look like the attribute, and makes no alias."""
    folder = Path(queue.lane_dir(str(tmp_path), "posthog"))
    folder.mkdir(parents=True)
    for number in range(1, 1011):
        key = conventions.PREVIOUS_DISTINCT_ID if number > 5 else conventions.COMMAND
        text = span(number, f"{number:016x}", attributes={key: conventions.PREVIOUS_DISTINCT_ID})
        (folder / f"{number:020d}-{number:016x}.json").write_text(text)
    assert queue.enforce_limits(str(tmp_path), "posthog", now=1) == 10
    assert queue.list_spans(str(folder))[0] == f"{11:020d}-{11:016x}.json"


def test_what_is_older_than_a_week_goes(tmp_path: Path) -> None:
    """The queue is limited by age, counted from the end of the command."""
    now = time.time()
    for age in (8 * DAY, 6 * DAY):
        queue.enqueue(str(tmp_path), span(int(now - age) * 10**9, f"{age:016x}"), ["posthog"])
    assert queue.enforce_limits(str(tmp_path), "posthog") == 1


@pytest.mark.parametrize("ended", [500_000_000, 4_000_000_000], ids=["1985", "2096"])
def test_a_span_of_an_impossible_time_ages_by_when_its_file_was_written(tmp_path: Path, ended: int) -> None:
    """A clock that is 40 years behind drops no event at once. A clock in the future does not keep an event for ever."""
    (path,) = queue.enqueue(str(tmp_path), span(ended * 10**9), ["posthog"])
    assert queue.enforce_limits(str(tmp_path), "posthog") == 0
    old = time.time() - 8 * DAY
    os.utime(path, (old, old))
    assert queue.enforce_limits(str(tmp_path), "posthog") == 1


def test_a_span_of_which_no_time_is_possible_ages_from_when_it_is_first_seen(tmp_path: Path) -> None:
    """The clock of the whole machine was wrong, and so are the times of its files."""
    (path,) = queue.enqueue(str(tmp_path), span(500_000_000 * 10**9), ["posthog"])
    os.utime(path, (500_000_000, 500_000_000))
    assert queue.enforce_limits(str(tmp_path), "posthog") == 0
    assert abs(os.stat(path).st_mtime - time.time()) < 60
    assert queue.enforce_limits(str(tmp_path), "posthog", now=time.time() + 8 * DAY) == 1


def test_a_machine_whose_own_clock_is_impossible_drops_nothing_by_age(tmp_path: Path) -> None:
    """This holds until the clock is set."""
    queue.enqueue(str(tmp_path), span(int(time.time() - 8 * DAY) * 10**9), ["posthog"])
    assert queue.enforce_limits(str(tmp_path), "posthog", now=500_000_000) == 0


def test_a_span_that_is_rewritten_keeps_its_age(tmp_path: Path) -> None:
    """A sender that stores an identity in a span does not make it younger."""
    (path,) = queue.enqueue(str(tmp_path), span(1), ["posthog"])
    old = time.time() - 3 * DAY
    os.utime(path, (old, old))
    queue.rewrite_span(path, span(1, padding=3))
    assert abs(os.stat(path).st_mtime - old) < 1
    assert queue.read_span(path) == span(1, padding=3)


def test_told_drops_are_forgotten(tmp_path: Path) -> None:
    """Once an event carries the count, counting starts again at 0. A broken count is 0."""
    dropped = queue.DropCounter(str(tmp_path), "posthog")
    dropped.increment(2)
    dropped.increment(3)
    assert dropped.count() == 5
    dropped.reset()
    dropped.reset()
    assert dropped.count() == 0
    (tmp_path / "dropped-posthog").write_text("not a number")
    assert dropped.count() == 0


def test_opting_out_empties_everything_that_waits(tmp_path: Path) -> None:
    """The directory of each exporter is emptied, and so is ``corrupt/``."""
    (path,) = queue.enqueue(str(tmp_path), span(1), ["posthog"])
    queue.enqueue(str(tmp_path), span(2), ["otlp", "posthog"])
    queue.quarantine(str(tmp_path), path)
    queue.clear(str(tmp_path))
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []
    queue.clear(str(tmp_path / "missing"))
    assert not (tmp_path / "missing").exists()


def test_what_is_set_aside_is_bounded(tmp_path: Path) -> None:
    """``corrupt/`` keeps the 20 newest files that contained no span."""
    for number in range(25):
        (path,) = queue.enqueue(str(tmp_path), span(number + 1, f"{number:016x}"), ["posthog"])
        queue.quarantine(str(tmp_path), path)
    assert len(os.listdir(tmp_path / "corrupt")) == 20


@pytest.mark.parametrize(
    ("variable", "api_key", "names"),
    [
        (None, "phc_x", ["posthog"]),
        (None, None, []),
        ("otlp", None, ["otlp"]),
        ("posthog,otlp", "phc_x", ["posthog", "otlp"]),
        ("posthog, otlp ,otlp", None, ["otlp"]),
        ("none", "phc_x", []),
        ("", "phc_x", ["posthog"]),
        ("../evil,a/b,.,..", "phc_x", []),
        ("con,NUL.x,com1,otlp.", "phc_x", []),
    ],
)
def test_who_a_span_waits_for(variable: str | None, api_key: str | None, names: list[str]) -> None:
    """OTEL_TRACES_EXPORTER names the exporters.

    The exporter ``posthog`` needs a key. No name is a path or a device of Windows.
    """
    environ = {} if variable is None else {conventions.ENV_TRACES_EXPORTER: variable}
    found = queue.lanes_for(environ, api_key=api_key, host="https://example")
    assert [queue.lane_exporter(lane) for lane in found] == names


def test_each_host_and_project_of_posthogs_has_a_lane_of_its_own() -> None:
    """The name is readable, does not reveal the key, and is valid for a directory on every system."""
    hosts = ("https://../EU.example:80/a", "https://us.example")
    found = [queue.lanes_for({}, api_key=key, host=host)[0] for host in hosts for key in ("phc_one", "phc_two")]
    assert len(set(found)) == 4
    assert found[0].startswith("posthog@.._eu.example_80_a~")
    assert all("phc" not in lane and len(lane) < 80 for lane in found)
    assert queue.lane_exporter(found[0]) == "posthog"


def test_a_usage_only_span_waits_for_posthog_alone() -> None:
    """The trace of such a span is exported separately."""
    environ = {conventions.ENV_TRACES_EXPORTER: "posthog,otlp"}
    (lane,) = queue.lanes_for(environ, api_key="phc_x", host="https://example", usage_only=True)
    assert queue.lane_exporter(lane) == "posthog"


@pytest.mark.parametrize("action", [queue.clear, lambda state_dir: queue.enforce_limits(state_dir, "posthog")])
def test_files_with_other_names_are_never_removed(tmp_path: Path, action: Callable[[str], object]) -> None:
    """Only files with this library's names are removed."""
    for number in range(1005):
        queue.enqueue(str(tmp_path), span(number + 1, f"{number:016x}"), ["posthog"])
    lane = Path(queue.lane_dir(str(tmp_path), "posthog"))
    others = ["thesis.json", "1-a.txt", ".bashrc", ".x.tmp", "notes"]
    for name in others:
        (lane / name).write_text("precious")
        os.utime(lane / name, (1, 1))
    action(str(tmp_path))
    assert {name for name in os.listdir(lane) if not queue.list_spans(str(lane)).count(name)} == set(others)
