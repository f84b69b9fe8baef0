"""Run a program's command lines in two processes, one bare and one instrumented, and compare what they do."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from arcade_otel.conventions import NOTICE_VERSION
from tests.frameworks.recording import RECORDER, spans
from tests.support.programs import read_program

__all__ = ["HELPERS", "Ended", "run_all"]

#: Calls ``main()`` of the program. Each command line runs as if it were its own process.
DRIVER = read_program("frameworks/driver")
#: What the programs of frameworks without an adapter share.
HELPERS = read_program("frameworks/table_helpers")


class Ended(NamedTuple):
    """How one command line ended, and the spans that it passed on: ``(name, attributes)``."""

    exit_code: int
    stdout: str
    stderr: str
    spans: list[tuple[str, dict[str, Any]]]


def run_all(folder: Path, source: str, command_lines: list[list[str]], python: str = sys.executable) -> list[Ended]:
    """Run each command line with and without this library, and check that output, errors and exit codes are the same."""
    program = folder / "driver.py"
    for name, text in (("tool", source), ("driver", DRIVER), ("recorder", RECORDER), ("table_helpers", HELPERS)):
        (folder / f"{name}.py").write_text(text)
    config = folder / "config"
    (config / "usage").mkdir(parents=True, exist_ok=True)
    (config / "usage" / "notice").write_text(str(NOTICE_VERSION))
    out = folder / "out"
    out.unlink(missing_ok=True)
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "COLUMNS": "100",
        "ARCADE_WORK_DIR": str(config),
        "ARCADE_USAGE_STRICT": "1",
        "WORDS": json.dumps(command_lines),
    }
    bare, ours = (json.loads(_output([python, str(program)], {**environ, **extra}, folder)) for extra in ({}, {"OUT": str(out)}))
    assert len(bare) == len(command_lines)
    for words, without, within in zip(command_lines, bare, ours, strict=True):
        if sys.version_info < (3, 11):
            # Python 3.10 cannot raise an exception again without the frame: cleo's, cliff's and usage errors' tracebacks have it.
            within[2] = re.sub(r'  File "[^"]*/arcade_otel/[^"]*", .*\n    .*\n', "", within[2])
        assert without == within, words
    found = []
    for number, handed_over in enumerate(out.read_text().split("--\n")[:-1]):
        part = folder / f"out-{number}"
        part.write_text(handed_over)
        code, stdout, stderr = ours[number]
        found.append(Ended(code, stdout, stderr, spans(part)))
    return found


def _output(command: list[str], environ: dict[str, str], folder: Path) -> str:
    ended = subprocess.run(
        command, env=environ, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=90, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout
