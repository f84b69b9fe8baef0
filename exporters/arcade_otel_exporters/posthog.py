"""Delivers the spans of commands to PostHog, and tells exactly which of them are settled."""

import json
import logging
import math
import os
import sys
import threading
import time
import weakref
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass, field

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from arcade_otel import consent, conventions
from arcade_otel.diagnostics import debug, guard
from arcade_otel.settings import default_config_dir
from arcade_otel_exporters.events import Event, alias_of, event_of, is_command
from arcade_otel_exporters.posthog_client import Connection, DeliveryInterruptedError, Response

__all__ = ["DeliveryResult", "PostHogSpanExporter", "clean_environment"]

_MAX_BATCH_BYTES = 4 * 1024 * 1024
_PERMANENT = frozenset({401, 403, 404})


def clean_environment(environ: MutableMapping[str, str]) -> None:
    """Take from a sender's environment what would steer posthog: ``POSTHOG_*``, and the password of a ``~/.netrc``.

    Proxies and certificate bundles stay; ``SSL_CERT_FILE``, which requests does not read, counts where no other bundle is named.
    Also quiets the loggers of posthog and urllib3. For a process of ours only: a host's
    own use of posthog is its own business.
    """
    for name in [name for name in environ if name.upper().startswith("POSTHOG_")]:
        del environ[name]
    environ["NETRC"] = os.devnull
    bundle = environ.get("SSL_CERT_FILE")
    if bundle and not environ.get("REQUESTS_CA_BUNDLE") and not environ.get("CURL_CA_BUNDLE"):
        environ["REQUESTS_CA_BUNDLE"] = bundle
    for name in ("posthog", "urllib3", "requests"):
        logger = logging.getLogger(name)
        logger.addHandler(logging.NullHandler())
        logger.propagate = False


@dataclass(frozen=True)
class DeliveryResult:
    """What became of the spans of one :meth:`PostHogSpanExporter.deliver`.

    Attributes:
        done: How many leading spans are settled: acknowledged, dropped for good, or none of PostHog's business.
        dropped: How many of those were dropped, because they can never be accepted.
        retry_after: Seconds for which PostHog asked to be left alone, or None.
        reason: Why not all are settled, for the debug log; None if they are.
        refused: Which of the spans were dropped, by index.
        permanent: The refusal will not pass by itself (a wrong key or host): no use in trying again soon.
    """

    done: int
    dropped: int = 0
    retry_after: float | None = None
    reason: str | None = None
    refused: tuple[int, ...] = field(default=(), compare=False)
    permanent: bool = False


def _permitted(spans: Sequence[ReadableSpan]) -> Sequence[ReadableSpan]:
    """Return the spans that nobody has forbidden to send; a policy may be about one program."""
    config_dir = default_config_dir()
    modes: dict[str, str] = {}
    permitted = []
    for span in spans:
        program = str((span.attributes or {}).get(conventions.PROCESS_EXECUTABLE_NAME) or "")
        if program not in modes:
            modes[program] = consent.decide(config_dir, program=program).mode
        if modes[program] != consent.OFF:
            permitted.append(span)
    return permitted


@dataclass(frozen=True)
class _Item:
    """A span that is PostHog's business: where it is in the sequence, its event, and where that goes."""

    index: int
    event: Event
    alias: Event | None
    target: tuple[str, str]


