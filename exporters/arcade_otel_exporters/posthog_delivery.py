"""Deliver the spans of commands to PostHog, and report which spans were accepted or refused. Standard library only."""

import json
import math
import os
import time
from collections.abc import Callable, Sequence

from arcade_otel import conventions
from arcade_otel.diagnostics import debug
from arcade_otel_exporters.events import Event, alias_of, event_of, is_command, own_events_of
from arcade_otel_exporters.posthog_client import V0, WITHDRAWN, Connection, DeliveryInterruptedError, Response
from arcade_otel_exporters.span_record import SpanRecord

__all__ = ["DeliveryResult", "PostHogDelivery"]

_MAX_BATCH_BYTES = 4 * 1024 * 1024
_PERMANENT = frozenset({401, 403, 404})


class DeliveryResult:
    """The result of one :meth:`PostHogDelivery.deliver`.

    Attributes:
        done: The number of spans, counted from the first one, that need no further delivery, because PostHog has acknowledged
            their events, the events were dropped for good, or the spans are not meant for PostHog.
        dropped: The number of done spans with an event that can never be delivered.
        retry_after: Seconds after which PostHog allows the next request, or None.
        reason: A text for the debug log that says why some spans are not done, or None if all spans are done.
        refused: The indexes of the spans with an event or an alias that can never be delivered.
        permanent: True if trying again will not help, for example because of a wrong key or host.
        withdrawn: True if the delivery ended because ``may_begin`` returned False.
    """

    __slots__ = ("done", "dropped", "permanent", "reason", "refused", "retry_after", "withdrawn")

    def __init__(
        self,
        done: int,
        dropped: int = 0,
        retry_after: float | None = None,
        reason: str | None = None,
        refused: tuple[int, ...] = (),
        *,
        permanent: bool = False,
        withdrawn: bool = False,
    ) -> None:
        self.done = done
        self.dropped = dropped
        self.retry_after = retry_after
        self.reason = reason
        self.refused = refused
        self.permanent = permanent
        self.withdrawn = withdrawn

    def _compared(self) -> tuple[object, ...]:
        return self.done, self.dropped, self.retry_after, self.reason, self.permanent, self.withdrawn

    def __eq__(self, other: object) -> bool:
        """Return whether the two results are equal in all attributes except ``refused``."""
        return isinstance(other, DeliveryResult) and self._compared() == other._compared()

    def __hash__(self) -> int:
        return hash(self._compared())

    def __repr__(self) -> str:
        return f"DeliveryResult(done={self.done}, dropped={self.dropped}, reason={self.reason!r}, permanent={self.permanent})"


class _Item:
    """An event for PostHog, and the data that is needed to send it.

    Attributes:
        index: The index of the event's span among the spans to deliver.
        event: The event.
        alias: The alias to send before the event, or None.
        target: The project key and the host.
    """

    __slots__ = ("alias", "event", "index", "target")

    def __init__(self, index: int, event: Event, alias: Event | None, target: tuple[str, str]) -> None:
        self.index = index
        self.event = event
        self.alias = alias
        self.target = target


