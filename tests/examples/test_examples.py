"""Every example does what it says, on real receivers."""

import shutil
from pathlib import Path

import pytest

from arcade_otel.testing import FakePostHog
from tests.support.collector import HttpCollector
from tests.support.machine import Machine

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"


def ran(machine: Machine, example: str, *arguments: str, **environ: str) -> tuple[int, str]:
    """Run an example, and return its exit code and what it printed."""
    shutil.copy(EXAMPLES / f"{example}.py", machine.root / f"{example}.py")
    ended = machine.run(*arguments, program=example, environ=dict(environ))
    return ended.returncode, ended.stdout


@pytest.mark.parametrize(
    ("example", "arguments", "command", "code"),
    [
        ("typer_cli", ("hello",), "hello", 0),
        ("typer_cli", ("tool", "run", "hammer"), "tool.run", 0),
        ("typer_cli", ("tool", "run", "hammer", "--fail"), "tool.run", 3),
        ("click_cli", ("tool", "run", "hammer"), "tool.run", 0),
        ("click_cli", ("tool", "run", "hammer", "--fail"), "tool.run", 1),
        ("argparse_cli", ("tool", "run", "hammer"), "tool.run", 0),
        ("argparse_cli", ("tool", "run", "hammer", "--fail"), "tool.run", 1),
        ("cyclopts_cli", ("tool", "run", "hammer", "--fail"), "tool.run", 1),
        ("cleo_cli", ("tool", "run", "hammer", "--fail"), "tool.run", 1),
        ("cliff_cli", ("tool", "run", "hammer", "--fail"), "tool.run", 1),
        ("asyncclick_cli", ("tool", "run", "hammer", "--fail"), "tool.run", 1),
    ],
)
def test_a_command_of_each_framework_is_one_event(
    machine: Machine, posthog: FakePostHog, example: str, arguments: tuple[str, ...], command: str, code: int
) -> None:
    """The event is named by the command tree, and has the exit code but no arguments."""
    assert ran(machine, example, *arguments)[0] == code
    posthog.wait_for(posthog.visible)
    (event,) = posthog.visible()
    assert event.event == ("CLI execution failed" if code else "CLI execution succeeded")
    assert (event.properties["command_name"], event.properties["exit_code"]) == (command, code)
    assert event.properties["cli_version"] == "1.0.0"
    assert "hammer" not in str(event.properties)


def test_the_traced_program_sends_its_spans_to_a_collector(
    machine: Machine, posthog: FakePostHog, collector: HttpCollector
) -> None:
    """The HTTP call is below the step, and the step is below the command. PostHog gets no address."""
    code, out = ran(
        machine,
        "traced_cli",
        "fetch",
        f"{posthog.url}/api/v1/auth/whoami",
        OTEL_TRACES_EXPORTER="posthog,otlp",
        OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
    )
    assert code == 0
    assert out.strip().isdigit()
    collector.wait_for(lambda: len(collector.spans) == 3)
    command, step = collector.named("traced-cli fetch"), collector.named("measure")
    (call,) = [one for one in collector.spans if one.name == "GET"]
    assert (call.parent_id, step.parent_id) == (step.span_id, command.span_id)
    assert command.attributes["fetch.tries"] == 1
    posthog.wait_for(posthog.visible)
    assert "whoami" not in str([event.properties for event in posthog.visible()])
