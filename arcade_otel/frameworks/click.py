"""Makes one span of each run of a Typer or Click program, by watching the contexts that it makes of its commands.

Neither Click nor Typer is imported or told by type: Typer carries its own copy of Click since 0.26. What is used is the public
``Command.context_class``: a subclass of it learns which command was reached, and how the outermost context ended. No function of
the program is wrapped, so no frame of ours stands in a traceback of its commands.
"""

import os
import sys
from _thread import get_ident
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from arcade_otel import consent
from arcade_otel.diagnostics import guard
from arcade_otel.recording import Run, recording
from arcade_otel.settings import PrincipalSource, Settings, make_settings

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["instrument", "registered_name", "watch"]

App = TypeVar("App")

# On a command: the settings it was instrumented with. On a context: what watches the run it belongs to.
_SETTINGS = "_arcade_otel_settings"
_RUN = "_arcade_otel_run"

_watching: dict[type, type] = {}
# Threads in which a run is watched: a program that runs another (or itself) inside a command is still one run.
_busy: set[int] = set()


def instrument(
    app: App,
    *,
    name: str | None = None,
    version: str | None = None,
    distribution: str | None = None,
    posthog_api_key: str | None = None,
    posthog_host: str | None = None,
    config_dir: str | os.PathLike[str] | None = None,
    login: str | Sequence[str] | None = None,
    logout: str | Sequence[str] | None = None,
    principal: PrincipalSource | None = None,
    sender: Sequence[str] | None = None,
    live: bool | None = None,
    error_messages: str | Callable[[BaseException], str | None] = "redacted",
    option_names: bool = False,
    default: str = "on",
    in_ci: str = "on",
) -> App:
    """Record each command of ``app`` from now on, and return ``app``.

    Args:
        app: A ``typer.Typer``, or a Click command or group.
        name: Name of the program; the base name of what was started if None.
        version: Version of the program.
        distribution: Installed distribution that tells the version instead; it is looked up in the sender.
        posthog_api_key: PostHog project key. Without one, nothing is sent to PostHog.
        posthog_host: PostHog host, ``https://us.i.posthog.com`` if None.
        config_dir: Config directory, ``ARCADE_WORK_DIR`` or ``~/.arcade`` if None.
        login: Paths of the commands that log in, ``login`` if None.
        logout: Paths of the commands that log out, ``logout`` if None.
        principal: Who is logged in: a function that returns a principal's id or None in 2 seconds, or ``module:function``. The
            lazy alias of the sender can use it only if the sender can import it. Arcade's credentials and API if None.
        sender: Command line that runs the sender, for programs without an interpreter of their own (frozen ones).
        live: Whether the command's span is made by the SDK and is current while the command runs, so that other spans nest below
            it. If None: where ``OTEL_TRACES_EXPORTER`` names another exporter than ``posthog``, where an OTLP endpoint is set and
            the OTLP exporter installed, and where the process has an SDK ``TracerProvider``.
        error_messages: ``redacted``, ``class`` (none is told), or a function from the exception to what may be told.
        option_names: Record which options were given, by the names that the program defines; never their values.
        default: ``on``, or ``off``: nothing is recorded unless the user, or the machine's policy, says so.
        in_ci: ``on``, or ``off``: nothing is recorded in continuous integration unless somebody says so.

    Raises:
        TypeError: ``app`` is no such thing, or a value is of the wrong type.
        ValueError: A value makes no sense. Nothing raises later, in a user's run.
    """
    settings = make_settings(
        name=name,
        version=version,
        distribution=distribution,
        posthog_api_key=posthog_api_key,
        posthog_host=posthog_host,
        config_dir=config_dir,
        login=login,
        logout=logout,
        principal=principal,
        sender=sender,
        live=live,
        error_messages=error_messages,
        option_names=option_names,
        default=default,
        in_ci=in_ci,
    )
    typer_main = _typer_main(app)
    if typer_main is None and not (callable(getattr(app, "make_context", None)) and hasattr(app, "context_class")):
        raise TypeError(f"app must be a typer.Typer or a Click command or group, not {type(app).__name__}")
    setattr(app, _SETTINGS, settings)  # where usage_commands() finds them
    if consent.tracking_mode() == consent.OFF:
        recording(settings)  # empties the spool
    elif typer_main is not None:
        from arcade_otel.frameworks import typer

        typer.watch(typer_main, app, settings)
    else:
        watch(app, settings)
    return app


