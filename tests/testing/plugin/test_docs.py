"""The tests run the examples in docs/testing.md unchanged."""

import re
from pathlib import Path

from arcade_otel.testing import Canaries, CliSandbox, FakePostHog
from tests.testing.plugin.project import Project

PAGE = (Path(__file__).parents[3] / "docs" / "testing.md").read_text()


def test_the_snippets_are_tests_that_pass(tmp_path: Path, posthog: FakePostHog) -> None:
    """All snippets are in one file."""
    snippets = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(snippets) == 2
    ended = Project(tmp_path, posthog.url).pytest("\n".join(snippets))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "5 passed" in ended.stdout
    assert posthog.requests == []


def test_every_canary_and_every_name_of_the_fixture_is_told_of() -> None:
    """The page documents every canary and every attribute of the fixture."""
    assert {canary.kind for canary in Canaries(1)} <= set(re.findall(r"`(\w+)`", PAGE))
    public = {name for name in vars(CliSandbox) if not name.startswith("_")} - {"settle"}
    assert public <= set(re.findall(r"\w+", PAGE))


def test_every_name_in_the_table_of_the_fixture_exists(tmp_path: Path) -> None:
    """The first column of the table has methods with their parameters, and attributes."""
    cells = re.findall(r"^\| (`.*?`) \|", PAGE, re.MULTILINE)
    names = {name for cell in cells for name in re.findall(r"`(\w+)", cell)}
    assert {"run", "queue", "config_dir"} <= names
    with CliSandbox(tmp_path) as sandbox:
        assert [name for name in names if not hasattr(sandbox, name)] == []


def test_the_option_is_the_one_that_exists(tmp_path: Path, posthog: FakePostHog) -> None:
    """Pytest refuses an unknown option."""
    (options,) = re.findall(r"```ini\n\[pytest\]\n(.*?)```", PAGE, re.DOTALL)
    project = Project(tmp_path, posthog.url)
    project.configure(options)
    ended = project.pytest("import os\ndef test_free():\n    assert 'ARCADE_USAGE_TRACKING' not in os.environ\n")
    assert ended.returncode == 0, ended.stdout + ended.stderr
