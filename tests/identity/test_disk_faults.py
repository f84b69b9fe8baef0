"""A disk that fails at any system call, once or from then on, never attributes a person's events to another person.

A preloaded library (``tests/support/failing_calls.c``) fails the nth call of one kind inside the config directory, in one process
of a short history of two people. Every other process of the history works. ``make test-faults`` tries every call with every
error. By default, the tests try a fixed sample.
"""

import errno
import itertools
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from arcade_otel.testing import FakePostHog
from tests.model.fork_server import ForkServer, SenderWanted

SOURCE = Path(__file__).parent.parent / "support" / "failing_calls.c"
CALLS = ("open", "read", "write", "fsync", "rename", "unlink", "flock")
ERRORS = (errno.ENOSPC, errno.EIO, errno.EMFILE, errno.EACCES)
MOST_CALLS = 40
PEOPLE = ("alice", "bob")

#: The history: what is run, by whom, and the step's name. ``switch`` logs in without a logout.
HISTORY = (
    ("use", None, "first"),
    ("use", None, "hello"),
    ("login", "alice", "login"),
    ("use", "alice", "as-alice"),
    ("logout", "alice", "logout"),
    ("use", None, "between"),
    ("login", "bob", "second-login"),
    ("use", "bob", "as-bob"),
    ("login", "alice", "switch"),
    ("use", "alice", "as-alice-again"),
)
STEPS = ("first", "hello", "login", "logout", "second-login", "switch")

pytestmark = [
    pytest.mark.skipif(shutil.which("gcc") is None, reason="the library that makes calls fail needs a C compiler"),
    pytest.mark.linux,  # LD_PRELOAD
]


class Plan(NamedTuple):
    """Which process of the history meets the fault, and which call fails there."""

    step: str
    process: str  # command or sender
    call: str
    number: int
    sticky: bool

    def environ(self, nth: int, directory: Path, fired: Path) -> dict[str, str]:
        return {
            "FAULT_CALL": self.call,
            "FAULT_NTH": str(nth),
            "FAULT_ERRNO": str(self.number),
            "FAULT_STICKY": str(int(self.sticky)),
            "FAULT_DIRECTORY": str(directory),
            "FAULT_FIRED": str(fired),
        }


@pytest.fixture(scope="module")
def fork_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkServer]:
    """A warm interpreter under the preloaded library, which fails no call until a request asks for it."""
    library = tmp_path_factory.mktemp("failing_calls") / "failing_calls.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl"], check=True, timeout=60)
    environ = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    with ForkServer({**environ, "HOME": os.devnull, "LD_PRELOAD": str(library)}) as warm:
        yield warm


class History:
    """The history of two people on one machine with one project: the commands that they ran, and the events that arrived."""

    def __init__(self, fork_server: ForkServer, posthog: FakePostHog, root: Path) -> None:
        self.fork_server = fork_server
        self.posthog = posthog
        self.config_dir = root / "config"
        (self.config_dir / "usage").mkdir(parents=True)
        (self.config_dir / "usage" / "consent").write_text("on")
        for directory in (self.config_dir, self.config_dir / "usage"):
            directory.chmod(0o700)
        self.fired = root / "fired"
        self.fired.unlink(missing_ok=True)
        self.pending: list[SenderWanted] = []
        self.environ = {
            "ARCADE_WORK_DIR": str(self.config_dir),
            "ARCADE_USAGE_POSTHOG_HOST": posthog.url,
            "ARCADE_USAGE_POSTHOG_API_KEY": "phc_model",
        }

    def run(self, plan: Plan | None, nth: int) -> None:
        """Run the history with the fault in it."""
        before: str | None = None
        for kind, person, step in HISTORY:
            if kind == "login":
                (self.config_dir / "credentials.yaml").write_text(
                    f"cloud:\n  api:\n    key: key-of-{person}\n  coordinator_url: {self.posthog.url}\n"
                )
            elif kind == "logout":
                (self.config_dir / "credentials.yaml").unlink()
            chosen = plan if plan is not None and plan.step == step else None
            faults = chosen.environ(nth, self.config_dir, self.fired) if chosen else {}
            in_command = faults if chosen and chosen.process == "command" else {}
            ended = self.fork_server.command(step, kind=kind, environ={**self.environ, **in_command})
            assert ended["code"] == 0, f"{step} ended with {ended['code']}"
            self.pending += ended["senders"]
            self._check_link()
            in_sender = faults if chosen and chosen.process == "sender" else {}
            self.deliver(in_sender)
            self._check_link()
            if step == "first":
                before = self.anon_id
            if step == "hello" and plan is not None and plan.step == "hello":
                assert self.anon_id == before, "the identity was lost"
        for marker in (self.config_dir / "usage").glob("pause-*"):
            marker.unlink()
        self.pending += self.fork_server.command("last", environ=self.environ)["senders"]
        self.deliver({})

    def deliver(self, faults: dict[str, str]) -> None:
        """Run the senders that commands have asked for."""
        for marker in (self.config_dir / "usage").glob("pause-*"):
            marker.unlink()
        while self.pending:
            wanted = self.pending.pop(0)
            wanted["environ"].update(faults)
            for name in [name for name in wanted["environ"] if name.startswith("FAULT_") and name not in faults]:
                del wanted["environ"][name]
            assert self.fork_server.sender(wanted)["code"] == 0

    @property
    def anon_id(self) -> str | None:
        try:
            return str(json.loads((self.config_dir / "usage.json").read_text())["anon_id"])
        except FileNotFoundError:
            return None

    def _aliases(self) -> set[tuple[str, str]]:
        """Return each alias that PostHog has, or that is safely in the queue."""
        found = {
            (event.distinct_id, event.properties["alias"]) for event in self.posthog.events if event.event == "$create_alias"
        }
        for path in (self.config_dir / "usage" / "queue").glob("posthog*/*.json"):
            if not path.name.startswith("."):
                attributes = _attributes(json.loads(path.read_text()))
                if attributes.get("previous_distinct_id"):
                    found.add((attributes["previous_distinct_id"], attributes["distinct_id"]))
        return found

    def _check_link(self) -> None:
        """Check that a link exists only if its alias is safe."""
        try:
            loaded = json.loads((self.config_dir / "usage.json").read_text())
        except FileNotFoundError:
            return
        linked = loaded["linked_principal_id"]
        assert linked is None or (loaded["anon_id"], linked) in self._aliases(), "a link without its alias"

    def check(self) -> None:
        """Check that no anonymous ID has two owners, and that no event is in the wrong person's profile."""
        owners: dict[str, set[str]] = {}
        for anon_id, person in self._aliases():
            owners.setdefault(anon_id, set()).add(person)
        assert all(len(people) == 1 for people in owners.values()), f"one anonymous ID, two people: {owners}"
        persons = self.posthog.persons()
        ids = {person: persons.owner_of(person) for person in PEOPLE}
        assert len(set(ids.values())) == len(PEOPLE), "two people became one"
        allowed = {"first": {None, "alice"}, "hello": {None, "alice"}, "between": {None, "bob"}, "last": {None, "alice"}}
        for event in self.posthog.events:
            if event.event == "$create_alias":
                continue
            step = event.properties["command_name"]
            who = next((person for _, person, name in HISTORY if name == step), None)
            owner = next((person for person, person_id in ids.items() if persons.owner(event) == person_id), None)
            assert owner in allowed.get(step, {None, who}), f"{step} is in {owner}'s profile"
        assert not list(self.config_dir.glob("usage.json.corrupt*")), "a good file was thrown away"