class PostHogDelivery:
    """Send events in the order of their spans, and send a pending alias before the event of the same span.

    Use an instance in one thread only.

    Args:
        api_key: PostHog project key. If None, the key on the span's resource is used, or else ``ARCADE_USAGE_POSTHOG_API_KEY``.
        host: PostHog's address. If None, the address on the span's resource is used, or else ``ARCADE_USAGE_POSTHOG_HOST``, or
            else PostHog's cloud in the US.
        timeout: Time limit in seconds for one request, from its start to the end of its answer.
        geoip: Whether PostHog may store the sender's IP address and derive a location from it.
        batch_size: Largest number of events in one request.
        protocol: The PostHog endpoint to try first, ``"v0"`` or ``"v1"``.
    """

    def __init__(
        self,
        api_key: str | None = None,
        host: str | None = None,
        *,
        timeout: float = 5.0,
        geoip: bool = False,
        batch_size: int = 100,
        protocol: str = V0,
    ) -> None:
        self._api_key = api_key
        self._host = host
        self._geoip = geoip
        self._batch_size = batch_size
        self._connection = Connection(timeout, math.inf, protocol)

    def close(self) -> None:
        """Close the connections. A later delivery opens new connections."""
        self._connection.close()

    def deliver(
        self, spans: Sequence[SpanRecord], *, seconds: float = math.inf, may_begin: Callable[[], bool] = lambda: True
    ) -> DeliveryResult:
        """Send the command spans in ``spans`` in order, until all are done or a request fails.

        If PostHog refuses a batch because of an event that it will never accept (400, 413), the batch is split until that event
        is found, and only that event is dropped. HTTP status 401, 403 or 404 ends the delivery with a permanent failure. If a
        batch fails for any other reason, the delivery ends with a temporary failure.

        Args:
            spans: The spans in the order in which they must arrive.
            seconds: Time limit in seconds for the whole delivery. When the time limit is reached, a running request is abandoned,
                and no new request begins.
            may_begin: A function that is called right before each request. If ``may_begin`` returns False, the delivery ends.
        """
        connection = self._connection
        connection.until = time.monotonic() + seconds
        connection.may_begin = may_begin
        items = [item for index, span in enumerate(spans) for item in self._items(index, span)]
        done = 0
        refused: list[int] = []
        unaliased: list[int] = []  # the receipts of these spans must not say that everything was acknowledged
        stopped: Response | None = None
        try:
            while done < len(items):
                first = items[done]
                if first.alias is not None and any(connection.send(*first.target, [first.alias])):
                    debug("PostHog refused an alias for good; the event goes without it")
                    unaliased.append(first.index)
                batch = self._batch(items, done)
                for never in connection.send(*first.target, [item.event for item in batch]):
                    if never:
                        refused.append(items[done].index)
                    done += 1
        except DeliveryInterruptedError as error:
            stopped = error.answer
        settled = len(spans) if stopped is None else items[done].index
        sendable = {item.index for item in items}
        refused += [index for index, span in enumerate(spans[:settled]) if is_command(span) and index not in sendable]
        refused = sorted({index for index in refused if index < settled})  # a span may have several events
        if stopped is None:
            return DeliveryResult(settled, len(refused), refused=(*refused, *unaliased))
        return DeliveryResult(
            settled,
            len(refused),
            refused=(*refused, *unaliased),
            retry_after=stopped.retry_after,
            reason=stopped.reason,
            permanent=stopped.status in _PERMANENT,
            withdrawn=stopped is WITHDRAWN,
        )

    def _batch(self, items: Sequence[_Item], start: int) -> list[_Item]:
        """Return the items for one request, beginning with the item at index ``start``.

        All items of a request have the same target, and only the first item may have an alias.
        """
        batch: list[_Item] = []
        size = 0
        for item in items[start : start + self._batch_size]:
            size += len(json.dumps(item.event))
            if batch and (item.target != batch[0].target or item.alias is not None or size > _MAX_BATCH_BYTES):
                break
            batch.append(item)
        return batch

    def _items(self, index: int, span: SpanRecord) -> list[_Item]:
        """Return the items of a span: one for the command's event, and one for each of the program's own events.

        Return an empty list if the span is not a command's span, or if the project key or the person is unknown.
        """
        if not is_command(span):
            return []
        target = self._target(span)
        event = event_of(span, geoip=self._geoip)
        events = [*([] if event is None else [event]), *own_events_of(span, geoip=self._geoip)]
        if target is None or not events:
            debug("a command's span has no PostHog key" if target is None else "a command's span has no distinct_id")
            return []
        alias = alias_of(span, geoip=self._geoip)
        return [_Item(index, each, None if number else alias, target) for number, each in enumerate(events)]

    def _target(self, span: SpanRecord) -> tuple[str, str] | None:
        """Return the project key and the host, or None if there is no key.

        The host on the span's resource is used only if the key also comes from the resource.
        """
        key, host = self._api_key, self._host
        if not key:
            key = str(span.resource.get(conventions.RESOURCE_API_KEY) or "")
            if key:
                host = host or str(span.resource.get(conventions.RESOURCE_HOST) or "")
        key = key or os.environ.get(conventions.ENV_API_KEY, "").strip()
        host = host or os.environ.get(conventions.ENV_HOST, "").strip() or conventions.DEFAULT_POSTHOG_HOST
        return (key, host) if key else None
