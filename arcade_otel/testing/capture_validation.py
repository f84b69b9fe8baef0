"""Validate the bodies of requests in the same way as PostHog's older capture endpoint, ``/batch/``.

The validation rules are copied from PostHog's capture service (``rust/capture`` in https://github.com/PostHog/posthog). If one
event in a request is malformed, the older endpoint refuses the whole request.
"""

import gzip
import json
import uuid
import zlib
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

__all__ = ["MAX_BODY", "Event", "RequestRejected", "accepted", "check_token", "decompressed", "parsed"]

MAX_BODY = 20_971_520
_LARGEST_DECOMPRESSED = 104_857_600
_LONGEST_TOKEN = 64
_LONGEST_DISTINCT_ID = 200


class RequestRejected(Exception):  # noqa: N818 - it is an answer
    """The request is not valid. PostHog would refuse the request with the HTTP status ``status`` and the body ``text``."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status} {text}")
        self.status = status
        self.text = text


class Event:
    """One delivery of an event that the fake has accepted. If an event is delivered twice, there are two ``Event`` objects.

    Attributes:
        event: The name of the event.
        distinct_id: The event's distinct ID, as PostHog stores it.
        uuid: The UUID of the event.
        properties: The properties of the event.
        token: The project's key.
        timestamp: The time that the client wrote into the event.
        sent_at: When the client sent the request, by the client's clock.
        time: The event's time in PostHog: ``timestamp``, corrected for the error of the client's clock.
        request: The index in ``FakePostHog.requests`` of the request that contained the event.
    """

    __slots__ = ("distinct_id", "event", "properties", "request", "sent_at", "time", "timestamp", "token", "uuid")

    def __init__(self, **fields: Any) -> None:
        self.event: str = fields["event"]
        self.distinct_id: str = fields["distinct_id"]
        self.uuid: str = fields["uuid"]
        self.timestamp: str = fields["timestamp"]
        self.sent_at: str = fields["sent_at"]
        self.properties: dict[str, Any] = fields["properties"]
        self.token: str = fields["token"]
        self.time: datetime = fields["time"]
        self.request: int = fields["request"]

    def exported(self) -> dict[str, Any]:
        """Return the event as a dictionary in the format of PostHog's batch exports."""
        return {
            "uuid": self.uuid,
            "event": self.event,
            "distinct_id": self.distinct_id,
            "timestamp": self.time.isoformat(timespec="microseconds"),
            "properties": self.properties,
        }

    def __repr__(self) -> str:
        return f"<{self.event} {self.properties.get('command_name', '')} {self.distinct_id}>"


def accepted(
    body: bytes,
    *,
    encoding: str,
    request: int,
    now: datetime,
    refuse: Callable[[dict[str, Any]], bool] = lambda _: False,
    most_events: int | None = None,
) -> list[Event]:
    """Return the events of a request, except those named ``$performance_event``.

    Args:
        body: The body of the request, before decompression.
        encoding: The header ``Content-Encoding``.
        request: The index of the request in ``FakePostHog.requests``.
        now: The time of the server's clock.
        refuse: A function that returns True for a raw event that the fake must treat as malformed.
        most_events: The maximum number of events in one request, or None for no limit.

    Raises:
        RequestRejected: If PostHog refuses the whole request.
    """
    if len(body) > MAX_BODY:
        raise RequestRejected(413, "maximum event size exceeded: the request is too large")
    loaded = parsed(decompressed(body, encoding))
    batch, raw_token, sent_at = _shape(loaded)
    for raw in batch:
        _check(raw)
        if refuse(raw):
            raise RequestRejected(400, "failed to parse request: refused by the test")
    if not batch:
        raise RequestRejected(400, "request holds no event")
    if most_events is not None and len(batch) > most_events:
        raise RequestRejected(413, "maximum event size exceeded: refused by the test")
    token = _token(raw_token, batch)
    return [_event(raw, token, sent_at, now, request) for raw in batch if raw["event"] != "$performance_event"]


def decompressed(body: bytes, encoding: str) -> str:
    """Decompress the body of a request, and return it as text.

    Raises:
        RequestRejected: If the body is damaged, too large or not UTF-8.
    """
    if encoding == "gzip" or body[:2] == b"\x1f\x8b":
        try:
            body = gzip.decompress(body)
        except (OSError, EOFError, zlib.error):
            raise RequestRejected(400, "failed to decode request: invalid GZIP data") from None
    if len(body) > _LARGEST_DECOMPRESSED:
        raise RequestRejected(413, "maximum event size exceeded: the decompressed request is too large")
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise RequestRejected(400, "failed to decode request: invalid UTF8 in request payload") from None


def parsed(text: str) -> Any:
    """Parse a JSON text, and return its value.

    Raises:
        RequestRejected: If the text is not valid JSON.
    """

    def no_constant(name: str) -> None:
        raise ValueError(f"{name} is no JSON")

    try:
        loaded = json.loads(text, parse_constant=no_constant)
        json.dumps(loaded, ensure_ascii=False).encode()  # a lone surrogate is not valid UTF-8
    except (ValueError, RecursionError) as error:
        raise RequestRejected(400, f"failed to parse request: {error}") from None
    return loaded


