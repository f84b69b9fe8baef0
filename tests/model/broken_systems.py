"""Faults of the computers in a history: no locks, a copied home, a wrong clock, an unwritable disk, and others."""

import errno
import time

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from arcade_otel import conventions
from tests.model.fork_server import Disk
from tests.model.histories import Histories
from tests.model.machine import WRONG_API_KEY, command_of
from tests.support.preload import CANNOT_PRELOAD

__all__ = ["YEARS_40", "BrokenSystems"]

YEARS_40 = 40 * 365 * 24 * 3600
_DAYS_3 = 3 * 24 * 3600


class BrokenSystems(Histories):
    """Histories whose computers can break."""

    @precondition(lambda _: not CANNOT_PRELOAD)
    @rule(number=st.sampled_from((errno.ENOLCK, errno.ENOSYS, 0)))
    def locks_fail(self, number: int) -> None:
        """Move the home to a file system whose locks fail with this error, or back (0)."""
        self.machine.fail_locks(number)

    @rule()
    def use_with_a_wrong_key(self) -> None:
        """Run a program whose project does not exist. Only its own events may be lost."""
        path = self.name("wrong")
        self.may_be_lost.add(path)
        self.machine.command(path, environ={conventions.ENV_API_KEY: WRONG_API_KEY})

    @precondition(lambda self: len(self.machines) == 1 and self.machine.config_dir.exists() and self.machine.disk == "well")
    @rule()
    def the_home_is_copied(self) -> None:
        """Copy the home to a second computer, and use that one.

        An account is logged in on both computers then. An anonymous ID stays with the first one.
        """
        epoch = self.machine.epoch
        self.machine = self.machine.copy(self.root / "second")
        self.machines.append(self.machine)
        if self.machine.who is None:
            self.new_epoch()
        else:
            self.machine.epoch = epoch

    @precondition(lambda self: len(self.machines) == 2)
    @rule()
    def the_other_computer_is_used(self) -> None:
        """Use the other computer from now on."""
        self.machine = self.machines[self.machines[0] is self.machine]

    @rule(where=st.sampled_from(("a machine that ends", "continuous integration", "a machine that ends, with a wait")))
    def everything_is_killed_at_the_exit(self, where: str) -> None:
        """Kill every sender that has not run yet. It may lose its span.

        A command loses its own event only if it neither runs in continuous integration nor waits. If it waits and the delivery
        can succeed, the event has arrived when the command exits.
        """
        machine = self.machine
        waits, in_ci = where.endswith("a wait"), where == "continuous integration"
        environ = {conventions.ENV_WAIT: "8"} if waits else {"CI": "true"} if in_ci else {}
        path = self.name("killed")
        if waits:
            self.counts_are_exact = False
            self.note_limits(time.time_ns() + machine.clock * 10**9, path)
        requests, in_backoff = len(self.posthog.requests), machine.is_in_backoff()
        machine.command(path, kind="waits" if waits else "use", environ=environ)
        for wanted in machine.pending:
            text = wanted["environ"].get(conventions.ENV_EVENT_DATA)
            if text is not None and command_of(text) != path:
                self.may_be_lost.add(command_of(text))
        machine.pending.clear()
        if not (waits or in_ci) or machine.disk != "well":
            self.may_be_lost.add(path)
        elif waits and not in_backoff and self.all_succeeded(requests):
            assert path in self.arrived() | self.may_be_lost, "the command did not wait for its event"

    @rule(kind=st.sampled_from(("exec", "ends_first")))
    def a_command_has_no_end(self, kind: str) -> None:
        """Let a command become another program by ``os.execv``, or be killed after ``end_run()``."""
        self.run(kind)

    @precondition(lambda _: not CANNOT_PRELOAD)
    @rule(seconds=st.sampled_from((-YEARS_40, 0, _DAYS_3, YEARS_40)))
    def the_clock_jumps(self, seconds: int) -> None:
        """Let the clock be wrong by so many seconds."""
        self.machine.set_clock(seconds)

    @rule(disk=st.sampled_from(("full", "read-only", "well")))
    def the_disk_changes(self, disk: Disk) -> None:
        """Let the disk refuse to be written, or accept writes again."""
        self.machine.set_disk(disk)
