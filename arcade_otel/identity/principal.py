"""Find out who is logged in, from Arcade's API or from the program's own function."""

import os
import threading
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from arcade_otel import conventions
from arcade_otel.diagnostics import debug
from arcade_otel.identity.credentials import Credentials, child, read_credentials

if TYPE_CHECKING:
    from arcade_otel.settings import PrincipalSource

__all__ = [
    "ENTRY_POINTS",
    "Credentials",
    "PrincipalUnavailableError",
    "fetch_principal",
    "get_principal",
    "is_entry_point_name",
    "read_credentials",
    "validate_id",
]

#: Group of the entry points in which a distribution registers its principal function, so that the sender finds it too.
ENTRY_POINTS = "arcade_otel.principal"
_TIMEOUT_SECONDS = 2.0

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
    """The principal is unknown, for example because there is no network, or because the response contains no usable ID."""


def validate_id(value: object) -> str | None:
    """Return a principal's ID without surrounding spaces, or None if PostHog cannot use the ID.

    A usable ID consists of 1 to 200 printable characters. PostHog does not merge persons with certain IDs, for example ``null``,
    so these IDs are not usable. PostHog truncates an ID after 200 characters, so all longer IDs with the same beginning would
    become one person.
    """
    if not isinstance(value, str):
        return None
    trimmed = value.strip()
    if not trimmed or len(trimmed) > conventions.DISTINCT_ID_LIMIT or not trimmed.isprintable():
        return None
    return None if trimmed.strip("'\"").lower() in _ILLEGAL_IDS else trimmed


def fetch_principal(
    credentials: Credentials, *, timeout: float = _TIMEOUT_SECONDS, get: Callable[..., tuple[int, Any]] | None = None
) -> str | None:
    """Ask the API which account the credentials belong to.

    The function sends the access token first. If the API refuses the token, the function sends the API key. The function does not
    follow redirects, because a redirect could send the secret to another host. For ``https`` addresses, the function uses the
    proxies and certificate bundles that are set in the environment. It does not use ``~/.netrc``.

    Args:
        credentials: The address of the API, and the secrets.
        timeout: Time limit in seconds for all requests together.
        get: A replacement for ``arcade_api.get`` with the same arguments, or None for ``arcade_api.get`` itself.

    Returns:
        The principal's ID, or None if the API refuses the credentials (status 401 or 403).

    Raises:
        PrincipalUnavailableError: If a request fails or takes too long, or if the response contains no usable ID.
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
        # An explicit Authorization header keeps httpx from reading ~/.netrc.
        headers = {"accept": "application/json", "Authorization": f"Bearer {secret}"}
        try:
            status, answer = get(url, headers=headers, timeout=timeout)
        except Exception as error:
            raise PrincipalUnavailableError from error
        if status in (401, 403):
            continue
        if status != 200:  # noqa: PLR2004
            raise PrincipalUnavailableError(f"status {status}")
        found = next((found for key in keys if (found := validate_id(child(answer, "data").get(key)))), None)
        if found is None:
            raise PrincipalUnavailableError("an answer without a usable id")
        return found
    return None


def get_principal(config_dir: str, source: "PrincipalSource | None", *, timeout: float = _TIMEOUT_SECONDS) -> str | None:
    """Return the ID of the account that is logged in, or None if no account is logged in.

    Args:
        config_dir: The config directory.
        source: A function, a string ``module:function``, the name of an entry point, or None for Arcade's credentials and API.
            Only the program itself may pass a function or a string ``module:function``. A source that was read from a file (for
            example, from a queued span) must be the name of an entry point (:func:`is_entry_point_name`).
        timeout: Time limit in seconds for the whole lookup.

    Raises:
        PrincipalUnavailableError: If the lookup fails, or takes longer than ``timeout`` seconds.
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
    """Return whether ``source`` can be the name of an entry point. A string ``module:function`` cannot."""
    return bool(source) and source.replace("-", "_").replace(".", "_").isidentifier()


def _entry_point(name: str) -> Callable[[], str | None]:
    """Load the principal function that an installed distribution has registered under ``name``.

    Raises:
        PrincipalUnavailableError: If no function or several different functions are registered under ``name``.
    """
    from importlib import metadata

    found = {point.value: point for point in metadata.entry_points(group=ENTRY_POINTS, name=name)}
    if len(found) != 1:
        raise PrincipalUnavailableError(f"{len(found)} entry points of that name")
    (point,) = found.values()
    function: Callable[[], str | None] = point.load()
    return function


def _call_with_timeout(ask: Callable[[], str | None], timeout: float) -> str | None:
    """Call ``ask`` in a thread, and wait at most ``timeout`` seconds for its result.

    A timeout of httpx is not enough, because it limits each read separately, and a slow response may need many reads. If ``ask``
    takes longer than ``timeout`` seconds, the daemon thread continues, but the caller does not wait for the result.

    Raises:
        PrincipalUnavailableError: If ``ask`` raises an exception or takes too long.
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
        debug("the principal is unknown", errors[0])
    raise PrincipalUnavailableError from (errors[0] if errors else None)