def _shape(loaded: Any) -> tuple[list[Any], Any, Any]:
    """Return the events, the token and ``sent_at`` of a request. A request is a batch, an array of events, or a single event.

    If the request is not a batch, the returned token is None, because each event contains its own token. If the request does not
    contain ``sent_at``, the returned ``sent_at`` is None.
    """
    if isinstance(loaded, list):
        return loaded, None, None
    if not isinstance(loaded, dict):
        raise RequestRejected(400, "failed to parse request: neither an object nor an array")
    if "batch" not in loaded:
        return [loaded], None, loaded.get("sent_at")
    if not isinstance(loaded["batch"], list):
        raise RequestRejected(400, "failed to parse request: batch is no array")
    token = loaded.get("api_key", loaded.get("token"))
    if not isinstance(token, str):
        raise RequestRejected(400, "failed to parse request: api_key is no string")
    return loaded["batch"], token, loaded.get("sent_at")


def _check(raw: Any) -> None:
    if not isinstance(raw, dict):
        raise RequestRejected(400, "failed to parse request: an event is no object")
    wrong = [
        not isinstance(raw.get("event"), str),
        not isinstance(raw.get("properties", {}), dict),
        not isinstance(raw.get("timestamp", ""), str | None),
        not _is_uuid(raw.get("uuid", "")),
        isinstance(raw.get("offset", 0), bool) or not isinstance(raw.get("offset", 0), int),
        not isinstance(raw.get("$set"), dict | None),
        not isinstance(raw.get("$set_once"), dict | None),
    ]
    if any(wrong):
        raise RequestRejected(400, "failed to parse request: an event is malformed")


def _is_uuid(value: object) -> bool:
    if value == "":
        return True
    try:
        uuid.UUID(value)  # type: ignore[arg-type]
    except (ValueError, TypeError, AttributeError):
        return False
    return True


def _token(of_batch: Any, batch: list[dict[str, Any]]) -> str:
    tokens = {of_batch} if of_batch is not None else set()
    if of_batch is None:
        for raw in batch:
            properties = raw.get("properties", {})
            for found in (raw.get("token"), raw.get("api_key"), raw.get("$token"), properties.get("token")):
                if found is not None:
                    tokens.add(str(found))
                    break
    if not tokens:
        raise RequestRejected(401, "event submitted without an api_key")
    if len(tokens) > 1:
        raise RequestRejected(401, "batch submitted with inconsistent api_key values")
    return check_token(str(tokens.pop()))


def check_token(token: str) -> str:
    """Check a project's key, and return it without surrounding white space.

    Raises:
        RequestRejected: If ``token`` cannot be a project's key.
    """
    token = token.strip()
    for wrong, reason in (
        (not token, "empty"),
        (len(token) > _LONGEST_TOKEN, "too_long"),
        (not token.isascii(), "not_ascii"),
        (token.startswith("phx_"), "personal_api_key"),
        ("\0" in token, "null_byte"),
    ):
        if wrong:
            raise RequestRejected(401, f"API key is not valid: {reason}")
    return token


def _event(raw: dict[str, Any], token: str, sent_at: Any, now: datetime, request: int) -> Event:
    if not raw["event"]:
        raise RequestRejected(400, "event submitted with an empty event name")
    properties = raw.get("properties", {})
    distinct_id = next(
        (
            found
            for found in (raw.get("distinct_id"), raw.get("$distinct_id"), properties.get("distinct_id"))
            if found is not None
        ),
        None,
    )
    distinct_id = "" if distinct_id is None else distinct_id if isinstance(distinct_id, str) else json.dumps(distinct_id)
    distinct_id = distinct_id.replace("\0", "\ufffd")
    if not distinct_id.strip():
        raise RequestRejected(400, "event submitted without a distinct_id")
    if "$cookieless_mode" in properties and not isinstance(properties["$cookieless_mode"], bool):
        raise RequestRejected(400, "failed to parse request: $cookieless_mode is no boolean")
    timestamp = raw.get("timestamp") or ""
    return Event(
        event=raw["event"],
        distinct_id=distinct_id[:_LONGEST_DISTINCT_ID],
        uuid=str(uuid.UUID(raw["uuid"])) if raw.get("uuid") else str(uuid.uuid4()),
        timestamp=timestamp,
        sent_at=sent_at if isinstance(sent_at, str) else "",
        properties=properties,
        token=token,
        time=_time(timestamp, sent_at, properties, now),
        request=request,
    )


def _time(timestamp: str, sent_at: Any, properties: dict[str, Any], now: datetime) -> datetime:
    """Return the time of an event by the server's clock, which is usually ``now + (timestamp - sent_at)``.

    If ``timestamp`` is not a valid time, return ``now``. If ``sent_at`` is not a valid time, or the event has the property
    ``$ignore_sent_at``, return ``timestamp``. If the result would be more than 23 hours in the future, return ``now``.
    """
    happened, sent = _moment(timestamp), _moment(sent_at)
    if happened is None:
        return now
    if sent is not None and properties.get("$ignore_sent_at") is not True:
        happened = now + (happened - sent)
    return now if happened > now + timedelta(hours=23) else happened


def _moment(text: Any) -> datetime | None:
    if not isinstance(text, str) or not text:
        return None
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
