"""The jobs on the page about containers and CI are run command by command.

Their events arrive although every sender is killed.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from arcade_otel.testing import FakePostHog
from tests.support.machine import Machine

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "containers.md").read_text(encoding="utf-8")
JOBS = [next(iter(job.values())) for job in (yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))]


def commands(job: dict[str, Any]) -> list[str]:
    """Return the commands of a job of GitHub or GitLab."""
    if "steps" in job:
        return [step["run"] for step in job["steps"]]
    return [*job["script"], *job["after_script"]]


@pytest.mark.parametrize("job", [job.get("build", job) for job in JOBS], ids=["github", "gitlab"])
def test_a_jobs_events_arrive_by_its_last_step(machine: Machine, posthog: FakePostHog, job: dict[str, Any]) -> None:
    """The sender of each command is killed when the command ends, as the end of a step may do."""
    found = re.search(r'```python title="mycli.py"\n(.*?)```', PAGE, re.DOTALL)
    assert found
    (machine.home / "mycli.py").write_text(found[1])
    *steps, last = commands(job)
    assert "usage flush" in last
    environ = {**machine.environ, "CI": "true", **job.get("variables", {})}
    for step in (*steps, last):
        command = step.replace("python ", f"{sys.executable} ", 1)
        subprocess.run(["sh", "-e", "-c", command], env=environ, cwd=machine.home, check=True, timeout=60, capture_output=True)
        machine.kill_senders()
    arrived = [event.properties["command_name"] for event in posthog.visible()]
    assert arrived.count("greet") == 1  # the last step's own event arrives, or waits for the next job
    assert set(arrived) <= {"greet", "usage.flush"}


def test_the_containers_entry_point_waits(machine: Machine, posthog: FakePostHog) -> None:
    """The image sets the variable, and its entry point is the program."""
    variables = dict(line.split("=") for line in re.findall(r"^ENV (.*)$", PAGE, re.MULTILINE))
    entry = json.loads(re.findall(r"^ENTRYPOINT (.*)$", PAGE, re.MULTILINE)[0])
    assert entry == ["python", "/app/mycli.py"]
    assert machine.run("greet", environ=variables).returncode == 0
    machine.kill_senders()
    assert [event.properties["command_name"] for event in posthog.visible()] == ["greet"]
