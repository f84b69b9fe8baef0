"""With the library installed, a program's tests send no event, start no sender and write no file of the library."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from arcade_otel.testing import FakePostHog
from tests.support.programs import read_program
from tests.testing.plugin.project import Project

#: How a program's tests usually run it: within the process, and as a process of its own; also with tracking switched on.
ORDINARY = read_program("testing/ordinary_tests")

CHOICES = """
@pytest.mark.parametrize("command", ["disable", "enable", "forget", "status", "flush"])
def test_the_usage_commands(command):
    assert run("usage", command)[0] in (0, 1, 3)
    assert CliRunner().invoke(mycli.app, ["usage", command]).exit_code in (0, 1, 3)
"""


def _tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b"" for path in sorted(folder.rglob("*"))}


def _developers(home: Path) -> dict[str, bytes]:
    """Let the developer use the program too, so that an identity, a choice and a waiting event exist."""
    waiting = home / ".arcade" / "usage" / "queue" / "posthog@somewhere"
    waiting.mkdir(parents=True)
    (waiting / "00000001700000000000000000-0123456789abcdef.json").write_text("{}")
    (home / ".arcade" / "usage" / "consent").write_text("on")
    (home / ".arcade" / "usage.json").write_text('{"anon_id": "mine", "linked_principal_id": null}')
    return _tree(home)


def _children_of_ours(home: Path) -> list[str]:
    """Return the command lines of living processes with the developer's home."""
    found = []
    for entry in os.listdir("/proc"):
        try:
            environ = Path("/proc", entry, "environ").read_bytes()
            line = Path("/proc", entry, "cmdline").read_bytes()
        except OSError:
            continue
        if f"HOME={home}".encode() in environ.split(b"\0") and line:
            found.append(line.decode())
    return found


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["alone", "xdist"])
def test_tests_of_a_program_send_nothing_and_touch_nothing_of_the_developers(
    tmp_path: Path, posthog: FakePostHog, workers: tuple[str, ...]
) -> None:
    """Child processes, tests that switch recording on, and xdist are blocked too. Files of the developer's own use stay."""
    project = Project(tmp_path, posthog.url)
    before = _developers(project.home)
    ended = project.pytest(ORDINARY + CHOICES, *workers)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "10 passed" in ended.stdout
    assert _children_of_ours(project.home) == []
    assert posthog.requests == []
    assert _tree(project.home) == before
    assert [path.name for path in project.temporary.iterdir() if path.name.startswith("arcade")] == []


def test_the_same_tests_do_send_where_the_block_is_off(tmp_path: Path, posthog: FakePostHog) -> None:
    """An option of pytest switches the block off. This shows what the test above would see without the block."""
    project = Project(tmp_path, posthog.url)
    project.configure("arcade_otel_block = false")
    _developers(project.home)
    (project.home / ".arcade" / "usage" / "notice").touch()
    ended = project.pytest(ORDINARY, "-k", "in_this_process or that_fails")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    posthog.wait_for(lambda: len(posthog.visible()) == 2)
    assert {event.distinct_id for event in posthog.visible()} == {"mine"}
    posthog.wait_for(lambda: not _children_of_ours(project.home))


def test_a_conftest_may_name_the_plugin(tmp_path: Path, posthog: FakePostHog) -> None:
    """If pytest loads no plugin by itself, a conftest can name the plugin, which then starts as early as possible."""
    project = Project(tmp_path, posthog.url)
    (project.directory / "conftest.py").write_text("pytest_plugins = ['arcade_otel.testing.plugin']\n")
    before = _developers(project.home)
    ended = project.pytest(ORDINARY + CHOICES, environ={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"})
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert posthog.requests == []
    assert _tree(project.home) == before


def test_a_config_directory_of_the_programs_own_is_left_alone_too(tmp_path: Path, posthog: FakePostHog) -> None:
    """A user who opts out has waiting events removed. Blocked tests are no opt-out, so the waiting events stay."""
    project = Project(tmp_path, posthog.url)
    program = project.directory / "mycli.py"
    program.write_text(
        "import os\n" + program.read_text().replace('version="1"', 'version="1", config_dir=os.path.expanduser("~/.arcade")')
    )
    before = _developers(project.home)
    ended = project.pytest(ORDINARY)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "5 passed" in ended.stdout
    assert posthog.requests == []
    assert _tree(project.home) == before


def test_the_environment_is_as_before_when_pytest_has_ended(tmp_path: Path, posthog: FakePostHog) -> None:
    """A program may call pytest and go on afterwards. A run within a run changes no variable."""
    project = Project(tmp_path, posthog.url)
    (project.directory / "test_inner.py").write_text(
        "import os, pytest\n"
        "def test_inner():\n"
        "    before = dict(os.environ)\n"
        "    assert before['ARCADE_USAGE_TRACKING'] == '0' and os.path.isdir(before['ARCADE_WORK_DIR'])\n"
        "    if 'INNER' not in before:\n"
        "        os.environ['INNER'] = '1'\n"
        "        assert pytest.main(['-q', 'test_inner.py']) == 0\n"
        "        del os.environ['INNER']\n"
        "    now = dict(os.environ)\n"
        "    assert {k: now[k] for k in now if k != 'PYTEST_CURRENT_TEST'} ==\\\n"
        "        {k: before[k] for k in before if k != 'PYTEST_CURRENT_TEST'}\n"
    )
    outer = (
        "import os, pytest\n"
        "os.environ['ARCADE_USAGE_TRACKING'] = 'log'\n"
        "before = dict(os.environ)\n"
        "assert pytest.main(['-q', 'test_inner.py']) == 0\n"
        "assert {k: v for k, v in os.environ.items() if k.startswith('ARCADE')} == "
        "{k: v for k, v in before.items() if k.startswith('ARCADE')}, os.environ\n"
        "assert os.listdir(os.environ['TMPDIR']) == []\n"
    )
    environ = {"PATH": os.environ["PATH"], "HOME": str(project.home), "TMPDIR": str(project.temporary)}
    ended = subprocess.run(
        [sys.executable, "-c", outer],
        cwd=project.directory,
        env=environ,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_loading_the_plugin_imports_six_small_modules(tmp_path: Path) -> None:
    """Everybody who has the library installed loads the plugin in every run of pytest."""
    program = (
        "import json, sys, pytest\n"
        "before = set(sys.modules)\n"
        "import arcade_otel.testing.plugin\n"
        "print(json.dumps(sorted(set(sys.modules) - before)))\n"
    )
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    ended = subprocess.run(
        [sys.executable, "-c", program], env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
    )
    assert json.loads(ended.stdout) == [
        "arcade_otel",
        "arcade_otel.consent",
        "arcade_otel.conventions",
        "arcade_otel.storage",
        "arcade_otel.testing",
        "arcade_otel.testing.plugin",
    ]
