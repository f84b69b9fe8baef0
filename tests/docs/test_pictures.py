"""The pictures in the documentation show the current state."""

import html
import re
import subprocess
import sys
from pathlib import Path

from arcade_otel.cli.report.questions import load_questions

ROOT = Path(__file__).parents[2]


def words(text: str) -> list[str]:
    """Return the text that is the same in each run: without IDs, numbers and the frames of tables."""
    text = re.sub(r"\b[0-9a-f]{8}-[0-9a-f]{3}\b", "ID", text)
    return re.findall(r"[A-Za-z$@<>._'-]{2,}", re.sub(r"\d+(\.\d+)?", "N", text))


def test_the_picture_of_the_demo_shows_what_the_demo_prints(tmp_path: Path) -> None:
    """``make pictures`` draws the picture, which loads nothing from elsewhere."""
    picture = (ROOT / "docs" / "demo.svg").read_text(encoding="utf-8")
    assert not re.search(r"url\((?!#)|@import|href=", picture)
    shown = html.unescape(" ".join(re.findall(r"<text[^>]*>([^<]*)</text>", picture))).replace("\xa0", " ")
    ended = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "demo.py")],
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "LANG": "C.UTF-8", "COLUMNS": "120"},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout
    assert sorted(words(shown)) == sorted(["make", "demo", *words(ended.stdout)])


def test_each_question_of_the_dashboard_has_its_picture_on_the_page() -> None:
    """``make pictures`` draws the pictures. A picture of a question that no longer exists is removed."""
    names = [question.name for question in load_questions()]
    pictures = sorted((ROOT / "docs" / "dashboards").iterdir())
    assert [path.name for path in pictures] == sorted(f"{name}.png" for name in names)
    assert [path.name for path in pictures if not path.read_bytes().startswith(b"\x89PNG")] == []
    page = (ROOT / "docs" / "dashboards.md").read_text(encoding="utf-8")
    assert re.findall(r"^!\[.+\]\(dashboards/(.+)\.png\)$", page, re.MULTILINE) == names
