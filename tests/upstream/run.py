"""Run the test suites of Click, Typer, cyclopts and cleo, bare and with every command instrumented.

The results of the two runs are compared. ``make upstream`` runs the suites that are on the package index, and
``python -m tests.upstream.run click`` runs one suite. The run needs many minutes, so ``make test`` does not include it. Each
suite runs in an environment of its own, with the sources of its latest release.

The sources of cyclopts on the index have no tests. That suite needs a clone, and runs at the latest tag of the clone:
``python -m tests.upstream.run cyclopts=../cyclopts``.
"""

import os
import subprocess
import sys
import tarfile
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: What a suite needs beside the package and pytest.
SUITES: dict[str, list[str]] = {
    "click": ["trio"],
    "typer": ["shellingham", "rich", "coverage", "pytest-xdist"],
    "cyclopts": [
        *("pytest-mock", "pytest-asyncio", "trio", "pydantic", "pyyaml", "syrupy", "toml", "markdown", "sphinx", "anyio"),
        *("mkdocs", "pymdown-extensions", "pexpect", "docutils"),
    ],
    "cleo": ["pytest-mock"],
}
#: The suites that need a clone.
NOT_ON_THE_INDEX = ("cyclopts",)


def main(words: list[str]) -> int:
    """Compare the suites, and return the exit code of the process."""
    different = 0
    for word in words or [name for name in SUITES if name not in NOT_ON_THE_INDEX]:
        name, _, clone = word.partition("=")
        with tempfile.TemporaryDirectory(prefix=f"upstream-{name}-") as folder:
            bare, ours = results(name, clone, Path(folder))
        changed = {test: (bare.get(test), ours.get(test)) for test in bare | ours if bare.get(test) != ours.get(test)}
        passed = sum(outcome == "passed" for outcome in bare.values())
        print(f"{name}: {len(bare)} tests, {passed} pass bare, {len(changed)} end differently when instrumented", flush=True)
        for test, (before, after) in sorted(changed.items())[:20]:
            print(f"    {test}: {before} -> {after}")
        different += len(changed) + (not passed)
    return int(different > 0)


def results(name: str, clone: str, folder: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Return the outcome of each test, both bare and instrumented."""
    pip = [sys.executable, "-m", "pip", "--quiet", "--quiet", "--disable-pip-version-check"]
    if clone:
        described = ["git", "-C", clone, "describe", "--tags", "--abbrev=0"]
        version = subprocess.run(described, check=True, capture_output=True, text=True).stdout.strip()
        archive = folder / f"{name}.tar"
        subprocess.run(["git", "-C", clone, "archive", f"--prefix={name}/", f"--output={archive}", version], check=True)
    else:
        subprocess.run([*pip, "download", "--no-binary", name, "--no-deps", "--dest", str(folder), name], check=True)
        (archive,) = folder.glob("*.tar.gz")
        version = archive.name.removesuffix(".tar.gz").rpartition("-")[2]
    with tarfile.open(archive) as sources:
        sources.extractall(folder / "src", filter="data")
    (source,) = (folder / "src").iterdir()
    python = str(folder / "venv" / "bin" / "python")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")], check=True)
    ours = [str(ROOT), str(ROOT / "instrumentation")]
    subprocess.run(
        [*pip, "--python", python, "install", str(source), "pytest", "pytest-timeout", *SUITES[name], *ours],
        env={**os.environ, "SETUPTOOLS_SCM_PRETEND_VERSION": version.removeprefix("v")},  # an archive has no history
        check=True,
    )
    print(f"{name} {version}", flush=True)
    return run(python, source, folder / "bare.xml", {}), run(python, source, folder / "ours.xml", recorded(folder))


def recorded(folder: Path) -> dict[str, str]:
    """Return the variables with which each Python instruments every app and counts its spans in ``folder``."""
    plugin = (Path(__file__).parent / "plugin.py").read_text()
    (folder / "plugins").mkdir()
    for name in ("upstream_plugin", "sitecustomize"):
        (folder / "plugins" / f"{name}.py").write_text(plugin)
    return {
        "PYTHONPATH": str(folder / "plugins"),
        "PYTEST_PLUGINS": "upstream_plugin",
        "UPSTREAM_SPANS": str(folder / "spans"),
        "ARCADE_USAGE_TRACKING": "1",
        "ARCADE_USAGE_POSTHOG_API_KEY": "phc_upstream",
        "ARCADE_USAGE_POSTHOG_HOST": "http://127.0.0.1:9",  # nobody listens there, and the plugin hands nothing over
    }


def run(python: str, source: Path, report: Path, variables: dict[str, str]) -> dict[str, str]:
    """Run a suite with these variables, and return the outcome of each test."""
    environ = {"PATH": f"{Path(python).parent}:{os.environ['PATH']}", "HOME": str(report.parent), "LANG": "C.UTF-8"}
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:arcade_otel", "--timeout=300"]
    ended = subprocess.run(
        [*command, f"--junitxml={report}", "tests"],
        cwd=source,
        env={**environ, "PYTHONHASHSEED": "0", **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    print(f"    {(ended.stdout.strip() or ended.stderr).splitlines()[-1]}", flush=True)
    if "UPSTREAM_SPANS" in variables:
        processes = Path(variables["UPSTREAM_SPANS"]).read_text().split()
        print(f"    {len(processes)} spans, of {len(set(processes))} processes", flush=True)
    outcomes = {}
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - pytest has just written it
        kinds = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
        outcomes[f"{case.get('classname')}::{case.get('name')}"] = kinds[0] if kinds else "passed"
    return outcomes


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
