"""``make bench``: measure what a command pays for its telemetry in each of several ways, and write results.md."""

import platform
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from arcade_otel import conventions
from arcade_otel.testing import FakePostHog
from tests.benchmarks import delivery
from tests.benchmarks.counter import count, pythons_own
from tests.support.collector import HttpCollector
from tests.support.machine import Machine
from tests.support.programs import CLICK, TYPER, with_us

MILLION = 1_000_000
RESULTS = Path(__file__).with_name("results.md")

SDK = """
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
provider = TracerProvider(resource=Resource({"service.name": "tool"}))
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=os.environ["COLLECTOR"] + "/v1/traces", timeout=1)))
span = provider.get_tracer("tool").start_span("tool hello")
atexit.register(lambda: (span.end(), provider.shutdown()))
"""
INSTRUMENTATION = (
    SDK.partition("span = ")[0]
    + """
from opentelemetry.instrumentation.click import ClickInstrumentor
ClickInstrumentor().instrument(tracer_provider=provider)
atexit.register(provider.shutdown)
"""
)
POSTHOG = """
from posthog import Posthog
client = Posthog("phc_test", host=os.environ["ENDPOINT"])
atexit.register(lambda: (client.capture("CLI execution succeeded", distinct_id="somebody"), client.shutdown()))
"""
AZURE = """
import azure.cli.telemetry as telemetry
payload = '{"c4395b75-49cc-422c-bc95-c7d51aef5d46": [{"name": "hello", "properties": {}}]}'
atexit.register(lambda: telemetry.save(os.environ["HOME"] + "/.azure", payload))
"""
POPEN = """
import subprocess
atexit.register(lambda: subprocess.Popen([sys.executable, "-c", "pass"], stdin=-3, stdout=-3, stderr=-3, start_new_session=True))
"""


def _beside(addition: str) -> Callable[[str], str]:
    return lambda source: "import atexit, os, sys\n" + source.replace("# instrument\n", addition)


#: Row, how the program is made of the plain one, and what its environment has in addition.
ROWS: list[tuple[str, Callable[[str], str], dict[str, str]]] = [
    ("arcade-otel", with_us, {}),
    ("arcade-otel, opted out", with_us, {conventions.ENV_TRACKING: "0"}),
    ("a bare `subprocess.Popen`", _beside(POPEN), {}),
    ("azure-cli-telemetry (spawns its sender)", _beside(AZURE), {}),
    ("OpenTelemetry SDK, batch processor, OTLP over HTTP", _beside(SDK), {}),
    ("opentelemetry-instrumentation-click, same SDK and exporter", _beside(INSTRUMENTATION), {}),
    ("posthog, captured and flushed in-process", _beside(POSTHOG), {}),
]


def main() -> None:
    """Measure, print the results, and write them to results.md."""
    with (
        FakePostHog() as posthog,
        HttpCollector() as collector,
        tempfile.TemporaryDirectory(prefix="arcade-otel-bench-") as folder,
    ):
        machine = Machine(Path(folder, "machine"), posthog.url)
        machine.environ["ENDPOINT"] = posthog.url
        machine.environ["COLLECTOR"] = collector.url
        machine.environ["AZURE_CONFIG_DIR"] = str(machine.home / ".azure")
        machine.environ["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT"] = "1"
        try:
            plain = {source: _counted(machine, f"plain{number}", source, {}) for number, source in enumerate((TYPER, CLICK))}
            bare = pythons_own(machine.environ, machine.home)
            lines = [
                f"# What a command pays ({platform.python_version()}, {platform.system()} {platform.machine()})",
                "",
                "## In the foreground",
                "",
                "Millions of instructions in the command's own process over the same program without telemetry, by `valgrind",
                f"--tool=cachegrind`, in the steady state. A bare Python: {bare / MILLION:.0f} M; the plain Typer program:",
                f"{plain[TYPER] / MILLION:.0f} M; the plain Click one: {plain[CLICK] / MILLION:.0f} M.",
                "Written by `make bench`.",
                "",
                "| | Typer | Click |",
                "|---|---:|---:|",
            ]
            for number, (row, make, environ) in enumerate(ROWS):
                cells = []
                for source in (TYPER, CLICK):
                    extra = _counted(machine, f"row{number}", make(source), environ) - plain[source]
                    cells.append(f"{extra / MILLION:.1f}")
                lines.append(f"| {row} | {' | '.join(cells)} |")
                print(lines[-1], flush=True)
            if not collector.spans or not posthog.events:
                raise RuntimeError("what is measured beside us did not arrive")
        finally:
            machine.off()
    lines.append("")
    for line in delivery.lines():
        lines.append(line)
        print(line, flush=True)
    RESULTS.write_text("\n".join(lines) + "\n")


def _counted(machine: Machine, name: str, source: str, environ: dict[str, str]) -> int:
    path = machine.program(name, source)
    for _ in range(2):  # the steady state
        result = machine.run("hello", program=name, environ=environ)
        if result.returncode:
            raise RuntimeError(f"{name}: {result.stderr}\n{machine.log}")
    machine.settle()
    return count([sys.executable, str(path), "hello"], {**machine.environ, **environ}, machine.home)


if __name__ == "__main__":
    main()
