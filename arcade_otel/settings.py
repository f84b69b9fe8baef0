"""The frozen settings of one program: its checked options, combined with the environment. This module creates no file."""

from __future__ import annotations

import os
import sys

from arcade_otel import consent, conventions

TYPE_CHECKING = False  # ``typing`` costs a program that does not use it 5 million instructions
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Literal

    from arcade_otel.option_checks import EventTypes, PropertyTypes

    #: The source of the principal: a function that returns the principal's ID or None, its name (``module:function``), or the
    #: name of
    #: an entry point in the group ``arcade_otel.principal``. The sender can call only the entry point.
    PrincipalSource = Callable[[], str | None] | str
    ArcadeContext = bool | Callable[[], str | None]
    GroupTypes = tuple[str, ...]
    PersonProperties = tuple[str, ...]
    PathPrefixes = tuple[str, ...]
    PropertyValues = Callable[[], Mapping[str, object]]
    SampleRates = dict[str, float]
    ErrorMessages = Literal["redacted", "class", "own"] | Callable[[BaseException], str | None]

__all__ = ["Settings", "default_config_dir", "make_settings"]


#: The default of ``properties``, ``sample`` and ``events``: none.
EMPTY: dict[str, Any] = {}


class Settings:
    """The settings of one program, made by :func:`make_settings`. An instance is immutable.

    Two instances are equal if all their fields are equal. Each option of :class:`arcade_otel.Options` is one field of this class,
    with its type and its default. The functions in ``_CHECKS`` check the options that most programs set, and the module
    ``option_checks`` checks all other options.
    """

    #: Name of the program, the first word of each span's name.
    name: str = "cli"
    version: str | None = None
    distribution: str | None = None
    #: PostHog project key. Without one (None), nothing is sent to PostHog.
    posthog_api_key: str | None = None
    #: PostHog host, ``https://…`` without a trailing slash.
    posthog_host: str = conventions.DEFAULT_POSTHOG_HOST
    #: Absolute path of the config directory. "" if there is none (no HOME), and then nothing is recorded.
    config_dir: str = ""
    #: Paths of the commands that log in, joined by dots.
    login_commands: tuple[str, ...] = ("login",)
    logout_commands: tuple[str, ...] = ("logout",)
    #: The program's own principal source. None means Arcade's credentials and API.
    principal: PrincipalSource | None = None
    #: The command line that runs the sender. None means this Python interpreter.
    sender_command: tuple[str, ...] | None = None
    #: None means that ``handoff.exporter_config.uses_live_spans`` decides.
    live_spans: bool | None = None
    error_messages: ErrorMessages = "redacted"
    record_option_names: bool = False
    enabled_by_default: bool = True
    record_in_ci: bool = True
    wait_seconds: float = 0.0
    #: None means the value of ``wait_seconds``.
    wait_seconds_in_ci: float | None = None
    #: The type, the allowed words, the marker of free text, or the copied property (a string) of each property, by its name.
    properties: PropertyTypes = EMPTY
    groups: GroupTypes = ()
    #: Names of ``properties`` that a login also sets on the person.
    person_properties: PersonProperties = ()
    property_values: PropertyValues | None = None
    #: Whether the sender adds the organization and the project of Arcade's credentials, or a function that names the context.
    arcade_context: ArcadeContext = False
    #: The excluded paths, each with a dot at its end. A command is excluded if its path with a dot at the end begins with one of
    #: them.
    exclude: PathPrefixes = ()
    #: The recorded share of the runs, by the command's path.
    sample: SampleRates = EMPTY
    #: Paths of the commands that also leave an event when they begin.
    record_start: tuple[str, ...] = ()
    #: The properties of each event that the program declares, by its name.
    events: EventTypes = EMPTY

    def __init__(self, **fields: object) -> None:
        self.__dict__.update(fields)
        for field in fields:
            if field not in Settings.__annotations__:
                raise TypeError(f"unknown setting: {field}")

    def __setattr__(self, name: str, value: object = None) -> None:
        raise AttributeError(f"Settings are frozen: {name}")

    # One function for two methods, because each function that a command loads costs it 8,000 instructions.
    __delattr__ = __setattr__

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Settings):
            return NotImplemented
        return all(getattr(self, field) == getattr(other, field) for field in Settings.__annotations__)

    def __hash__(self) -> int:
        return hash((self.name, self.config_dir))

    def __copy__(self, memo: object = None) -> Settings:
        return self

    __deepcopy__ = __copy__

    def replace(self, **fields: object) -> Settings:
        """Return a copy of the settings with new values for ``fields``."""
        return Settings(**(self.__dict__ | fields))

    @property
    def usage_file(self) -> str:
        """The path of ``usage.json``, a file that the released Arcade CLI also uses."""
        return os.path.join(self.config_dir, "usage.json")

    @property
    def state_dir(self) -> str:
        """The path of ``usage/``, the directory of this library's queue, locks and markers."""
        return os.path.join(self.config_dir, "usage")

    def decide(self, *, asked_before: bool = False, environ: Mapping[str, str] | None = None) -> consent.Decision:
        """Decide whether the program's commands may be recorded now. See :func:`arcade_otel.consent.decide`."""
        return consent.decide(
            self.config_dir,
            program=self.name,
            enabled_by_default=self.enabled_by_default,
            record_in_ci=self.record_in_ci,
            environ=environ,
            asked_before=asked_before,
        )

    @property
    def has_destination(self) -> bool:
        """Whether spans can be delivered.

        Delivery requires a config directory, and either a PostHog key or an exporter in ``OTEL_TRACES_EXPORTER``.
        """
        return bool(self.config_dir) and bool(self.posthog_api_key or os.environ.get(conventions.ENV_TRACES_EXPORTER, "").strip())


