"""The repository refers to no other document, and its files for maintainers are true."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = ("arcade_otel", "exporters", "instrumentation", "tests", "docs", "examples", "dashboards", ".ci", ".github")


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
    """Reasons and public sources are stated where they are needed, because a reader has only this repository."""
    outside = re.compile("|".join(["design" + r"\.md", "research" + "/", r"\.\./" + "shared"]))
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in text_files()
        if path.relative_to(ROOT) != Path(".ci/run") and "__pycache__" not in path.parts
        for match in outside.finditer(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_no_file_has_a_line_that_a_merge_left() -> None:
    """Half-resolved conflicts leave ``<<<<<<<``, ``=======`` or ``>>>>>>>`` at the beginning of a line."""
    marker = re.compile(r"^(?:<{7} |>{7} |={7}$).*", re.MULTILINE)
    files = (path for path in text_files() if "__pycache__" not in path.parts)
    found = [f"{path.relative_to(ROOT)}: {match[0]}" for path in files for match in marker.finditer(path.read_text("utf-8"))]
    assert found == []


def test_no_test_holds_a_long_program_that_ruff_and_mypy_do_not_see() -> None:
    """A program of more than 16 lines must be a file in ``tests/programs``. A shorter one may be in the test."""
    found = []
    for path in (ROOT / "tests").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                not isinstance(node, ast.Constant)
                or not isinstance(node.value, str)
                or len(node.value.strip().splitlines()) <= 16
            ):
                continue
            if re.search(r"^ *(?:import|from) \w", node.value, re.MULTILINE):
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert found == []


def test_every_file_that_a_page_names_is_there() -> None:
    """A page names a test or a module by its path, which changes when files are moved."""
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *(ROOT / "docs").rglob("*.md")]
    named = re.compile(r"`((?:arcade_otel|exporters|tests|docs|examples|\.ci|\.github)/[\w./-]*)`")
    missing = [
        f"{page.relative_to(ROOT)}: {path}"
        for page in pages
        for path in named.findall(page.read_text(encoding="utf-8"))
        if not (ROOT / path).exists()
    ]
    assert missing == []


def test_the_architecture_page_has_a_sentence_and_a_box_for_each_package() -> None:
    """A reader looks at the tree, and finds the same names on the page and in its picture."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    picture = (ROOT / "docs" / "architecture.svg").read_text(encoding="utf-8")
    packages = sorted(path.parent.name for path in (ROOT / "arcade_otel").glob("*/__init__.py"))
    assert len(packages) > 8
    assert [name for name in packages if f"| `arcade_otel/{name}/` | " not in page] == []
    assert [name for name in packages if f">{name}<" not in picture] == []
    assert not re.search(r"url\((?!#)|@import|href=", picture), "it is loaded from elsewhere"


def test_the_glossary_has_ten_to_fifteen_terms_that_the_documentation_uses() -> None:
    """There is one word per thing, in alphabetical order. A reader would not learn more terms."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    terms = re.findall(r"^\| ([^|]+?) \| ", page.partition("## Glossary")[2], re.MULTILINE)[1:]
    assert 10 <= len(terms) <= 15
    assert terms == sorted(terms, key=str.lower)
    assert [term for term in terms if "," in term] == []
    pages = [path.read_text(encoding="utf-8") for path in (ROOT / "docs").rglob("*.md") if path.name != "architecture.md"]
    assert [term for term in terms if not any(term.lower() in text.lower() for text in pages)] == []


def test_the_contributing_table_names_what_the_code_has() -> None:
    """Each of the six additions leads to a function or table that exists in the file that the row names."""
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = {row[0]: row[1] for row in re.findall(r"^\| (an? [a-z ]+) \| (.+?) \|", page, re.MULTILINE)}
    assert set(rows) == {"an exporter", "a property", "a framework", "a consent rule", "a setting", "a usage command"}
    named = re.findall(r"`(\w+)(?:\(\))?` (?:of|in) `([\w/.]+\.py)`", " ".join(rows.values()))
    assert len(named) >= 6
    for name, path in named:
        assert re.search(rf"^(def|class) {name}\b|^{name}\b.* = ", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE), name


def test_ci_covers_every_python_that_is_supported_and_pins_every_action() -> None:
    """An action is named by a commit: a tag can be moved by whoever takes over its repository."""
    workflows = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / ".github" / "workflows").glob("*.yml")}
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    supported = set(re.findall(r"Programming Language :: Python :: (3\.\d+)", project))
    tested = set(re.findall(r'"(3\.\d+)"', re.findall(r"^ +python: \[(.+)\]$", workflows["ci.yml"], re.MULTILINE)[0]))
    assert supported <= tested
    used = [action for text in workflows.values() for action in re.findall(r"uses: ([^\s.]\S*)", text)]
    assert len(used) > 8
    assert [action for action in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action)] == []


def test_the_quick_tests_that_ci_runs_everywhere_are_there() -> None:
    """A missing path would otherwise fail only on the machines of a pull request."""
    listed = (ROOT / ".ci" / "quick-tests.txt").read_text(encoding="utf-8").split()
    assert len(listed) > 5
    assert [path for path in listed if not (ROOT / path).exists()] == []
