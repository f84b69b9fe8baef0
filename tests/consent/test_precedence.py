"""One list of precedence decides whether a run is recorded. A level that cannot be understood says no. The notice comes first."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from arcade_otel import consent, conventions
from arcade_otel.consent import policy
from arcade_otel.testing import FakePostHog, refused_port
from tests.support.machine import Machine

pytestmark = pytest.mark.posix  # imports modules that Windows lacks, or needs signals, users or file modes

HELLO = """
import sys
import arcade_otel
with arcade_otel.command("hello", name="tool", **eval(sys.argv[1] if sys.argv[1:] else "{}")):
    pass
"""
# The folder of the policy is a constant of the library and no variable: only a program of our own can look elsewhere.
UNDER_A_POLICY = """
import os, sys
from arcade_otel import consent
consent.POLICY_FILE = os.environ["ARCADE_TEST_POLICY"]
"""
SENDER = (
    UNDER_A_POLICY
    + """
from arcade_otel import sender
sender.main()
"""
)

# From the strongest to the weakest: how it is said, and which reason is told. Each is asked for both answers, if it has two.
LEVELS = ["DO_NOT_TRACK", "OTEL_SDK_DISABLED", "ARCADE_USAGE_TRACKING", "stored choice", "policy", "continuous integration"]


class Home:
    """A config directory, a policy and an environment, in which any level can make a decision."""

    def __init__(self, root: Path) -> None:
        self.config_dir = root / "config"
        self.policy = root / "policy"
        self.environ: dict[str, str] = {}
        self.in_ci = "on"

    def say(self, level: str, answer: str) -> None:
        """Let a level say ``on`` or ``off``. A level that has no way to say yes decides nothing for ``on``."""
        if level == "stored choice":
            (self.config_dir / "usage").mkdir(parents=True)
            (self.config_dir / "usage" / "consent").write_text(answer)
        elif level == "policy":
            self.policy.write_text(f"tracking = {answer}\n")
        elif level == "continuous integration":
            self.environ["CI"] = "true"
            self.in_ci = answer
        else:
            words = {"on": "on", "off": "off"} if level == "ARCADE_USAGE_TRACKING" else {"on": "0", "off": "true"}
            self.environ[level] = words[answer]

    def decide(self, default: str = "on") -> tuple[str, str]:
        """Return the mode and the reason of the decision."""
        decided = consent.decide(
            str(self.config_dir),
            program="tool",
            enabled_by_default=default == "on",
            record_in_ci=self.in_ci == "on",
            environ=self.environ,
        )
        assert decided.detail
        return decided.mode, decided.reason


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home in which no level has decided."""
    made = Home(tmp_path)
    monkeypatch.setattr(consent, "POLICY_FILE", str(made.policy))
    return made


@pytest.mark.parametrize("default", ["on", "off"])
def test_where_nobody_says_anything_the_program_decides(home: Home, default: str) -> None:
    """The program's default is on, unless the program sets it to off."""
    assert home.decide(default) == (default, "default")


@pytest.mark.parametrize("index", range(len(LEVELS)), ids=LEVELS)
def test_each_level_is_off_against_everything_below_it(home: Home, index: int) -> None:
    """Every weaker level says on."""
    home.say(LEVELS[index], "off")
    for weaker in LEVELS[index + 1 :]:
        home.say(weaker, "on")
    assert home.decide("on") == ("off", LEVELS[index])


@pytest.mark.parametrize("index", [2, 3, 4], ids=LEVELS[2:5])
def test_whoever_can_say_on_says_it_against_everything_below(home: Home, index: int) -> None:
    """Every weaker level says off, the program too."""
    home.say(LEVELS[index], "on")
    for weaker in LEVELS[index + 1 :]:
        home.say(weaker, "off")
    assert home.decide("off") == ("on", LEVELS[index])


