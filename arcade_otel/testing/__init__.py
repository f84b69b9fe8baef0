"""A local stand-in for PostHog and for Arcade's API: for tests, the demo, and anybody who wants to see what is sent.

``with StandIn() as posthog:`` in a test; ``python -m arcade_otel.testing`` at a prompt. Standard library only, on loopback only.
"""

from arcade_otel.testing.arcade_api import ArcadeApi, Asked
from arcade_otel.testing.checks import Event
from arcade_otel.testing.faults import Fault, blackhole, refused_port
from arcade_otel.testing.persons import Lanes, Person, Persons, Shuffle
from arcade_otel.testing.server import Request, StandIn

__all__ = [
    "ArcadeApi",
    "Asked",
    "Event",
    "Fault",
    "Lanes",
    "Person",
    "Persons",
    "Request",
    "Shuffle",
    "StandIn",
    "blackhole",
    "refused_port",
]
