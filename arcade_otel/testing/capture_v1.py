"""Validate requests in the same way as PostHog's newer capture endpoint, ``/i/v1/analytics/events``.

This endpoint reports for each event whether PostHog accepts it. The validation rules are copied from PostHog's capture service
(https://github.com/PostHog/posthog, ``rust/capture/src/v1``).
"""

import json
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from arcade_otel.testing.capture_validation import MAX_BODY, Event, RequestRejected, check_token, decompressed, parsed

__all__ = ["PATH_V1", "HeaderGate", "Results", "accepted_v1"]

PATH_V1 = "/i/v1/analytics/events"
_MAX_TEXT_BYTES = 200
_OPTIONS = {
    "cookieless_mode": bool,
    "disable_skew_correction": bool,
    "product_tour_id": str,
    "process_person_profile": bool,
}

Results = dict[str, dict[str, str]]


class HeaderGate:
    """Check the headers of a request to the newer capture endpoint, and parse those that the fake needs.

    Attributes:
        token: The project's key.
        sdk: The client library's name and version, as a tuple, for the properties ``$lib`` and ``$lib_version``.
        sent_at: When the client sent the request, by the client's clock.

    Raises:
        RequestRejected: If a header is missing or malformed.
    """

    def __init__(self, headers: Mapping[str, str]) -> None:
        values = {name.lower(): value for name, value in headers.items()}
        scheme, _, token = values.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise _rejected(401, "missing_authorization")
        if values.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise _rejected(415, "unsupported_content_type")
        if values.get("content-encoding", "identity") not in ("identity", "gzip"):
            raise _rejected(415, "unsupported_content_encoding")
        if not values.get("user-agent"):
            raise _rejected(400, "missing_user_agent")
        attempt = values.get("posthog-attempt", "")
        if not attempt.isdigit() or int(attempt) < 1:
            raise _rejected(400, "invalid_attempt")
        try:
            uuid.UUID(values.get("posthog-request-id", ""))
        except ValueError:
            raise _rejected(400, "invalid_request_id") from None
        sent_at = _rfc3339(values.get("posthog-request-timestamp"))
        name, slash, version = values.get("posthog-sdk-info", "").partition("/")
        if sent_at is None or not slash:
            raise _rejected(400, "invalid_request_timestamp" if slash else "invalid_sdk_info")
        self.token = check_token(token)
        self.sdk = (name, version)
        self.sent_at = sent_at


def accepted_v1(
    headers: Mapping[str, str],
    body: bytes,
    *,
    request: int,
    now: datetime,
    refuse: Callable[[dict[str, Any]], bool] = lambda _: False,
    most_events: int | None = None,
) -> tuple[list[Event], Results]:
    """Return the accepted events of a request, and a dictionary that maps the ``uuid`` of each event to its result.

    Args:
        headers: The headers of the request.
        body: The body of the request, before decompression.
        request: The index of the request in ``FakePostHog.requests``.
        now: The time of the server's clock.
        refuse: A function that returns True for a raw event that the fake must drop.
        most_events: The maximum number of events in one request, or None for no limit.

    Raises:
        RequestRejected: If PostHog refuses the whole request.
    """
    gate = HeaderGate(headers)
    if len(body) > MAX_BODY:
        raise _rejected(413, "payload_too_large")
    loaded = parsed(decompressed(body, {name.lower(): value for name, value in headers.items()}.get("content-encoding", "")))
    if not isinstance(loaded, dict) or not isinstance(loaded.get("batch"), list):
        raise _rejected(400, "invalid_body")
    batch = loaded["batch"]
    if not batch:
        raise _rejected(400, "empty_batch")
    if _rfc3339(loaded.get("created_at")) is None:
        raise _rejected(400, "invalid_created_at")
    if most_events is not None and len(batch) > most_events:
        raise _rejected(413, "payload_too_large")
    _check_ids(batch)
    events, results = [], {}
    for raw in batch:
        wrong = "refused_by_the_test" if refuse(raw) else _fault(raw)
        results[raw["uuid"]] = {"result": "drop", "details": wrong} if wrong else {"result": "ok"}
        if not wrong:
            events.append(_event(raw, gate, now, request))
    return events, results


def _rejected(status: int, tag: str) -> RequestRejected:
    return RequestRejected(status, json.dumps({"error": tag, "error_description": tag.replace("_", " ")}))


def _check_ids(batch: list[Any]) -> None:
    seen = set()
    for raw in batch:
        if not isinstance(raw, dict):
            raise _rejected(400, "invalid_body")
        try:
            seen.add(uuid.UUID(raw.get("uuid")))
        except (ValueError, TypeError, AttributeError):
            raise _rejected(400, "invalid_uuid") from None
    if len(seen) != len(batch):
        raise _rejected(400, "duplicate_uuid")


def _fault(raw: dict[str, Any]) -> str | None:
    """Return the reason why PostHog drops an event, or None if PostHog accepts the event."""
    for key, what in (("event", "event_name"), ("distinct_id", "distinct_id")):
        value = raw.get(key)
        if not isinstance(value, str) or not value.strip():
            return f"missing_{what}"
        if len(value.encode()) > _MAX_TEXT_BYTES:
            return f"{what}_too_long"
    if _rfc3339(raw.get("timestamp")) is None:
        return "invalid_event_timestamp"
    if not isinstance(raw.get("properties"), dict):
        return "malformed_event_properties"
    options = raw.get("options", {})
    if not isinstance(options, dict) or any(not isinstance(value, _OPTIONS.get(key, object)) for key, value in options.items()):
        return "invalid_options"
    return None


def _event(raw: dict[str, Any], gate: HeaderGate, now: datetime, request: int) -> Event:
    options = raw.get("options", {})
    properties = {**raw["properties"], "$lib": gate.sdk[0], "$lib_version": gate.sdk[1]}
    if "process_person_profile" in options:
        properties["$process_person_profile"] = options["process_person_profile"]
    happened = _rfc3339(raw["timestamp"])
    assert happened is not None  # noqa: S101 - for the type checker
    if not options.get("disable_skew_correction"):
        happened = now + (happened - gate.sent_at)
    return Event(
        event=raw["event"],
        distinct_id=raw["distinct_id"],
        uuid=str(uuid.UUID(raw["uuid"])),
        timestamp=raw["timestamp"],
        sent_at=gate.sent_at.isoformat(),
        properties=properties,
        token=gate.token,
        time=now if happened > now + timedelta(hours=23) else happened,
        request=request,
    )


def _rfc3339(text: Any) -> datetime | None:
    if not isinstance(text, str) or "T" not in text.upper():
        return None
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return moment.astimezone(timezone.utc) if moment.tzinfo else None