def test_a_program_that_is_silent_in_ci_is_not_silent_elsewhere(home: Home) -> None:
    """A program that is off by default is not switched on by CI."""
    home.in_ci = "off"
    assert home.decide() == ("on", "default")
    home.environ["GITHUB_ACTIONS"] = "true"
    assert home.decide() == ("off", "continuous integration")
    home.in_ci = "on"
    assert home.decide("off") == ("off", "default")


@pytest.mark.parametrize("word", ["maybe", "disabled", "2", "none", "ja"])
def test_a_word_that_the_variable_does_not_know_says_nothing(home: Home, word: str) -> None:
    """The levels below the variable decide."""
    home.environ["ARCADE_USAGE_TRACKING"] = word
    assert home.decide() == ("on", "default")
    home.say("stored choice", "off")
    assert home.decide() == ("off", "stored choice")


@pytest.mark.parametrize("content", [b"", b"maybe", b"ON", b"on off", b"\xff", b"on\0", b"on" + b" " * 100, b'{"on": true}'])
def test_a_corrupt_choice_is_off(home: Home, content: bytes) -> None:
    """Only the two words that this library writes are understood."""
    home.say("stored choice", "on")
    (home.config_dir / "usage" / "consent").write_bytes(content)
    assert home.decide() == ("off", "stored choice")


@pytest.mark.parametrize("kind", ["folder", "pipe", "loop"])
def test_what_is_no_file_in_the_place_of_the_choice_is_off_and_makes_nobody_wait(home: Home, kind: str) -> None:
    """Reading a pipe without a writer would otherwise never end."""
    place = home.config_dir / "usage" / "consent"
    place.parent.mkdir(parents=True)
    if kind == "folder":
        place.mkdir()
    elif kind == "pipe":
        os.mkfifo(place)
    else:
        place.symlink_to(place)
    assert home.decide() == ("off", "stored choice")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (b"", None),
        (b"# nothing is decided\n\n", None),
        (b"tracking = off", "off"),
        (b"tracking=OFF\r\n", "off"),
        (b"\xef\xbb\xbftracking = off\n", "off"),
        (b"  tracking   =  on  \n", "on"),
        (b"tracking.tool = off\n", "off"),
        (b"tracking.other = off\n", None),
        (b"tracking = off\ntracking.tool = on\n", "on"),
        (b"tracking.tool = on\ntracking = off\n", "on"),
        (b"tracking = on\ntracking.tool = off\n", "off"),
        (b"tracking.tool = off\ntracking.tool = on\n", "off"),
        (b"tracking = on\ntracking = off\n", "off"),
        (b"tracking = maybe\n", policy.CORRUPT),
        (b"tracking\n", policy.CORRUPT),
        (b"tracing = off\n", policy.CORRUPT),
        (b"tracking.other = on\ngarbage\n", policy.CORRUPT),
        (b"tracking = on\n\xff\n", policy.CORRUPT),
        (b"tracking.tool = on\n\0\n", policy.CORRUPT),
    ],
)
def test_the_policys_lines(text: bytes, answer: str | None) -> None:
    """A line for one program wins over the line for all.

    Off wins over on in two lines about the same name. A policy that is understood only in part does not count.
    """
    assert policy.parse(text, "tool") == answer


@pytest.mark.parametrize("kind", ["garbage", "too long", "folder"])
def test_a_policy_that_cannot_be_understood_is_off(home: Home, kind: str) -> None:
    """An administrator who wrote a policy wanted a decision."""
    if kind == "folder":
        home.policy.mkdir()
    else:
        home.policy.write_bytes(b"garbage\n" if kind == "garbage" else b"#" * 70000)
    assert home.decide("on") == ("off", "policy")


def test_no_variable_says_where_the_policy_is() -> None:
    """With such a variable, the user's environment could undo the policy."""
    assert consent.POLICY_FILE == "/etc/arcade-otel/policy"
    assert not [name for name in (*vars(conventions), *vars(consent)) if name.startswith("ENV_") and "POLICY" in name]


