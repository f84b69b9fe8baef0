"""One frozen value with everything that an application chose and every path that follows from it; it creates nothing."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence

from arcade_otel import consent, conventions

__all__ = ["PrincipalSource", "Settings", "default_config_dir", "make_settings"]

#: Who is logged in: a function that returns a principal's id or None, or ``module:function`` naming one.
PrincipalSource = Callable[[], "str | None"] | str

_DEFAULT_LOGIN = ("login",)
_DEFAULT_LOGOUT = ("logout",)


class Settings:
    """What :func:`make_settings` checked. Immutable; equal fields make equal settings.

    Attributes:
        name: Name of the program, the first word of each span's name.
        version: Version of the program, or None if ``distribution`` tells it.
        distribution: Installed distribution whose version the sender looks up, or None.
        posthog_api_key: PostHog project key, or None: nothing is sent to PostHog.
        posthog_host: PostHog host, ``https://…`` without a trailing slash.
        config_dir: Config directory, absolute; "" where there is none (no HOME): nothing is recorded then.
        login: Paths of the commands that log in, joined by dots.
        logout: Paths of the commands that log out, joined by dots.
        principal: The application's own principal source, or None for Arcade's credentials and API.
        sender: Command line that runs the sender, or None for this interpreter.
        live: Whether the command's span is made by the SDK and current while the command runs; None: exporter_choice decides.
        error_messages: "redacted", "class" (no message), or the application's own function from exception to message.
        option_names: Whether the names of the options that were given are recorded.
        default: "on" or "off" where nobody decided otherwise.
        in_ci: "off": silent in continuous integration where nobody decided otherwise.
    """

    __slots__ = (
        "config_dir",
        "default",
        "distribution",
        "error_messages",
        "in_ci",
        "live",
        "login",
        "logout",
        "name",
        "option_names",
        "posthog_api_key",
        "posthog_host",
        "principal",
        "sender",
        "version",
    )

    name: str
    version: str | None
    distribution: str | None
    posthog_api_key: str | None
    posthog_host: str
    config_dir: str
    login: tuple[str, ...]
    logout: tuple[str, ...]
    principal: PrincipalSource | None
    sender: tuple[str, ...] | None
    live: bool | None
    error_messages: str | Callable[[BaseException], str | None]
    option_names: bool
    default: str
    in_ci: str

    def __init__(self, **fields: object) -> None:
        for field in self.__slots__:
            object.__setattr__(self, field, fields.pop(field, None))
        if fields:
            raise TypeError(f"no such settings: {', '.join(sorted(fields))}")

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"Settings are frozen: {name}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"Settings are frozen: {name}")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Settings):
            return NotImplemented
        return all(getattr(self, field) == getattr(other, field) for field in self.__slots__)

    def __hash__(self) -> int:
        return hash((self.name, self.config_dir))

    def replace(self, **fields: object) -> "Settings":
        """Return a copy in which ``fields`` differ."""
        return Settings(**({field: getattr(self, field) for field in self.__slots__} | fields))

    @property
    def usage_file(self) -> str:
        """``usage.json``, shared with the released Arcade CLI."""
        return os.path.join(self.config_dir, "usage.json")

    @property
    def credentials_file(self) -> str:
        """``credentials.yaml``, written by the Arcade CLI; we only read it."""
        return os.path.join(self.config_dir, "credentials.yaml")

    @property
    def state_dir(self) -> str:
        """``usage/``: spool, locks and markers of ours."""
        return os.path.join(self.config_dir, "usage")

    def decide(self) -> consent.Decision:
        """Decide whether the program may be recorded now, and why (``consent.decide``)."""
        return consent.decide(
            self.config_dir, program=self.name, default=self.default or consent.ON, in_ci=self.in_ci or consent.ON
        )

    @property
    def records(self) -> bool:
        """Whether there is anybody to record for: a PostHog key or exporters that the user named, and a directory."""
        return bool(self.config_dir) and bool(self.posthog_api_key or os.environ.get(conventions.ENV_TRACES_EXPORTER, "").strip())


def default_config_dir(environ: Mapping[str, str] | None = None) -> str:
    """Return the config directory: ``ARCADE_WORK_DIR`` if set, else ``~/.arcade``; "" if there is neither.

    An empty or relative HOME counts as none: ``/.arcade`` or a directory in whatever directory the user happens to be in is
    never what was meant. So does one that does not exist: root could make it, and Debian calls the home of who shall have
    none ``/nonexistent``.
    """
    environ = os.environ if environ is None else environ
    chosen = environ.get(conventions.ENV_WORK_DIR, "")
    if chosen:
        return os.path.abspath(os.path.expanduser(chosen))
    home = os.path.expanduser("~") if environ is os.environ else environ.get("HOME", "")
    if environ is os.environ and "HOME" in environ and not environ["HOME"]:
        home = ""
    return os.path.join(home, ".arcade") if os.path.isabs(home) and home != "/" and os.path.isdir(home) else ""


def make_settings(
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
) -> Settings:
    """Check an application's choices and join them with the environment's.

    Raises:
        TypeError: A value is of the wrong type.
        ValueError: A value is empty, or the host is no ``http(s)://host`` address. Only the application's own arguments
            raise; what the user's environment says wrong is ignored with a debug line.
    """
    _check_text("name", name)
    _check_text("version", version)
    _check_text("distribution", distribution)
    _check_text("posthog_api_key", posthog_api_key)
    _check_text("posthog_host", posthog_host)
    if posthog_host is not None and not _is_host(posthog_host):
        raise ValueError(f"posthog_host must be an address such as https://us.i.posthog.com, not {posthog_host!r}")
    if config_dir is not None and not isinstance(config_dir, str | os.PathLike):
        raise TypeError(f"config_dir must be a path, not {type(config_dir).__name__}")
    if principal is not None:
        _check_principal(principal)
    if sender is not None:
        if isinstance(sender, str) or not all(isinstance(word, str) for word in sender):
            raise TypeError("sender must be a sequence of strings, the words of a command line")
        if not sender or not sender[0]:
            raise ValueError("sender must not be empty")
    if live is not None and not isinstance(live, bool):
        raise TypeError(f"live must be True, False or None, not {type(live).__name__}")
    if not callable(error_messages) and error_messages not in ("redacted", "class"):
        raise ValueError(f'error_messages must be "redacted", "class" or a function, not {error_messages!r}')
    if not isinstance(option_names, bool):
        raise TypeError(f"option_names must be True or False, not {type(option_names).__name__}")
    for what, choice in (("default", default), ("in_ci", in_ci)):
        if choice not in (consent.ON, consent.OFF):
            raise ValueError(f'{what} must be "on" or "off", not {choice!r}')
    environ = os.environ
    host = environ.get(conventions.ENV_HOST, "").strip()
    if host and not _is_host(host):
        from arcade_otel.diagnostics import debug

        debug(f"{conventions.ENV_HOST} is not an address and is ignored")
        host = ""
    config_dir = os.path.abspath(os.path.expanduser(os.fspath(config_dir))) if config_dir else default_config_dir()
    return Settings(
        name=name or _program_name(),
        version=version,
        distribution=distribution,
        posthog_api_key=environ.get(conventions.ENV_API_KEY, "").strip() or posthog_api_key,
        posthog_host=(host or posthog_host or conventions.DEFAULT_POSTHOG_HOST).rstrip("/"),
        config_dir=config_dir,
        login=_command_paths("login", login, _DEFAULT_LOGIN),
        logout=_command_paths("logout", logout, _DEFAULT_LOGOUT),
        principal=principal,
        sender=None if sender is None else tuple(sender),
        live=live,
        error_messages=error_messages,
        option_names=option_names,
        default=default,
        in_ci=in_ci,
    )


def _program_name() -> str:
    """Name the program as the semantic conventions do: the base name of what was started, never its path."""
    name = os.path.basename(sys.argv[0]) if sys.argv and sys.argv[0] else ""
    if name == "__main__.py":  # ``python -m package``
        name = os.path.basename(os.path.dirname(os.path.abspath(sys.argv[0])))
    for suffix in (".py", ".exe"):
        name = name.removesuffix(suffix)
    return name if name not in ("", "-c", "-m") else "cli"


def _check_text(what: str, value: object) -> None:
    if value is None:
        return
    if not isinstance(value, str):
        raise TypeError(f"{what} must be a string, not {type(value).__name__}")
    if not value.strip():
        raise ValueError(f"{what} must not be empty")


def _is_host(value: str) -> bool:
    scheme, separator, rest = value.partition("://")
    host = rest.partition("/")[0]
    return bool(
        separator
        and scheme in ("http", "https")
        and host
        and "@" not in host  # a password in an address would end up in the spool
        and not any(character.isspace() or character in "?#" for character in rest)
    )


def _command_paths(what: str, value: str | Sequence[str] | None, default: tuple[str, ...]) -> tuple[str, ...]:
    if value is None:
        return default
    paths = (value,) if isinstance(value, str) else tuple(value)
    for path in paths:
        if not isinstance(path, str):
            raise TypeError(f"{what} must be command paths such as 'auth.login', not {type(path).__name__}")
        if not path.strip():
            raise ValueError(f"{what} must not be empty")
    return tuple(path.strip().replace(" ", ".") for path in paths)


def _check_principal(principal: object) -> None:
    if isinstance(principal, str):
        module, separator, attribute = principal.partition(":")
        if not (separator and module.replace(".", "").isidentifier() and attribute.replace(".", "").isidentifier()):
            raise ValueError(f"principal must be 'module:function', not {principal!r}")
    elif not callable(principal):
        raise TypeError(f"principal must be a function or 'module:function', not {type(principal).__name__}")
