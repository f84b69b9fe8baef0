"""Usage telemetry for command-line programs: one OpenTelemetry span per command, sent by a background process.

Three functions record commands:

* ``arcade_otel.instrument(app)`` records the commands of an app that uses Typer, Click, asyncclick, cyclopts, cleo or cliff.
* ``with arcade_otel.program():`` records the run of an argparse program.
* ``with arcade_otel.command("name"):`` records a block of code as one command.

``docs/reference.md`` lists the public API.

This module itself reads the opt-out variables, so that the library costs almost nothing if the user has set one of them. All
consent rules except those for the opt-out variables are in :mod:`arcade_otel.consent`.

The word PYTEST_DONT_REWRITE in this docstring tells pytest not to warn if a program imports this module before it runs pytest.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # ``typing`` itself would cost a program that does not use it 5 million instructions
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Literal, TypedDict, TypeVar

    from typing_extensions import Unpack

    from arcade_otel.command_context import CommandContext
    from arcade_otel.conventions import __version__
    from arcade_otel.free_text import FreeText

    App = TypeVar("App")
else:
    # At run time only the names of the keys are used.
    TypedDict = type("TypedDict", (), {"__init_subclass__": classmethod(lambda cls, **_: None)})  # noqa: ARG005 - Python's signature

__all__ = [
    "CommandContext",
    "FreeText",
    "Options",
    "__version__",
    "command",
    "configure",
    "end_run",
    "instrument",
    "program",
    "set_property",
    "track",
    "uninstrument",
    "usage_commands",
]


#: Type: word. Default: not set. Effect: `ARCADE_USAGE_TRACKING=0` (or `false`, `no`, `off`) turns recording off and deletes the
#: queue. `ARCADE_USAGE_TRACKING=1` (or `true`, `yes`, `on`) turns recording on and skips the notice. With
#: `ARCADE_USAGE_TRACKING=log`, a command prints its event's payload on stderr, and nothing is sent.
ENV_TRACKING = "ARCADE_USAGE_TRACKING"
#: Type: word. Default: not set. Effect: any value of `DO_NOT_TRACK` except `0`, `false` and an empty value turns recording off
#: and deletes the queue. Set `DO_NOT_TRACK=1` in your shell's profile if you want no telemetry from any program that respects
#: this variable.
ENV_DO_NOT_TRACK = "DO_NOT_TRACK"
#: Type: boolean. Default: `false`. Effect: `OTEL_SDK_DISABLED=true`, in upper or lower case, turns recording off and deletes
#: the queue. Source: OpenTelemetry.
ENV_SDK_DISABLED = "OTEL_SDK_DISABLED"
#: Type: path. Default: `~/.arcade`. Effect: sets the config directory, which contains the identity, the queue and your opt-in
#: or opt-out.
ENV_WORK_DIR = "ARCADE_WORK_DIR"

_ON, _OFF, _LOG = "on", "off", "log"
_NO = ("0", "false", "no", "off")
_YES = ("1", "true", "yes", "on")

#: Attribute with the unchecked options of an app that was instrumented while the user has opted out.
_UNCHECKED_OPTIONS = "_arcade_otel_options"


class Options(TypedDict, total=False):
    """The keyword options of :func:`instrument`, :func:`program`, :func:`command` and :func:`configure`. All are optional."""

    name: str | None
    """Name of your program. Default: the base name of the file that was started."""
    version: str | None
    """Version of your program. If you do not set it, the sender looks up the installed distribution."""
    distribution: str | None
    """The installed distribution of your program. The sender looks up its version, so you need not set ``version``."""
    posthog_api_key: str | None
    """The key of your PostHog project. If you set none, nothing is sent to PostHog."""
    posthog_host: str | None
    """Your PostHog host, for example ``https://eu.i.posthog.com``. Default: ``https://us.i.posthog.com``."""
    config_dir: str | os.PathLike[str] | None
    """Config directory. Default: ``ARCADE_WORK_DIR``, else ``~/.arcade``."""
    login_commands: str | Sequence[str] | None
    """Paths of the commands that log in, for example ``["auth.login"]``. Default: ``login``."""
    logout_commands: str | Sequence[str] | None
    """Paths of the commands that log out. Default: ``logout``."""
    principal: Callable[[], str | None] | str | None
    """Set this if your program has accounts of its own: a function that returns the ID of the account or None within 2 s,
    ``"module:function"``, or the name of an entry point in the group ``arcade_otel.principal``. Default: Arcade's API."""
    sender_command: Sequence[str] | None
    """Command line that runs the sender. You need it if your program is frozen and has no Python interpreter."""
    live_spans: bool | None
    """Whether the SDK makes the command's span, so that your own spans nest below it. Default: True if this process
    exports traces."""
    error_messages: Literal["redacted", "class", "own"] | Callable[[BaseException], str | None]
    """What is recorded about an error: its redacted message, only its class, or the text that your function returns. With
    ``"own"``, only messages of exceptions that your program's package defines are recorded."""
    record_option_names: bool
    """Whether the names of the options that a user gave are recorded. Their values never are. Default: False."""
    enabled_by_default: bool
    """Whether commands are recorded if neither the user nor the machine's policy has decided. Default: True."""
    record_in_ci: bool
    """Whether commands are recorded in continuous integration if the user has not decided. Default: True."""
    wait_seconds: float
    """How many seconds a command may wait at its end until its own event is acknowledged, at most 10. Default: 0, no wait."""
    wait_seconds_in_ci: float
    """``wait_seconds`` in continuous integration, where the end of a job kills the sender. Default: ``wait_seconds``."""
    properties: Mapping[str, Any]
    """Properties that you declare, with their types: ``bool``, ``int``, or the allowed words (``Literal["free", "pro"]``).

    Only a property of the type :class:`FreeText` can have any text. The library redacts the text. Read about the risk first.

    To copy one of the library's own properties, give its name: ``{"duration_ms": "duration"}``."""
    groups: str | Sequence[str]
    """PostHog group types for which you set IDs, at most five, for example ``"organization"``."""
    person_properties: str | Sequence[str]
    """Names of ``properties`` that a login also sets on the person in PostHog, for example ``["plan"]``."""
    property_values: Callable[[], Mapping[str, object]] | None
    """A function that returns values of ``properties`` and ``groups``.

    It is called at the end of each command. Values that you set
    by :func:`set_property` take precedence."""
    arcade_context: bool | Callable[[], str | None]
    """Whether the sender adds the organization and the project of the active context in Arcade's ``credentials.yaml``.

    They are the properties ``org_id`` and ``project_id``, and the PostHog groups ``organization`` and ``project``. If your
    program can run in another context, give a function that returns its name, or None for the active one. Default: False."""
    exclude: str | Sequence[str]
    """Paths of commands that you do not want to record, including their sub-commands. Logins and logouts are always recorded."""
    sample: Mapping[str, float]
    """The share of runs that you want to record, by path: ``{"prompt": 0.01}``. The event contains it as ``sample_rate``."""
    record_start: str | Sequence[str]
    """Paths of commands for which another event is recorded when they start, for example ``serve``, which may be killed later."""
    events: Mapping[str, Mapping[str, Any]]
    """Events that you declare for :func:`track`, each with its properties and their types, as in ``properties``:
    ``{"toolkit created": {"tools": int}}``."""