# --- real programs ------------------------------------------------------------------------------------------------------------


def stored(machine: Machine, answer: str) -> None:
    """Store a choice."""
    machine.state.mkdir(parents=True, exist_ok=True)
    (machine.state / "consent").write_text(answer)


def recorded(machine: Machine, posthog: FakePostHog) -> int:
    """Return how many commands have arrived at PostHog once every sender has ended."""
    machine.settle()
    return len(posthog.visible())


@pytest.mark.parametrize("answer", ["off", "garbage"])
def test_a_stored_no_records_nothing_and_empties_what_waits(machine: Machine, posthog: FakePostHog, answer: str) -> None:
    """No event is sent and no file is written, not even the anonymous ID."""
    machine.program("hello", HELLO)
    with refused_port() as port:
        machine.run(program="hello", environ={"ARCADE_USAGE_POSTHOG_HOST": f"http://127.0.0.1:{port}"})
        machine.settle()
    assert machine.queue
    (machine.config_dir / "usage.json").unlink()
    stored(machine, answer)
    result = machine.run(program="hello")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert recorded(machine, posthog) == 0
    assert posthog.requests == []
    assert machine.queue == []
    assert not (machine.config_dir / "usage.json").exists()


def test_the_variable_says_on_against_a_stored_no(machine: Machine, posthog: FakePostHog) -> None:
    """The variable counts for one run. The sender has the same environment and decides the same."""
    machine.program("hello", HELLO)
    stored(machine, "off")
    machine.run(program="hello", environ={"ARCADE_USAGE_TRACKING": "on"})
    assert recorded(machine, posthog) == 1


def test_a_program_that_is_off_by_default_waits_for_a_yes(machine: Machine, posthog: FakePostHog) -> None:
    """A stored choice is a yes, and so is the variable."""
    machine.program("hello", HELLO)
    machine.run("dict(enabled_by_default=False)", program="hello")
    assert recorded(machine, posthog) == 0
    stored(machine, "on")
    machine.run("dict(enabled_by_default=False)", program="hello")
    assert recorded(machine, posthog) == 1


def test_ci_is_recorded_unless_the_program_is_silent_there(machine: Machine, posthog: FakePostHog) -> None:
    """The event has ``is_ci``."""
    machine.program("hello", HELLO)
    machine.run("dict(record_in_ci=False)", program="hello", environ={"CI": "true"})
    assert recorded(machine, posthog) == 0
    machine.run(program="hello", environ={"CI": "true"})
    assert recorded(machine, posthog) == 1
    assert posthog.visible()[0].properties["is_ci"] is True


@pytest.mark.parametrize(
    ("text", "programs"), [("tracking = off", 0), ("tracking.tool = off", 0), ("tracking.other = off", 1), ("garbage", 0)]
)
def test_the_policy_of_the_machine_binds_a_program(machine: Machine, posthog: FakePostHog, text: str, programs: int) -> None:
    """A policy is about all programs, or about one."""
    (machine.root / "policy").write_text(text)
    machine.program("hello", UNDER_A_POLICY + HELLO)
    machine.run(program="hello", environ={"ARCADE_TEST_POLICY": str(machine.root / "policy")})
    assert recorded(machine, posthog) == programs


@pytest.mark.parametrize("how", ["stored choice", "policy", "policy for one"])
def test_the_sender_sends_nothing_of_what_was_forbidden_meanwhile(machine: Machine, posthog: FakePostHog, how: str) -> None:
    """A command was recorded while the network was away. Then the user opted out, and then the network came back."""
    machine.program("hello", UNDER_A_POLICY + HELLO)
    sender = machine.program("sender", SENDER)
    place = machine.root / "policy"
    environ = {"ARCADE_TEST_POLICY": str(place)}
    posthog.stop()
    machine.run(f"dict(sender_command=[sys.executable, {str(sender)!r}])", program="hello", environ=environ)
    machine.settle()
    assert len(machine.queue) == 1
    if how == "stored choice":
        stored(machine, "off")
    else:
        place.write_text("tracking = off\n" if how == "policy" else "tracking = on\ntracking.tool = off\n")
    posthog.start()
    machine.time_passes()
    machine.run(program="sender", environ={**environ, "ARCADE_USAGE_SENDER": str(machine.config_dir)})
    machine.settle()
    assert posthog.requests == []
    assert machine.queue == []


