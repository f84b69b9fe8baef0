"""A maintainer proves with ``arcade_usage`` that no secret leaves.

A deliberate leak is found, and the report says where.
"""

from pathlib import Path

import pytest

from arcade_otel.testing import Canaries, CliSandbox, FakePostHog
from tests.support.programs import read_program
from tests.testing.plugin.project import Project

PROOF = read_program("testing/proof_tests")


def test_a_program_that_keeps_its_secrets_passes(tmp_path: Path, posthog: FakePostHog) -> None:
    """The proof does not touch the developer's own files."""
    project = Project(tmp_path, posthog.url)
    ended = project.pytest(PROOF)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "2 passed" in ended.stdout
    assert posthog.requests == []
    assert list(project.home.iterdir()) == []


def test_a_program_that_tells_everything_is_caught(tmp_path: Path, posthog: FakePostHog) -> None:
    """The report has the secret that was found, its place, and the text around it."""
    ended = Project(tmp_path, posthog.url, leaky=True).pytest(PROOF, "-k", "secret")
    assert ended.returncode == 1
    assert "secrets got into usage data" in ended.stdout
    assert "is in request 0, plain: …" in ended.stdout
    assert "is in .arcade/usage/receipts.jsonl, plain: …" in ended.stdout
    assert "cannot connect to ghp_" in ended.stdout


LEAKS = {
    "the wire": ("arcade_otel.command('x', error_messages=str)", "raise ValueError(secret)", "request 0"),
    "the receipts": ("arcade_otel.command('x', error_messages=str)", "raise ValueError(secret)", "receipts.jsonl"),
    "the hand-off": ("arcade_otel.command('x', error_messages=str)", "raise ValueError(secret)", "the process of sender"),
    "the name of a command": ("arcade_otel.command(secret)", "pass", "request 0"),
    "the debug log": ("arcade_otel.command('x')", "open(os.environ['ARCADE_USAGE_DEBUG'], 'a').write(secret)", "the debug log"),
    "a file": ("arcade_otel.command('x')", "open(os.environ['ARCADE_WORK_DIR'] + '/cache', 'w').write(secret)", ".arcade/cache"),
    "the queue": (
        "arcade_otel.command('x', error_messages=str, sender_command=['/nowhere'])",
        "raise ValueError(secret)",
        "the queue (posthog@",
    ),
    "the process list": (
        "arcade_otel.command('x', sender_command=[*detaching.sender_command(), secret])",
        "pass",
        "the process of sender",
    ),
    "the sender's environment": (
        "arcade_otel.command('x')",
        "os.environ['ARCADE_FROM_A_FILE'] = secret",
        "the process of sender",
    ),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_a_leak_is_found_wherever_it_is(arcade_usage: CliSandbox, arcade_canaries: Canaries, tmp_path: Path, leak: str) -> None:
    """The test has one program for each place, which puts the secret only there if it can."""
    command, block, place = LEAKS[leak]
    program = tmp_path / "program.py"
    program.write_text(
        "import os, sys, arcade_otel\nfrom arcade_otel import handoff as detaching\nsecret = sys.stdin.read()\n"
        f"with {command}:\n    {block}\n"
    )
    arcade_usage.run("python", str(program), input=arcade_canaries.token)
    with pytest.raises(AssertionError) as caught:
        arcade_usage.assert_no_secret(arcade_canaries.slack_token, arcade_canaries.token)
    assert place in str(caught.value)
    assert repr(str(arcade_canaries.token)) in str(caught.value)
    assert arcade_canaries.slack_token not in str(caught.value)


def test_a_variable_that_the_sender_merely_inherits_is_no_leak(arcade_usage: CliSandbox, arcade_canaries: Canaries) -> None:
    """Files that the test puts into the config directory, and the credentials of a login there, are no leak either."""
    arcade_usage.config_dir.mkdir()
    (arcade_usage.config_dir / "settings.toml").write_text(arcade_canaries.token)
    program = (
        "import os, pathlib, arcade_otel\n"
        "with arcade_otel.command('login'):\n"
        "    pathlib.Path(os.environ['ARCADE_WORK_DIR'], 'credentials.yaml').write_text(os.environ['TOKEN'])\n"
    )
    ended = arcade_usage.run("python", "-c", program, env={"TOKEN": arcade_canaries.token})
    assert ended.returncode == 0, ended.stderr
    assert [event.event for event in arcade_usage.events] == ["CLI execution succeeded"]
    arcade_usage.assert_no_secret(arcade_canaries.token)
    with pytest.raises(AssertionError, match=r"credentials\.yaml"):
        arcade_usage.assert_no_secret(arcade_canaries.token, besides=())


def test_where_nothing_was_recorded_nothing_is_proved(arcade_usage: CliSandbox, arcade_canaries: Canaries) -> None:
    """Otherwise a program without ``instrument()`` would pass."""
    program = "import arcade_otel\nwith arcade_otel.command('x'):\n    pass\n"
    arcade_usage.run("python", "-c", program, env={"DO_NOT_TRACK": "1"})
    with pytest.raises(AssertionError, match="nothing was recorded"):
        arcade_usage.assert_no_secret(arcade_canaries.token)
    arcade_usage.run("python", "-c", program)
    arcade_usage.assert_no_secret(arcade_canaries.token)
    with pytest.raises(ValueError, match="too short"):
        arcade_usage.assert_no_secret("abc")
    with pytest.raises(ValueError, match="planted"):
        arcade_usage.assert_no_secret()


def test_what_cannot_be_delivered_waits_and_is_looked_at(arcade_usage: CliSandbox) -> None:
    """The proof also works while the server is down."""
    arcade_usage.posthog.stop()
    program = (
        "import arcade_otel\nwith arcade_otel.command('x', error_messages=str):\n    raise ValueError('open sesame, please')\n"
    )
    arcade_usage.run("python", "-c", program)
    assert arcade_usage.events == []
    (waiting,) = arcade_usage.queue
    assert "sesame" in waiting.read_text()
    with pytest.raises(AssertionError, match="queue"):
        arcade_usage.assert_no_secret("open sesame, please")
