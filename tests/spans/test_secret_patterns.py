"""The rules of a maintained source find tokens and keys of known shapes, and no rule makes a command wait."""

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from arcade_otel.spans.redaction import redact
from arcade_otel.spans.secret_patterns import RULES
from tests.benchmarks import counter

PATTERNS = [pytest.param(texts, pattern, id=name) for name, texts, patterns in RULES for pattern in patterns]


@pytest.mark.parametrize(("texts", "pattern"), PATTERNS)
@settings(max_examples=10, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_whatever_has_the_shape_is_taken_out(texts: tuple[str, ...], pattern: str, data: st.DataObject) -> None:
    """The secret is generated from the pattern itself. Only secrets within the length limit of messages are tested."""
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
    """The rules have a hundred shapes, and include the usual clouds, forges and AI models."""
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


SEEDS = ("eyJ", "LS0t", "-----BEGIN A-----", "a@", "1.", "a:", "'", "/a ", "password=", "ghp_", "key-", "x")
FILLERS = ("", "a", "A1", "=", " ", ".", "/", "eyJ", "-")
LIMIT = 100_000_000


@pytest.mark.timeout(300)
def test_no_message_costs_more_than_100_million_instructions(tmp_path: Path) -> None:
    """The limit stands for 25 ms. The messages repeat the starts of patterns, up to the length that the library reads.

    Instructions are counted only for the messages that are slowest by the clock. The clock ranks messages, but is too inexact for
    the limit.
    """
    timed = {}
    for text in (seed + filler for seed in SEEDS for filler in FILLERS):
        message = f"{(text * 2000)[:1980]} end"
        redact(message, quoted=[])  # patterns are compiled now
        began = time.perf_counter()
        redact(message, quoted=[])
        timed[message] = time.perf_counter() - began
    environ = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).parents[2])}
    program = tmp_path / "worst.py"
    program.write_text("import sys\nfrom arcade_otel.spans.redaction import redact\nredact(sys.argv[1], quoted=[])\n")
    slowest = sorted(timed, key=lambda message: timed[message])[-2:]
    subprocess.run([sys.executable, str(program), "x"], env=environ, check=True)  # writes every *.pyc
    nothing = counter.count([sys.executable, str(program), "x"], environ, tmp_path)
    for message in slowest:
        spent = counter.count([sys.executable, str(program), message], environ, tmp_path) - nothing
        assert spent <= LIMIT, f"{message[:20]}: {spent / 1_000_000:.0f} M"
