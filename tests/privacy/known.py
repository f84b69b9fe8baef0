"""Leaks that are known and not mended yet: each with its shortest example, and what the scenarios leave out because of it."""

from collections.abc import Callable
from typing import NamedTuple

from tests.privacy.planted import Scenario, Telling

__all__ = ["KNOWN", "Leak", "is_unknown"]


class Leak(NamedTuple):
    """A leak: a message, the words on the command line, and what of them is told; ``like`` tells a telling that is like it."""

    name: str
    message: str
    secret: str
    like: Callable[[Telling, Scenario], bool]
    arguments: tuple[str, ...] = ()


KNOWN: list[Leak] = []


def is_unknown(scenario: Scenario) -> bool:
    """Tell whether a scenario is like none of these."""
    return not any(leak.like(telling, scenario) for leak in KNOWN for telling in scenario.tellings)
