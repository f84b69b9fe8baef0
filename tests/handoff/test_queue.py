"""The spool keeps spans in the order in which commands ended, whole or not at all, and within its bounds."""

import json
import os
import stat
from pathlib import Path

import pytest

from arcade_otel import conventions
from arcade_otel.handoff import queue

DAY = 24 * 3600
KEY = conventions.RESOURCE_API_KEY


def span(end_ns: int, span_id: str = "00000000000000aa", padding: int = 0) -> str:
    """Return a text with the fields that the spool reads, as our encoder writes them."""
    return json.dumps({"spanId": span_id, "endTimeUnixNano": str(end_ns), "padding": "x" * padding}, separators=(",", ":"))


def test_names_sort_by_the_end_of_the_command_not_by_arrival(tmp_path: Path) -> None:
    """Senders of commands that ended one after the other may write in any order."""
    for end in (30, 10, 20):
        queue.enqueue(str(tmp_path), span(end, f"{end:016x}"), ["posthog"])
    names = queue.list_spans(queue.lane_dir(str(tmp_path), "posthog"))
    assert [int(name.partition("-")[0]) for name in names] == [10, 20, 30]


def test_a_span_put_twice_is_one_file(tmp_path: Path) -> None:
    """So that nobody who is unsure has to look first."""
    assert queue.enqueue(str(tmp_path), span(1), ["posthog"]) == queue.enqueue(str(tmp_path), span(1), ["posthog"])
    assert len(queue.list_spans(queue.lane_dir(str(tmp_path), "posthog"))) == 1


def test_files_and_folders_are_their_owners_only(tmp_path: Path) -> None:
    """0600 in 0700, whatever the umask."""
    mask = os.umask(0)
    try:
        (path,) = queue.enqueue(str(tmp_path / "usage"), span(1), ["posthog"])
    finally:
        os.umask(mask)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "usage").stat().st_mode) == 0o700


def test_a_file_that_is_being_written_is_not_a_span(tmp_path: Path) -> None:
    """Half-written files are never read; those of a writer that died are swept away after a minute."""
    (path,) = queue.enqueue(str(tmp_path), span(1), ["posthog"])
    half = Path(path).parent / ".half.json.tmp"
    half.write_text("{")
    assert len(queue.list_spans(str(half.parent))) == 1
    queue.enforce_limits(str(tmp_path), "posthog", now=1)
    assert half.exists()
    queue.enforce_limits(str(tmp_path), "posthog", now=half.stat().st_mtime + 61 if queue.end_time(os.path.basename(path)) else 0)
    assert not half.exists()


def test_the_oldest_of_more_than_a_thousand_go_and_are_counted(tmp_path: Path) -> None:
    """Bounded by count."""
    folder = Path(queue.lane_dir(str(tmp_path), "posthog"))
    folder.mkdir(parents=True)
    for number in range(1, 1011):
        (folder / f"{number:020d}-{number:016x}.json").write_text("{}")
    assert queue.enforce_limits(str(tmp_path), "posthog", now=1) == 10
    kept = queue.list_spans(str(folder))
    assert (len(kept), kept[0]) == (1000, f"{11:020d}-{11:016x}.json")
    assert queue.DropCounter(str(tmp_path), "posthog").count() == 10


def test_the_newest_five_mebibytes_stay(tmp_path: Path) -> None:
    """Bounded by bytes, oldest out first."""
    for number in range(1, 8):
        queue.enqueue(str(tmp_path), span(number, f"{number:016x}", padding=1024 * 1024), ["posthog"])
    assert queue.enforce_limits(str(tmp_path), "posthog", now=1) == 3
    assert queue.list_spans(queue.lane_dir(str(tmp_path), "posthog"))[0].startswith(f"{4:020d}")


def test_what_is_older_than_a_week_goes(tmp_path: Path) -> None:
    """Bounded by age, by the end of the command."""
    now = 1_000_000_000
    for age in (8 * DAY, 6 * DAY):
        queue.enqueue(str(tmp_path), span((now - age) * 10**9, f"{age:016x}"), ["posthog"])
    assert queue.enforce_limits(str(tmp_path), "posthog", now=now) == 1


def test_told_drops_are_forgotten(tmp_path: Path) -> None:
    """The count starts anew once an event carries it; a broken count is none."""
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
    """Each exporter's folder, and what was set aside."""
    (path,) = queue.enqueue(str(tmp_path), span(1), ["posthog"])
    queue.enqueue(str(tmp_path), span(2), ["otlp", "posthog"])
    queue.quarantine(str(tmp_path), path)
    queue.clear(str(tmp_path))
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []
    queue.clear(str(tmp_path / "missing"))
    assert not (tmp_path / "missing").exists()


def test_what_is_set_aside_is_bounded(tmp_path: Path) -> None:
    """The 20 newest of what was no span."""
    for number in range(25):
        (path,) = queue.enqueue(str(tmp_path), span(number + 1, f"{number:016x}"), ["posthog"])
        queue.quarantine(str(tmp_path), path)
    assert len(os.listdir(tmp_path / "corrupt")) == 20


@pytest.mark.parametrize(
    ("variable", "text", "names"),
    [
        (None, f'"{KEY}"', ["posthog"]),
        (None, "", []),
        ("otlp", "", ["otlp"]),
        ("posthog,otlp", f'"{KEY}"', ["posthog", "otlp"]),
        ("posthog, otlp ,otlp", "", ["otlp"]),
        ("none", f'"{KEY}"', []),
        ("", f'"{KEY}"', ["posthog"]),
        ("../evil,a/b,.,..", f'"{KEY}"', []),
    ],
)
def test_who_a_span_waits_for(variable: str | None, text: str, names: list[str]) -> None:
    """OTEL_TRACES_EXPORTER names them; posthog needs a key; no name is a path."""
    environ = {} if variable is None else {conventions.ENV_TRACES_EXPORTER: variable}
    assert queue.lanes_for(environ, text) == names


def test_each_host_of_posthogs_has_a_lane_of_its_own() -> None:
    """One that is gone holds up no other; the name is readable and never a path."""
    text = '{"key":"%s","value":{"stringValue":"phc_x"}},{"key":"%s","value":{"stringValue":"https://../eu.example:80/a"}}'
    (lane,) = queue.lanes_for({}, text % (KEY, conventions.RESOURCE_HOST))
    assert lane == "posthog@.._eu.example_80_a"
    assert queue.lane_exporter(lane) == "posthog"
