"""The commands of the example programs that are sent to the receivers, and the spans that must arrive."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from arcade_otel.testing import FakePostHog
from tests.receivers.servers import Seen
from tests.support.machine import Machine

__all__ = ["DAY", "EXPECTED", "Expected", "differences", "send_day"]

EXAMPLES = Path(__file__).parents[2] / "examples"
PRINCIPAL = "jane-principal-id"
_TOOL = ("tool", "run", "hammer")
_FAIL = (*_TOOL, "--fail")

#: What is typed, example by example, and its exit code. ``{posthog}`` and ``{receiver}`` stand for addresses.
DAY: tuple[tuple[str, tuple[str, ...], int], ...] = (
    ("typer_cli", _TOOL, 0),
    ("typer_cli", _FAIL, 3),
    ("click_cli", _FAIL, 1),
    ("argparse_cli", _FAIL, 1),
    ("cyclopts_cli", _FAIL, 1),
    ("cleo_cli", _FAIL, 1),
    ("cliff_cli", _FAIL, 1),
    ("asyncclick_cli", _FAIL, 1),
    ("arcade_like", ("login", "--api-key", "jane-key", "--url", "{posthog}"), 0),
    ("arcade_like", ("deploy",), 1),
    ("arcade_like", ("logout",), 0),
    ("traced_cli", ("fetch", "{receiver}"), 0),
    ("traced_cli", ("fetch", "http://127.0.0.1:9/"), 1),
)


class Expected(NamedTuple):
    """A span that must arrive: its name, its parent's name, and the message of its error, or None if it succeeded."""

    name: str
    parent: str = ""
    message: str | None = None


EXPECTED: tuple[Expected, ...] = (
    Expected("typer-cli tool run"),
    Expected("typer-cli tool run", message="exit code 3"),
    *(
        Expected(f"{each}-cli tool run", message="<argument> is out of order")
        for each in ("click", "argparse", "cyclopts", "cleo", "cliff", "asyncclick")
    ),
    Expected("arcade login"),
    Expected("arcade deploy", message="the deployment for <email> was refused"),
    Expected("arcade logout"),
    Expected("traced-cli fetch"),
    Expected("measure", "traced-cli fetch"),
    Expected("GET", "measure"),
    Expected("traced-cli fetch", message="[Errno 111] Connection refused"),
    Expected("measure", "traced-cli fetch", "ConnectError: [Errno 111] Connection refused"),
    Expected("GET", "measure", "ConnectError: [Errno 111] Connection refused"),
)


def send_day(folder: Path, receiver: str, sending: Mapping[str, str]) -> list[str]:
    """Run the commands on a machine of their own until its senders have ended. Return what went wrong."""
    wrong = []
    with FakePostHog() as posthog:
        posthog.arcade.add(api_key="jane-key", principal_id=PRINCIPAL)
        machine = Machine(folder, posthog.url)
        for example, words, code in DAY:
            machine.program(example, (EXAMPLES / f"{example}.py").read_text())
            arguments = [word.format(posthog=posthog.url, receiver=receiver) for word in words]
            ended = machine.run(*arguments, program=example, environ=sending)
            if ended.returncode != code:
                wrong.append(f"{example} {' '.join(words)} exited with {ended.returncode}: {ended.stderr[-300:]}")
        machine.settle()
        wrong += [f"not accepted: {path.name}" for path in machine.queued("otlp")]
    return wrong


def differences(spans: list[Seen]) -> list[str]:
    """Return how the spans of a receiver differ from the expected ones."""
    names = {span.span_id: span.name for span in spans}
    arrived = [
        Expected(span.name, span.parent_id and names.get(span.parent_id, "?"), span.message if span.failed else None)
        for span in spans
    ]
    wrong = [f"missing: {each}" for each in _without(list(EXPECTED), arrived)]
    wrong += [f"not expected: {each}" for each in _without(arrived, list(EXPECTED))]
    for span in spans:
        owner = span.attributes.get("posthogDistinctId")
        if not owner or (span.name.startswith("arcade ") and owner != PRINCIPAL):
            wrong.append(f"{span.name} belongs to {owner}")
        if "hammer" in f"{span.attributes} {span.message}":
            wrong.append(f"{span.name} has what was typed")
    return wrong


def _without(these: list[Expected], those: list[Expected]) -> list[Expected]:
    """Return the first items without the second ones, each as often as it occurs."""
    left = list(those)
    return [each for each in these if each not in left or left.remove(each)]  # type: ignore[func-returns-value]
