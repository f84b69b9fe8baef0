"""Connect the library to CLI frameworks.

:func:`instrument` finds the adapter for an app, and the adapter reports each run of the app to a :class:`Run`. The module
``more_adapters`` describes how to add a framework.
"""

from __future__ import annotations

import os
import sys
import time
from _thread import get_ident

from arcade_otel import consent, conventions
from arcade_otel.diagnostics import guard
from arcade_otel.settings import make_settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Protocol

    from arcade_otel.frameworks.late_events import LateEvents
    from arcade_otel.recording.live import LiveSpan
    from arcade_otel.settings import Settings
    from arcade_otel.spans.outcome import Outcome
    from arcade_otel.spans.own_events import OwnEvent

    class Adapter(Protocol):
        """The functions that an adapter module must define."""

        def attach(self, app: Any, settings: Settings) -> None: ...
        def detach(self, app: Any) -> None: ...


__all__ = ["ADAPTERS", "SETTINGS", "Run", "effective_decision", "find_adapter", "instrument"]

#: Attribute with the settings of an instrumented app, or of its root command.
SETTINGS = "_arcade_otel_settings"


#: The adapter module for a class of apps, by the class's name and the first module of its path. So no framework is imported to
#: find the adapter. Typer has its own copy of Click since 0.26, so a Click command may come from either package.
ADAPTERS: dict[tuple[str, str], str] = {
    ("Typer", "typer"): "typer",
    ("Command", "click"): "click",
    ("BaseCommand", "click"): "click",  # before Click 8.2
    ("Command", "typer"): "click",
}


def find_adapter(app: object) -> Adapter:
    """Return the adapter module for ``app``.

    Raises:
        TypeError: If no adapter supports the class of ``app``.
    """
    for base in type(app).__mro__:
        name = ADAPTERS.get((base.__name__, base.__module__.partition(".")[0]))
        if name is not None:
            module = f"{__name__}.{name}"
            __import__(module)
            return sys.modules[module]
    from arcade_otel.frameworks import more_adapters  # the table in that module would cost each Click program 20,000 instructions

    return more_adapters.find_adapter(app)  # type: ignore[no-any-return]


def instrument(app: Any, options: Mapping[str, Any]) -> None:
    """Record the commands that ``app`` runs from now on. See :func:`arcade_otel.instrument`."""
    settings = make_settings(**options)
    find_adapter(app).attach(app, settings)


# Runs that have begun and not ended, the innermost one last.
_running: list[Run] = []

# The module from which ``os`` has its builtins: ``posix`` or ``nt``.
_system: Any = sys.modules[os.name]


def _ending_runs_first(name: str) -> Any:
    """Return a replacement for the builtin ``name`` (``execv`` or ``execve``), which turns the process into another program.

    If the builtin is likely to succeed, the replacement ends the runs of this process before it calls the builtin.
    """

    def replacement(*args: Any, **kwargs: Any) -> Any:
        if _running and _running[-1]._pid == os.getpid():  # noqa: SLF001 - a process that the command has forked has no runs
            with guard("the end of a command that becomes another program"):
                from arcade_otel.frameworks import before_exec

                before_exec.end_runs(name, args, kwargs)
        try:
            return getattr(_system, name)(*args, **kwargs)
        except BaseException as error:
            # Without the frame of this function, as ``more_adapters.drop_own_frame`` does it.
            error.__traceback__ = error.__traceback__ and error.__traceback__.tb_next
            raise

    replacement.__name__ = name
    return replacement


# While a run is active, these are in the module ``os`` in place of the builtins. Each ``os.exec…`` function calls one of the two.
_execv, _execve = _ending_runs_first("execv"), _ending_runs_first("execve")


def _swap_exec_functions(*, active: bool) -> None:
    """If ``active`` is true, patch ``os.execv`` and ``os.execve`` to end this process's runs before another program starts.

    If ``active`` is false, restore the builtins.

    If the program itself has replaced a builtin, for example by a mock, the program's function stays in place.
    """
    with guard("the functions os.exec…"):
        if active:
            if os.execv is _system.execv:
                os.execv = _execv
            if os.execve is _system.execve:
                os.execve = _execve
                if _system.execve in os.supports_fd:
                    os.supports_fd.add(_execve)
        else:
            if os.execv is _execv:
                os.execv = _system.execv
            if os.execve is _execve:
                os.execve = _system.execve
            os.supports_fd.discard(_execve)


