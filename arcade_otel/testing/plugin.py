"""A pytest plugin for programs that use this library: their tests send nothing, and can prove that nothing secret would leave.

Loaded by its entry point wherever the library is installed, so that importing it costs next to nothing.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

import pytest

from arcade_otel import consent, conventions

if TYPE_CHECKING:
    from arcade_otel.testing.canaries import Canaries
    from arcade_otel.testing.sandbox import CliSandbox

__all__ = [
    "BLOCKED",
    "arcade_canaries",
    "arcade_usage",
    "pytest_addoption",
    "pytest_configure",
    "pytest_load_initial_conftests",
]

#: Value of ``ARCADE_USAGE_SENDER`` where sending is blocked: with that variable set no process records or starts a sender,
#: whatever a test does to the variables of consent.
BLOCKED = "blocked-by-pytest"

_OPTION = "arcade_otel_block"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.addini(_OPTION, "Keep tests from recording and sending usage data (default: true).", type="bool", default=True)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Block before a conftest imports the program: ``instrument()`` reads the environment."""
    _block(early_config)


def pytest_configure(config: pytest.Config) -> None:
    """Block, where the plugin was named by a conftest and came too late for the hook above."""
    _block(config)


@pytest.fixture
def arcade_usage(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[CliSandbox]":
    """Run commands as real processes in a fresh home, with a fake PostHog; see ``arcade_otel.testing.CliSandbox``."""
    from arcade_otel.testing.sandbox import CliSandbox

    with CliSandbox(tmp_path_factory.mktemp("arcade_usage")) as usage:
        yield usage


@pytest.fixture
def arcade_canaries(request: pytest.FixtureRequest) -> "Canaries":
    """Secrets to plant, made up from the test's name: other tests have others, the next run has the same."""
    from arcade_otel.testing.canaries import Canaries

    return Canaries(request.node.nodeid)


def _block(config: pytest.Config) -> None:
    """Set what keeps this process and its children from recording, until pytest ends; a blocked one stays as it is.

    Tracking is off, a variable that only senders have keeps it off if a test says "on", and the config directory is an empty one
    of this session's, so that neither ``usage disable`` nor ``usage forget`` in a test touches the developer's.
    """
    if os.environ.get(conventions.ENV_SENDER) == BLOCKED:
        return
    if not config.getini(_OPTION):
        # Else consent.is_test() would keep the suite silent that isolates its processes itself.
        config.add_cleanup(_set_variables({consent.ENV_IN_TESTS: "1"}))
        return
    from shutil import rmtree
    from tempfile import mkdtemp

    directory = mkdtemp(prefix="arcade-otel-blocked-")
    config.add_cleanup(lambda: rmtree(directory, ignore_errors=True))
    config.add_cleanup(
        _set_variables({consent.ENV_TRACKING: "0", conventions.ENV_SENDER: BLOCKED, consent.ENV_WORK_DIR: directory})
    )


def _set_variables(values: Mapping[str, str]) -> Callable[[], None]:
    """Set variables of the environment; return a function that restores them."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)

    def restore() -> None:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

    return restore
