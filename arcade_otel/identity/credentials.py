"""Read the API's address, the user's secrets and the organization's ID from ``credentials.yaml``, a file of the Arcade CLI."""

import os
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from arcade_otel import storage
from arcade_otel.diagnostics import debug
from arcade_otel.spans.declared import ACTIVE_CONTEXT

__all__ = [
    "DEFAULT_COORDINATOR_URL",
    "Credentials",
    "CredentialsUnreadableError",
    "child",
    "read_credentials",
    "read_scope",
]

DEFAULT_COORDINATOR_URL = "https://cloud.arcade.dev"
_MAX_FILE_SIZE = 64 * 1024
_MAX_DEPTH = 20
_MAX_EVENTS = 5000
_MAX_SECRET_LENGTH = 16 * 1024


class CredentialsUnreadableError(Exception):
    """The file ``credentials.yaml`` cannot be read at the moment. A later try may succeed."""


class Credentials:
    """One account in ``credentials.yaml``: the API's address, an access token and an API key.

    ``repr`` hides the token and the key.
    """

    __slots__ = ("access_token", "api_key", "url")

    def __init__(self, *, url: str, api_key: str | None, access_token: str | None) -> None:
        self.url = url
        self.api_key = api_key
        self.access_token = access_token

    def __repr__(self) -> str:
        return f"Credentials(url={self.url!r})"


def read_credentials(path: str) -> Credentials | None:
    """Return the credentials of the active account, or None if there are no credentials or the file is not valid.

    Depending on its version, the Arcade CLI writes a secret to ``cloud.api.key``, to ``cloud.auth.access_token``, or to one of
    these keys in a context, for example ``cloud.contexts.<name>.api.key``. ``cloud.active_context`` names the active context. If
    ``cloud.active_context`` is missing and there is only one context, that context is active.

    A file is not valid if it is larger than 64 KiB, has more than 5,000 YAML parser events, or is nested more than 20 levels
    deep. A file with YAML anchors or aliases is not valid either, because a small file with aliases could expand to a huge
    object.

    Raises:
        CredentialsUnreadableError: If the file cannot be read at the moment. A later try may succeed.
    """
    cloud = _read_context(path, ACTIVE_CONTEXT)
    if cloud is None:
        return None
    credentials = Credentials(
        url=_coordinator_url(cloud.get("coordinator_url")),
        api_key=_secret(child(cloud, "api").get("key")),
        access_token=_secret(child(cloud, "auth").get("access_token")),
    )
    return credentials if credentials.api_key or credentials.access_token else None


def read_scope(path: str, name: str = ACTIVE_CONTEXT) -> dict[str, str]:
    """Return the IDs ``org_id`` and ``project_id`` from a context in ``credentials.yaml``.

    The result omits an ID that the context does not contain.

    Args:
        path: The path of ``credentials.yaml``.
        name: The name of the context. If the file does not contain a context with this name, the result is empty.

    Raises:
        CredentialsUnreadableError: If the file cannot be read at the moment. A later try may succeed.
    """
    scope = child(_read_context(path, name), "context")
    return {key: value for key in ("org_id", "project_id") if isinstance(value := scope.get(key), str) and value}


def _read_context(path: str, name: str) -> dict[Any, Any] | None:
    """Return the mapping of one context, or None if the file is not valid or does not contain the context.

    If ``name`` is ``ACTIVE_CONTEXT`` and the file contains no contexts, return the mapping ``cloud``. For the definition of
    a valid file, see :func:`read_credentials`.
    """
    try:
        data = storage.read_file(*os.path.split(path), max_bytes=_MAX_FILE_SIZE)
    except (storage.UnusableFileError, storage.UntrustedStateError, ValueError) as error:
        debug("credentials.yaml is not used", error)
        return None
    except OSError as error:
        raise CredentialsUnreadableError from error
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
    cloud = child(loaded, "cloud")
    contexts = child(cloud, "contexts")
    if contexts:
        active = cloud.get("active_context")
        active = active if name == ACTIVE_CONTEXT else name
        chosen = contexts.get(active) if isinstance(active, str) and active else None
        if not active and len(contexts) == 1:
            chosen = next(iter(contexts.values()))
        if not isinstance(chosen, dict) and name != ACTIVE_CONTEXT:
            return None
        if isinstance(chosen, dict):
            cloud = {"coordinator_url": cloud.get("coordinator_url"), **chosen}
    elif name != ACTIVE_CONTEXT:
        return None
    return cloud


def _check_events(events: Iterable[Any]) -> None:
    """Raise ValueError if the parsed YAML contains an anchor or too many parser events, or is nested too deeply.

    This check takes place before any objects are built from the YAML.
    """
    depth = 0
    for count, event in enumerate(events, 1):
        kind = type(event).__name__
        depth += kind in ("MappingStartEvent", "SequenceStartEvent")
        depth -= kind in ("MappingEndEvent", "SequenceEndEvent")
        if kind == "AliasEvent" or getattr(event, "anchor", None) or depth > _MAX_DEPTH or count > _MAX_EVENTS:
            raise ValueError("it has anchors, or too many values or levels")


def _coordinator_url(value: object) -> str:
    """Return ``value`` if it is an address to which a token may be sent. Otherwise, return "".

    If ``value`` is None or "", return the address of Arcade's API.

    A token may be sent over ``https`` to any host, and over ``http`` to a loopback address. The function returns "" for any other
    address, and for an address that contains a user name, a query, a fragment, spaces, control characters or non-ASCII
    characters.
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


def child(holder: Any, key: str) -> dict[Any, Any]:
    """Return the mapping under ``key``, or an empty mapping if ``holder`` contains no mapping under ``key``."""
    value = holder.get(key) if isinstance(holder, dict) else None
    return value if isinstance(value, dict) else {}


def _secret(value: object) -> str | None:
    """Return ``value`` without surrounding spaces, or None if it is not a string that is valid in an HTTP header."""
    secret = value.strip() if isinstance(value, str) else ""
    return secret if secret and secret.isascii() and secret.isprintable() and len(secret) <= _MAX_SECRET_LENGTH else None