def effective_decision(settings: Settings) -> consent.Decision:
    """Decide whether to record this run. The decision is "off" in a sender process or if the events have no destination.

    If the user has opted out, delete the queued events. If there is no queue directory, the check for queued events costs two
    ``stat`` calls. A sender, ``arcade-otel manifest``, and a command that a test runs never delete queued events.
    """
    consent.suppress_for_this_run(False)  # noqa: FBT003 - the suppression of an earlier run in this process
    decision = settings.decide()
    if conventions.ENV_SENDER in os.environ:
        return consent.Decision(consent.OFF, conventions.ENV_SENDER, "this process records nothing")
    if decision.opted_out:
        directories = (os.path.join(settings.state_dir, name) for name in ("queue", "starting"))
        if settings.config_dir and any(map(os.path.isdir, directories)):
            with guard("emptying the queue"):
                from arcade_otel.handoff import queue

                queue.clear(settings.state_dir)
    elif decision.mode != consent.OFF and not (settings.has_destination or (settings.config_dir and _uses_live_spans(settings))):
        return consent.Decision(consent.OFF, "no destination", "there is nobody to send to")
    return decision


class Run:
    """One run of a program. An adapter calls methods of the run when a command is reached and when the command has ended.

    Guarantees:

    * By default, no method raises an ``Exception`` if the library itself fails. For example, ``end`` does not raise if the
      command has removed this library from the disk. With ``ARCADE_USAGE_STRICT=1``, errors of the library are raised.
    * ``end`` records a run at most once, and records nothing in a process that the command has forked.
    * In a worker or a reload child (``_is_worker``), ``end`` records only a successful login or logout.
    * The duration is measured with the monotonic clock, so it is not negative even if the system clock is changed during the run.
    """

    #: Trace ID and span ID of the command's span, once they are chosen: when it begins (``record_start``), or when it ends.
    _ids: tuple[str, str] | None = None
    #: The events that a server command tracks while it runs, or None if the command is not a server.
    _late: LateEvents | None = None
    #: Whether the run has ended, and was not discarded.
    _recorded = False
    #: The events that the program has tracked (``tracking``).
    events: Sequence[OwnEvent] = ()
    #: Returns the values of the command's parameters while it runs.
    _get_values: Callable[[], tuple[str, ...]] | None = None

    @classmethod
    def begin(cls, settings: Settings) -> Run | None:
        """Begin a run and return it, or return None if the run is not recorded."""
        with guard("the start of a command"):
            decision = effective_decision(settings)
            # If the user's choice cannot be read at the moment, a login or logout is not recorded, but remembered.
            return None if decision.mode == consent.OFF and not decision.unreadable else cls(settings, decision)
        return None

    #: Whether the program discarded the run (``CommandContext.discard``).
    discarded_by_program = False
    #: Whether the program has parsed its command line. False only for ``program()`` before the first parser begins.
    has_command_line = True

    def __init__(self, settings: Settings, decision: consent.Decision) -> None:
        #: Path in the command tree, joined by dots. "" until a command is reached.
        self.path = ""
        self._settings = settings
        self._decision = decision
        self._ended = False
        #: Values that the program has set for its declared properties. They are checked when the command ends.
        self.values: dict[str, object] = {}
        self._announced = False
        self._pid = os.getpid()
        #: None until it is looked up. A process that was forked while a command ran has that command's run.
        self._in_worker = True if _running and _running[0]._pid != self._pid else None  # noqa: SLF001 - its own class
        #: Identifier of the thread that began the run.
        self.thread = get_ident()
        _running.append(self)
        if os.execve is not _execve or os.execv is not _execv:
            _swap_exec_functions(active=True)
        self._start_ns = time.time_ns()
        self._start_monotonic_ns = time.monotonic_ns()
        self._live: LiveSpan | None = None
        # Read once, because each access to os.environ costs eight thousand instructions.
        self._exports = settings.live_spans is not False and _environment_exports()
        self._start_live_span()

    @property
    def program(self) -> str:
        """Name of the program."""
        return self._settings.name

    def enter_command(self, name: str) -> None:
        """Add ``name``, the command that the run has just reached, to the run's path."""
        self.path = f"{self.path}.{name}" if self.path else name

    def on_command_start(self, get_values: Callable[[], tuple[str, ...]] | None = None) -> None:
        """Report that a command is about to run, so that the run shows the notice and starts the live span if necessary.

        Args:
            get_values: A function that returns the values of the command's parameters. If the program sets a free-text property
                (:class:`arcade_otel.FreeText`) while the command runs, the library calls this function and removes the values
                from the text.
        """
        self._get_values = get_values
        self._announce()
        self.record_start()

    def record_start(self) -> None:
        """Send the start event if the option ``record_start`` names the command.

        A second call does nothing.
        """
        if self._settings.record_start and (self.path or self._settings.name) in self._settings.record_start:
            with guard("the start event"):
                from arcade_otel.frameworks import start_event

                start_event.record_start(self)

    def _announce(self) -> None:
        """Show the usage-data notice if necessary, and start the live span if the process exports traces.

        The process also counts as exporting traces if one of the program's callbacks has set a tracer provider since the run
        began.
        """
        if not self._ended:
            self._start_live_span()
            if self._live is not None:
                with guard("the tracers of the process"):
                    self._live.on_command_start()
        if self._decision.mode == consent.ON and not self._announced:
            self._announced = True
            with guard("the notice"):
                self._show_notice()

    def discard(self) -> None:
        """Record nothing for this run, because no command ran (``--help``, ``--version``)."""
        self._ended = True
        self._detach()

    def end(
        self,
        error: BaseException | None = None,
        *,
        exit_code: int | None = None,
        interrupted: int = 130,
        get_values: Callable[[], tuple[str, ...]] | None = None,
        get_option_names: Callable[[], tuple[str, ...]] | None = None,
        usage_error: bool = False,
    ) -> None:
        """Record the run as the command's span.

        The call records nothing if the run has already ended, or if the command has forked this process.

        Args:
            error: The exception that ended the command, or None.
            exit_code: The exit code of the process if the framework has handled ``error``. If None, the exit code is the one that
                Python would return for an uncaught ``error``.
            interrupted: The exit code to record if the user ended the command with Ctrl-C.
            get_values: A function that returns the values of the command's parameters. The library calls this function only if
                the command failed or set a free-text property, and removes the values from the recorded text.
            get_option_names: A function that returns the names of the options that were used. The library calls this function
                only if the program sets ``record_option_names``.
            usage_error: Whether the framework rejected the command line. An adapter need not set ``usage_error`` if ``error`` is
                Click's ``UsageError``.
        """
        if self._late is not None:
            self._late.close()
        if self._ended or os.getpid() != self._pid:
            return
        with guard("the end of a command"):
            outcome = _outcome(error, interrupted, exit_code)
            with guard("the parameters of a command"):
                if outcome.failed:
                    outcome.usage_error = usage_error
                    if get_values is not None:
                        outcome.given = get_values()
                if self._settings.record_option_names and get_option_names is not None:
                    outcome.options = get_option_names()
            if self._settings.properties or self._settings.groups:
                with guard("the properties of a program"):
                    from arcade_otel.spans import declared

                    login = not outcome.failed and self.path in self._settings.login_commands
                    outcome.declared = declared.attributes(
                        self._settings, self.values, login=login, command=(self.path, get_values or self._get_values)
                    )
            if self.events:
                outcome.events = tuple(self.events)
            self._end(outcome)

    def _end(self, outcome: Outcome) -> None:
        environ = _copy_environ()  # once, because each access costs eight thousand instructions
        decision = self._settings.decide(asked_before=True, environ=environ)
        if decision.mode == consent.OFF or self._decision.unreadable:
            self.discard()  # the user opted out while the command ran, or by this command
            if decision.unreadable or decision.mode != consent.OFF:
                from arcade_otel.identity import login

                login.remember_unrecorded(self._settings, self.path, failed=outcome.failed)
            return
        if self.is_in_worker(environ):
            if outcome.failed or self.path not in (*self._settings.login_commands, *self._settings.logout_commands):
                self.discard()
                return
            self._in_worker = False  # a change of identity is recorded wherever it happens
        self._announce()  # the notice comes before anything is recorded, even a mistyped command
        self._ended = self._recorded = True
        self._detach()
        if self._live is not None:
            environ = dict(os.environ)  # without the TRACEPARENT of the live span
        self._record(outcome, self._start_ns + time.monotonic_ns() - self._start_monotonic_ns, environ)

    def _show_notice(self) -> None:
        decision, version = self._decision, conventions.NOTICE_VERSION
        # In most runs, this version of the notice was shown before, and its module is not needed.
        if decision.notice != str(version).encode():
            if self.is_in_worker(os.environ):
                self._announced = False  # until this run is recorded
                return
            from arcade_otel.consent import notice

            notice.show_once(self._settings.config_dir, self._settings.name, version, decision.reason)

    def is_in_worker(self, environ: Mapping[str, str]) -> bool:
        """Return whether this process is a worker or a reload child, in which case another process records the command.

        Args:
            environ: The environment, preferably a copy, because three look-ups in ``os.environ`` cost 25,000 CPU instructions.
        """
        if self._in_worker is None:
            self._in_worker = _is_worker(environ)
        return self._in_worker

    def _start_live_span(self) -> None:
        """Start the live span now, if this process exports traces."""
        if (
            self._live is None
            and self._decision.mode == consent.ON
            and (self._exports or self._settings.live_spans or "opentelemetry.sdk.trace" in sys.modules)
        ):
            with guard("the live span of a command"):
                if _uses_live_spans(self._settings) and not self.is_in_worker(os.environ):
                    from arcade_otel.recording.live import LiveSpan

                    self._live = LiveSpan(self._settings, self._start_ns)

    def _detach(self) -> None:
        self._get_values = None  # so that no reference cycle is left for the garbage collector
        if self in _running:
            _running.remove(self)
            if not _running:
                _swap_exec_functions(active=False)
                if _running:
                    _swap_exec_functions(active=True)  # another thread has begun a run in the meantime
        if self._live is not None:
            with guard("the end of a live span"):
                self._live.detach()

    def _record(self, outcome: Outcome, end_ns: int, environ: Mapping[str, str]) -> None:
        from arcade_otel import spans

        settings = self._settings
        timing = (self._start_ns, end_ns)
        login = not outcome.failed and self.path in settings.login_commands
        logout = not outcome.failed and self.path in settings.logout_commands
        if settings.exclude and not (login or logout) and f"{self.path}.".startswith(settings.exclude):
            return
        if self._decision.mode == consent.LOG:
            from arcade_otel.recording import dry_run

            dry_run.show(settings, self.path, timing, outcome)
            return
        if login or logout:
            from arcade_otel.recording import identity_span

            paths = identity_span.change_identity(
                settings, self.path, timing, outcome, login=login, logout=logout, live=self._live
            )
            self._wait(paths)
            return
        from arcade_otel import handoff, identity as identity_file

        identity = identity_file.current(settings)
        parent = spans.parent_context(environ)
        usage_only = self._live is not None or (parent is not None and not parent.sampled)
        queued: list[str] = []
        has_usage = bool(settings.posthog_api_key) or not usage_only
        ids = None if self._live is None else self._live.ids
        self._ids = fresh_ids = (self._ids or spans.new_ids()) if ids is None else ids
        if self.path in settings.sample and int(fresh_ids[1], 16) >= settings.sample[self.path] * 2**64:
            has_usage = False  # the process's own sampler decides about the live span
        payload = spans.encode(
            settings,
            path=self.path,
            timing=timing,
            outcome=outcome,
            identity=identity,
            ids=ids,
            usage_only=usage_only,
            fresh_ids=fresh_ids,
            environ=environ,
        )
        if self._live is not None:
            from arcade_otel.handoff import enrichment

            # This is done here and not in the sender, so that the live span has the same attributes as its usage event.
            payload = enrichment.enrich(payload, settings.state_dir, environ)
            with guard("the live span of a command"):
                added = enrichment.added(payload)
                queued += self._live.end(self.path, timing, outcome, identity, added=added, sender_follows=has_usage)
        if has_usage:
            queued += handoff.submit(
                payload, settings, end_ns=timing[1], span_id=fresh_ids[1], environ=environ, others_wait=bool(queued)
            )
        if queued:  # otherwise a sender has the span, and there is no file to wait for
            self._wait(queued)

    def _wait(self, paths: list[str]) -> None:
        from arcade_otel import handoff

        if handoff.may_wait(self._settings, os.environ):
            from arcade_otel.recording import waiting

            waiting.wait_for_delivery(self._settings, paths)


