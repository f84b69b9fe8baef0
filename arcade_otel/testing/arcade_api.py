"""A fake of two endpoints of Arcade's API.

``/api/v1/auth/validate`` returns the account of an API key, and ``/api/v1/auth/whoami`` returns the account of an access token.
"""

import json
from collections import deque
from collections.abc import Mapping

from arcade_otel.testing.faults import Fault

__all__ = ["ArcadeApi", "RecordedRequest"]


class RecordedRequest:
    """A request to the fake Arcade API, with its path and its headers."""

    def __init__(self, path: str, headers: Mapping[str, str]) -> None:
        self.path = path
        self.headers = dict(headers)


class ArcadeApi:
    """A fake Arcade API, which knows only the accounts that a test adds, and for which a test can script faults.

    The attribute ``arcade`` of a ``FakePostHog`` is an ``ArcadeApi``, which uses the same address as the fake PostHog.
    """

    def __init__(self) -> None:
        self.requests: list[RecordedRequest] = []
        self._keys: dict[str, dict[str, str]] = {}
        self._tokens: dict[str, dict[str, str]] = {}
        self._script: deque[Fault] = deque()
        self._always: Fault | None = None

    def add(
        self,
        *,
        api_key: str | None = None,
        access_token: str | None = None,
        principal_id: str | None = None,
        account_id: str | None = None,
    ) -> None:
        """Add an account, and the API key or access token for which the fake returns this account."""
        data = {key: value for key, value in (("principal_id", principal_id), ("account_id", account_id)) if value is not None}
        if api_key is not None:
            self._keys[api_key] = data
        if access_token is not None:
            self._tokens[access_token] = data

    def script(self, *faults: Fault) -> None:
        """Apply ``faults`` to the next requests, one fault per request. Later requests are not affected."""
        self._script.extend(faults)

    def always(self, fault: Fault) -> None:
        """Apply ``fault`` to each request that gets no fault from :meth:`script`, until you call :meth:`heal`."""
        self._always = fault

    def heal(self) -> None:
        """Discard all faults, so that the next requests are answered normally."""
        self._always = None
        self._script.clear()

    def fault(self) -> Fault | None:
        """Return the fault to apply to the next request, or None to answer it normally."""
        return self._script.popleft() if self._script else self._always

    def answer(self, path: str, authorization: str) -> tuple[int, str]:
        """Return the HTTP status and the body of the answer to a request."""
        scheme, _, secret = authorization.partition(" ")
        known = self._keys if path.endswith("/validate") else self._tokens
        data = known.get(secret) if scheme == "Bearer" else None
        return (200, json.dumps({"data": data})) if data is not None else (401, json.dumps({"error": "unauthorized"}))