def test_the_sender_of_a_command_that_was_faster_than_the_no_writes_nothing(machine: Machine, posthog: FakePostHog) -> None:
    """The span is still in the sender's variable when the choice is stored."""
    machine.program("hello", HELLO)
    machine.program("sender", "from arcade_otel import sender\nsender.main()\n")
    machine.program(
        "show", "import os\nopen('.span', 'w').write(os.environ['ARCADE_USAGE_EVENT_DATA'])\nos.rename('.span', 'span')\n"
    )
    machine.run(f"dict(sender_command=[sys.executable, {str(machine.root / 'show.py')!r}])", program="hello")
    machine.wait_until((machine.home / "span").exists, "the span was handed over")
    stored(machine, "off")
    span = (machine.home / "span").read_text()
    machine.run(program="sender", environ={"ARCADE_USAGE_SENDER": str(machine.config_dir), "ARCADE_USAGE_EVENT_DATA": span})
    assert posthog.requests == []
    assert not (machine.state / "queue").exists()


def test_a_no_that_is_said_while_the_command_runs_counts(machine: Machine, posthog: FakePostHog) -> None:
    """A long command runs in one terminal, and the user opts out in another."""
    machine.program(
        "long",
        """
import os, pathlib, arcade_otel
with arcade_otel.command("long", name="tool"):
    (pathlib.Path.home() / ".arcade" / "usage" / "consent").write_text("off")
""",
    )
    machine.run(program="long")
    assert "started" not in machine.log  # no sender either
    assert recorded(machine, posthog) == 0
    assert posthog.requests == []


def test_an_exporter_in_a_hosts_own_process_heeds_the_stored_no(machine: Machine, posthog: FakePostHog) -> None:
    """This holds for PostHog's exporter and for the detached one, which starts no sender."""
    source = """
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from arcade_otel_exporters.detached import DetachedSpanExporter
from arcade_otel_exporters.posthog import PostHogSpanExporter
provider = TracerProvider()
for exporter in (DetachedSpanExporter(), PostHogSpanExporter()):
    provider.add_span_processor(SimpleSpanProcessor(exporter))
span = provider.get_tracer("arcade_otel").start_span("hello")
for key, value in {"command": "hello", "distinct_id": "somebody", "is_anon": True}.items():
    span.set_attribute(key, value)
span.end()
provider.shutdown()
"""
    machine.program("host", source)
    stored(machine, "off")
    assert machine.run(program="host").stderr == ""
    assert recorded(machine, posthog) == 0
    assert posthog.requests == []
    stored(machine, "on")
    machine.run(program="host")
    assert recorded(machine, posthog) == 1  # both delivered it, under one uuid
    assert posthog.requests != []


# --- the notice ---------------------------------------------------------------------------------------------------------------

NEWER = "from arcade_otel import conventions\nfrom arcade_otel.consent import notice\nconventions.NOTICE_VERSION += 1\n"
# Every one of eight processes has looked at the old marker before any of them goes on.
TOGETHER = """
import os, time
from pathlib import Path
looked = notice._seen_version
def seen(marker):
    number = looked(marker)
    Path.home().joinpath(f"looked-{os.getpid()}").touch()
    while len(list(Path.home().glob("looked-*"))) < 8:
        time.sleep(0.01)
    return number
notice._seen_version = seen
"""


