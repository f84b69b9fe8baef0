"""Who is logged in: the Arcade CLI's credentials, and the API that says whose they are."""

import os
import threading
from collections.abc import Callable, Iterable
from importlib import import_module
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from arcade_otel import conventions, storage
from arcade_otel.diagnostics import debug

if TYPE_CHECKING:
    from arcade_otel.settings import PrincipalSource

__all__ = [
    "DEFAULT_COORDINATOR_URL",
    "Credentials",
    "PrincipalUnavailableError",
    "fetch_principal",
    "get_principal",
    "is_entry_point_name",
    "read_credentials",
    "validate_id",
]

DEFAULT_COORDINATOR_URL = "https://cloud.arcade.dev"
_TIMEOUT_SECONDS = 2.0
_MAX_FILE_SIZE = 64 * 1024
_MAX_DEPTH = 20
_MAX_EVENTS = 5000
_MAX_SECRET_LENGTH = 16 * 1024

# PostHog merges none of these, in any case, quoted or not. Source: https://posthog.com/docs/product-analytics/identify, and its
# ``person-merge-service.ts`` (https://github.com/PostHog/posthog).
_ILLEGAL_IDS = frozenset(
    [
        "anonymous",
        "guest",
        "distinctid",
        "distinct_id",
        "id",
        "not_authenticated",
        "email",
        "undefined",
        "true",
        "false",
        "none",
        "null",
        "nan",
        "0",
        "anonymous-user",
        "backend",
        "system",
        "user",
        "00000000-0000-0000-0000-000000000000",
    ]
) | {"[object object]"}


class PrincipalUnavailableError(Exception):
    """Nobody could tell who is logged in: no network, an error of the server, or an answer that makes no sense."""


class Credentials:
    """What ``credentials.yaml`` holds of one account: where to ask, and by which of two secrets. Never printed."""

    __slots__ = ("access_token", "api_key", "url")

    def __init__(self, *, url: str, api_key: str | None, access_token: str | None) -> None:
        self.url = url
        self.api_key = api_key
        self.access_token = access_token

    def __repr__(self) -> str:
        return f"Credentials(url={self.url!r})"


def validate_id(value: object) -> str | None:
    """Return a principal's id as PostHog can take it, or None.

    A trimmed string of 1 to 200 characters that PostHog does not refuse to merge. A longer one would be cut, and become one
    person with every other that begins alike.
    """
    if not isinstance(value, str):
        return None
    trimmed = value.strip()
    if not trimmed or len(trimmed) > conventions.DISTINCT_ID_LIMIT or not trimmed.isprintable():
        return None
    return None if trimmed.strip("'\"").lower() in _ILLEGAL_IDS else trimmed


def read_credentials(path: str) -> Credentials | None:
    """Return the credentials of the account in use, or None if there are none or the file makes no sense.

    Three forms, as the Arcade CLI wrote them over time: ``cloud.api.key``; ``cloud.auth.access_token``; and
    ``cloud.contexts.<name>`` holding these, the one that ``cloud.active_context`` names or the only one.

    Bounds: 64 KiB, 5,000 values and keys, 20 levels; no anchors and aliases, by which a small file expands without end.

    Raises:
        PrincipalUnavailableError: The file cannot be read for now. It may be a good one.
    """
    try:
        data = storage.read_file(*os.path.split(path), max_bytes=_MAX_FILE_SIZE)
    except (storage.UnusableFileError, storage.UntrustedStateError, ValueError) as error:
        debug("credentials.yaml is not used", error)
        return None
    except OSError as error:
        raise PrincipalUnavailableError("credentials.yaml cannot be read now") from error
    if data is None:
        return None
    import yaml

    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        _check_events(yaml.parse(data, Loader=loader))
        loaded = yaml.load(data, Loader=loader)  # noqa: S506 - both are the safe one
    except (yaml.YAMLError, ValueError, RecursionError, TypeError, AttributeError) as error:
        debug("credentials.yaml cannot be read", error)
        return None
    cloud = _child(loaded, "cloud")
    contexts = _child(cloud, "contexts")
    if contexts:
        active = cloud.get("active_context")
        chosen = contexts.get(active) if isinstance(active, str) and active else None
        if not active and len(contexts) == 1:
            chosen = next(iter(contexts.values()))
        if isinstance(chosen, dict):
            cloud = {"coordinator_url": cloud.get("coordinator_url"), **chosen}
    credentials = Credentials(
        url=_coordinator_url(cloud.get("coordinator_url")),
        api_key=_secret(_child(cloud, "api").get("key")),
        access_token=_secret(_child(cloud, "auth").get("access_token")),
    )
    return credentials if credentials.api_key or credentials.access_token else None


