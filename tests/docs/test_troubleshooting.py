"""docs/troubleshooting.md has a section for each line that ``usage doctor`` can print."""

import re
from pathlib import Path

from arcade_otel.cli.doctor.check import NAMES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "troubleshooting.md").read_text()


def test_each_line_of_the_doctor_has_a_section_with_symptom_cause_and_remedy() -> None:
    """The sections are in the order of the lines."""
    _, *sections = re.split(r"^## ", PAGE, flags=re.MULTILINE)
    assert [section.partition("\n")[0] for section in sections] == list(NAMES)
    for section in sections:
        assert re.findall(r"^- \*\*(\w+)\*\*: \S", section, re.MULTILINE) == ["Symptom", "Cause", "Remedy"], section


def test_every_line_that_the_code_makes_is_a_listed_one() -> None:
    """A new check without a section fails this test."""
    made = set()
    for path in (ROOT / "arcade_otel" / "cli" / "doctor").glob("*.py"):
        text = path.read_text()
        made |= {re.sub(r"\{.*?\}", "{}", name) for name in re.findall(r'Check\(\s*f?"((?:[^"{]|\{[^}]*\})*)"', text)}
        made |= set(re.findall(r'^ +name(?:, config_dir)? = "([^"]+)"', text, re.MULTILINE))
    assert {"DNS", "delivery {}", "OpenTelemetry", "config directory"} <= made
    assert made - {"delivery"} <= set(NAMES)
