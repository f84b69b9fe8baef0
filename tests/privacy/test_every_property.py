"""Each property of the catalogue arrives, made from sources that are full of canaries, and no canary is found anywhere."""

import json
from collections.abc import Mapping

import pytest

from arcade_otel import conventions
from arcade_otel.cli.manifest import catalogue
from arcade_otel.testing import Canaries, FakePostHog
from arcade_otel.testing.secret_search import found_in
from tests.support.collector import HttpCollector
from tests.support.installation import grow_old, install
from tests.support.machine import Machine
from tests.support.programs import read_program

pytestmark = pytest.mark.posix

NOTHING = "nothing can be planted: "
#: For each property of the catalogue, where a canary is planted that could get into it. A property that is added to the catalogue
#: fails the tests below until it is here, and until the runs below have it.
PLANTED = {
    "command_name": "in a mistyped command",
    "duration": f"{NOTHING}it is a time",
    "exit_code": f"{NOTHING}it is a number",
    "command_options": "in the value of an option, and in the name of one that the command does not define",
    "error_type": "in the name of a class that the program makes while it runs",
    "error_message": "in the message of an error",
    "cli_version": "in the local part of the version",
    "python_version": f"{NOTHING}it is Python's",
    "os_type": f"{NOTHING}it is the kernel's",
    "os_release": f"{NOTHING}it is the kernel's; tests/spans/test_surroundings.py has names in it",
    "arch": f"{NOTHING}it is the kernel's",
    "python_implementation": f"{NOTHING}it is Python's",
    "outcome": "in a command line that is refused",
    "is_ci": "in the value of CI",
    "ci": "in the values of the variables of a CI provider",
    "agent": "in the value of AI_AGENT and AGENT",
    "interactive": f"{NOTHING}it is true or false",
    "container": "in the value of KUBERNETES_SERVICE_HOST",
    "install_method": "in the file INSTALLER of the program",
    "first_run": f"{NOTHING}it is true or false",
    "previous_version": "in the local part of the version before",
    "$session_id": f"{NOTHING}it is random",
    "org_id": "in the name of the organization, and in an ID that is none",
    "project_id": "in the name of the project, and in an ID that is none",
    "sample_rate": f"{NOTHING}it is a number",
    "dropped_events": "in events that were dropped",
    "distinct_id": "in the credentials",
    "alias": "in the credentials",
    "$process_person_profile": f"{NOTHING}it is true or false",
    "$geoip_disable": f"{NOTHING}it is constant",
    "$ip": f"{NOTHING}it is constant",
    "$lib": f"{NOTHING}it is constant",
    "$lib_version": f"{NOTHING}it is constant",
}
#: What the program declares: properties, a copy, a free text, groups, properties of the person, and those of its own event. A
#: canary is planted in values of a wrong type, in words that are not declared, and in names.
DECLARED = {"tools", "plan", "note", "release", "$groups", "$set", "number", "kind", "text"}


