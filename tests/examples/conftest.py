"""What the tests of the released Arcade packages share."""

import os

import pytest
from filelock import FileLock

from tests.examples import released


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An interpreter with the released Arcade CLI and this library (it pins Typer 0.16, Click 8.3 and posthog 6.9).

    The workers of pytest-xdist share it, because the installation and the first import take several seconds.
    """
    base = tmp_path_factory.getbasetemp()
    root = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    installed = root / "arcade-python"
    with FileLock(root / "arcade.lock"):
        if not installed.is_file():
            installed.write_text(released.install(root / "arcade" / "venv"))
    return installed.read_text()