class PostHogSpanExporter(SpanExporter):
    """Exports the spans of commands to PostHog as events; every other span is none of its business and a success.

    Guarantees: ``export`` never raises and ends within its time-outs; spans go in order; an alias that a span owes is
    acknowledged before that span's event is sent; a span that is delivered twice is one event to PostHog; two threads may call
    at once; it works in a forked child. ``export`` sends nothing once the user has opted out, by the environment, a choice
    stored in the standard config directory, or the machine's policy. It does not try again by itself: what
    was not acknowledged is the caller's (the sender's spool keeps it; a ``BatchSpanProcessor`` loses it).

    Limits: HTTP 200 means accepted, not stored. With a posthog older than 7 (which takes no session of ours) a ``default``
    entry in ``~/.netrc`` would be sent along and a redirect followed; the detached sender switches the former off.

    Args:
        api_key: PostHog project key; else the span's resource says, else ``ARCADE_USAGE_POSTHOG_API_KEY``. Without one
            nothing is sent.
        host: Address of PostHog, ``https://…``; else as above, ``ARCADE_USAGE_POSTHOG_HOST``, PostHog's cloud in the US.
        timeout: Seconds for one request, from its start to the end of its answer.
        geoip: Let PostHog keep the sender's address and derive a place from it.
        batch_size: Largest number of events in one request.

    Raises:
        TypeError: An argument is of the wrong type.
        ValueError: ``host`` is no address, or ``timeout`` or ``batch_size`` is not positive.
    """

    def __init__(
        self,
        api_key: str | None = None,
        host: str | None = None,
        *,
        timeout: float = 5.0,
        geoip: bool = False,
        batch_size: int = 100,
    ) -> None:
        for what, text in (("api_key", api_key), ("host", host)):
            if text is not None and not isinstance(text, str):
                raise TypeError(f"{what} must be a string, not {type(text).__name__}")
        if host is not None and not host.startswith(("http://", "https://")):
            raise ValueError(f"host must be an address such as {conventions.DEFAULT_POSTHOG_HOST}, not {host!r}")
        if not (timeout > 0 and math.isfinite(timeout)):
            raise ValueError(f"timeout must be a positive number of seconds, not {timeout!r}")
        if batch_size < 1:
            raise ValueError(f"batch_size must be positive, not {batch_size!r}")
        self._api_key = api_key
        self._host = host
        self._timeout = timeout
        self._geoip = geoip
        self._batch_size = batch_size
        self._stopped = False
        self._lock = threading.Lock()
        if hasattr(os, "register_at_fork"):
            itself = weakref.ref(self)

            def renew() -> None:
                exporter = itself()
                if exporter is not None:
                    exporter._lock = threading.Lock()  # noqa: SLF001 - another thread of the parent's may have held it

            os.register_at_fork(after_in_child=renew)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send the commands among ``spans``; ``SUCCESS`` if every one of them is settled. Never raises."""
        if self._stopped:
            return SpanExportResult.FAILURE
        with guard("export to PostHog"):
            mode = consent.tracking_mode()
            spans = _permitted(spans)
            if mode == consent.LOG:
                self._show(spans)
                return SpanExportResult.SUCCESS
            result = self.deliver(spans)
            if result.reason is None:
                return SpanExportResult.SUCCESS
            debug(f"export to PostHog: {result.reason}")
        return SpanExportResult.FAILURE

    def force_flush(self, timeout_millis: int = 30000) -> bool:  # noqa: ARG002 - nothing is ever held back
        """Return True: ``export`` returns only once everything was sent or refused."""
        return True

    def shutdown(self) -> None:
        """Refuse every export from now on. May be called again."""
        self._stopped = True

    def event_of(self, span: ReadableSpan) -> Event | None:
        """Return the event that a command's span becomes, or None if nobody can tell whose it is."""
        return event_of(span, geoip=self._geoip)

    def deliver(self, spans: Sequence[ReadableSpan], *, seconds: float = math.inf) -> DeliveryResult:
        """Send the commands among ``spans`` in order, until something stands in the way that may pass.

        What can never be accepted (400, 413) is found by halves and dropped alone. A 401, 403, 404 stops and is permanent;
        anything else but a 200 in PostHog's own words stops.

        Args:
            spans: In the order in which they are to arrive.
            seconds: Begin no request after this time, and wait for none longer.
        """
        until = time.monotonic() + seconds
        if not self._lock.acquire(timeout=min(seconds, 2 * self._timeout)):
            return DeliveryResult(0, reason="another delivery is under way")
        try:
            return self._deliver(spans, until)
        finally:
            self._lock.release()

    def _deliver(self, spans: Sequence[ReadableSpan], until: float) -> DeliveryResult:
        items = [item for index, span in enumerate(spans) if (item := self._item(index, span)) is not None]
        connection = Connection(self._timeout, until)
        done = 0
        refused: list[int] = []
        stopped: Response | None = None
        try:
            while done < len(items):
                first = items[done]
                if first.alias is not None and any(connection.send(*first.target, [first.alias])):
                    debug("PostHog refused an alias for good; the event goes without it")
                batch = self._batch(items, done)
                for never in connection.send(*first.target, [item.event for item in batch]):
                    if never:
                        refused.append(items[done].index)
                    done += 1
        except DeliveryInterruptedError as error:
            stopped = error.answer
        finally:
            connection.close()
        settled = len(spans) if stopped is None else items[done].index
        sendable = {item.index for item in items}
        refused += [index for index, span in enumerate(spans[:settled]) if is_command(span) and index not in sendable]
        if stopped is None:
            return DeliveryResult(settled, len(refused), refused=tuple(refused))
        return DeliveryResult(
            settled,
            len(refused),
            refused=tuple(refused),
            retry_after=stopped.retry_after,
            reason=stopped.reason,
            permanent=stopped.status in _PERMANENT,
        )

    def _batch(self, items: Sequence[_Item], start: int) -> list[_Item]:
        """Return the items from ``start`` on that can go in one request: one target, and no alias between them."""
        batch: list[_Item] = []
        size = 0
        for item in items[start : start + self._batch_size]:
            size += len(json.dumps(item.event))
            if batch and (item.target != batch[0].target or item.alias is not None or size > _MAX_BATCH_BYTES):
                break
            batch.append(item)
        return batch

    def _item(self, index: int, span: ReadableSpan) -> _Item | None:
        if not is_command(span):
            return None
        target = self._target(span)
        event = event_of(span, geoip=self._geoip)
        if target is None or event is None:
            debug("a command's span has no PostHog key" if target is None else "a command's span has no distinct_id")
            return None
        return _Item(index, event, alias_of(span, geoip=self._geoip), target)

    def _target(self, span: ReadableSpan) -> tuple[str, str] | None:
        """Return key and host; a host goes with the key that it was given with."""
        key, host = self._api_key, self._host
        if not key:
            resource = span.resource.attributes
            key = str(resource.get(conventions.RESOURCE_API_KEY) or "")
            if key:
                host = host or str(resource.get(conventions.RESOURCE_HOST) or "")
        key = key or os.environ.get(conventions.ENV_API_KEY, "").strip()
        host = host or os.environ.get(conventions.ENV_HOST, "").strip() or conventions.DEFAULT_POSTHOG_HOST
        return (key, host) if key else None

    def _show(self, spans: Sequence[ReadableSpan]) -> None:
        if sys.stderr is None:
            return
        for span in spans:
            if is_command(span):
                for event in (alias_of(span, geoip=self._geoip), event_of(span, geoip=self._geoip)):
                    if event is not None:
                        sys.stderr.write(json.dumps(event, indent=2, sort_keys=True) + "\n")
        sys.stderr.flush()
