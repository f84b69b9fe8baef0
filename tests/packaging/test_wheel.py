"""The installed distribution: one wheel with two import roots, from the tree, the sdist, or editable."""

import json
import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from arcade_otel import conventions
from tests.support.programs import read_program

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.timeout(300)

# Run by the fresh interpreter; what it prints is the test's evidence.
LOOK = read_program("packaging/look_at_the_installation")
POINTS = {
    "opentelemetry_traces_exporter:posthog": "PostHogSpanExporter",
    "opentelemetry_resource_detector:arcade_identity": "IdentityResourceDetector",
}


def _python(*arguments: str, python: str = sys.executable, home: Path, cwd: Path) -> str:
    kept = {name: os.environ[name] for name in os.environ if name.startswith(("PATH", "PIP_", "SSL_"))}
    ended = subprocess.run(
        [python, *arguments],
        env={**kept, "HOME": str(home), "LANG": "C.UTF-8", "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def _fresh(folder: Path) -> str:
    """Make an environment that sees this environment's packages, except this library. Nothing is downloaded."""
    venv.create(folder, with_pip=False)
    python = str(folder / "bin" / "python")
    scheme = "venv" if "venv" in sysconfig.get_scheme_names() else "posix_prefix"
    place = Path(sysconfig.get_path("purelib", scheme, {"base": str(folder)}))
    # The .pth files of a folder that is added so are not read: our own editable installation there does not come along.
    (place / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return python


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel and the sdist. The wheel is built from the sdist, as on an index."""
    folder = tmp_path_factory.mktemp("dist")
    _python("-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT), home=folder, cwd=folder)
    return folder


def test_the_wheel_holds_both_packages_their_types_and_nothing_else(built: Path) -> None:
    """Tests and examples are not in the wheel. The sender's directory ``launch`` is."""
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert wheel.name == f"arcade_otel-{conventions.__version__}-py3-none-any.whl"
    assert {
        "arcade_otel/py.typed",
        "arcade_otel/testing/__init__.py",
        *(f"arcade_otel/cli/view/page/{name}" for name in ("index.html", "page.css", "page.js", "icon.svg")),
        "arcade_otel_exporters/py.typed",
        "arcade_otel/sender/launch/__main__.py",
    } <= names
    tops = {name.split("/")[0] for name in names}
    assert tops == {"arcade_otel", "arcade_otel_exporters", f"arcade_otel-{conventions.__version__}.dist-info"}
    sources = {str(path.relative_to(ROOT)) for path in (ROOT / "arcade_otel").rglob("*.py")}
    assert sources <= names


def test_the_sdist_can_be_tested(built: Path) -> None:
    """Packagers of a distribution run the tests of the sdist."""
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {
        "tests/support/machine.py",
        "examples/demo.py",
        "Makefile",
        ".ci/setup",
        "LICENSE",
        "README.md",
        "CHANGELOG.md",
    } <= names


@pytest.mark.posix
def test_a_second_build_is_the_same_to_the_byte(built: Path, tmp_path: Path) -> None:
    """So anyone can check that the package on the index was built from this source. It contains no clock and no umask."""
    again = tmp_path / "again"
    mask = os.umask(0o077)
    try:
        _python("-m", "build", "--no-isolation", "--outdir", str(again), str(ROOT), home=tmp_path, cwd=tmp_path)
    finally:
        os.umask(mask)
    first = {path.name: path.read_bytes() for path in built.iterdir()}
    second = {path.name: path.read_bytes() for path in again.iterdir()}
    assert len(first) == 2
    assert [name for name in first if second[name] != first[name]] == []


def test_the_licences_of_what_others_made_come_along(built: Path) -> None:
    """The patterns of secrets are CredSweeper's and gitleaks' (MIT). Their licence must be in every copy."""
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        licences = {name.partition("/licenses/")[2]: archive.read(name) for name in archive.namelist() if "/licenses/" in name}
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert set(licences) == {"LICENSE", "LICENSES/CredSweeper.txt", "LICENSES/gitleaks.txt"} <= names
    assert all(b"Permission is hereby granted" in licences[f"LICENSES/{name}.txt"] for name in ("CredSweeper", "gitleaks"))


def test_the_sdist_holds_nothing_that_the_repository_does_not(built: Path) -> None:
    """The sdist has no virtual environment, cache, key, log or archive of a developer."""
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        members = archive.getmembers()
    assert all(member.isfile() or member.isdir() for member in members), "no links"
    names = {member.name.partition("/")[2] for member in members if member.isfile()} - {"PKG-INFO"}
    tops = {name.partition("/")[0] for name in names}
    assert tops <= {
        *(".ci", ".github", ".gitignore", ".pre-commit-config.yaml", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "LICENSES"),
        *("Makefile", "README.md", "SECURITY.md", "arcade_otel", "docs", "examples", "exporters", "mkdocs.yml", "pyproject.toml"),
        *("tests", "dashboards", "instrumentation"),
    }
    suffixes = {Path(name).suffix for name in names if "/" in name}
    assert not suffixes & {".pyc", ".so", ".log", ".env", ".pem", ".key", ".gz", ".whl", ".db"}


@pytest.mark.parametrize("how", ["wheel", "editable"])
def test_an_installation_has_both_packages_and_its_entry_points(built: Path, tmp_path: Path, how: str) -> None:
    """The library is installed from the wheel, and by ``pip install -e .``.

    It is then imported in a working directory that has neither package.
    """
    python = _fresh(tmp_path / "venv")
    (wheel,) = built.glob("*.whl")
    what = [str(wheel)] if how == "wheel" else ["--no-build-isolation", "--editable", str(ROOT)]
    _python(
        "-m",
        "pip",
        "--python",
        python,
        "install",
        "--quiet",
        "--no-deps",
        "--ignore-installed",
        *what,
        home=tmp_path,
        cwd=tmp_path,
    )
    found = json.loads(_python("-c", LOOK, python=python, home=tmp_path, cwd=tmp_path))
    assert found["points"] == POINTS
    assert found["version"] == [conventions.__version__] * 2
    for name in ("library", "exporters"):
        assert Path(found[name]).is_relative_to(tmp_path / "venv" if how == "wheel" else ROOT)
