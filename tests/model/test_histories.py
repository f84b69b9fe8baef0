"""After random histories of people, outages, kills and broken systems, each event belongs to its person, once."""

import os
from collections.abc import Collection, Iterator, Sequence

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.errors import Flaky
from hypothesis.stateful import run_state_machine_as_test

from arcade_otel.testing import Fault
from tests.model import mutations
from tests.model.broken_systems import YEARS_40, BrokenSystems
from tests.model.fork_server import ForkServer
from tests.model.histories import FAULTS, Histories
from tests.support.preload import CANNOT_PRELOAD, compile_library

pytestmark = pytest.mark.posix  # imports modules that Windows lacks, or needs signals, users or file modes

#: Where only one of the faults can show what a mutation broke: histories with the other ones would cost a minute.
FAULTS_THAT_SHOW = {"new_uuid_in_each_delivery": (Fault.store_then_close(),)}
#: How wrong the clock is at first, where that shows in a few histories what others show in a hundred.
FIRST_CLOCKS = {"believes_every_clock": -YEARS_40}
#: The rules that show what a mutation broke: those of ``Histories``, or these, with one kind of broken system alone.
RULES_THAT_SHOW = {
    "new_uuid_in_each_delivery": ("use", "a_sender_runs", "the_server_falters"),
    "no_split_at_400": ("use", "a_sender_runs", "an_event_is_poison", "the_network_goes"),
    "no_rotation_at_logout": ("use", "log_in", "log_out"),
    "cannot_lock_means_held": ("use", "locks_fail"),
    "one_lane_for_all_projects": ("use", "a_sender_runs", "use_with_a_wrong_key"),
    "a_copy_keeps_its_id": ("use", "log_in", "log_out", "the_home_is_copied"),
    "queues_nothing_before_the_exit": ("use", "everything_is_killed_at_the_exit"),
    "never_waits": ("use", "everything_is_killed_at_the_exit"),
    "end_run_waits_for_the_exit": ("use", "a_command_has_no_end"),
    "ends_no_run_before_exec": ("use", "a_command_has_no_end"),
    "believes_every_clock": ("use", "the_clock_jumps"),
    "takes_a_read_only_disk_for_a_written_one": ("use", "a_sender_runs", "the_disk_changes"),
    "takes_a_full_disk_for_a_written_one": ("use", "a_sender_runs", "the_disk_changes"),
}
#: The rules of people, their network and their server.
PLAIN_RULES = {name for name, value in vars(Histories).items() if hasattr(value, "hypothesis_stateful_rule")}
RULES = {*PLAIN_RULES, *(name for name, value in vars(BrokenSystems).items() if hasattr(value, "hypothesis_stateful_rule"))}
NEEDS_PRELOAD = ("cannot_lock_means_held", "believes_every_clock")


@pytest.fixture(scope="module")
def fork_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkServer]:
    """One warm interpreter for all histories, in which locks and the clock can fail."""
    environ = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    if not CANNOT_PRELOAD:
        folder = tmp_path_factory.mktemp("preloaded")
        libraries = [str(compile_library(name, folder)) for name in ("failing_calls", "shifted_clock")]
        environ["LD_PRELOAD"] = " ".join(libraries)
    with ForkServer({**environ, "HOME": os.devnull, "ARCADE_USAGE_STRICT": "1"}) as warm:
        yield warm


def run(
    fork_server: ForkServer,
    *,
    examples: int,
    steps: int,
    mutation: str = "",
    rules: Collection[str] = RULES,
    phases: Sequence[Phase] = tuple(Phase),
) -> None:
    """Run histories with the library, or with a library that a mutation broke, and with these rules."""
    left_out = dict.fromkeys(RULES - set(rules))
    faults = FAULTS_THAT_SHOW.get(mutation, FAULTS)
    first_clock = {"first_clock": FIRST_CLOCKS.get(mutation, 0)}
    machine = type(
        "Histories",
        (BrokenSystems,),
        {"fork_server": fork_server, "mutation": mutation, "faults": faults, **first_clock, **left_out},
    )
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            database=None,
            phases=tuple(phases),
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.timeout(240)
def test_every_history_ends_with_each_event_at_its_person_once(fork_server: ForkServer) -> None:
    """Histories have commands, logins, logouts and switches, also in parallel, with outages, kills and broken systems."""
    run(fork_server, examples=40, steps=30)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("mutation", mutations.__all__)
def test_the_model_notices_a_library_that_is_broken(fork_server: ForkServer, mutation: str) -> None:
    """A model that can never fail would prove nothing. So each deliberate fault must make it fail."""
    if CANNOT_PRELOAD and mutation in NEEDS_PRELOAD:
        pytest.skip(CANNOT_PRELOAD)
    # Ids are random: Hypothesis may not meet the same failure when it runs the history again, and then says so (Flaky).
    with pytest.raises((AssertionError, Flaky)):
        run(
            fork_server,
            examples=200,
            steps=12 if mutation in RULES_THAT_SHOW else 30,
            mutation=mutation,
            rules=RULES_THAT_SHOW.get(mutation, PLAIN_RULES),
            phases=[Phase.generate],
        )
