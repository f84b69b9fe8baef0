"""Wherever a program's distributions are, its sender finds what delivery needs, and imports none of the user's modules."""

import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from arcade_otel.testing import FakePostHog
from tests.support.machine import Machine

PROGRAM = "import arcade_otel\nwith arcade_otel.command('one', name='tool', version='1'):\n    pass\n"


def place(package: str) -> Path:
    """Return the directory of an installed package."""
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(next(iter(spec.submodule_search_locations)))


def unpacked(root: Path) -> Path:
    """Return a directory that contains only this library, as a wheel unpacks."""
    for package in ("arcade_otel", "arcade_otel_exporters"):
        shutil.copytree(place(package), root / package, ignore=shutil.ignore_patterns("__pycache__"))
    return root


@pytest.fixture
def bare(tmp_path: Path, posthog: FakePostHog, machine: Machine) -> Machine:
    """Return a computer whose Python has no installed package."""
    python = Path(sys.base_prefix, "bin", f"python{sys.version_info[0]}.{sys.version_info[1]}")
    venv = tmp_path / "bare"
    subprocess.run([python, "-m", "venv", "--without-pip", venv], check=True, timeout=120)
    machine.python = str(venv / "bin" / "python")
    assert subprocess.run([machine.python, "-c", "import arcade_otel"], cwd="/", capture_output=True, check=False).returncode == 1
    return machine


def delivered(machine: Machine, posthog: FakePostHog) -> None:
    """Assert that the event arrives without a later command."""
    posthog.wait_for(posthog.visible)
    machine.settle()
    assert machine.queue == []


def test_a_library_on_pythonpath_delivers(bare: Machine, posthog: FakePostHog, tmp_path: Path) -> None:
    """Nix wrappers and Bazel set ``PYTHONPATH``. No site-packages contains the library."""
    library = unpacked(tmp_path / "library")
    bare.program("one", PROGRAM)
    ended = bare.run(program="one", environ={"PYTHONPATH": str(library)})
    assert ended.returncode == 0, ended.stderr
    delivered(bare, posthog)


def test_a_library_that_the_program_itself_put_on_its_path_delivers(bare: Machine, posthog: FakePostHog, tmp_path: Path) -> None:
    """Programs that pex and shiv make do that."""
    library = unpacked(tmp_path / "library")
    bare.program("one", f"import sys\nsys.path.insert(0, {str(library)!r})\n{PROGRAM}")
    ended = bare.run(program="one")
    assert ended.returncode == 0, ended.stderr
    delivered(bare, posthog)


def test_a_zipapp_delivers(bare: Machine, posthog: FakePostHog, tmp_path: Path) -> None:
    """The library is in the archive, and the sender imports the library from there."""
    library = unpacked(tmp_path / "library")
    archive = bare.root / "app.py"  # any name: Python looks at the content
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("__main__.py", PROGRAM)
        for path in sorted(library.rglob("*.py")):
            made.write(path, path.relative_to(library))
    ended = bare.run(program="app")
    assert ended.returncode == 0, ended.stderr
    delivered(bare, posthog)


def test_each_distribution_in_a_directory_of_its_own_reaches_the_senders_exporters(
    bare: Machine, posthog: FakePostHog, tmp_path: Path
) -> None:
    """An exporter, the SDK and this library are in three directories, and each lane delivers."""
    library, exporter, seen = unpacked(tmp_path / "library"), tmp_path / "exporter", tmp_path / "seen"
    exporter.mkdir()
    (exporter / "theirs.py").write_text(
        "import os\n"
        "from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult\n"
        "class Exporter(SpanExporter):\n"
        "    def export(self, spans):\n"
        "        open(os.environ['ARCADE_TEST_SEEN'], 'a').write(spans[0].name)\n"
        "        return SpanExportResult.SUCCESS\n"
    )
    metadata = exporter / "theirs-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text("[opentelemetry_traces_exporter]\ntheirs = theirs:Exporter\n")
    packages = place("opentelemetry").parent
    bare.program("one", PROGRAM)
    ended = bare.run(
        program="one",
        environ={
            "PYTHONPATH": os.pathsep.join(map(str, (library, exporter, packages))),
            "OTEL_TRACES_EXPORTER": "theirs,posthog",
            "ARCADE_TEST_SEEN": str(seen),
        },
    )
    assert ended.returncode == 0, ended.stderr
    delivered(bare, posthog)
    assert seen.read_text() == "tool one"
    assert bare.queued("theirs") == []