def test_a_newer_notice_is_shown_again_once(machine: Machine) -> None:
    """An older program that runs afterwards shows neither notice."""
    machine.program("hello", HELLO)
    machine.program("newer", NEWER + HELLO)
    (machine.state / "notice").unlink()
    assert "collects usage data" in machine.run(program="hello").stderr
    assert (machine.state / "notice").read_text() == str(conventions.NOTICE_VERSION)
    assert "collects usage data" in machine.run(program="newer").stderr
    assert (machine.state / "notice").read_text() == str(conventions.NOTICE_VERSION + 1)
    assert [machine.run(program=each).stderr for each in ("newer", "hello", "newer")] == ["", "", ""]


def test_of_many_first_runs_of_a_newer_notice_one_shows_it(machine: Machine) -> None:
    """The runs are parallel, and each of them finds the marker of the older notice."""
    path = machine.program("newer", NEWER + TOGETHER + HELLO)
    (machine.state / "notice").write_text("1")
    running = [
        subprocess.Popen(
            [sys.executable, str(path)], env=machine.environ, cwd=machine.home, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL
        )
        for _ in range(8)
    ]
    shown = [process.communicate(timeout=60)[1] for process in running]
    assert sorted(bool(text) for text in shown) == [False] * 7 + [True]


def test_in_ci_without_a_terminal_nothing_is_shown_and_nothing_remembered(machine: Machine, posthog: FakePostHog) -> None:
    """No person would read the notice, and a program might.

    The command is recorded, and a person's first run later shows the notice.
    """
    machine.program("hello", HELLO)
    (machine.state / "notice").unlink()
    assert machine.run(program="hello", environ={"CI": "true"}).stderr == ""
    assert recorded(machine, posthog) == 1
    assert not (machine.state / "notice").exists()
    assert "collects usage data" in machine.run(program="hello").stderr


@pytest.mark.parametrize("how", ["variable", "choice"])
def test_who_said_yes_is_not_told_again(machine: Machine, posthog: FakePostHog, how: str) -> None:
    """The user said yes by the variable, as a program does that reads stderr, or by ``usage enable``."""
    machine.program("hello", HELLO)
    (machine.state / "notice").unlink()
    if how == "choice":
        (machine.state / "consent").write_text("on")
    assert machine.run(program="hello", environ={"ARCADE_USAGE_TRACKING": "1"} if how == "variable" else {}).stderr == ""
    assert recorded(machine, posthog) == 1
    assert not (machine.state / "notice").exists()


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_in_ci_with_a_terminal_it_is_shown(machine: Machine, stream: str) -> None:
    """If one of the streams is a terminal, a person has set CI and reads the notice."""
    path = machine.program("hello", HELLO)
    (machine.state / "notice").unlink()
    leader, follower = pty.openpty()
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, stream: follower}
    ended = subprocess.run(
        [sys.executable, str(path)],
        env={**machine.environ, "CI": "true"},
        cwd=machine.home,
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=True,
        **streams,  # type: ignore[call-overload]
    )
    os.close(follower)
    shown = os.read(leader, 4096) if stream == "stderr" else ended.stderr
    os.close(leader)
    assert b"collects usage data" in shown
    assert (machine.state / "notice").read_text() == str(conventions.NOTICE_VERSION)


def test_the_notice_comes_before_anything_is_sent(machine: Machine, posthog: FakePostHog) -> None:
    """The notice is on stderr while the command still runs, and before any request."""
    (machine.state / "notice").unlink()
    machine.program(
        "waits",
        """
import sys, arcade_otel
with arcade_otel.command("hello", name="tool"):
    print("running", flush=True)
    sys.stdin.read()
""",
    )
    with subprocess.Popen(
        [sys.executable, str(machine.root / "waits.py")],
        env=machine.environ,
        cwd=machine.home,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"running\n"
        os.set_blocking(process.stderr.fileno(), False)
        assert b"collects usage data" in process.stderr.read()
        assert posthog.requests == []
        process.communicate(timeout=60)
    assert recorded(machine, posthog) == 1
