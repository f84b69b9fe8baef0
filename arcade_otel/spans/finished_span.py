"""Finished spans: copies of recorded spans, and spans read from OTLP/JSON.

The classes in this module store the counts of dropped attributes, events and links.
"""

from collections.abc import Mapping, Sequence

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, Status, StatusCode
from opentelemetry.util.types import Attributes, AttributeValue

from arcade_otel import conventions

__all__ = [
    "FinishedEvent",
    "FinishedLink",
    "FinishedSpan",
    "copy_span",
    "described_status",
    "failure_description",
    "identity_attributes",
    "owner_of",
]

# The SDK keeps these counts in bounded containers. In older versions these also change values: bytes become text, and nested
# values are refused. The classes below override public properties instead, which keeps both the counts and the values.


class FinishedEvent(Event):
    """A span event with a given count of dropped attributes."""

    def __init__(self, name: str, attributes: Attributes, timestamp: int, *, dropped_attributes: int = 0) -> None:
        super().__init__(name, attributes, timestamp)
        self._dropped = dropped_attributes

    @property
    def dropped_attributes(self) -> int:
        """How many attributes were dropped."""
        return self._dropped


class FinishedLink(Link):
    """A span link with a given count of dropped attributes."""

    def __init__(self, context: SpanContext, attributes: Attributes, *, dropped_attributes: int = 0) -> None:
        super().__init__(context, attributes)
        self._dropped = dropped_attributes

    @property
    def dropped_attributes(self) -> int:
        """How many attributes were dropped."""
        return self._dropped


class FinishedSpan(ReadableSpan):
    """A finished span with given counts of dropped attributes, events and links."""

    def __init__(self, *args: object, dropped: tuple[int, int, int] = (0, 0, 0), **fields: object) -> None:
        super().__init__(*args, **fields)  # type: ignore[arg-type]
        self._dropped = dropped

    @property
    def dropped_attributes(self) -> int:
        """How many attributes were dropped."""
        return self._dropped[0]

    @property
    def dropped_events(self) -> int:
        """How many events were dropped."""
        return self._dropped[1]

    @property
    def dropped_links(self) -> int:
        """How many links were dropped."""
        return self._dropped[2]


def copy_span(
    span: ReadableSpan,
    *,
    attributes: Attributes = None,
    resource: Resource | None = None,
    events: Sequence[Event] | None = None,
    status: Status | None = None,
    scope: InstrumentationScope | None = None,
) -> ReadableSpan:
    """Return a copy of a finished span. Each argument that is not None replaces the field of the same name.

    The SDK does not allow changes to an ended span, so an attribute can only be added to a copy.

    Args:
        span: The span to copy.
        attributes: All attributes of the copy.
        resource: The resource of the copy.
        events: All events of the copy.
        status: The status of the copy.
        scope: The instrumentation scope of the copy.
    """
    return FinishedSpan(
        name=span.name,
        context=span.get_span_context(),
        parent=span.parent,
        resource=span.resource if resource is None else resource,
        attributes=span.attributes if attributes is None else attributes,
        events=span.events if events is None else events,
        links=span.links,
        kind=span.kind,
        status=span.status if status is None else status,
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope if scope is None else scope,
        dropped=(span.dropped_attributes, span.dropped_events, span.dropped_links),
    )


def owner_of(span: ReadableSpan) -> tuple[str, bool] | None:
    """Return ``(distinct_id, is_anon)`` from a command's span, or None if the span does not contain an identity."""
    attributes = span.attributes or {}
    distinct_id = attributes.get(conventions.DISTINCT_ID)
    if not isinstance(distinct_id, str) or not distinct_id:
        return None
    return distinct_id, attributes.get(conventions.IS_ANON) is not False


def identity_attributes(distinct_id: str, is_anon: bool) -> dict[str, str]:  # noqa: FBT001 - the pair of owner_of()
    """Return the attributes that let an OTLP backend assign a span to a person.

    The attribute ``conventions.USER_ID`` is only present if ``distinct_id`` is an account's ID.
    """
    attributes = {conventions.POSTHOG_DISTINCT_ID: distinct_id}
    return attributes if is_anon else {**attributes, conventions.USER_ID: distinct_id}


def described_status(span: ReadableSpan) -> Status:
    """Return the status of a span, with a description if the span's command has failed.

    A trace viewer can show this description as the reason for the failure. If the status already contains a description, the
    function returns the status unchanged.
    """
    if span.status.status_code is not StatusCode.ERROR or span.status.description:
        return span.status
    return Status(StatusCode.ERROR, failure_description(span.attributes or {}))


def failure_description(attributes: Mapping[str, AttributeValue]) -> str | None:
    """Return a command's redacted error message, or else its error type, or else its exit code.

    If the program chose the exit code, the description is the exit code even if the error type is known. For example, the
    description for ``raise typer.Exit(3)`` is "exit code 3". If the span contains neither a message nor an exit code, the
    function returns None.

    The semantic conventions deprecate the attribute ``error.message`` on spans, and recommend the status description instead.
    """
    message, exit_code = attributes.get(conventions.ERROR_MESSAGE), attributes.get(conventions.PROCESS_EXIT_CODE)
    if isinstance(message, str) and message:
        return message
    if exit_code is None:
        return None
    error_type = attributes.get(conventions.ERROR_TYPE)
    if attributes.get("outcome") == "exit" or not isinstance(error_type, str) or error_type in ("", "_OTHER"):
        return f"exit code {exit_code}"
    return error_type