class Everything:
    """A machine on which every property occurs, and where canaries are in everything that a property is made from."""

    def __init__(self, machine: Machine, posthog: FakePostHog, collector: HttpCollector) -> None:
        self.machine = machine
        self.posthog = posthog
        self.collector = collector
        self.canaries = Canaries("every property")
        self.words = [self.canaries.token, self.canaries.github_token, self.canaries.slug]
        self.places: list[tuple[str, bytes]] = []
        machine.program("tool", read_program("privacy/every_property"))
        self.environ: dict[str, str | None] = {
            "PYTHONPATH": str(machine.root / "site-packages"),
            "CANARIES": " ".join(self.words),
            "AI_AGENT": self.canaries.token,
            "AGENT": self.canaries.email,
            "KUBERNETES_SERVICE_HOST": self.canaries.ipv4,
            "OTEL_TRACES_EXPORTER": "posthog,otlp",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            **{f"VARIABLE_{number}": canary for number, canary in enumerate(self.canaries)},
        }

    def run(self, *words: str, code: int = 0, patch: int = 1, environ: Mapping[str, str] | None = None) -> None:
        """Run a command, wait for its sender, and look at everything that they have left behind."""
        ended = self.machine.run(*words, environ={**self.environ, "PATCH": str(patch), **(environ or {})})
        assert ended.returncode == code, ended.stderr
        self.machine.settle()
        planted = self.machine.config_dir / "credentials.yaml"
        for path in self.machine.config_dir.rglob("*"):
            if path.is_file() and path != planted:
                self.places.append((f"{path.name} after {words[0]}", path.read_bytes()))

    def use(self) -> None:
        """Let somebody use everything."""
        options = ("--fast", f"--secret={self.canaries.password_url}", "-v", self.canaries.home_path)
        install(self.machine, "1.2.1", installer=self.canaries.slug)
        self.run("work", *options[:2], "--", *options[2:])
        self.run("fail", *options[:2], code=1)
        self.run("prompt", *self.words)
        self.run(self.canaries.slug, code=2)
        self.run("work", f"--{self.canaries.token}", code=2)
        self.run("login")
        self.run("usage", "doctor")
        self.run("work", patch=2)
        self.run("logout", patch=2)
        (self.machine.config_dir / "credentials.yaml").write_text(self._credentials(self.canaries.email, self.canaries.words))
        self.run("work", patch=3)
        (self.machine.config_dir / "credentials.yaml").write_text(self._credentials("org_123", "proj_456"))
        in_ci = dict.fromkeys(("CI", "GITHUB_ACTIONS", "CIRCLECI"), str(self.canaries.token))
        self.run("serve", patch=3, environ=in_ci)
        self.posthog.stop()
        self.collector.failing = True
        self.run("fail", *options[:2], code=1, patch=4)
        grow_old(self.machine, "posthog")
        self.posthog.start()
        self.collector.failing = False
        self.machine.time_passes()
        self.run("work", patch=4)

    def _credentials(self, organization: str, project: str) -> str:
        name, token = self.canaries.words, self.canaries.openai_key
        context = f"{{org_id: '{organization}', org_name: '{name}', project_id: '{project}', project_name: '{name}'}}"
        return f"cloud:\n  user: {{email: {self.canaries.email}}}\n  note: {token}\n  context: {context}\n"

    def found(self) -> list[str]:
        """Return every canary that is where none may be."""
        places = [*self.places, ("the debug log", self.machine.debug_log.read_bytes())]
        for request in self.posthog.requests:
            head = "\n".join((request.path, *(f"{name}: {value}" for name, value in request.headers.items())))
            places += [("the head of a request", head.encode()), ("a request", request.content)]
        for each in self.collector.spans:
            places.append(("a span", f"{each.span} {each.resource} {each.scope_attributes} {each.headers}".encode()))
        return sorted(
            {
                f"{canary.kind} in {place}, {how}"
                for place, data in places
                for canary in self.canaries
                if (how := found_in(data, canary)) is not None
            }
        )


@pytest.mark.timeout(300)
def test_every_property_arrives_from_sources_full_of_canaries_and_no_canary_is_found(
    machine: Machine, posthog: FakePostHog, collector: HttpCollector
) -> None:
    """Every event of the catalogue, with each of its properties, each declared property, and each attribute of a span."""
    everything = Everything(machine, posthog, collector)
    everything.use()
    assert everything.found() == []
    events = [json.loads(request.content) for request in posthog.requests]
    sent = [event for body in events for event in body.get("batch", ())]
    assert {event["event"] for event in sent} == {kind.name for kind in catalogue.EVENTS} | {"tool called"}
    arrived = {name for event in sent for name in event["properties"]}
    assert arrived == set(PLANTED) | DECLARED
    assert "prompt" not in {event["properties"].get("command_name") for event in sent}  # it is excluded
    words = {name: {event["properties"].get(name) for event in sent} for name in ("agent", "ci", "install_method", "cli_version")}
    assert words["agent"] - {None} == {"other"}
    assert words["ci"] - {None} == {"github-actions"}
    assert words["install_method"] - {None} == {"other"}
    assert words["cli_version"] - {None} == {f"1.2.{patch}" for patch in (1, 2, 3, 4)}
    attributes = {name for each in collector.spans for name in each.attributes}
    assert {entry.name for entry in catalogue.ATTRIBUTES} - attributes <= _PLACED_ELSEWHERE
    resource = {name for each in collector.spans for name in each.resource}
    assert {entry.name for entry in catalogue.RESOURCE} <= resource


#: A count of dropped spans is a lane's own. Only PostHog's lane drops some here.
_PLACED_ELSEWHERE = {conventions.DROPPED}


def test_every_property_of_the_catalogue_is_planted_or_has_a_reason() -> None:
    """A new property fails here, and so does one that is gone."""
    assert set(PLANTED) == {entry.name for entry in catalogue.PROPERTIES}
