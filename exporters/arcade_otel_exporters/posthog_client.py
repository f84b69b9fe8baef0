"""Requests to PostHog's two capture endpoints, each bounded in time and judged by what came back.

Source: PostHog's capture service (https://github.com/PostHog/posthog, ``rust/capture``), its client for Python
(https://github.com/PostHog/posthog-python) and https://posthog.com/docs/api/capture.
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

#: ``/batch/``: a request is taken or refused whole.
V0 = "v0"
#: ``/i/v1/analytics/events``: a verdict for each event.
V1 = "v1"
_PATHS = {V0: "/batch/", V1: "/i/v1/analytics/events"}
_USER_AGENT = f"{conventions.LIB}/{conventions.__version__}"

_OK = 200
# Bad request and too large: of a batch, one event is to blame.
_REJECTED = frozenset({400, 413})
#: What a server answers that has the other endpoint only.
_UNKNOWN_PATH = frozenset({404, 410})
# The verdicts of v1 on one event; any other, or none, is taken for a yes, as by PostHog's own clients.
_DROP, _RETRY = "drop", "retry"
_MAX_KEY_LENGTH = 200


class Response:
    """What came of one request.

    Attributes:
        status: HTTP status; 0 if there was no answer, or one that is not PostHog's (a captive portal's 200).
        reason: Short text for the debug log; holds no key and nothing of an event.
        retry_after: Seconds for which the server asked to be left alone, or None.
        verdicts: v1's, by event id; None in v0.
    """

    __slots__ = ("reason", "retry_after", "status", "verdicts")

    def __init__(
        self, status: int, reason: str, retry_after: float | None = None, verdicts: dict[str, object] | None = None
    ) -> None:
        self.status = status
        self.reason = reason
        self.retry_after = retry_after
        self.verdicts = verdicts


#: Nothing was sent: between two requests the user has opted out, or what was to be sent has gone.
WITHDRAWN = Response(0, "withdrawn")


class DeliveryInterruptedError(Exception):
    """Something stands in the way of a delivery that may pass; ``answer`` says what."""

    def __init__(self, answer: Response) -> None:
        super().__init__(answer.reason)
        self.answer = answer


def check_protocol(protocol: str) -> str:
    """Return ``protocol`` if it is one.

    Raises:
        ValueError: It is neither ``"v0"`` nor ``"v1"``.
    """
    if protocol not in _PATHS:
        raise ValueError(f"protocol must be 'v0' or 'v1', not {protocol!r}")
    return protocol


class Connection:
    """The requests to PostHog of one process, one at a time; connections are kept from one request to the next.

    A host that does not know the endpoint (404 or 410) is asked once by the other one, and spoken to by that from then on if it
    knows it.

    Args:
        timeout: Seconds for one request, from its start to the end of its answer.
        until: Begin no request after this time (``time.monotonic()``), and wait for none longer. May be set anew.
        protocol: ``"v0"`` or ``"v1"``: which endpoint is asked first.
    """

    def __init__(self, timeout: float, until: float, protocol: str = V0) -> None:
        self.until = until
        #: Asked right before each request; False: nothing is sent, and the delivery is :data:`WITHDRAWN`.
        self.may_begin: Callable[[], bool] = lambda: True
        self._timeout = timeout
        self._protocol = protocol
        self._learned: dict[str, str] = {}
        self._client = HttpClient()

    def send(self, api_key: str, host: str, events: Sequence[Event]) -> Iterator[bool]:
        """Send ``events``; yield for each, once it is settled, whether it was dropped because it can never be accepted.

        One such event makes PostHog refuse the whole request, so that it is looked for by halves.

        Raises:
            DeliveryInterruptedError: Something stands in the way; the events yielded by then are settled, the others are not.
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
        """Close the connections. Another request opens them again."""
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
            self._learned[host] = protocol  # it knows neither: it is not asked twice
        return answer

    def _post_by(self, protocol: str, api_key: str, host: str, events: Sequence[Event]) -> Response:
        """Send one request and judge its answer."""
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
    """Return an event as v1 takes it: the switch that keeps an anonymous id without a profile is an option there.

    PostHog takes ``$lib`` and ``$lib_version`` from the header ``PostHog-Sdk-Info``.
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
    """Return the header's seconds, given as such or as a date; None if it is absent or neither."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        from datetime import datetime, timezone
        from email.utils import parsedate_to_datetime  # dear, and seldom needed

        try:
            date = parsedate_to_datetime(value)
        except (TypeError, ValueError):
            return None
        if not date.tzinfo:
            return None
        seconds = (date - datetime.now(timezone.utc)).total_seconds()
    return max(0.0, seconds) if abs(seconds) < float("inf") else None