def _attributes(traces: dict[str, Any]) -> dict[str, Any]:
    span = traces["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    return {each["key"]: next(iter(each["value"].values())) for each in span["attributes"]}


def _try(fork_server: ForkServer, root: Path, plan: Plan, nth: int) -> bool:
    """Run and check one history. Return whether there was an nth call to fail."""
    with FakePostHog() as posthog:
        for person in PEOPLE:
            posthog.arcade.add(api_key=f"key-of-{person}", principal_id=person)
        directory = root / f"{plan.step}-{plan.process}-{plan.call}-{plan.number}-{plan.sticky}-{nth}".replace(" ", "_")
        history = History(fork_server, posthog, directory)
        try:
            history.run(plan, nth)
            history.check()
        except AssertionError as error:
            raise AssertionError(f"{plan}, call {nth}: {error}") from error
        shutil.rmtree(history.config_dir)
        return history.fired.exists()


def test_the_history_without_a_fault_ends_well(fork_server: ForkServer, tmp_path: Path) -> None:
    """Every event belongs to its person. Under a fault, events may be missing."""
    with FakePostHog() as posthog:
        for person in PEOPLE:
            posthog.arcade.add(api_key=f"key-of-{person}", principal_id=person)
        history = History(fork_server, posthog, tmp_path)
        history.run(None, 0)
        history.check()
        events = [event for event in posthog.events if event.event != "$create_alias"]
        arrived = [event.properties["command_name"] for event in events]
        assert arrived == [*(step for _, _, step in HISTORY), "last"]
        persons = posthog.persons()
        owned = {
            event.properties["command_name"]: persons.owner(event) for event in posthog.events if event.event != "$create_alias"
        }
        assert owned["hello"] == owned["as-alice"] == owned["logout"] == owned["as-alice-again"] == persons.owner_of("alice")
        assert owned["between"] == owned["as-bob"] == persons.owner_of("bob")


def test_no_fault_of_a_sample_books_an_event_to_the_wrong_person(fork_server: ForkServer, tmp_path: Path) -> None:
    """The sample has each step, process and kind of call, with calls and errors that differ from one to the next."""
    fired = 0
    sample = [Plan(*each, number, sticky) for (each, number, sticky) in _sample()]
    for index, plan in enumerate(sample):
        fired += _try(fork_server, tmp_path, plan, 1 + index % 5)
    assert fired > len(sample) // 4, "the sample met too few calls to be worth its name"


def _sample() -> Iterator[tuple[tuple[str, str, str], int, bool]]:
    for index, each in enumerate(itertools.product(STEPS, ("command", "sender"), CALLS)):
        if index % 3 == 1:  # no common divisor with the number of calls: each kind has its turn
            yield each, ERRORS[index % len(ERRORS)], index % 3 == 0


@pytest.mark.faults
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("process", ["command", "sender"])
@pytest.mark.parametrize("call", CALLS)
def test_no_fault_books_an_event_to_the_wrong_person(
    fork_server: ForkServer, tmp_path: Path, step: str, process: str, call: str
) -> None:
    """The test tries every call of a kind, with every error, once and from then on."""
    for number, sticky in itertools.product(ERRORS, (False, True)):
        for nth in range(1, MOST_CALLS + 1):
            if not _try(fork_server, tmp_path, Plan(step, process, call, number, sticky), nth):
                break
