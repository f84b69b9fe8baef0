"""A framework brings its own adapter, and a program without a line of this library is recorded.

Both are installed distributions.
"""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from arcade_otel.testing import FakePostHog
from tests.support.machine import Machine
from tests.support.programs import read_program

ROOT = Path(__file__).parents[2]

FRAMEWORK = {
    "pyproject.toml": """
        [build-system]
        requires = ["hatchling"]
        build-backend = "hatchling.build"
        [project]
        name = "quick-cli"
        version = "1.0"
        [project.entry-points.arcade_otel_frameworks]
        "quick.App" = "quick.telemetry"
        [tool.hatch.build.targets.wheel]
        packages = ["quick"]
    """,
    "quick/__init__.py": read_program("frameworks/quick/__init__"),
    "quick/telemetry.py": read_program("frameworks/quick/telemetry"),
}
PROGRAM = read_program("frameworks/with_third_parties")
BARE = read_program("frameworks/with_third_parties_bare")


def installed(source: Path, place: Path) -> str:
    """Build a distribution, install it into a directory of its own, and return the directory."""
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "install", "--no-index", "--no-deps"]
    subprocess.run([*pip, "--no-build-isolation", "--target", str(place), str(source)], check=True, capture_output=True)
    return str(place)


def test_a_framework_brings_its_own_adapter(machine: Machine, posthog: FakePostHog, tmp_path: Path) -> None:
    """The entry point is named after the class, and also serves its subclasses. The exit code is the framework's own."""
    for name, text in FRAMEWORK.items():
        path = tmp_path / "source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    environ = {"PYTHONPATH": installed(tmp_path / "source", tmp_path / "installed")}
    machine.program("mycli", PROGRAM)
    runs = [["hello"], ["fail"], ["leave"], ["nosuch"], ["hello", "--bare"]]
    codes = [machine.run(*words, program="mycli", environ=environ).returncode for words in runs]
    assert codes == [0, 9, 4, 9, 0]
    posthog.wait_for(lambda: len(posthog.visible()) == 4)
    machine.settle()
    seen = [event.properties for event in posthog.visible()]
    assert sorted((each["command_name"], each["exit_code"], each.get("error_type")) for each in seen) == [
        ("", 9, "KeyError"),
        ("fail", 9, "ValueError"),
        ("hello", 0, None),
        ("leave", 4, "_OTHER"),
    ]


@pytest.fixture(scope="module")
def instrumentation(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Install the instrumentor's distribution."""
    return installed(ROOT / "instrumentation", tmp_path_factory.mktemp("instrumentation"))


def test_a_program_without_our_line_is_recorded_under_opentelemetry_instrument(
    machine: Machine, posthog: FakePostHog, instrumentation: str
) -> None:
    """This needs the instrumentor's distribution. This library alone changes nothing."""
    machine.program("bare", BARE)
    machine.program(
        "auto",
        "import sys\nfrom opentelemetry.instrumentation.auto_instrumentation import run\n"
        f"sys.argv = ['opentelemetry-instrument', sys.executable, {str(machine.root / 'bare.py')!r}, *sys.argv[1:]]\nrun()\n",
    )
    quiet = {"OTEL_TRACES_EXPORTER": "posthog", "OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}
    without = machine.run("kit", "run", "--n", "2", program="auto", environ=quiet)
    ended = machine.run("kit", "run", "--n", "3", program="auto", environ={**quiet, "PYTHONPATH": instrumentation})
    assert (without.returncode, without.stdout, ended.returncode, ended.stdout) == (2, "ran 2\n", 3, "ran 3\n"), ended.stderr
    posthog.wait_for(posthog.visible)
    machine.settle()
    (event,) = posthog.visible()
    assert (event.properties["command_name"], event.properties["exit_code"]) == ("kit.run", 3)


@pytest.mark.latest
def test_a_declarative_file_names_the_instrumentor_and_its_options(
    machine: Machine, posthog: FakePostHog, instrumentation: str
) -> None:
    """The file has ``instrumentation/development: python: arcade: {version: …}``."""
    machine.program("bare", BARE)
    machine.program(
        "auto",
        "import sys\nfrom opentelemetry.instrumentation.auto_instrumentation import run\n"
        f"sys.argv = ['opentelemetry-instrument', sys.executable, {str(machine.root / 'bare.py')!r}, *sys.argv[1:]]\nrun()\n",
    )
    (machine.root / "otel.yaml").write_text(
        textwrap.dedent("""
        file_format: "1.0"
        tracer_provider:
          processors:
            - simple: {exporter: {console: {}}}
        instrumentation/development:
          python:
            arcade: {version: "7.1.0"}
        """)
    )
    # opentelemetry-distro chooses ``otlp`` where nothing is set, and then nothing goes to PostHog.
    environ = {
        "OTEL_CONFIG_FILE": str(machine.root / "otel.yaml"),
        "OTEL_TRACES_EXPORTER": "posthog",
        "PYTHONPATH": instrumentation,
    }
    ended = machine.run("kit", "run", "--n", "3", program="auto", environ=environ)
    assert (ended.returncode, ended.stdout.splitlines()[0]) == (3, "ran 3"), ended.stderr
    posthog.wait_for(posthog.visible)
    machine.settle()
    (event,) = posthog.visible()
    assert (event.properties["command_name"], event.properties["cli_version"]) == ("kit.run", "7.1.0")


def test_a_cyclopts_program_under_the_instrumentor_has_its_own_version(machine: Machine, instrumentation: str) -> None:
    """An app of cyclopts takes its version from the module that has made the app."""
    source = "import cyclopts\napp = cyclopts.App()\nprint(app._instantiating_module_name)\napp('--version')\n"
    machine.program("bare", source)
    machine.program(
        "auto", f"from arcade_otel_instrumentation import ArcadeInstrumentor\nArcadeInstrumentor().instrument(name='x')\n{source}"
    )
    ended = [machine.run(program=name, environ={"PYTHONPATH": instrumentation}) for name in ("bare", "auto")]
    assert ended[0].stdout.splitlines()[0] == "__main__", ended[0].stderr
    assert ended[1].stdout == ended[0].stdout, ended[1].stderr


INSTRUMENTOR = read_program("frameworks/instrumentor")


def test_the_instrumentor_can_be_called_by_hand_and_undone(machine: Machine, instrumentation: str) -> None:
    """A wrong option raises at once."""
    machine.program("hand", INSTRUMENTOR)
    ended = machine.run(program="hand", environ={"PYTHONPATH": instrumentation})
    assert ended.stdout.splitlines() == ["unknown option: nmae", "True", "False False", "True []"], ended.stderr
