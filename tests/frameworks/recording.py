"""Run a program twice, with and without this library. Return what was recorded and whether anything else differs."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

from arcade_otel.conventions import NOTICE_VERSION
from tests.support.programs import read_program
from tests.support.warm_start import WarmStart, warm_start

__all__ = ["Run", "run", "spans"]

#: Module that lies beside each program: hand-overs go to a file; without OUT nothing of ours runs at all.
RECORDER = read_program("frameworks/recorder")
#: What a program in a test, which is no file of ``tests/programs``, need not import.
HEADER = "import os\nfrom recorder import instrument\n"


class Run:
    """How a program ended, and the spans that it passed on: ``(name, attributes)``."""

    def __init__(self, ended: "subprocess.CompletedProcess[bytes]", recorded: list[tuple[str, dict[str, Any]]]) -> None:
        self.exit_code = ended.returncode
        self.stdout = ended.stdout
        self.stderr = ended.stderr
        self.spans = recorded


def spans(path: Path) -> list[tuple[str, dict[str, Any]]]:
    """Return the spans that were passed on."""
    found = []
    for line in path.read_text().splitlines() if path.exists() else ():
        span = json.loads(line)["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
        attributes = {}
        for attribute in span["attributes"]:
            ((kind, value),) = attribute["value"].items()
            attributes[attribute["key"]] = int(value) if kind == "intValue" else value
        found.append((span["name"], attributes))
    return found


def run(folder: Path, source: str, *arguments: str, terminal: bool = False, environ: dict[str, str] | None = None) -> Run:
    """Run the program with and without this library, and check that output, errors and exit code are the same, byte for byte."""
    program = folder / "tool.py"
    source = source if "from recorder import" in source else HEADER + source
    if not program.exists() or program.read_text() != source:
        program.write_text(source)
    (folder / "recorder.py").write_text(RECORDER)
    config = folder / "config"
    (config / "usage").mkdir(parents=True, exist_ok=True)
    (config / "usage" / "notice").write_text(str(NOTICE_VERSION))
    out = folder / "out"
    out.unlink(missing_ok=True)
    basis = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "ARCADE_WORK_DIR": str(config),
        "ARCADE_USAGE_STRICT": "1",
        **(environ or {}),
    }
    command = [sys.executable, str(program), *arguments]
    ended = [_ended(command, changes, folder, terminal=terminal) for changes in (basis, {**basis, "OUT": str(out)})]
    without, ours = ended
    assert (ours.returncode, ours.stdout, ours.stderr) == (without.returncode, without.stdout, without.stderr)
    return Run(ours, spans(out))


def _ended(command: list[str], environ: dict[str, str], folder: Path, *, terminal: bool) -> "subprocess.CompletedProcess[bytes]":
    if not terminal and WarmStart.can_run(environ):
        return warm_start().run(command[1:], env=environ, cwd=folder)
    if not terminal:
        return subprocess.run(
            command, env=environ, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False
        )
    ours, theirs = pty.openpty()
    try:
        process = subprocess.Popen(command, env=environ, cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs)
        os.close(theirs)
        shown = b""
        while True:
            try:
                some = os.read(ours, 65536)
            except OSError:
                break  # the other end was closed
            if not some:
                break
            shown += some
    finally:
        os.close(ours)
    return subprocess.CompletedProcess(command, process.wait(60), shown, b"")
