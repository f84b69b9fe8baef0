"""Requests to PostHog's capture endpoint, each bounded in time and judged by what came back."""

import inspect
import json
import math
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from arcade_otel.diagnostics import debug
from arcade_otel_exporters.events import Event

if TYPE_CHECKING:
    import requests

__all__ = ["Connection", "DeliveryInterruptedError", "Response"]

_PATH = "/batch/"
_OK = 200
# Bad request and too large: of a batch, one event is to blame.
_REJECTED = frozenset({400, 413})


@dataclass(frozen=True)
class Response:
    """What came of one request.

    Attributes:
        status: HTTP status; 0 if there was no answer, or one that is not PostHog's (a captive portal's 200).
        reason: Short text for the debug log; holds no key and nothing of an event.
        retry_after: Seconds for which the server asked to be left alone, or None.
    """

    status: int
    reason: str
    retry_after: float | None = None


class DeliveryInterruptedError(Exception):
    """Something stands in the way of a delivery that may pass; ``answer`` says what."""

    def __init__(self, answer: Response) -> None:
        super().__init__(answer.reason)
        self.answer = answer


class Connection:
    """The requests of one delivery. For one thread, in one process.

    Args:
        timeout: Seconds for one request, from its start to the end of its answer.
        until: Begin no request after this time (``time.monotonic()``), and wait for none longer.
    """

    def __init__(self, timeout: float, until: float) -> None:
        self._timeout = timeout
        self._until = until
        self._session: requests.Session | None = None

    def send(self, api_key: str, host: str, events: Sequence[Event]) -> Iterator[bool]:
        """Send ``events``; yield for each, once it is settled, whether it was dropped because it can never be accepted.

        One such event makes PostHog refuse the whole request, so that it is looked for by halves.

        Raises:
            DeliveryInterruptedError: Something stands in the way; the events yielded by then are settled, the others are not.
        """
        answer = self._post(api_key, host, events)
        if answer.status == _OK:
            yield from (False for _ in events)
        elif answer.status not in _REJECTED:
            raise DeliveryInterruptedError(answer)
        elif len(events) == 1:
            debug(f"PostHog can never accept an event ({answer.reason}); it is dropped")
            yield True
        else:
            half = len(events) // 2
            yield from self.send(api_key, host, events[:half])
            yield from self.send(api_key, host, events[half:])

    def close(self) -> None:
        """Close the connection."""
        if self._session is not None:
            self._session.close()

    def _post(self, api_key: str, host: str, events: Sequence[Event]) -> Response:
        """Send one request; give up on it after the time-out, whatever it is doing.

        The socket's own time-out bounds each step only (a name's look-up not at all, each address and each byte anew), so that
        the request runs in a thread that is left to itself when its time is over. What it brings then is ignored: the events
        count as not sent, and their ids make a second delivery the same to PostHog.
        """
        from posthog import request

        seconds = min(self._timeout, self._until - time.monotonic())
        if seconds <= 0:
            return Response(0, "no time left")
        arguments: dict[str, Any] = {"batch": list(events), "historical_migration": False}
        if "session" in inspect.signature(request.post).parameters:
            arguments["session"] = self._our_session()
        else:
            # posthog 6 calls it ``sentAt``, which PostHog does not read: a clock that is wrong would not be corrected.
            arguments["sent_at"] = datetime.now(timezone.utc).isoformat()
        answers: list[Response] = []

        def post() -> None:
            try:
                response = request.post(api_key, host, path=_PATH, gzip=True, timeout=seconds, **arguments)
                answers.append(_classify(response))
            except Exception as error:  # noqa: BLE001 - of requests, urllib3, ssl, idna: whatever it is, there is no answer
                answers.append(Response(0, f"no answer ({type(error).__qualname__})"))

        thread = threading.Thread(target=post, name="arcade-otel-posthog", daemon=True)
        thread.start()
        thread.join(seconds)
        return answers[0] if answers else Response(0, f"no answer in {seconds:.1f} s")

    def _our_session(self) -> "requests.Session":
        """Return a session that follows no redirect, reads no ``~/.netrc`` and tries nothing again by itself."""
        if self._session is None:
            import requests

            self._session = requests.Session()
            self._session.max_redirects = 0
            self._session.auth = _no_credentials
        return self._session


def _no_credentials(request: "requests.PreparedRequest") -> "requests.PreparedRequest":
    """Authorise by nothing: that there is something keeps requests from looking into ``~/.netrc``."""
    return request


def _classify(response: "requests.Response") -> Response:
    status = response.status_code
    if response.history:
        return Response(0, "redirected")
    if status == _OK and not _is_posthog_response(response.text):
        return Response(0, "an answer that is not PostHog's")
    return Response(status, f"HTTP {status}", _retry_after(response.headers.get("Retry-After")))


def _is_posthog_response(text: str) -> bool:
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(answer, dict) and "status" in answer


def _retry_after(value: str | None) -> float | None:
    """Return the header's seconds, given as such or as a date; None if it is absent or neither."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            date = parsedate_to_datetime(value)
        except (TypeError, ValueError):
            return None
        seconds = (date - datetime.now(timezone.utc)).total_seconds() if date.tzinfo else math.nan
    return max(0.0, seconds) if math.isfinite(seconds) else None
