"""A broken or hostile exporter package costs only its own lane. PostHog's events arrive, and no command fails."""

from pathlib import Path

import pytest

from arcade_otel.testing import FakePostHog
from tests.support.machine import Machine

#: What the package does when it is imported.
ON_IMPORT = {
    "is not there": "raise ModuleNotFoundError(name='gone')",
    "does not compile": "def (",
    "raises": "raise RuntimeError('broken')",
    "asks to leave": "raise SystemExit(3)",
    "was interrupted": "raise KeyboardInterrupt",
    "raises what is nobody's": "class Strange(BaseException): pass\nraise Strange",
    "has no such class": "",
    "never ends": "import time\nwhile True: time.sleep(1)",
    "recurses": "def deeper(): deeper()\ndeeper()",
    "takes the streams": "import os\nfor stream in (0, 1, 2): os.close(stream)\nraise RuntimeError",
    "is no exporter": "class Theirs: pass",
}


def install(machine: Machine, source: str) -> Path:
    """Put a package with an exporter called ``theirs`` where the sender imports from."""
    roots = machine.root / "site"
    info = roots / "theirs-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[opentelemetry_traces_exporter]\ntheirs = theirs:Theirs\n")
    (roots / "theirs.py").write_text(f"open({str(machine.root / 'seen')!r}, 'w').close()\n{source}\n")
    return roots


@pytest.mark.parametrize("what", ON_IMPORT)
def test_an_exporter_that_cannot_be_imported_holds_up_no_other(machine: Machine, posthog: FakePostHog, what: str) -> None:
    """PostHog has the event, the span of the broken exporter waits, and the sender ends within its 10 seconds."""
    roots = install(machine, ON_IMPORT[what])
    machine.environ["OTEL_TRACES_EXPORTER"] = "theirs,posthog"
    machine.program(
        "tool",
        "import arcade_otel\nwith arcade_otel.command('one', name='tool', version='1', live_spans=False):\n    pass\n",
    )
    ended = machine.run(environ={"PYTHONPATH": str(roots)})
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    posthog.wait_for(posthog.visible)
    machine.settle()
    assert "is not installed" not in machine.log, "it was found"
    assert (machine.root / "seen").exists() == (what != "does not compile"), "it ran"
    assert len(machine.queued("theirs")) == 1
    assert [event.properties["command_name"] for event in posthog.visible()] == ["one"]
