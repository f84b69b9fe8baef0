"""The usage commands are run in programs of each framework. To save time, each run starts in a warm interpreter."""

import pytest

from tests.support.machine import Machine


@pytest.fixture
def machine(machine: Machine) -> Machine:
    """A fresh computer whose programs need not import their framework."""
    machine.warm = True
    return machine
