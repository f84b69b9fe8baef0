"""One run of a program from its start to its end: what makes one command one span."""

import os
import time
from typing import TYPE_CHECKING

from arcade_otel import consent, conventions
from arcade_otel.diagnostics import guard
from arcade_otel.handoff.exporter_config import uses_live_spans

if TYPE_CHECKING:
    from arcade_otel.recording.live import LiveSpan
    from arcade_otel.settings import Settings
    from arcade_otel.spans import Timing
    from arcade_otel.spans.outcome import Outcome

__all__ = ["Run", "recording"]


def recording(settings: "Settings") -> str:
    """Return the mode of this run: ``on``, ``off`` or ``log``. ``off`` also in a sender, and where nobody would get the data.

    Who opted out has nothing left to be sent: what waits in the spool goes, at the cost of one look where there is none. Not in a
    process that only looks at the program (a sender, ``arcade-otel manifest``, tests that are blocked): what waits is not for it.
    """
    consent.suppress_for_this_run(False)  # noqa: FBT003 - what the run before this one took back is no business of this one's
    mode = settings.decide().mode
    if mode == consent.OFF:
        looks_only = conventions.ENV_SENDER in os.environ
        if settings.config_dir and not looks_only and os.path.isdir(os.path.join(settings.state_dir, "queue")):
            with guard("emptying the spool"):
                from arcade_otel.handoff import queue

                queue.clear(settings.state_dir)
        return consent.OFF
    if conventions.ENV_SENDER in os.environ or not (settings.records or (settings.config_dir and uses_live_spans(settings))):
        return consent.OFF
    return mode


class Run:
    """A program's run: it learns which command was reached, and makes the span when that ends. Nothing of it raises.

    The end is the start plus what the monotonic clock measured, so that a clock that is set meanwhile makes no negative
    duration.
    """

    __slots__ = ("_ended", "_live", "_mode", "_pid", "_settings", "_start_monotonic_ns", "_start_ns", "_told", "path")

    def __init__(self, settings: "Settings", mode: str) -> None:
        self.path = ""
        self._settings = settings
        self._mode = mode
        self._ended = False
        self._told = False
        self._pid = os.getpid()
        self._start_ns = time.time_ns()
        self._start_monotonic_ns = time.monotonic_ns()
        self._live: LiveSpan | None = None
        self._trace()

    @property
    def program(self) -> str:
        """Name of the program."""
        return self._settings.name

    @property
    def wants_options(self) -> bool:
        """Whether the names of the options given are to be recorded."""
        return self._settings.option_names

    def _trace(self) -> None:
        """Make the span now if the process traces itself."""
        if self._live is None and self._mode == consent.ON and uses_live_spans(self._settings):
            with guard("the live span of a command"):
                from arcade_otel.recording.live import LiveSpan

                self._live = LiveSpan(self._settings, self._start_ns)

    def on_command_start(self) -> None:
        """Say that a command is about to run: the moment for the notice, and for a provider that a callback may have set."""
        if not self._ended:
            self._trace()
            if self._live is not None:
                with guard("the tracers of the process"):
                    self._live.running()
        if self._mode == consent.ON and not self._told:
            self._told = True
            from arcade_otel.consent import notice

            notice.show_once(self._settings)

    def end(self, outcome: "Outcome") -> None:
        """Make the command's span, once; a second call does nothing, nor does one in a process forked off by the command."""
        if self._ended or os.getpid() != self._pid:
            return
        self._ended = True
        if self._settings.decide().mode == consent.OFF:
            self._leave()
            return  # somebody opted out while the command ran, or by it
        self.on_command_start()  # whatever is recorded was announced, a mistyped command too
        self._leave()
        end_ns = self._start_ns + time.monotonic_ns() - self._start_monotonic_ns
        with guard("the end of a command"):
            self._record(outcome, end_ns)

    def drop(self) -> None:
        """There was no command (help, a version): nothing is recorded."""
        self._ended = True
        self._leave()

    def _leave(self) -> None:
        if self._live is not None:
            with guard("the end of a live span"):
                self._live.leave()

    def _record(self, outcome: "Outcome", end_ns: int) -> None:
        from arcade_otel import spans

        settings = self._settings
        timing = spans.Timing(self._start_ns, end_ns)
        if self._mode == consent.LOG:
            from arcade_otel.recording import dry_run

            dry_run.show(settings, self.path, timing, outcome)
            return
        login = not outcome.failed and self.path in settings.login
        logout = not outcome.failed and self.path in settings.logout
        if login or logout:
            self._change_identity(outcome, timing, login=login, logout=logout)
            return
        from arcade_otel import handoff
        from arcade_otel import identity as identity_file

        identity = identity_file.current(settings)
        parent = spans.parse_traceparent(os.environ)
        usage_only = self._live is not None or (parent is not None and not parent.sampled)
        has_usage = bool(settings.posthog_api_key) or not usage_only
        if self._live is not None:
            with guard("the live span of a command"):
                self._live.end(self.path, timing, outcome, identity, sender_follows=has_usage)
        if has_usage:
            ids = None if self._live is None else self._live.ids
            text = spans.encode(
                settings, path=self.path, timing=timing, outcome=outcome, identity=identity, ids=ids, usage_only=usage_only
            )
            handoff.submit(text, settings)

    def _change_identity(self, outcome: "Outcome", timing: "Timing", *, login: bool, logout: bool) -> None:
        from arcade_otel import identity as identity_file
        from arcade_otel.recording import identity_span

        settings = self._settings
        before = identity_file.current(settings)
        ids = None if self._live is None else self._live.ids
        with guard("a change of identity"):
            identity_span.record(settings, self.path, timing, outcome, login=login, logout=logout, ids=ids)
        if self._live is not None:
            with guard("the live span of a command"):
                self._live.end(self.path, timing, outcome, identity_file.current(settings) if login else before)