def test_a_module_beside_the_script_or_in_the_working_directory_is_never_the_senders(
    bare: Machine, posthog: FakePostHog, tmp_path: Path
) -> None:
    """The rule also holds for optional modules that are not installed, such as ``certifi`` and ``socks``."""
    library, seen = unpacked(tmp_path / "library"), tmp_path / "seen"
    project = tmp_path / "project"
    project.mkdir()
    trap = f"open({str(seen)!r}, 'a').write(__name__)\nraise SystemExit\n"
    for directory in (project, bare.root):
        for name in ("certifi", "socks", "json", "sitecustomize", "usercustomize", "theirs"):
            (directory / f"{name}.py").write_text(trap)
    for name in ("json", "sitecustomize"):  # the script's own: Python itself imports these from beside it
        (bare.root / f"{name}.py").unlink()
    bare.program("one", PROGRAM)
    environ = {"PYTHONPATH": str(library), "OTEL_TRACES_EXPORTER": "posthog", "ALL_PROXY": "socks5://127.0.0.1:9"}
    assert bare.run(program="one", cwd=project, environ=environ).returncode == 0
    bare.settle()
    assert "PySocks is not installed" in bare.log
    assert not seen.exists()
    bare.time_passes()
    assert bare.run(program="one", cwd=project, environ={"PYTHONPATH": str(library)}).returncode == 0
    posthog.wait_for(lambda: len(posthog.visible()) == 2)


@pytest.mark.parametrize("name", ["ARCADE_USAGE_ROOTS", "ARCADE_USAGE_EVENT_DATA"])
def test_what_a_shell_says_in_the_senders_own_variables_does_not_reach_it(
    machine: Machine, posthog: FakePostHog, tmp_path: Path, name: str
) -> None:
    """The program sets these variables itself for each sender."""
    seen = tmp_path / "seen"
    trap = tmp_path / "trap" / "arcade_otel"
    trap.mkdir(parents=True)
    (trap / "__init__.py").write_text(f"open({str(seen)!r}, 'a').write(__name__)\n")
    machine.run("one", environ={name: str(trap.parent)})
    delivered(machine, posthog)
    assert [event.properties["command_name"] for event in posthog.visible()] == ["one"]
    assert not seen.exists()


def test_a_shell_that_claims_to_be_a_sender_is_recorded_no_less_than_it_asked_for(machine: Machine) -> None:
    """``ARCADE_USAGE_SENDER`` marks the processes of a sender, which are not recorded.

    A user who sets it opts out, and has no other effect.
    """
    other = machine.root / "other"
    ended = machine.run("one", environ={"ARCADE_USAGE_SENDER": str(other)})
    assert ended.returncode == 0
    assert not other.exists()
    assert machine.senders() == []
    assert machine.queue == []


