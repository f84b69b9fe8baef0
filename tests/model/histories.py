"""Random histories of people, outages and kills, and the invariants that must hold at the end of each.

The test knows which person ran which command. It compares that with what the fake PostHog's person model makes of the events that
arrived, under many orders in which PostHog's partitions may be read. ``tests.model.broken_systems`` adds faults of the computers.
"""

import json
import uuid
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from arcade_otel import conventions
from arcade_otel.handoff.span_summary import summarize
from arcade_otel.testing import FakePostHog, Fault, PartitionOrder
from tests.model.fork_server import ForkServer
from tests.model.machine import API_KEY, MAX_COUNT, Machine, carries_alias, command_of

__all__ = ["FAULTS", "Histories"]

PEOPLE = ("alice", "bob", "carol")
ORDERS = ("sent", PartitionOrder(1), PartitionOrder(2), PartitionOrder(3))
FAULTS = (
    Fault.status(503),
    Fault.status(500),
    Fault.status(429, headers={"Retry-After": "0"}),
    Fault.status(408),
    Fault.close_before_reading(),
    Fault.store_then_close(),
    Fault.reset(),
    Fault.garbage(),
)
#: The statuses of requests after which no event waits: accepted, and refused for good.
DONE = (200, 400)
_DAY_SECONDS = 24 * 3600
_MAX_AGE_SECONDS = 7 * _DAY_SECONDS


