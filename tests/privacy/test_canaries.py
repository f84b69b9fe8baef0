"""Whatever a user types, sets, or keeps in files, and however a command ends, none of it is written down or sent."""

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from arcade_otel.spans.redaction import error_message
from arcade_otel.testing import FakePostHog, Fault
from arcade_otel.testing.computer import Computer
from arcade_otel.testing.secret_search import found_in
from tests.privacy import leaks
from tests.privacy.regressions import MENDED, Leak
from tests.privacy.runner import Ran, Runner, Started
from tests.privacy.scenarios import PROGRAMS
from tests.privacy.secrets_strategy import ENDINGS, QUOTED, Scenario, scenarios


def message_of(scenario: Scenario) -> str:
    """Return what is recorded of the scenario's error, without a process."""
    before, environ = sys.argv, dict(os.environ)
    sys.argv = ["tool", *scenario.argv]
    os.environ.update(scenario.environ)
    try:
        return error_message(ValueError(scenario.text), "redacted", given=list(scenario.typed.values())) or ""
    finally:
        sys.argv = before
        os.environ.clear()
        os.environ.update(environ)


class ScenarioComputer(Computer):
    """A user's computer for one scenario, with everything that the library left on it or sent from it."""

    def __init__(self, root: Path, runner: Runner, posthog: FakePostHog, scenario: Scenario, mutation: str) -> None:
        super().__init__(root, home=root / "home" / scenario.directories["home"])
        self.scenario = scenario
        self.mutation = mutation
        self.runner = runner
        self.posthog = posthog
        self.cwd = root / scenario.directories["cwd"]
        self.program = root / scenario.directories["program"] / "tool.py"
        for made in (self.cwd, self.program.parent):
            made.mkdir(parents=True)
        self.mark_notice_as_shown()
        self.send_to(posthog.url, "phc_canaries")
        self.environ |= {"PWD": str(self.cwd), "ARCADE_USAGE_STRICT": "1"}
        self.environ |= {name: str(value) for name, value in scenario.environ.items()}
        self.places: list[tuple[str, bytes]] = []

    def use(self) -> None:
        """Run the program, and then its senders, as the scenario says."""
        scenario = self.scenario
        files = {"credentials.yaml": f"cloud:\n  api:\n    key: key-of-somebody\n  coordinator_url: {self.posthog.url}\n"}
        if scenario.command != "login":
            files = {}
        files["settings.toml"] = f'secret = """{scenario.content}"""\n'
        for name, text in files.items():
            (self.config_dir / name).write_text(text, encoding="utf-8")
        ran = self.runner.program(
            source=PROGRAMS[scenario.framework],
            path=str(self.program),
            argv=scenario.argv,
            environ=self.environ,
            cwd=str(self.cwd),
            stdin=scenario.stdin,
            mutation=self.mutation,
            spec={
                "name": "tool" if scenario.named else None,
                "ending": {"login": "success", "logout": "success", "login failed": "error", "logout failed": "error"}.get(
                    scenario.ending, scenario.ending
                ),
                "text": scenario.text,
                "tracks": True,
                "canary": str(scenario.canary),
                "files": [str(self.config_dir / name) for name in files],
            },
        )
        self._ended_well(ran)
        self._look("after the command")
        assert ran["started"], "nothing was recorded"
        if scenario.delivery != "at once":
            self.posthog.always(Fault.status(503))
            self._send(ran["started"])
            self._look("in the outage")
            self.posthog.heal()
            self.time_passes()
        if scenario.delivery == "forbidden meanwhile":
            (self.config_dir / "usage" / "consent").write_text("off")
        self._send(ran["started"])
        self._look("at the end")

    def _send(self, wanted: Sequence[Started]) -> None:
        for started in wanted:
            environ = started["environ"]
            told = [f"{name}={value}" for name, value in environ.items() if self.environ.get(name) != value]
            told.remove(f"ARCADE_USAGE_SENDER={self.config_dir}")  # where it is to work
            self.places.append(("the process of the sender", "\n".join((*started["command"], *told)).encode()))
            self._ended_well(self.runner.sender(started, mutation=self.mutation))

    def _ended_well(self, ran: Ran) -> None:
        assert not ran["trace"], ran["trace"]

    def _look(self, when: str) -> None:
        planted = ("credentials.yaml", "settings.toml")
        files = [path for path in self.config_dir.rglob("*") if path.is_file() and path.name not in planted]
        self.places += [(f"{path.relative_to(self.config_dir)} {when}", path.read_bytes()) for path in files]
        names = "\n".join(
            str(path.relative_to(self.config_dir)) for path in self.config_dir.rglob("*") if path.name not in planted
        )
        self.places.append((f"names of files {when}", names.encode()))

    def found(self) -> list[str]:
        """Return every canary that was found in a place that must have none."""
        places = [*self.places, ("the debug log", self.debug_log.read_bytes())]
        for request in self.posthog.requests:
            head = "\n".join((request.path, *(f"{name}: {value}" for name, value in request.headers.items())))
            places += [("the head of a request", head.encode()), ("a request", request.content)]
        return sorted(
            {
                f"{canary!r} ({canary.kind}) in {place}, {how}"
                for place, data in places
                for canary in self.scenario.canaries
                if (how := found_in(data, canary)) is not None
            }
        )


