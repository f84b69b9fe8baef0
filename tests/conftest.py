"""The fixtures that every test may use: a fake PostHog, and a computer."""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

from arcade_otel.testing import FakePostHog
from tests.support.machine import Machine

if TYPE_CHECKING:
    from tests.support.collector import GrpcCollector, HttpCollector

# Nothing of the developer's own may steer a test, nor may a test reach the developer's own home.
for name in list(os.environ):
    if name.startswith(("ARCADE_", "OTEL_", "POSTHOG_")) or name.upper().endswith("_PROXY") or name in ("DO_NOT_TRACK", "CI"):
        del os.environ[name]
os.environ["ARCADE_USAGE_STRICT"] = "1"
os.environ["ARCADE_USAGE_IN_TESTS"] = "1"  # set by the plugin too, which is configured before the loop above
os.environ["HOME"] = os.environ["USERPROFILE"] = os.devnull

# The suite tries the same examples every time, so that red means that something has changed; `make search` looks for new ones.
# No deadline: a stopwatch in a test tells of the machine.
hypothesis.settings.register_profile("suite", derandomize=True, database=None, deadline=None)
hypothesis.settings.register_profile("search", derandomize=False, max_examples=20_000, deadline=None, print_blob=True)
hypothesis.settings.load_profile("suite")


def _missing(markers: str) -> str | None:
    """Return a marker of a test that names something this system lacks, or None."""
    if sys.platform == "win32" and "posix" in markers:
        return "posix"
    return "linux" if sys.platform != "linux" and "linux" in markers else None


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave out a module that is marked as a whole (``pytestmark``), because on other systems it cannot even be imported."""
    if collection_path.suffix != ".py" or not collection_path.name.startswith("test_"):
        return None
    source = collection_path.read_text(encoding="utf-8")
    marked = re.search(r"^pytestmark = (\[.*?\]|[^\n#]*)", source, re.MULTILINE | re.DOTALL)
    names = " ".join(re.findall(r"mark\.(\w+)", marked[1])) if marked else ""
    return True if _missing(names) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what has a command of its own unless it is asked for, and start tests that only wait first.

    If tests run in parallel, such a test would otherwise run alone at the end.
    """
    for item in items:
        missing = _missing(" ".join(mark.name for mark in item.iter_markers()))
        if missing:
            item.add_marker(pytest.mark.skip(reason=f"this system lacks what the marker {missing} stands for"))
    # The faults take tens of minutes: `make test-faults`; a sample of the same is part of every run. The dashboards need packages
    # of their own, among them ClickHouse: `make dashboards`. The released Arcade packages have 60 dependencies: `make released`.
    for marker in ("faults", "dashboards", "released"):
        if marker not in (config.option.markexpr or ""):
            config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker(marker)])
            items[:] = [item for item in items if not item.get_closest_marker(marker)]
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: item.get_closest_marker("waits") is None)


@pytest.fixture
def posthog() -> Iterator[FakePostHog]:
    """A fake PostHog and a fake Arcade API on loopback."""
    with FakePostHog() as running:
        yield running


@pytest.fixture
def collector() -> "Iterator[HttpCollector]":
    """A collector that takes OTLP over HTTP."""
    from tests.support.collector import HttpCollector  # with gRPC, which most tests do without

    with HttpCollector() as made:
        yield made


@pytest.fixture
def grpc_collector() -> "Iterator[GrpcCollector]":
    """A collector that takes OTLP over gRPC."""
    from tests.support.collector import GrpcCollector

    with GrpcCollector() as made:
        yield made


@pytest.fixture
def machine(tmp_path: Path, posthog: FakePostHog) -> Iterator[Machine]:
    """A fresh computer whose events go to the fake PostHog."""
    computer = Machine(tmp_path / "machine", posthog.url)
    computer.mark_notice_as_shown()  # it has tests of its own
    yield computer
    computer.off()