def instrument(app: App, **options: Unpack[Options]) -> App:
    """Record the commands that ``app`` runs from now on, and return ``app``.

    If you instrument the same app twice, the newer options replace the older ones. An invalid option raises an error in this
    call, not later while a command runs. If the user has opted out with an environment variable, only the names of the options
    are checked, not their values.

    Args:
        app: A ``typer.Typer``, a Click or asyncclick command or group, the ``App`` of cyclopts or cliff, cleo's ``Application``,
            or the app of another framework that has an adapter (entry-point group ``arcade_otel_frameworks``).
        **options: See :class:`Options`.

    Raises:
        TypeError: If ``app`` is of an unsupported class, an option is unknown, or the value of an option has the wrong type.
        ValueError: If the value of an option is not allowed.
    """
    if _is_off():
        _check_names(options)
        getattr(app, "__dict__", {})[_UNCHECKED_OPTIONS] = options  # usage_commands() reads them there
        _purge_queue(options)
        return app
    from arcade_otel import frameworks

    frameworks.instrument(app, options)
    return app


def uninstrument(app: App) -> App:
    """Stop recording the commands of ``app``, and return ``app``. If you never instrumented ``app``, nothing changes."""
    getattr(app, "__dict__", {}).pop(_UNCHECKED_OPTIONS, None)
    if not _is_off():
        from arcade_otel.frameworks import more_adapters

        more_adapters.uninstrument(app)
    return app


