"""Send requests to PostHog's two capture endpoints, and classify the answers.

The request formats are those of PostHog's capture service (``rust/capture`` in https://github.com/PostHog/posthog). See
also PostHog's client for Python (https://github.com/PostHog/posthog-python) and https://posthog.com/docs/api/capture.
"""

import json
import os
import time
import zlib
from collections.abc import Callable, Iterator, Sequence

from arcade_otel import conventions
from arcade_otel.diagnostics import debug
from arcade_otel_exporters.events import Event, utc_timestamp
from arcade_otel_exporters.http_client import HttpClient, HttpReply, NoReplyError

__all__ = ["V0", "V1", "WITHDRAWN", "Connection", "DeliveryInterruptedError", "Response", "check_protocol"]

#: ``/batch/``: PostHog accepts or refuses the whole request.
V0 = "v0"
#: ``/i/v1/analytics/events``: PostHog returns a verdict for each event.
V1 = "v1"
_PATHS = {V0: "/batch/", V1: "/i/v1/analytics/events"}
_USER_AGENT = f"{conventions.LIB}/{conventions.__version__}"

_OK = 200
# Bad request, and too large. In a batch, a single event may be the cause.
_REJECTED = frozenset({400, 413})
#: Answers of a server that has only the other endpoint.
_UNKNOWN_PATH = frozenset({404, 410})
# The verdicts of v1 that refuse one event. Any other verdict, or none, counts as accepted, as in PostHog's own clients.
_DROP, _RETRY = "drop", "retry"
_MAX_KEY_LENGTH = 200


class Response:
    """The result of one request to PostHog.

    Attributes:
        status: The HTTP status, or 0 if there was no response or the response is not from PostHog (for example from a captive
            portal).
        reason: A short text for the debug log, which contains neither the key nor any part of an event.
        retry_after: Seconds after which the server allows the next request, or None.
        verdicts: The verdicts of endpoint v1, by event ID, or None for endpoint v0.
    """

    __slots__ = ("reason", "retry_after", "status", "verdicts")

    def __init__(
        self, status: int, reason: str, retry_after: float | None = None, verdicts: dict[str, object] | None = None
    ) -> None:
        self.status = status
        self.reason = reason
        self.retry_after = retry_after
        self.verdicts = verdicts


#: No request was sent, because the user has opted out between two requests, or the queued events have been deleted.
WITHDRAWN = Response(0, "withdrawn")


class DeliveryInterruptedError(Exception):
    """A delivery ended before all events were sent. The attribute ``answer`` is the response that ended the delivery."""

    def __init__(self, answer: Response) -> None:
        super().__init__(answer.reason)
        self.answer = answer


def check_protocol(protocol: str) -> str:
    """Return ``protocol`` unchanged if it is valid.

    Raises:
        ValueError: If ``protocol`` is neither ``"v0"`` nor ``"v1"``.
    """
    if protocol not in _PATHS:
        raise ValueError(f"protocol must be 'v0' or 'v1', not {protocol!r}")
    return protocol