def _typer_main(app: object) -> Any:
    """Return the module that makes commands of ``app`` if that is a ``typer.Typer`` or of a class derived from it."""
    for base in type(app).__mro__:
        if base.__name__ == "Typer" and base.__module__ == "typer.main":
            return sys.modules[base.__module__]
    return None


def watch(command: Any, settings: Settings) -> None:
    """Record each run of the Click ``command``."""
    setattr(command, _SETTINGS, settings)
    _adopt(command)


def _adopt(command: Any) -> None:
    """Let ``command`` make contexts that tell us of it."""
    base = command.context_class
    if base not in _watching.values():
        command.context_class = _watching.get(base) or _watching.setdefault(base, _watching_class(base))


class _Run:
    """A run of a program: the invocation, the outermost context, and the innermost that was reached so far."""

    __slots__ = ("invocation", "leaf", "no_command", "outermost", "thread")

    def __init__(self, invocation: Run, outermost: Any) -> None:
        self.invocation = invocation
        self.outermost = outermost
        self.leaf = outermost
        self.no_command = False
        self.thread = get_ident()

    def reached(self, context: Any) -> None:
        """Follow the run one step down the command tree; a command run from within another (``ctx.invoke``) is no step."""
        parent = context.parent
        if parent is self.leaf and _is_group(parent.command) and parent.invoked_subcommand is not None:
            name = registered_name(parent.command, context.command)
            if name:
                self.leaf = context
                self.invocation.path = f"{self.invocation.path}.{name}" if self.invocation.path else name

    def _asked_for(self, group: Any) -> None:
        """Name the command that a group's own callback kept from being run ("you are not logged in"); the tree knows it."""
        asked = getattr(group, "invoked_subcommand", None)
        if not asked or asked == "*" or not _is_group(group.command):
            return
        child = _children(group.command).get(asked) or group.command.get_command(group, asked)
        if child is not None:
            name = registered_name(group.command, child)
            self.invocation.path = f"{self.invocation.path}.{name}" if self.invocation.path else name

    def ended(self, error: BaseException | None) -> None:
        """The outermost context was left for good."""
        _busy.discard(self.thread)
        leaf, self.leaf = self.leaf, None  # no cycle is left for the garbage collector
        if error is not None and not self.no_command:
            with guard("a command that was not reached"):
                self._asked_for(leaf)
        if self.no_command:
            self.invocation.drop()
            return
        from arcade_otel.spans.outcome import outcome_from_error

        command = self.outermost.command
        outcome = outcome_from_error(error, interrupted=130 if _is_typers(command) else 1)
        if not self.invocation.path and not (_is_group(command) and _is_usage_error(error)):
            # A program of one command, or a group that does something by itself. What was mistyped stays without a name.
            self.invocation.path = self.invocation.program
        if outcome.failed or self.invocation.wants_options:
            with guard("what a command was given"):
                from arcade_otel.frameworks import parameters

                if outcome.failed:
                    outcome.given = parameters.parameter_values(leaf)
                if self.invocation.wants_options:
                    outcome.options = parameters.used_options(leaf)
        self.invocation.end(outcome)