def _is_worker(environ: Mapping[str, str]) -> bool:
    """Return whether a command has started this process to do part of its work, as a worker or a reload child.

    A process is a worker or a reload child in two cases:

    * A reloader has started the command line again. The reloaders of Werkzeug, Django and Bottle are recognized by an environment
      variable, and hupper by its function ``is_active``.
    * ``multiprocessing`` has started the process (with any of its start methods).

    This function does not recognize a process that was forked while a command ran, but ``Run`` does.
    """
    modules = sys.modules
    if environ.get("WERKZEUG_RUN_MAIN") == "true" or environ.get("RUN_MAIN") == "true" or environ.get("BOTTLE_CHILD"):
        return True
    if "multiprocessing.process" in modules and modules["multiprocessing.process"].parent_process() is not None:
        return True
    return "hupper.worker" in modules and bool(modules["hupper.worker"].is_active())


def _outcome(error: BaseException | None, interrupted: int, exit_code: int | None) -> Outcome:
    # Click and Typer also end a successful command by an exception.
    if exit_code:
        from arcade_otel.spans.outcome import Outcome

        return Outcome(exit_code & 0xFF, error)
    if error is None or exit_code == 0 or (type(error).__name__ == "Exit" and getattr(error, "exit_code", None) == 0):
        from arcade_otel.spans import Success

        return Success()  # type: ignore[return-value]
    from arcade_otel.spans.outcome import outcome_from_error

    return outcome_from_error(error, interrupted=interrupted)


