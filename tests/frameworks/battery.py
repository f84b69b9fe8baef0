"""Runs a program's command lines in two processes, one bare and one instrumented, and compares what they do."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from arcade_otel.conventions import NOTICE_VERSION
from tests.frameworks.recording import PRELUDE, spans

__all__ = ["Ended", "run_all"]

#: What follows the program, which defines ``main()``. Each command line runs as if it were its own process.
DRIVER = """
import contextlib, io, json, sys, traceback
results = []
for words in json.loads(os.environ["WORDS"]):
    sys.argv = ["tool", *words]
    out, err = io.StringIO(), io.StringIO()
    out.close = err.close = lambda: None
    code = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else 0 if error.code is None else 1
            if isinstance(error.code, str):
                print(error.code, file=sys.stderr)
        except BaseException:
            code = 1
            traceback.print_exc()
    results.append((code, out.getvalue(), err.getvalue()))
    if os.environ.get("OUT"):
        with open(os.environ["OUT"], "a") as file:
            file.write("--\\n")
print(json.dumps(results))
"""


class Ended(NamedTuple):
    """How one command line ended, and the spans that it handed over: ``(name, attributes)``."""

    exit_code: int
    stdout: str
    stderr: str
    spans: list[tuple[str, dict[str, Any]]]


def run_all(folder: Path, source: str, command_lines: list[list[str]], python: str = sys.executable) -> list[Ended]:
    """Run each command line with and without us, and check that output, errors and exit codes are the same."""
    program = folder / "tool.py"
    program.write_text(PRELUDE + source + DRIVER)
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