def default_config_dir(environ: Mapping[str, str] | None = None) -> str:
    """Return the config directory: ``ARCADE_WORK_DIR`` if it is set, or else ``~/.arcade``.

    The home directory is the value of ``HOME``, or of ``USERPROFILE`` on Windows, as for ``os.path.expanduser``.

    Without ``ARCADE_WORK_DIR``, return "" if the home directory is "", ``/`` or a relative path, because the config
    directory would be ``/.arcade`` or below the current directory. Also return "" if the home directory does not exist: on
    Debian, for example, the home directory of many system users is ``/nonexistent``, which the library must not create.
    """
    variable = "USERPROFILE" if sys.platform == "win32" else "HOME"
    environ = os.environ if environ is None else environ
    chosen = environ.get(conventions.ENV_WORK_DIR, "")
    if chosen:
        return _absolute(chosen)
    home = environ.get(variable)
    if home is None:
        home = os.path.expanduser("~") if environ is os.environ else ""  # POSIX: from the database of users
    return os.path.join(home, ".arcade") if os.path.isabs(home) and home != "/" and os.path.isdir(home) else ""


def _absolute(path: str) -> str:
    path = os.path.abspath(os.path.expanduser(path))
    if sys.platform == "win32":
        from arcade_otel.storage.windows import long_path

        return long_path(path)
    return path


def make_settings(**options: Any) -> Settings:
    """Check the options of a program (:class:`arcade_otel.Options`) and combine them with the environment.

    An invalid option of the program raises an error. An invalid PostHog host in the user's environment is ignored, and the debug
    log says so.

    Raises:
        TypeError: If an option is unknown, or the value of an option has the wrong type.
        ValueError: If the value of an option is not allowed, for example an empty name, or a PostHog host that is not an
            ``http(s)://host`` address.
    """
    fields = {option: check(option, options.pop(option, None)) for option, check in _CHECKS.items()}
    for option, value in options.items():
        kind = Settings.__annotations__.get(option)
        if kind is None:
            raise TypeError(f"unknown option: {option}")
        if value is not None:
            from arcade_otel import option_checks

            fields[option] = option_checks.check(kind, option, value)
    if "person_properties" in fields or "arcade_context" in fields:
        from arcade_otel import option_checks

        option_checks.check_together(fields)
    environ = os.environ
    host = environ.get(conventions.ENV_HOST, "").strip()
    if host and not _is_host(host):
        from arcade_otel.diagnostics import debug

        debug(f"{conventions.ENV_HOST} is not an address and is ignored")
        host = ""
    fields["posthog_host"] = (host or fields["posthog_host"] or conventions.DEFAULT_POSTHOG_HOST).rstrip("/")
    fields["posthog_api_key"] = environ.get(conventions.ENV_API_KEY, "").strip() or fields["posthog_api_key"]
    return Settings(**fields)


# --- the checks of single options: each takes the option's name and value (None: not given) and returns the field of Settings ---


def _check_text(option: str, value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise TypeError(f"{option} must be a string, not {type(value).__name__}")
    if not value.strip():
        raise ValueError(f"{option} must not be empty")
    return value


def _check_name(option: str, value: object) -> str:
    return _check_text(option, value) or _program_name()


def _check_host(option: str, value: object) -> str | None:
    host = _check_text(option, value)
    if host is not None and not _is_host(host):
        raise ValueError(f"{option} must be an address such as https://us.i.posthog.com, not {host!r}")
    return host


def _check_config_dir(option: str, value: object) -> str:
    if value is None or value == "":
        return default_config_dir()
    if not isinstance(value, str | os.PathLike):
        raise TypeError(f"{option} must be a path, not {type(value).__name__}")
    return _absolute(os.fspath(value))


# The options that most programs set are checked here. The others are checked by their type in ``option_checks``, which is loaded
# only for them.
_CHECKS: dict[str, Callable[[str, object], Any]] = {
    "name": _check_name,
    "version": _check_text,
    "distribution": _check_text,
    "posthog_api_key": _check_text,
    "posthog_host": _check_host,
    "config_dir": _check_config_dir,
}


def _program_name() -> str:
    """Return the file name of the script or executable that was started, without ``.py`` or ``.exe``.

    Return ``cli`` if Python runs no file, for example with ``python -c``. For ``python -m package``, return the name of the
    package.
    """
    name = os.path.basename(sys.argv[0]) if sys.argv and sys.argv[0] else ""
    if name == "__main__.py":  # ``python -m package``
        name = os.path.basename(os.path.dirname(os.path.abspath(sys.argv[0])))
    for suffix in (".py", ".exe"):
        name = name.removesuffix(suffix)
    return name if name not in ("", "-c", "-m") else "cli"


def _is_host(value: str) -> bool:
    scheme, separator, rest = value.partition("://")
    host = rest.partition("/")[0]
    return bool(
        separator
        and scheme in ("http", "https")
        and host
        and "@" not in host  # a password in the address would be written to the queue
        and not any(character.isspace() or character in "?#" for character in rest)
    )