@pytest.mark.parametrize(
    ("broken", "content", "told"),
    [
        ("arcade_otel/sender/backoff.py", None, "arcade_otel.sender.backoff"),
        ("arcade_otel/sender/delivery.py", None, "arcade_otel.sender"),
        ("arcade_otel_exporters/http_client.py", None, "arcade_otel_exporters.http_client"),
        ("arcade_otel/sender/__init__.py", b"def (", "the library"),
        ("arcade_otel/sender/backoff.py", b"raise RuntimeError", "the library"),
        ("arcade_otel/sender/delivery.py", b"def (", "the library"),
        ("arcade_otel/sender/delivery.py", b"raise SystemExit", "the library"),
        ("arcade_otel_exporters/http_client.py", b"import os; os.missing", "arcade_otel.exporters"),
    ],
    ids=[
        "backoff is missing",
        "delivery is missing",
        "an exporter is missing",
        "a module was cut off",
        "a module raises",
        "delivery was cut off",
        "delivery exits",
        "an exporter lacks a name",
    ],
)
def test_a_sender_that_cannot_import_is_shown_by_status_and_started_less_often(
    bare: Machine, posthog: FakePostHog, tmp_path: Path, broken: str, content: bytes | None, told: str
) -> None:
    """A part of the installation was removed or broken. When the installation is whole again, every span is delivered."""
    library = unpacked(tmp_path / "library")
    whole = (library / broken).read_bytes()
    if content is None:
        (library / broken).unlink()
    else:
        (library / broken).write_bytes(content)
    bare.program("one", PROGRAM)
    bare.program("status", "from arcade_otel.cli.console import main\nmain(['status'])\n")
    environ = {"PYTHONPATH": str(library), "ARCADE_USAGE_STRICT": None}
    for _ in range(3):
        assert bare.run(program="one", environ=environ).returncode == 0
        bare.settle()
    (library / broken).write_bytes(whole)
    shown = bare.run(program="status", environ=environ)
    assert f"the sender cannot import {told} (" in shown.stdout, shown.stderr
    assert len(bare.queue) == 3
    bare.debug_log.unlink()  # which holds the tracebacks
    bare.time_passes()
    (bare.state / "unreaped").unlink(missing_ok=True)
    assert bare.run(program="one", environ=environ).returncode == 0
    posthog.wait_for(lambda: len(posthog.visible()) == 4)


@pytest.mark.parametrize("how", ["a console script", "a module", "a module of another name"])
def test_the_version_of_an_installed_program_is_found_where_it_says_none(
    bare: Machine, posthog: FakePostHog, tmp_path: Path, how: str
) -> None:
    """The program gives neither ``version`` nor ``distribution``. The sender finds the distribution that owns the program."""
    library, site = unpacked(tmp_path / "library"), tmp_path / "site"
    name = "Other_Name" if how == "a module of another name" else "my_tool"
    metadata = site / f"{name}-2.3.4.dist-info"
    metadata.mkdir(parents=True)
    (site / "another-9.dist-info").mkdir()
    (site / "my_tool").mkdir()
    source = PROGRAM.replace(", name='tool', version='1'", "")
    for path in (site / "my_tool" / "__main__.py", bare.root / "my-tool.py"):
        path.write_text(source)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 2.3.4\n")
    environ = {"PYTHONPATH": os.pathsep.join(map(str, (library, site)))}
    if how == "a console script":
        (metadata / "entry_points.txt").write_text("[console_scripts]\nmy-tool = my_tool:main\n")
        assert bare.run(program="my-tool", environ=environ).returncode == 0
    else:
        (metadata / "top_level.txt").write_text("my_tool\n" if how == "a module of another name" else "")
        ended = subprocess.run(
            [bare.python, "-m", "my_tool"], env=bare.with_environ(environ), cwd=bare.home, capture_output=True, check=False
        )
        assert ended.returncode == 0, ended.stderr
    posthog.wait_for(posthog.visible)
    assert posthog.visible()[0].properties["cli_version"] == "2.3.4"


def test_a_program_of_no_distribution_has_no_version(bare: Machine, posthog: FakePostHog, tmp_path: Path) -> None:
    bare.program("nobodys", PROGRAM.replace(", name='tool', version='1'", ""))
    assert bare.run(program="nobodys", environ={"PYTHONPATH": str(unpacked(tmp_path / "library"))}).returncode == 0
    posthog.wait_for(posthog.visible)
    assert "cli_version" not in posthog.visible()[0].properties
