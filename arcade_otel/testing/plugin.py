"""The pytest plugin keeps a program's tests from sending usage data, and provides fixtures that check usage data for secrets.

If the library is installed, every pytest run loads this module through an entry point, so the import must be cheap.
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

#: Value of ``ARCADE_USAGE_SENDER`` while sending is blocked. With that variable, no process records or starts a sender, whatever
#: a test does to the variables of consent.
BLOCKED = "blocked-by-pytest"

_OPTION = "arcade_otel_block"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the ini option ``arcade_otel_block``, which controls whether usage data is blocked."""
    parser.addini(_OPTION, "Keep tests from recording and sending usage data (default: true).", type="bool", default=True)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Block usage data before a conftest file imports the program, because ``instrument()`` reads the environment."""
    _block(early_config)


def pytest_configure(config: pytest.Config) -> None:
    """Block usage data unless it is already blocked.

    If a conftest file loads the plugin, pytest does not call the plugin's hook ``pytest_load_initial_conftests``.
    """
    _block(config)


@pytest.fixture
def arcade_usage(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[CliSandbox]":
    """Yield a ``CliSandbox``, which runs commands in an empty home directory and delivers their events to a fake PostHog."""
    from arcade_otel.testing.sandbox import CliSandbox

    with CliSandbox(tmp_path_factory.mktemp("arcade_usage")) as usage:
        yield usage


@pytest.fixture
def arcade_canaries(request: pytest.FixtureRequest) -> "Canaries":
    """Return made-up secrets for this test.

    Each test gets different secrets, but the same test gets the same secrets in each run.
    """
    from arcade_otel.testing.canaries import Canaries

    return Canaries(request.node.nodeid)


def _block(config: pytest.Config) -> None:
    """Keep this process and its children from recording usage data until pytest ends. A second call does nothing.

    This function sets environment variables that have three effects:

    * Tracking is off.
    * Even if a test turns tracking on, nothing is recorded, because ``ARCADE_USAGE_SENDER`` is ``blocked-by-pytest``.
    * The config directory is an empty directory of this pytest run, so that ``usage disable`` and ``usage forget`` in a test do
      not change the developer's own choice and identity.

    If the ini option ``arcade_otel_block`` is off, this function only sets ``ARCADE_USAGE_IN_TESTS``, which allows recording in
    tests.
    """
    if os.environ.get(conventions.ENV_SENDER) == BLOCKED:
        return
    if not config.getini(_OPTION):
        # Otherwise consent.is_test() would turn recording off in a test suite that isolates its processes itself.
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
    """Set the environment variables ``values``, and return a function that restores the previous values."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)

    def restore() -> None:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

    return restore
