"""The cost of a sender is measured as a ratio to a bare Python in the same run, so the limits hold on every machine."""

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import certifi
import pytest

from arcade_otel import conventions, handoff, spans
from arcade_otel.settings import make_settings
from arcade_otel.spans.outcome import Outcome
from arcade_otel.testing import FakePostHog
from tests.benchmarks import counter
from tests.support.machine import Machine
from tests.support.terminals import TlsFront, certified

#: Limits, in starts of a bare Python.
HTTP_LIMIT, HTTPS_LIMIT, ARRIVAL_LIMIT = 6.0, 8.0, 10.0
MEMORY_LIMIT_KIB = 24 * 1024

#: What a sender that delivers to PostHog does without. ``posthog`` alone is 26 starts of a bare Python.
NEVER = frozenset(
    {
        *("asyncio", "email", "filelock", "http", "httpx", "importlib.metadata", "logging", "opentelemetry", "posthog"),
        *("requests", "rich", "subprocess", "tempfile", "urllib", "urllib3", "yaml"),
    }
)

pytestmark = [pytest.mark.linux, pytest.mark.timeout(300)]  # valgrind is fifty times slower


@pytest.fixture
def machine(machine: Machine) -> Machine:
    """Return a computer on which one command was delivered before, so that the directories and ``*.pyc`` files exist."""
    machine.run("first")
    machine.settle()
    return machine


@pytest.fixture
def https(machine: Machine, posthog: FakePostHog) -> Iterator[None]:
    """Send the machine's events to the stand-in by HTTPS, with a certificate that the user trusts."""
    context, bundle = certified(machine.root)
    with TlsFront(context, int(posthog.url.rpartition(":")[2])) as front:
        machine.environ["ARCADE_USAGE_POSTHOG_HOST"] = machine.posthog_url = front.url
        machine.environ["SSL_CERT_FILE"] = str(bundle)
        yield


def environment(machine: Machine) -> dict[str, str]:
    """Return the environment of a sender that was given a span."""
    settings = make_settings(
        name="tool", version="1.2.3", config_dir=machine.config_dir, posthog_api_key="phc_test", posthog_host=machine.posthog_url
    )
    now = time.time_ns()
    text = spans.encode(settings, path="two", timing=(now, now), outcome=Outcome(0), identity=("someone", True))
    return handoff.sender_environment(str(machine.config_dir), text, machine.with_environ())


def command(machine: Machine) -> list[str]:
    """Return the sender's command line, with a watchdog that leaves enough time for valgrind."""
    started = handoff.sender_command()
    assert started is not None
    *python, launch = started
    source = Path(launch).read_text()
    assert "LIFETIME_SECONDS = 9.5" in source
    patient = machine.root / "launch.py"
    patient.write_text(source.replace("LIFETIME_SECONDS = 9.5", "LIFETIME_SECONDS = 250.0"))
    return [*python, str(patient)]


def instructions(machine: Machine, posthog: FakePostHog) -> float:
    """Return the cost of a sender that delivers one event, in starts of a bare Python."""
    machine.environ[conventions.ENV_IDLE] = "2"  # as everybody's senders wait for more
    before = len(posthog.visible())
    subprocess.run(command(machine), env=environment(machine), cwd=machine.root, check=True)  # writes every *.pyc
    counted = counter.count(command(machine), environment(machine), machine.root)
    assert len(posthog.visible()) == before + 2, machine.log
    return counted / counter.pythons_own(machine.with_environ(), machine.root)


def test_a_sender_that_delivers_one_event_costs_at_most_six_bare_pythons(machine: Machine, posthog: FakePostHog) -> None:
    ratio = instructions(machine, posthog)
    assert ratio <= HTTP_LIMIT, f"{ratio:.2f} times a bare Python"


@pytest.mark.usefixtures("https")
def test_by_https_it_costs_at_most_eight(machine: Machine, posthog: FakePostHog) -> None:
    ratio = instructions(machine, posthog)
    assert ratio <= HTTPS_LIMIT, f"{ratio:.2f} times a bare Python"


def test_a_large_bundle_of_certificates_changes_little(machine: Machine, posthog: FakePostHog) -> None:
    """Fedora, macOS and some companies have a large bundle. Reading the whole bundle would cost six bare Pythons."""
    context, mine = certified(machine.root, "ISRG Root X1")
    bundle = machine.root / "large.pem"
    bundle.write_bytes(Path(certifi.where()).read_bytes() + mine.read_bytes())
    with TlsFront(context, int(posthog.url.rpartition(":")[2])) as front:
        machine.environ["ARCADE_USAGE_POSTHOG_HOST"] = machine.posthog_url = front.url
        machine.environ["SSL_CERT_FILE"] = str(bundle)
        ratio = instructions(machine, posthog)
    assert ratio <= HTTPS_LIMIT, f"{ratio:.2f} times a bare Python"


@pytest.mark.usefixtures("https")
def test_it_uses_at_most_24_mebibytes_by_https_too(machine: Machine) -> None:
    assert _rusage(machine)[1] <= MEMORY_LIMIT_KIB


def _rusage(machine: Machine) -> tuple[float, float]:
    started = handoff.sender_command()
    assert started is not None
    return _measured(machine, list(started), environment(machine))


def _measured(machine: Machine, run: list[str], environ: dict[str, str]) -> tuple[float, float]:
    """Return the CPU seconds and the largest memory, in KiB, of a process.

    The process is started from a small process without ``site``, because a child's largest memory includes that of its parent.
    """
    measure = (
        "import os, sys\n_, _, used = os.wait4(os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ), 0)\n"
        "print(used.ru_utime + used.ru_stime, used.ru_maxrss)"
    )
    ended = subprocess.run(
        [sys.executable, "-S", "-c", measure, *run], env=environ, cwd=machine.root, capture_output=True, text=True, check=True
    )
    seconds, kibibytes = ended.stdout.split()
    return float(seconds), float(kibibytes)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_sender_to_posthog_imports_nothing_dear(
    machine: Machine, posthog: FakePostHog, request: pytest.FixtureRequest, scheme: str
) -> None:
    """Python itself reports each import of a real sender that delivers."""
    if scheme == "https":
        request.getfixturevalue("https")
    started = handoff.sender_command()
    assert started is not None
    python, *rest = started
    before = len(posthog.visible())
    ended = subprocess.run(
        [python, "-X", "importtime", *rest],
        env=environment(machine),
        cwd=machine.root,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert len(posthog.visible()) == before + 1
    imported = {line.rpartition("|")[2].strip() for line in ended.stderr.splitlines() if line.startswith("import time:")}
    assert "arcade_otel.sender.delivery" in imported
    dear = {name for name in imported if name in NEVER or name.partition(".")[0] in NEVER}
    assert dear == set()
    assert ("ssl" in imported) is (scheme == "https")


def test_the_event_arrives_within_ten_bare_starts_of_the_commands_exit(machine: Machine, posthog: FakePostHog) -> None:
    """The best of several runs counts, because other work of the machine makes single runs longer."""
    arrivals, starts = [], []
    for _ in range(8):
        began = time.monotonic()
        subprocess.run([sys.executable, "-c", "pass"], env=machine.with_environ(), check=True)
        starts.append(time.monotonic() - began)
        before = len(posthog.requests)
        assert machine.run("one").returncode == 0
        exited = time.monotonic()
        posthog.wait_for(lambda: len(posthog.requests) > before)  # noqa: B023
        arrivals.append(posthog.requests[-1].time - exited)
        machine.settle()
    assert min(arrivals) <= ARRIVAL_LIMIT * statistics.median(starts), (arrivals, starts)