class Setting:
    """The things that all scenarios of a test share."""

    def __init__(self, runner: Runner, posthog: FakePostHog) -> None:
        self.runner = runner
        self.posthog = posthog

    def check(self, scenario: Scenario, mutation: str = "") -> None:
        """Run a scenario, and fail if a canary is found."""
        self.posthog.heal()
        self.posthog.requests.clear()
        self.posthog.events.clear()
        with TemporaryDirectory() as root:
            computer = ScenarioComputer(Path(root), self.runner, self.posthog, scenario, mutation)
            computer.use()
            found = computer.found()
            assert not found, "\n".join((*found, repr(scenario)))
            if scenario.delivery != "forbidden meanwhile":
                assert self.posthog.events, "nothing was delivered"


@pytest.fixture(scope="module")
def setting() -> Iterator[Setting]:
    """One warm interpreter and one server for all scenarios."""
    with Runner() as runner, FakePostHog() as posthog:
        posthog.arcade.add(api_key="key-of-somebody", principal_id="somebody")
        yield Setting(runner, posthog)


def examples(count: int, *, phases: Sequence[Phase] = (Phase.generate, Phase.shrink)) -> settings:
    """Return the settings of Hypothesis, which are the same in each run."""
    return settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        phases=tuple(phases),
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )


@pytest.mark.timeout(300)
@pytest.mark.parametrize("ending", ENDINGS)
def test_no_canary_is_found_anywhere(setting: Setting, ending: str) -> None:
    """However a command ends, no canary is in the queue, the receipts, the process list, the debug log, or a request."""

    @examples(10)
    @given(scenario=scenarios(ending=ending))
    def holds(scenario: Scenario) -> None:
        setting.check(scenario)

    holds()


@pytest.mark.parametrize("quoted", QUOTED)
def test_no_message_tells_a_canary(quoted: str) -> None:
    """The program quotes the canary in any form. This test runs many more scenarios than processes could run."""

    @examples(100)
    @given(scenario=scenarios(ending="error", quoted=quoted))
    def holds(scenario: Scenario) -> None:
        told = message_of(scenario)
        found = [how for canary in scenario.canaries if (how := found_in(told.encode(), canary))]
        assert not found, (found, told, scenario)

    holds()


@pytest.mark.parametrize("leak", MENDED, ids=lambda leak: leak.name)
def test_a_leak_that_was_mended_stays_so(leak: Leak, monkeypatch: pytest.MonkeyPatch) -> None:
    """The examples are the shortest ones that the scenarios above have found."""
    monkeypatch.setattr(sys, "argv", ["tool", *leak.arguments])
    told = error_message(ValueError(leak.message), "redacted", given=leak.arguments) or ""
    assert found_in(told.encode(), leak.secret) is None, told


@pytest.mark.timeout(300)
@pytest.mark.parametrize("leak", leaks.__all__)
def test_the_scenarios_notice_a_library_that_leaks(setting: Setting, leak: str) -> None:
    """A property that can never fail would prove nothing. So each deliberate leak must make it fail."""

    @examples(300, phases=[Phase.generate])
    @given(scenario=scenarios())
    def holds(scenario: Scenario) -> None:
        setting.check(scenario, leak)

    with pytest.raises(AssertionError, match=r"\) in "):
        holds()