class Connection:
    """Send requests to PostHog, one at a time, and keep the connections open for later requests.

    If a host does not know the endpoint ``protocol`` (404 or 410), the other endpoint is tried once and, if it works, used for
    later requests to this host.

    Args:
        timeout: Time limit in seconds for one request, from its start to the end of its answer.
        until: The time, by ``time.monotonic()``, after which no request begins and a running request is abandoned. The caller may
            change the attribute ``until`` between requests.
        protocol: The endpoint to try first, ``"v0"`` or ``"v1"``.
    """

    def __init__(self, timeout: float, until: float, protocol: str = V0) -> None:
        self.until = until
        #: Called right before each request. If it returns False, no request is sent, and the delivery is :data:`WITHDRAWN`.
        self.may_begin: Callable[[], bool] = lambda: True
        self._timeout = timeout
        self._protocol = protocol
        self._learned: dict[str, str] = {}
        self._client = HttpClient()

    def send(self, api_key: str, host: str, events: Sequence[Event]) -> Iterator[bool]:
        """Send ``events``.

        For each event, yield False if PostHog has accepted the event, or True if the event was dropped because PostHog will never
        accept it. If PostHog refuses a whole request because of one unacceptable event, the batch is halved repeatedly until that
        event is alone in a request.

        Raises:
            DeliveryInterruptedError: If a request fails, or if PostHog asks the client to send an event again. After this error,
                send again only the events for which the iterator has not yielded a value.
        """
        answer = self._post(api_key, host, events)
        if answer.status == _OK:
            for event in events:
                verdict = (answer.verdicts or {}).get(str(event.get("uuid")))
                if verdict == _RETRY:
                    raise DeliveryInterruptedError(Response(0, "PostHog asks for an event again", answer.retry_after))
                if verdict == _DROP:
                    debug("PostHog can never accept an event (its verdict); it is dropped")
                yield verdict == _DROP
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
        """Close the connections. A later request opens new connections."""
        self._client.close()

    def _post(self, api_key: str, host: str, events: Sequence[Event]) -> Response:
        protocol = self._learned.get(host, self._protocol)
        answer = self._post_by(protocol, api_key, host, events)
        if answer.status in _UNKNOWN_PATH and host not in self._learned:
            other = V1 if protocol == V0 else V0
            debug(f"PostHog answers {answer.status} to {_PATHS[protocol]}; {_PATHS[other]} is tried")
            second = self._post_by(other, api_key, host, events)
            if second.status and second.status not in _UNKNOWN_PATH:
                self._learned[host] = other
                return second
            self._learned[host] = protocol  # the host knows neither endpoint, so it is not asked again
        return answer

    def _post_by(self, protocol: str, api_key: str, host: str, events: Sequence[Event]) -> Response:
        """Send one request and classify the answer."""
        seconds = min(self._timeout, self.until - time.monotonic())
        if seconds <= 0:
            return Response(0, "no time left")
        headers = {"User-Agent": _USER_AGENT, "Content-Type": "application/json", "Content-Encoding": "gzip"}
        now = utc_timestamp(time.time_ns())
        body: Event
        if protocol == V1:
            if not (api_key.isascii() and api_key.isprintable() and len(api_key) <= _MAX_KEY_LENGTH):
                return Response(401, "a project key that is none")
            headers |= _v1_headers(api_key, now)
            body = {"created_at": now, "batch": [_v1_event(event) for event in events]}
        else:
            # PostHog corrects the time of an event by the difference of its clock and ``sent_at``.
            body = {"batch": list(events), "historical_migration": False, "sent_at": now, "api_key": api_key}
        data = _gzipped(json.dumps(body, allow_nan=False).encode())
        if not self.may_begin():
            return WITHDRAWN
        try:
            reply = self._client.post(host.rstrip("/") + _PATHS[protocol], headers, data, seconds)
        except NoReplyError as error:
            return Response(0, str(error))
        return _classify(protocol, reply)


def _v1_headers(api_key: str, now: str) -> dict[str, str]:
    digits = os.urandom(16).hex()
    return {
        "Authorization": f"Bearer {api_key}",
        "PostHog-Sdk-Info": _USER_AGENT,
        "PostHog-Attempt": "1",
        "PostHog-Request-Id": f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:]}",
        "PostHog-Request-Timestamp": now,
    }


def _v1_event(event: Event) -> Event:
    """Return an event in the format of endpoint v1, where ``$process_person_profile`` is an option and not a property.

    The properties ``$lib`` and ``$lib_version`` are removed, because PostHog takes them from the header ``PostHog-Sdk-Info``.
    """
    properties = {key: value for key, value in event["properties"].items() if key not in ("$lib", "$lib_version")}
    options: Event = {}
    profile = properties.pop("$process_person_profile", None)
    if profile is not None:
        options["process_person_profile"] = profile
    return {**event, "options": options, "properties": properties}


def _gzipped(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    return compressor.compress(data) + compressor.flush()


def _classify(protocol: str, reply: HttpReply) -> Response:
    verdicts = None
    if reply.status == _OK:
        answer = _object(reply.body)
        if answer is None or ("results" if protocol == V1 else "status") not in answer:
            return Response(0, "an answer that is not PostHog's")
        if protocol == V1:
            if not isinstance(answer["results"], dict):
                return Response(0, "an answer that is not PostHog's")
            verdicts = {key: value.get("result") for key, value in answer["results"].items() if isinstance(value, dict)}
    return Response(reply.status, f"HTTP {reply.status}", _retry_after(reply.headers.get("retry-after")), verdicts)


def _object(body: bytes) -> dict[str, object] | None:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def _retry_after(value: str | None) -> float | None:
    """Return the value of the header ``Retry-After`` in seconds. The value may be a number or a date.

    Return None if the header is absent, or if its value is neither a number nor a date with a time zone.
    """
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        from datetime import datetime, timezone
        from email.utils import parsedate_to_datetime  # an expensive import, which is rarely needed

        try:
            date = parsedate_to_datetime(value)
        except (TypeError, ValueError):
            return None
        if not date.tzinfo:
            return None
        seconds = (date - datetime.now(timezone.utc)).total_seconds()
    return max(0.0, seconds) if abs(seconds) < float("inf") else None
