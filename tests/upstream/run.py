"""Run the test suites of Click, Typer, cyclopts and cleo, bare and with every command instrumented.

The results of the two runs are compared. ``make upstream`` runs all suites, and ``python -m tests.upstream.run click`` runs one
suite. The run needs a package index and some minutes, so ``make test`` does not include it. Each suite runs in an environment of
its own, with the sources of its latest release.
"""

import os
import subprocess
import sys
import tarfile
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: What a suite needs beside the package and pytest, and arguments for pytest.
SUITES: dict[str, tuple[list[str], list[str]]] = {
    "click": (["trio"], []),
    "typer": (["shellingham", "rich", "coverage", "pytest-xdist"], ["--ignore=tests/test_tutorial"]),
    "cyclopts": (
        ["pytest-mock", "pytest-asyncio", "trio", "pydantic", "pyyaml", "syrupy", "toml", "markdown", "sphinx", "anyio"],
        [],
    ),
    "cleo": (["pytest-mock"], []),
}


def main(names: list[str]) -> int:
    """Compare the suites, and return the exit code of the process."""
    different = 0
    for name in names or list(SUITES):
        with tempfile.TemporaryDirectory(prefix=f"upstream-{name}-") as folder:
            bare, ours = results(name, Path(folder))
        changed = {test: (bare.get(test), ours.get(test)) for test in bare | ours if bare.get(test) != ours.get(test)}
        passed = sum(outcome == "passed" for outcome in bare.values())
        print(f"{name}: {len(bare)} tests, {passed} pass bare, {len(changed)} end differently when instrumented", flush=True)
        for test, (before, after) in sorted(changed.items())[:20]:
            print(f"    {test}: {before} -> {after}")
        different += len(changed) + (not passed)
    return int(different > 0)


def results(name: str, folder: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Return the outcome of each test, both bare and instrumented."""
    needs, arguments = SUITES[name]
    pip = [sys.executable, "-m", "pip", "--quiet", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "download", "--no-binary", name, "--no-deps", "--dest", str(folder), name], check=True)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as sources:
        sources.extractall(folder / "src", filter="data")
    (source,) = (folder / "src").iterdir()
    python = str(folder / "venv" / "bin" / "python")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")], check=True)
    ours = [str(ROOT), str(ROOT / "instrumentation")]
    subprocess.run([*pip, "--python", python, "install", str(source), "pytest", *needs, *ours], check=True)
    bare = run(python, source, folder / "bare.xml", arguments)
    return bare, run(python, source, folder / "ours.xml", [*arguments, "-p", "upstream_plugin"])


def run(python: str, source: Path, report: Path, arguments: list[str]) -> dict[str, str]:
    """Run a suite, and return the outcome of each test."""
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(report.parent),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(report.parent / "plugins"),
        "ARCADE_USAGE_TRACKING": "1",
        "ARCADE_USAGE_POSTHOG_API_KEY": "phc_upstream",
        "ARCADE_USAGE_POSTHOG_HOST": "http://127.0.0.1:9",  # nobody listens there, and the plugin hands nothing over
        "PYTHONHASHSEED": "0",
    }
    (report.parent / "plugins").mkdir(exist_ok=True)
    (report.parent / "plugins" / "upstream_plugin.py").write_bytes((Path(__file__).parent / "plugin.py").read_bytes())
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:arcade_otel", f"--junitxml={report}", *arguments]
    ended = subprocess.run(
        [*command, "tests"],
        cwd=source,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line for line in ended.stdout.splitlines() if line.endswith(" spans") or " passed" in line or " error" in line]
    print(f"    {', '.join(line.strip() for line in lines[-2:]) or ended.stderr[-500:]}", flush=True)
    outcomes = {}
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - pytest has just written it
        kinds = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
        outcomes[f"{case.get('classname')}::{case.get('name')}"] = kinds[0] if kinds else "passed"
    return outcomes


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