def program(**options: Unpack[Options]) -> CommandContext:
    """Record the run of an argparse program.

    Use the call as a context manager, ``with arcade_otel.program(name="mycli"): main()``, or as a decorator of your ``main``
    function. The first ``ArgumentParser`` that parses a command line inside the block counts as the program's parser. The event
    contains the path of the sub-command that ran, for example ``toolkit.run``. A run is also recorded if it ends with a usage
    error, a nonzero exit code or an exception. Runs of ``--help`` and ``--version`` are not recorded. If no command line is
    parsed inside the block, nothing is recorded.

    Args:
        **options: See :class:`Options`.

    Raises:
        TypeError: If an option is unknown, or the value of an option has the wrong type.
        ValueError: If the value of an option is not allowed.
    """
    if _is_off():
        _check_names(options)
        _purge_queue(options)
        from arcade_otel.command_context import CommandContext

        return CommandContext()
    from arcade_otel.frameworks.argparse import ProgramContext

    return ProgramContext(options)


def command(path: str, **options: Unpack[Options]) -> CommandContext:
    """Record a block of code as one command: ``with arcade_otel.command("toolkit.run") as run: …``.

    Inside the block, ``run.rename("toolkit.list")`` gives the run another name, and ``run.discard()`` keeps the run from being
    recorded (:class:`CommandContext`).

    Args:
        path: The command's name, preceded by the names of its groups: ``toolkit.run`` or ``toolkit run``. Use only names that
            your program defines, never text that a user typed.
        **options: See :class:`Options`. Options that you pass to ``command`` take precedence over those of :func:`configure`.

    Raises:
        TypeError: If ``path`` is not a string, an option is unknown, or the value of an option has the wrong type.
        ValueError: If ``path`` is empty, or the value of an option is not allowed. A TypeError or ValueError is always raised
            before the block runs.
    """
    if _is_off():
        _check_names(options)
        _purge_queue(options)
        from arcade_otel.command_context import CommandContext

        return CommandContext()
    from arcade_otel.frameworks.context_manager import RecordedCommand

    return RecordedCommand(path, options)


def configure(**options: Unpack[Options]) -> None:
    """Set default options for all later calls of :func:`command` in this process.

    Raises:
        TypeError: If an option is unknown, or the value of an option has the wrong type.
        ValueError: If the value of an option is not allowed.
    """
    _check_names(options)
    if not _is_off():
        from arcade_otel.frameworks import context_manager

        context_manager.configure(options)


def set_property(name: str, value: str | bool | int | None) -> None:  # noqa: FBT001 - a value
    """Set a declared property, or the ID of a declared group, for the command that is running. This never raises.

    If you did not declare the name, or the value is not of the declared type, the value is dropped and the debug log says so. If
    no command is being recorded, for example because the user has opted out, this function does nothing.

    Args:
        name: A key of the option ``properties``, or a name in the option ``groups`` (:class:`Options`).
        value: The value of the property, or the ID of the group, or None to remove a value that you have set before.
    """
    if "arcade_otel.frameworks" in sys.modules:
        from arcade_otel.diagnostics import guard

        with guard("a property of the program"):
            from arcade_otel.frameworks import tracking

            tracking.set_property(name, value)


def track(event: str, properties: Mapping[str, str | bool | int | None] | None = None) -> None:
    """Record an event of the command that is running, if you declared the event in the option ``events``. This never raises.

    Unless the command is a server command, the event becomes a span event of the command's OpenTelemetry span, is sent together
    with the command's own event, and belongs to the same person. A command that is not a server command can track at most 50
    events.
    An event that you did not declare is dropped. A property is dropped from the event if you did not declare it, or if its value
    is not of the declared type. The debug log reports each dropped event and property. If no command is being recorded, for
    example because the user has opted out, this function does nothing.

    A command counts as a server command if it has called :func:`end_run`, or if the option ``record_start`` names it. The events
    of a server command are sent only to PostHog. A running server command hands each event to a sender at most 10 s after the
    call of ``track``. If 100 events of a server command already wait for a sender, a new event is dropped.

    Args:
        event: A key of the option ``events``, for example ``"toolkit created"``.
        properties: The values of the event's properties, for example ``{"tools": 3}``. The event does not contain properties
            whose value is None.
    """
    if "arcade_otel.frameworks" in sys.modules:
        from arcade_otel.diagnostics import guard

        with guard("an event of the program"):
            from arcade_otel.frameworks import tracking

            tracking.track(event, properties)


