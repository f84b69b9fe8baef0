"""The same proof without a warm interpreter and without replacements: real programs and senders, by the public fixtures."""

import os
import sys
from pathlib import Path

import pytest

from arcade_otel.testing import Canaries, CliSandbox
from tests.privacy.scenarios import PROGRAMS

pytestmark = pytest.mark.posix  # imports modules that Windows lacks, or needs signals, users or file modes

CASES = [
    ("typer", "error"),
    ("typer", "unknown command"),
    ("typer", "login"),
    ("click", "click usage"),
    ("click", "exit text"),
    ("click", "logout"),
    ("plain", "interrupt"),
    ("plain", "cause"),
]


@pytest.mark.parametrize("place", range(len(CASES)), ids=[" ".join(case) for case in CASES])
def test_real_programs_tell_no_canary(arcade_usage: CliSandbox, arcade_canaries: Canaries, tmp_path: Path, place: int) -> None:
    """Canaries are on the command line, in the environment, the config directory, the paths and the error.

    Each case has others.
    """
    framework, ending = CASES[place]
    planted = list(arcade_canaries)
    told = [planted[(2 * place + number) % len(planted)] for number in range(3)]
    folder = tmp_path / arcade_canaries.token
    folder.mkdir()
    config = arcade_usage.config_dir / "settings.toml"
    config.parent.mkdir()
    config.write_text("\n".join(planted))
    arcade_usage.posthog.arcade.add(api_key=arcade_canaries.github_token, principal_id="somebody")
    if ending == "login":
        (arcade_usage.config_dir / "credentials.yaml").write_text(
            f"cloud:\n  api:\n    key: {arcade_canaries.github_token}\n  coordinator_url: {arcade_usage.posthog.url}\n"
        )
    spec = {
        "name": "tool",
        "ending": {"login": "success", "logout": "success"}.get(ending, ending),
        "text": "; ".join(f"could not use {canary}!" for canary in told),
        "canary": told[0],
        "files": [str(config)],
    }
    program = folder / "tool.py"
    program.write_text(f"spec = {spec!r}\n{PROGRAMS[framework]}")
    command = ending if ending in ("login", "logout") else "run"
    words = [told[0]] if ending == "unknown command" else [command, "--opt", told[1], f"-o{told[2]}", arcade_canaries.openai_key]
    ended = arcade_usage.run(
        *(sys.executable, str(program), *words),
        env={
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            **{f"VARIABLE_{number}": canary for number, canary in enumerate(planted)},
        },
        cwd=folder,
    )
    assert ended.returncode == (
        0 if ending in ("login", "logout") else {"unknown command": 2, "click usage": 2}.get(ending, 1)
    ) or (ending == "interrupt" and ended.returncode < 0), ended.stderr
    delivered = [event for event in arcade_usage.events if event.event.startswith("CLI execution")]
    assert len(delivered) == 1
    if ending not in ("unknown command", "click usage"):  # the body of the command ran, and quoted the canaries in free texts
        (acted,) = [event for event in arcade_usage.events if event.event == "acted"]
        notes = [delivered[0].properties["note"], delivered[0].properties["last_note"], acted.properties["note"]]
        assert [note.count("could not use <") for note in notes] == [3, 3, 3], notes
    if ending == "login":
        assert delivered[0].distinct_id == "somebody"
    arcade_usage.assert_no_secret(*planted)
