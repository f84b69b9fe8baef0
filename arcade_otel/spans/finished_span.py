"""Finished spans that remember how much was dropped from them: copies, and spans that were read back."""

from collections.abc import Sequence

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.trace import Link, SpanContext
from opentelemetry.util.types import Attributes

__all__ = ["FinishedEvent", "FinishedLink", "FinishedSpan", "copy_span"]

# The SDK keeps these counts in bounded containers, which on its older versions also change values (bytes become text, nested
# values are refused). Public properties overridden in subclasses keep both the counts and the values.


class FinishedEvent(Event):
    """An event whose count of dropped attributes is given."""

    def __init__(self, name: str, attributes: Attributes, timestamp: int, *, dropped_attributes: int = 0) -> None:
        super().__init__(name, attributes, timestamp)
        self._dropped = dropped_attributes

    @property
    def dropped_attributes(self) -> int:
        """How many attributes were dropped."""
        return self._dropped


class FinishedLink(Link):
    """A link whose count of dropped attributes is given."""

    def __init__(self, context: SpanContext, attributes: Attributes, *, dropped_attributes: int = 0) -> None:
        super().__init__(context, attributes)
        self._dropped = dropped_attributes

    @property
    def dropped_attributes(self) -> int:
        """How many attributes were dropped."""
        return self._dropped


class FinishedSpan(ReadableSpan):
    """A span whose counts of what was dropped are given: ``dropped`` is (attributes, events, links)."""

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
) -> ReadableSpan:
    """Return a copy of a finished span in which ``attributes`` (all of them), ``resource`` or ``events`` may be others.

    Attributes of a span that ended are frozen, for a processor too: a copy is the only way to change them.
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
        status=span.status,
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
        dropped=(span.dropped_attributes, span.dropped_events, span.dropped_links),
    )