def _watching_class(base: type) -> type:
    class Watching(base):  # type: ignore[misc]
        """The context of a watched command."""

        def __init__(self, command: Any, *args: Any, **kwargs: Any) -> None:
            super().__init__(command, *args, **kwargs)
            self._arcade_otel_depth = 0
            self._arcade_otel_parsed = False
            setattr(self, _RUN, _run_of(self, command))

        @property
        def invoked_subcommand(self) -> Any:
            return self.__dict__.get("invoked_subcommand")

        @invoked_subcommand.setter
        def invoked_subcommand(self, name: Any) -> None:
            # Set before a group makes its subcommand's context: the moment to adopt one that was loaded only when asked for.
            self.__dict__["invoked_subcommand"] = name
            if name and name != "*" and getattr(self, _RUN, None) is not None and name not in _children(self.command):
                with guard("a command loaded when asked for"):
                    late = self.command.get_command(self, name)
                    if late is not None:
                        _adopt(late)

        def __enter__(self) -> Any:
            self._arcade_otel_depth += 1
            run = getattr(self, _RUN)
            if run is not None and self._arcade_otel_parsed and not _is_group(self.command):
                run.invocation.on_command_start()
            return super().__enter__()

        def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: "TracebackType | None") -> Any:
            self._arcade_otel_depth -= 1
            run = getattr(self, _RUN)
            if run is None or self._arcade_otel_depth:
                return super().__exit__(kind, error, trace)
            if not self._arcade_otel_parsed:
                # The first scope is that of parsing: what leaves it is help, a version, or a usage error.
                self._arcade_otel_parsed = True
                if error is not None:
                    run.no_command = run.no_command or _is_help(error)
                    if run.outermost is self:
                        run.ended(error)
                return super().__exit__(kind, error, trace)
            if run.outermost is not self:
                return super().__exit__(kind, error, trace)
            try:
                suppressed = super().__exit__(kind, error, trace)  # the program's own clean-up belongs to the command
            except BaseException as raised:
                run.ended(raised)
                raise
            run.ended(None if suppressed else error)
            return suppressed

    Watching.__name__, Watching.__qualname__, Watching.__module__ = base.__name__, base.__qualname__, base.__module__
    return Watching


def _run_of(context: Any, command: Any) -> _Run | None:
    """Return the run that a new context belongs to: its parent's, or its own if the command is an instrumented one."""
    if context.resilient_parsing:
        return None  # shell completion
    run: _Run | None = getattr(context.parent, _RUN, None)
    if run is not None:
        run.reached(context)
    else:
        settings = getattr(command, _SETTINGS, None)
        if settings is None or get_ident() in _busy:
            return None
        mode = recording(settings)
        if mode == consent.OFF:
            return None
        _busy.add(get_ident())
        run = _Run(Run(settings, mode), context)
    for child in _children(command).values():
        _adopt(child)
    return run


def _children(command: Any) -> dict[str, Any]:
    children = getattr(command, "commands", None)
    return children if isinstance(children, dict) else {}


def registered_name(group: Any, command: Any) -> str:
    """Return the name by which the command tree knows ``command``: an alias or an abbreviation that was typed is not it."""
    for name, child in _children(group).items():
        if child is command:
            return str(name)
    return str(command.name or "")


def _is_group(command: Any) -> bool:
    return hasattr(command, "list_commands")


def _is_typers(command: Any) -> bool:
    """Tell whether Typer runs it: Ctrl-C exits with 130 there, with 1 (as Abort) under Click."""
    return any(base.__module__.startswith("typer.") for base in type(command).__mro__)


def _is_usage_error(error: BaseException | None) -> bool:
    return hasattr(error, "format_message") and hasattr(error, "ctx")


def _is_help(error: BaseException) -> bool:
    """Tell whether parsing ended in an answer rather than an error: ``--help``, ``--version``, help for want of arguments."""
    if type(error).__name__ == "NoArgsIsHelpError":
        return True
    if isinstance(error, SystemExit):
        return error.code in (None, 0)  # a callback of ``--version`` that ends by ``exit()``, as Arcade's does
    return type(error).__name__ == "Exit" and getattr(error, "exit_code", None) == 0