class Histories(RuleBasedStateMachine):
    """Three people and one project, with a history of any length.

    Attributes:
        machine: The computer that is used now.
        machines: All computers.
        first: Who logged in first in an epoch. Its earlier events become that person's.
        logins: The command of that login. Its event carries the alias.
        ran: Who was logged in when a command ran, its epoch, and how wrong the clock was.
        may_be_lost: The commands whose events the documented limits (``docs/delivery.md``) allow to be lost.
        over_limits: Those of them that a full queue may drop. The next event reports how many it has dropped.
        counts_are_exact: Whether nothing has happened that may lose that report.
    """

    fork_server: ForkServer
    mutation = ""
    faults: Sequence[Fault] = FAULTS
    first_clock = 0

    def __init__(self) -> None:
        super().__init__()
        self._folder = TemporaryDirectory()
        self.root = Path(self._folder.name)
        self.posthog = FakePostHog(tokens=[API_KEY], enforce=True)
        self.posthog.start()
        for person in PEOPLE:
            self.posthog.arcade.add(api_key=f"key-of-{person}", principal_id=person)
        self.machine = Machine(self.fork_server, self.posthog, self.root / "first")
        self.machine.environ["ARCADE_TEST_MODEL_MUTATION"] = self.mutation
        if self.first_clock:
            self.machine.set_clock(self.first_clock)
        self.machines = [self.machine]
        self.number = 0
        self.epochs = 0
        self.first: dict[int, str] = {}
        self.logins: dict[int, str] = {}
        self.ran: dict[str, tuple[str | None, int, int]] = {}
        self.may_be_lost: set[str] = set()
        self.over_limits: set[str] = set()
        self.counts_are_exact = True
        self.poison: set[str] = set()
        self.posthog.refuse(lambda event: event["properties"].get("command_name") in self.poison)

    def teardown(self) -> None:
        """Heal everything, and compare the events with what the test knows."""
        try:
            self.heal()
            self.check()
        finally:
            self.posthog.close()
            self._folder.cleanup()

    # --- what people do ------------------------------------------------------------------------------------------

    def name(self, kind: str) -> str:
        """Return the name of a new command of the person who is logged in."""
        self.number += 1
        path = f"{kind}{self.number}"
        self.ran[path] = (self.machine.who, self.machine.epoch, self.machine.clock)
        if self.machine.disk != "well" and not self.machine.has_identity():
            self.may_be_lost.add(path)  # it has no ID, or one that must change first, and no file can be written
        return path

    def run(self, kind: str, **how: Any) -> str:
        path = self.name(kind)
        self.machine.command(path, kind=kind, **how)
        return path

    def new_epoch(self) -> None:
        """From now on, the machine's anonymous ID is another one."""
        self.epochs += 1
        self.machine.epoch = self.epochs

    @rule(fails=st.booleans())
    def use(self, fails: bool) -> None:  # noqa: FBT001
        """Run a command that does not change the account."""
        self.run("use", fails=fails)

    @rule(count=st.integers(2, 4))
    def use_side_by_side(self, count: int) -> None:
        """Run several commands in parallel."""
        self.machine.commands([self.name("use") for _ in range(count)])

    @rule(die_at=st.integers(1, 400))
    def use_and_die(self, die_at: int) -> None:
        """Kill a command, which may lose only its own event."""
        self.may_be_lost.add(self.run("use", die_at=die_at))

    @precondition(lambda self: self.machine.disk == "well")  # or the program could not write the credentials
    @rule(person=st.sampled_from(PEOPLE))
    def log_in(self, person: str) -> None:
        """Log in, or switch to another account without logging out."""
        machine = self.machine
        if machine.who is None:
            if machine.epoch in self.first:
                pytest.fail("the driver lost count of epochs")
        elif machine.who != person:
            self.new_epoch()
        self.first.setdefault(machine.epoch, person)
        machine.who = person
        machine.log_in(f"key-of-{person}", self.posthog.url)
        path = self.run("login")
        self.logins.setdefault(machine.epoch, path)

    @precondition(lambda self: self.machine.who is not None and self.machine.disk != "read-only")
    @rule()
    def log_out(self) -> None:
        """Log out. The event belongs to the old account, and later events do not."""
        self.machine.log_out()
        self.run("logout")
        self.machine.who = None
        self.new_epoch()

    # --- what befalls them ------------------------------------------------------------------------------------------

    @precondition(lambda self: self.machine.pending)
    @rule(data=st.data())
    def a_sender_runs(self, data: st.DataObject) -> None:
        """Run one of the senders, in any order."""
        self.deliver(data.draw(st.integers(0, len(self.machine.pending) - 1)))

    @precondition(lambda self: self.machine.pending)
    @rule(data=st.data(), die_at=st.integers(1, 1500))
    def a_sender_dies(self, data: st.DataObject, die_at: int) -> None:
        """Kill a sender at any line. It may lose the one span that it had not yet written to the queue."""
        self.deliver(data.draw(st.integers(0, len(self.machine.pending) - 1)), die_at)

    @rule(data=st.data(), times=st.integers(1, 3))
    def the_server_falters(self, data: st.DataObject, times: int) -> None:
        """Let the server fail for a few requests."""
        self.posthog.script(*[data.draw(st.sampled_from(self.faults))] * times)

    @precondition(lambda self: self.ran)
    @rule(data=st.data())
    def an_event_is_poison(self, data: st.DataObject) -> None:
        """Let the server refuse one event, and every request that contains it. Only that event may be lost."""
        path = data.draw(st.sampled_from(sorted(self.ran)))
        self.poison.add(path)
        self.may_be_lost.add(path)
        self.counts_are_exact = False  # it may carry the count

    @rule()
    def the_network_goes(self) -> None:
        """Take the network away until it returns."""
        self.posthog.always(Fault.close_before_reading())

    @rule()
    def the_network_returns(self) -> None:
        """Bring the network back, and end the back-off."""
        self.posthog.heal()
        for machine in self.machines:
            machine.time_passes()

    def deliver(self, index: int = 0, die_at: int | None = None) -> None:
        """Run one of the senders that commands have asked for, and note which losses the limits allow."""
        machine = self.machine
        text = machine.pending[index]["environ"].get(conventions.ENV_EVENT_DATA)
        summary = None if text is None else summarize(text)
        own = None
        if text is not None and summary is not None and summary.api_key == API_KEY:
            own = command_of(text)
            self.note_limits(summary.end_ns, own, has_alias=carries_alias(text))
        else:
            self.note_limits()
        queued, requests, in_backoff = set(machine.queue), len(self.posthog.requests), machine.is_in_backoff()
        machine.deliver(index, die_at)
        if die_at is not None:
            self.counts_are_exact = False
            if own is not None and not set(machine.queue) - queued:
                self.may_be_lost.add(own)
            return
        delivers = not in_backoff and self.all_succeeded(requests)
        if machine.disk != "read-only":
            assert len(machine.waiting) <= MAX_COUNT, "the queue has no bound"
        if machine.disk == "full" and machine.has_locks and delivers:
            assert machine.waiting == [], "what was queued is not delivered from a full disk"
        if machine.disk != "well":
            self.counts_are_exact = False
            if own is not None and (machine.waiting or not delivers):
                self.may_be_lost.add(own)  # it can neither be queued, nor overtake what is queued or be sent

    def all_succeeded(self, first: int) -> bool:
        """Return whether the server has answered each request from this one on, so that no event waits after it."""
        return all(request.fault is None and request.status in DONE for request in self.posthog.requests[first:])

    def note_limits(self, own_end_ns: int | None = None, own: str | None = None, *, has_alias: bool = False) -> None:
        """Note which spans a sender of the machine may drop: the oldest ones of more than the queue holds, and too old ones.

        If too many spans wait, those that carry an alias are dropped last.
        """
        machine = self.machine
        waiting = []
        for path in machine.waiting:
            text = path.read_text()
            waiting.append((carries_alias(text), path.name, command_of(text)))
        if own_end_ns is not None and own is not None:
            waiting.append((has_alias, f"{own_end_ns:020d}-", own))
        dropped = {path for _, _, path in sorted(waiting)[: max(0, len(waiting) - MAX_COUNT)]}
        # The sender's clock measures the age. If it has jumped ahead by more than 7 days, every queued span is too old.
        if machine.clock > _MAX_AGE_SECONDS:
            dropped |= {path for _, _, path in waiting if self.ran[path][2] < machine.clock}
        self.may_be_lost |= dropped
        self.over_limits |= dropped

    # --- what must hold ------------------------------------------------------------------------------------------

    @initialize()
    def fresh(self) -> None:
        """Nothing has happened yet."""
        assert not self.machine.config_dir.exists()

    @invariant()
    def what_waits_is_whole(self) -> None:
        """Check that no file has half a span under a name that a sender reads."""
        for machine in self.machines:
            for path in machine.queue:
                json.loads(path.read_text())

    def heal(self) -> None:
        """Mend the network, the disks and the clocks, and deliver everything that can be delivered from each computer."""
        self.posthog.heal()
        for machine in self.machines:
            self.machine = machine
            self.machine.set_disk("well")
            self.machine.set_clock(0)
            self.machine.time_passes()
            self.machine.empty_leases_become_stale()
            for _ in range(2):
                while self.machine.pending:
                    self.deliver()
                self.run("use")
            while self.machine.pending:
                self.deliver()
            assert self.machine.waiting == [], "something is left although the server is well"

    def check(self) -> None:
        """Check I1 to I6 and I8, and that no event under a new ID overtakes its alias."""
        arrived = self.arrived()
        missing = set(self.ran) - arrived - self.may_be_lost
        assert not missing, f"lost: {sorted(missing)}"
        self._check_deliveries()
        self._check_client_side()
        for order in ORDERS:
            self._check_owners(order)
        if self.counts_are_exact:
            reported = sum(event.properties.get("dropped_events", 0) for event in self.posthog.visible())
            assert reported >= len(self.over_limits - arrived), "dropped and not reported"

    def arrived(self) -> set[str]:
        """Return the commands whose events have arrived."""
        return {event.properties["command_name"] for event in self.posthog.events if event.event != "$create_alias"}

    def _check_deliveries(self) -> None:
        """Check I5: each event arrives once by UUID, and is the same in every delivery."""
        seen: dict[str, tuple[str, str, str]] = {}
        commands: dict[str, str] = {}
        for event in self.posthog.events:
            same = (event.event, event.distinct_id, event.timestamp)
            assert seen.setdefault(event.uuid, same) == same, "an event changed between deliveries"
            if event.event != "$create_alias":
                assert commands.setdefault(event.properties["command_name"], event.uuid) == event.uuid, "one command, two events"
        # PostHog corrects the time of an event by the sender's clock, and keeps one event of a UUID for each day. So an event is
        # counted twice if it is delivered twice and the clock has jumped in between.
        now = datetime.now(timezone.utc)
        clocks = Counter(
            (event.uuid, round((datetime.fromisoformat(event.sent_at) - now).total_seconds() / _DAY_SECONDS))
            for event in self.posthog.visible()
        )
        assert set(clocks.values()) <= {1}, "one event, counted twice"
        for request in self.posthog.requests:
            assert not request.leaks()

    def _check_client_side(self) -> None:
        """Check I4 and the order: an alias was acknowledged before any event came under the ID that it introduces."""
        aliases: dict[str, set[str]] = {}
        introduced: set[str] = set()
        for event in self.posthog.events:
            if event.event == "$create_alias":
                assert "$process_person_profile" not in event.properties
                aliases.setdefault(event.distinct_id, set()).add(event.properties["alias"])
                introduced.add(event.properties["alias"])
            elif event.distinct_id in PEOPLE:
                assert "$process_person_profile" not in event.properties
                _, epoch, clock = self.ran[event.properties["command_name"]]
                # The queue is sorted by the end of each command, so the alias may be late if the clock was set back since.
                set_back = clock < self.ran[self.logins[epoch]][2]
                assert event.distinct_id in introduced or set_back or self._alias_may_be_lost(epoch), (
                    "an event overtook its alias"
                )
            else:
                assert uuid.UUID(event.distinct_id)
                assert event.properties.get("$process_person_profile") is False
        assert all(len(people) == 1 for people in aliases.values()), "one anonymous id, two people"

    def _alias_may_be_lost(self, epoch: int) -> bool:
        """Return whether a full queue may have dropped the login's event, and with it the alias."""
        return self.logins.get(epoch) in self.over_limits

    def _check_owners(self, order: Any) -> None:
        """Check the invariants I1, I2 and I3."""
        persons = self.posthog.persons(order=order)
        owners = {person: persons.owner_of(person) for person in PEOPLE}
        assert len(set(owners.values())) == len(PEOPLE), "two people became one"
        for event in self.posthog.events:
            if event.event == "$create_alias":
                continue
            who, epoch, _ = self.ran[event.properties["command_name"]]
            is_anonymous = who is None
            who = who or self.first.get(epoch)
            owner = persons.owner(event)
            if owner not in owners.values():
                assert who is None or (is_anonymous and self._alias_may_be_lost(epoch)), f"{who}'s event is nobody's"
            else:
                assert who is not None, "nobody's event is somebody's"
                assert owner == owners[who], f"{event.properties['command_name']} is {who}'s"
