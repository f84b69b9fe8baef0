"""What the tests of the released Arcade packages share."""

import pytest

from tests.examples import released


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An interpreter with the released Arcade CLI and this library (it pins Typer 0.16, Click 8.3 and posthog 6.9)."""
    return released.install(tmp_path_factory.mktemp("arcade") / "venv")
