"""If the config directory cannot be used, a usage command that changes something says so and never reports success."""

import json
from pathlib import Path

import pytest

from tests.support.machine import Machine

pytestmark = pytest.mark.posix  # the modes of files


@pytest.mark.parametrize("command", ["enable", "disable", "flush", "forget"])
@pytest.mark.parametrize("fault", ["no home", "a file in its place", "others can write it"])
def test_a_command_that_cannot_do_its_work_exits_with_1(machine: Machine, tmp_path: Path, command: str, fault: str) -> None:
    """The command says why, has no result, and writes no file."""
    place = tmp_path / "place"
    environ: dict[str, str | None] = {"ARCADE_WORK_DIR": str(place), "ARCADE_USAGE_STRICT": None}
    if fault == "no home":
        environ = {"HOME": "/nonexistent", "ARCADE_USAGE_STRICT": None}
    elif fault == "a file in its place":
        place.write_text("something else")
    else:
        place.mkdir()
        place.chmod(0o777)
    machine.program("usage", "import sys\nfrom arcade_otel.cli.console import main\nsys.exit(main())")
    ended = machine.run(command, "--json", program="usage", environ=environ)
    assert ended.returncode == 1, ended.stdout
    result = json.loads(ended.stdout)
    assert list(result) == ["problem"]
    assert result["problem"].startswith(f"{command}: ")
    if fault == "a file in its place":
        assert place.read_text() == "something else"
    else:
        assert not place.exists() or [path for path in place.rglob("*") if not path.is_dir()] == []
