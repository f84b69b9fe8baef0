"""Tokens and keys of known shapes, by rules of a kept source: each is found, and none makes a command wait."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from arcade_otel.redaction import redact
from arcade_otel.secret_patterns import RULES
from tests.benchmarks import counter

PATTERNS = [pytest.param(texts, pattern, id=name) for name, texts, patterns in RULES for pattern in patterns]


@pytest.mark.parametrize(("texts", "pattern"), PATTERNS)
@settings(max_examples=10, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_whatever_has_the_shape_is_taken_out(texts: tuple[str, ...], pattern: str, data: st.DataObject) -> None:
    """Generated from the pattern itself; what comes over the limit of what is told would be no proof."""
    without_lookahead = re.sub(r"\(\?=[^()]*\)", "", pattern)  # which Hypothesis can only meet by chance
    example = data.draw(st.from_regex(without_lookahead, alphabet=st.characters(max_codepoint=126)))
    found = re.search(pattern, example)
    if found is None or len(example) > 1500 or not any(text in example.lower() for text in texts):
        return  # a condition in front of it that is not met at the start of a text
    secret = found.group("value")
    told = redact(f"refused: {example}")
    assert secret not in told
    assert secret[:16] not in told.replace("<redacted>", "")


def test_there_are_rules_for_those_whose_tokens_a_command_line_meets() -> None:
    """A hundred shapes, the usual clouds, forges and models among them."""
    names = {name for name, _, _ in RULES}
    assert len(names) >= 100
    for vendor in (
        "AWS",
        "Azure",
        "Google",
        "Github",
        "Gitlab",
        "Slack",
        "Stripe",
        "OpenAI",
        "Anthropic",
        "NPM",
        "PyPi",
        "PostHog",
    ):
        assert any(vendor in name for name in names), vendor


@pytest.mark.parametrize(
    "seed", ["eyJ", "LS0t", "-----BEGIN A-----", "a@", "1.", "a:", "'", "/a ", "password=", "ghp_", "key-", "x"]
)
@pytest.mark.timeout(300)
def test_the_worst_message_costs_at_most_100_million_instructions(tmp_path: Path, seed: str) -> None:
    """A fortieth of a second: repetitions of whatever makes a pattern begin, as long as what is looked at."""
    program = tmp_path / "worst.py"
    program.write_text(
        "import sys\nfrom arcade_otel.redaction import redact\n"
        "for filler in ('', 'a', 'A1', '=', ' ', '.', '/', 'eyJ', '-'):\n"
        "    redact(((sys.argv[1] + filler) * 4000)[:1980] + ' end', quoted=[])\n"
    )
    environ = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).parents[2])}
    assert subprocess.run([sys.executable, str(program), seed], env=environ, check=False, timeout=120).returncode == 0
    nothing = tmp_path / "nothing.py"
    nothing.write_text("import sys\nfrom arcade_otel.redaction import redact\nredact('x', quoted=[])\n")
    spent = counter.count([sys.executable, str(program), seed], environ, tmp_path)
    spent -= counter.count([sys.executable, str(nothing), seed], environ, tmp_path)
    assert spent / 9 <= 100_000_000, f"{spent / 9_000_000:.0f} M"