def _check_events(events: Iterable[Any]) -> None:
    """Raise ValueError for YAML that would take more than a few kilobytes to build, before anything of it is built."""
    depth = 0
    for count, event in enumerate(events, 1):
        kind = type(event).__name__
        depth += kind in ("MappingStartEvent", "SequenceStartEvent")
        depth -= kind in ("MappingEndEvent", "SequenceEndEvent")
        if kind == "AliasEvent" or getattr(event, "anchor", None) or depth > _MAX_DEPTH or count > _MAX_EVENTS:
            raise ValueError("anchors, or too much of it")


def _coordinator_url(value: object) -> str:
    """Return where to ask: Arcade's address if ``value`` is None or "", "" if a token must not go to what it says.

    A token goes over ``https``, or to a loopback address of this machine. Anything else (``http`` to another host, ``file``, a
    user name in the address, a query, spaces and control characters) is not asked at all.
    """
    if value is None or value == "":
        return DEFAULT_COORDINATOR_URL
    if not isinstance(value, str) or not value.isascii() or not value.isprintable() or " " in value or "\\" in value:
        return ""
    try:
        parts = urlsplit(value)
        host = parts.hostname or ""
        parts.port  # noqa: B018 - raises ValueError if it is none
    except ValueError:
        return ""
    allowed = parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))
    if not allowed or not host or "@" in parts.netloc or "?" in value or "#" in value:
        return ""
    return value.rstrip("/")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _child(holder: Any, key: str) -> dict[Any, Any]:
    value = holder.get(key) if isinstance(holder, dict) else None
    return value if isinstance(value, dict) else {}


def _secret(value: object) -> str | None:
    """Return a secret that can stand in a header, or None."""
    secret = value.strip() if isinstance(value, str) else ""
    return secret if secret and secret.isascii() and secret.isprintable() and len(secret) <= _MAX_SECRET_LENGTH else None


def fetch_principal(
    credentials: Credentials, *, timeout: float = _TIMEOUT_SECONDS, get: Callable[..., tuple[int, Any]] | None = None
) -> str | None:
    """Ask the API whose these credentials are, in at most ``timeout`` seconds for all of it; None: nobody's (401, 403).

    The access token first, the key if it is refused. No redirect is followed, so that no secret goes where it was not sent;
    proxies and certificate bundles of the environment are honoured, ``~/.netrc`` is not.

    Args:
        credentials: Whose.
        timeout: Seconds.
        get: Gets an address, with the arguments of ``arcade_api.get``; that function if None.

    Raises:
        PrincipalUnavailableError: Nobody could tell.
    """
    if not credentials.url:
        raise PrincipalUnavailableError("cloud.coordinator_url is no address that a token may go to")
    return _call_with_timeout(lambda: _ask(credentials, timeout, get), timeout)


