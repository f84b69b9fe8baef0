"""A fake PostHog and a fake Arcade API that run on this machine, and a sandbox for a program's own tests.

To start both fakes in a test, write ``with FakePostHog() as posthog:``. To start both fakes in a terminal, run
``python -m arcade_otel.testing``. The fakes share one server, which listens only on loopback. Except for the pytest plugin
(``plugin``), the package imports only ``arcade_otel`` and the standard library.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from arcade_otel.testing.arcade_api import ArcadeApi, RecordedRequest
    from arcade_otel.testing.canaries import Canaries, Canary
    from arcade_otel.testing.capture_validation import Event
    from arcade_otel.testing.fake_posthog import FakePostHog, Request
    from arcade_otel.testing.faults import Fault, blackhole, refused_port
    from arcade_otel.testing.persons import PartitionOrder, Person, Persons, ShuffledPartitions
    from arcade_otel.testing.sandbox import CliSandbox

__all__ = [
    "ArcadeApi",
    "Canaries",
    "Canary",
    "CliSandbox",
    "Event",
    "FakePostHog",
    "Fault",
    "PartitionOrder",
    "Person",
    "Persons",
    "RecordedRequest",
    "Request",
    "ShuffledPartitions",
    "blackhole",
    "refused_port",
]

_HOMES = {
    "arcade_api": ("ArcadeApi", "RecordedRequest"),
    "canaries": ("Canaries", "Canary"),
    "capture_validation": ("Event",),
    "faults": ("Fault", "blackhole", "refused_port"),
    "persons": ("PartitionOrder", "Person", "Persons", "ShuffledPartitions"),
    "fake_posthog": ("Request", "FakePostHog"),
    "sandbox": ("CliSandbox",),
}


def __getattr__(name: str) -> object:
    # PEP 562: pytest imports this package, for ``plugin``, in every run wherever the library is installed. So it must be cheap.
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"arcade_otel.testing.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
