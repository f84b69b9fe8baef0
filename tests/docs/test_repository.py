"""The repository stands alone, and its files for maintainers say what is true."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = ("arcade_otel", "exporters", "tests", "docs", "examples", "dashboards", ".ci", ".github")


def text_files() -> Iterator[Path]:
    """Yield the files that a person wrote."""
    yield from (path for path in ROOT.iterdir() if path.is_file() and path.suffix in (".md", ".toml", ".yml", ".yaml"))
    for name in SOURCES:
        for path in (ROOT / name).rglob("*"):
            if path.is_file() and path.suffix in (
                ".py",
                ".md",
                ".toml",
                ".yml",
                ".yaml",
                ".js",
                ".html",
                ".css",
                ".json",
                ".c",
                "",
            ):
                yield path


def test_no_file_refers_to_a_document_that_is_not_in_the_repository() -> None:
    """Reasons and public sources are stated where they are needed: a stranger has nothing but this repository."""
    outside = re.compile("|".join(["design" + r"\.md", "research" + "/", r"\.\./" + "shared"]))
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in text_files()
        if path.relative_to(ROOT) != Path(".ci/run") and "__pycache__" not in path.parts
        for match in outside.finditer(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_every_file_that_a_page_names_is_there() -> None:
    """A page that names a test or a module names it by its path, which moves with the next restructuring."""
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *(ROOT / "docs").rglob("*.md")]
    named = re.compile(r"`((?:arcade_otel|exporters|tests|docs|examples|\.ci|\.github)/[\w./-]*)`")
    missing = [
        f"{page.relative_to(ROOT)}: {path}"
        for page in pages
        for path in named.findall(page.read_text(encoding="utf-8"))
        if not (ROOT / path).exists()
    ]
    assert missing == []