def _copy_environ() -> dict[str, str]:
    """Return a copy of ``os.environ``.

    On POSIX, the function decodes the bytes in ``os.environ`` itself, because each look-up in ``os.environ`` takes three function
    calls.
    """
    stored = getattr(os.environ, "_data", None)  # not public, so every other form of it is read in the usual way
    if type(stored) is not dict or sys.getfilesystemencoding() != "utf-8":
        return dict(os.environ)
    try:
        return {name.decode(): value.decode() for name, value in stored.items()}
    except (AttributeError, UnicodeDecodeError, RuntimeError):  # not UTF-8, or another thread has added a variable
        return dict(os.environ)


def _environment_exports() -> bool:
    """Return whether an environment variable names a trace exporter or an endpoint for traces."""
    environ: Any = os.environ
    stored = getattr(environ, "_data", None)
    if type(stored) is dict and b"OTEL_TRACES_EXPORTER" not in stored and os.name == "posix":  # three look-ups cost 25,000
        return bool(stored.get(b"OTEL_EXPORTER_OTLP_ENDPOINT") or stored.get(b"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"))
    return bool(
        environ.get(conventions.ENV_TRACES_EXPORTER)
        or environ.get("OTEL_EXPORTER_OTLP_ENDPOINT")
        or environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    )


def _uses_live_spans(settings: Settings) -> bool:
    """Return whether the run uses live spans. The module ``exporter_config`` is loaded only if live spans are possible."""
    if settings.live_spans is not None:
        return settings.live_spans
    if not ("opentelemetry.sdk.trace" in sys.modules or _environment_exports()):
        return False
    from arcade_otel.handoff.exporter_config import uses_live_spans

    return uses_live_spans(settings)