def end_run() -> None:
    """Record that the command in this thread has succeeded, without waiting until the command returns. This never raises.

    Call ``end_run`` in a command that never returns, for example in a server, or in a daemon that forks and calls ``os._exit``.
    Call ``end_run`` when the command has finished starting up, for example right before the server's main loop. The recorded
    duration of the command ends at this call. An error or exit code after this call is not recorded. Events that you
    :func:`track` after this call are sent while the command is still running. If no command is being recorded, this function does
    nothing.
    """
    if "arcade_otel.frameworks" in sys.modules and not _is_off():
        from arcade_otel.diagnostics import guard

        with guard("the end of a run"):
            from arcade_otel.frameworks import early_end

            early_end.end_runs()


def usage_commands(app: Any) -> Any:
    """Return the usage commands (``status``, ``enable``, ``disable`` …) for ``app``, so that you can mount them in your program.

    In a Typer program, call ``app.add_typer(arcade_otel.usage_commands(app), name="usage")``. In a Click program, call
    ``group.add_command(arcade_otel.usage_commands(group))``. The usage commands also work for users who have opted out.

    Args:
        app: A ``typer.Typer``, or a Click group.

    Returns:
        A ``typer.Typer`` for a Typer program, or a Click group named ``usage`` for a Click program.

    Raises:
        TypeError: If ``app`` is neither a ``typer.Typer`` nor a Click group.
    """
    from arcade_otel import cli

    return cli.usage_commands(app)


def _is_off() -> bool:
    """Return whether an environment variable opts the user out. No file is read."""
    said = _decision_from_env(os.environ)
    return said is not None and said[0] == _OFF


def _decision_from_env(environ: Mapping[str, str]) -> tuple[str, str, str] | None:
    """Return the mode, the variable that sets it, and an explanation for the user, or None if no variable sets the mode.

    The mode is ``on``, ``off`` or ``log``. In order of precedence, these variables set the mode (their values are not
    case-sensitive):

    * ``DO_NOT_TRACK``: any value except "", ``0`` and ``false`` means off (consoledonottrack.com).
    * ``OTEL_SDK_DISABLED``: only ``true`` means off (OpenTelemetry specification).
    * ``ARCADE_USAGE_TRACKING``: off (``0``, ``false``, ``no``, ``off``), on (``1``, ``true``, ``yes``, ``on``), or ``log``, which
      makes the command print its payload on stderr and send nothing. ``ARCADE_USAGE_TRACKING`` is ignored if it has a value that
      is not listed here.
    """
    if environ.get(ENV_DO_NOT_TRACK, "").strip().lower() not in ("", "0", "false"):
        return _OFF, ENV_DO_NOT_TRACK, "DO_NOT_TRACK is set"
    if environ.get(ENV_SDK_DISABLED, "").strip().lower() == "true":
        return _OFF, ENV_SDK_DISABLED, "OTEL_SDK_DISABLED is true"
    wish = environ.get(ENV_TRACKING, "").strip().lower()
    if not wish:
        return None
    if wish in _YES:
        return _ON, ENV_TRACKING, "ARCADE_USAGE_TRACKING says on"
    if wish == _LOG:
        return _LOG, ENV_TRACKING, "ARCADE_USAGE_TRACKING says log: shown and not sent"
    return (_OFF, ENV_TRACKING, "ARCADE_USAGE_TRACKING says off") if wish in _NO else None


def _check_names(options: Any) -> None:
    """Raise TypeError for an unknown option. This function does not check the values of the options."""
    for name in options:
        if name not in Options.__annotations__:
            raise TypeError(f"unknown option: {name}")


def _purge_queue(options: Any) -> None:
    """Delete the queued events, because the user has opted out.

    If the disk contains no queue, this function only makes two ``stat`` calls.
    """
    config_dir = os.path.expanduser(options.get("config_dir") or os.environ.get(ENV_WORK_DIR) or "~/.arcade")
    # The second directory has the spans of senders that have not come up (``handoff.starts``).
    if os.path.isdir(os.path.join(config_dir, "usage", "queue")) or os.path.isdir(os.path.join(config_dir, "usage", "starting")):
        from arcade_otel.frameworks import effective_decision
        from arcade_otel.settings import make_settings

        effective_decision(make_settings(config_dir=config_dir))


def __getattr__(name: str) -> object:
    # PEP 562: a program pays only for the parts of ``arcade_otel`` that it uses.
    if name == "CommandContext":
        from arcade_otel.command_context import CommandContext

        return CommandContext
    if name == "FreeText":
        from arcade_otel.free_text import FreeText

        return FreeText
    if name == "__version__":
        from arcade_otel.conventions import __version__

        return __version__
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
