"""The usage commands are run in programs of each framework: their runs start in a warm interpreter."""

import pytest

from tests.support.machine import Machine
from tests.support.warm_start import WarmStart


@pytest.fixture
def machine(machine: Machine, warm_start: WarmStart) -> Machine:
    """A fresh computer whose programs need not import their framework."""
    machine.warm_start = warm_start
    return machine