def _ask(credentials: Credentials, timeout: float, get: Callable[..., tuple[int, Any]] | None) -> str | None:
    if get is None:
        from arcade_otel.identity import arcade_api

        get = arcade_api.get
    attempts = [
        (secret, f"{credentials.url}/api/v1/auth/{path}", keys)
        for secret, path, keys in (
            (credentials.access_token, "whoami", ("account_id", "principal_id")),
            (credentials.api_key, "validate", ("principal_id",)),
        )
        if secret
    ]
    for secret, url, keys in attempts:
        # An Authorization of our own is what keeps httpx from looking into ~/.netrc.
        headers = {"accept": "application/json", "Authorization": f"Bearer {secret}"}
        try:
            status, answer = get(url, headers=headers, timeout=timeout)
        except Exception as error:
            raise PrincipalUnavailableError from error
        if status in (401, 403):
            continue
        if status != 200:  # noqa: PLR2004
            raise PrincipalUnavailableError(f"status {status}")
        found = next((found for key in keys if (found := validate_id(_child(answer, "data").get(key)))), None)
        if found is None:
            raise PrincipalUnavailableError("an answer without a usable id")
        return found
    return None


def get_principal(config_dir: str, source: "PrincipalSource | None", *, timeout: float = _TIMEOUT_SECONDS) -> str | None:
    """Return who is logged in, by the application's own source or by Arcade's credentials and API; None: nobody.

    Args:
        config_dir: Config directory.
        source: A function, ``module:function``, the name of an entry point, or None for Arcade's credentials and API. Only
            the application itself may say the first two. What was read from a file is an entry point's name or nothing
            (:func:`is_entry_point_name`).
        timeout: Seconds for all of it.

    Raises:
        PrincipalUnavailableError: Nobody could tell in ``timeout`` seconds.
    """
    if source is None:
        path = os.path.join(config_dir, "credentials.yaml")
        return _call_with_timeout(lambda: _principal_of_credentials(path, timeout), timeout)
    return validate_id(_call_with_timeout(lambda: _function(source)(), timeout))  # noqa: PLW0108 - the import, too, belongs inside the bound


def _principal_of_credentials(path: str, timeout: float) -> str | None:
    credentials = read_credentials(path)
    return fetch_principal(credentials, timeout=timeout) if credentials else None


def _function(source: "PrincipalSource") -> Callable[[], str | None]:
    if not isinstance(source, str):
        return source
    if ":" not in source:
        return _entry_point(source)
    module, _, names = source.partition(":")
    found: Any = import_module(module)
    for name in names.split("."):
        found = getattr(found, name)
    function: Callable[[], str | None] = found
    return function


def is_entry_point_name(source: str) -> bool:
    """Tell whether ``source`` can only be the name of an entry point, and so names no code by itself."""
    return bool(source) and source.replace("-", "_").replace(".", "_").isidentifier()


def _entry_point(name: str) -> Callable[[], str | None]:
    """Load the principal function that an installed distribution has registered under ``name``.

    Raises:
        PrincipalUnavailableError: None has, or two have registered different ones.
    """
    from importlib import metadata

    found = {point.value: point for point in metadata.entry_points(group=conventions.PRINCIPAL_ENTRY_POINTS, name=name)}
    if len(found) != 1:
        raise PrincipalUnavailableError(f"{len(found)} entry points of that name")
    (point,) = found.values()
    function: Callable[[], str | None] = point.load()
    return function


def _call_with_timeout(ask: Callable[[], str | None], timeout: float) -> str | None:
    """Run ``ask`` for at most ``timeout`` seconds: httpx bounds each phase, and a dribbling server makes many of them.

    What takes longer goes on in a daemon thread that nobody waits for.
    """
    answers: list[str | None] = []
    errors: list[Exception] = []

    def run() -> None:
        try:
            answers.append(ask())
        except Exception as error:  # noqa: BLE001 - the application's function may raise anything
            errors.append(error)

    thread = threading.Thread(target=run, name="arcade-otel-principal", daemon=True)
    thread.start()
    thread.join(timeout)
    if answers:
        return answers[0]
    if errors and not isinstance(errors[0], PrincipalUnavailableError):
        debug("the principal could not be told", errors[0])
    raise PrincipalUnavailableError from (errors[0] if errors else None)
