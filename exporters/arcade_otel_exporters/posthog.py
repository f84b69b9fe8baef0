"""The SDK's exporter to PostHog.

The detached sender uses the same code to deliver events, but without the OpenTelemetry SDK (``posthog_delivery``).
"""

import json
import logging
import math
import os
import sys
import threading
import time
import weakref
from collections.abc import MutableMapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from arcade_otel import consent, conventions
from arcade_otel.diagnostics import debug, guard
from arcade_otel.settings import default_config_dir
from arcade_otel_exporters.events import Event, event_of, events_of, is_command
from arcade_otel_exporters.posthog_client import V0, check_protocol
from arcade_otel_exporters.posthog_delivery import DeliveryResult, PostHogDelivery
from arcade_otel_exporters.span_record import SpanRecord, from_sdk

__all__ = ["DeliveryResult", "PostHogClient", "PostHogSpanExporter", "clean_environment"]


class PostHogClient(Protocol):
    """The two methods of ``posthog.Posthog`` that this module calls, both public since version 6 of ``posthog``."""

    def capture(self, event: str, **fields: Any) -> str | None:
        """Accept an event. Return the ID of the event, or None if the client did not accept it."""

    def alias(self, previous_id: str, distinct_id: str | None, **fields: Any) -> str | None:
        """Accept an alias. Return the ID of the alias, or None if the client did not accept it."""


def clean_environment(environ: MutableMapping[str, str]) -> None:
    """Keep HTTP clients in a sender from reading ``POSTHOG_*`` variables, and from reading passwords in ``~/.netrc``.

    The function does not change the variables for proxies. The package ``requests`` does not read ``SSL_CERT_FILE``, so the value
    of that variable is copied to ``REQUESTS_CA_BUNDLE`` if no other bundle is set. The function also silences the loggers of
    ``posthog``, ``urllib3`` and ``requests``. Call ``clean_environment`` only in a sender, because in any other process the
    program may itself use posthog.
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


def _permitted(spans: Sequence[ReadableSpan]) -> Sequence[ReadableSpan]:
    """Return the spans that the user's choice and the machine's policy permit the exporter to send.

    The policy may contain rules for individual programs.
    """
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


class PostHogSpanExporter(SpanExporter):
    """Export the spans of commands to PostHog as events.

    Any span that is not a command's span is ignored, and counts as exported.

    Guarantees:

    - ``export`` never raises. Each request that the exporter sends ends within ``timeout`` seconds.
    - Spans are sent in order. If a span carries an alias, the span's event is sent only after PostHog has acknowledged the alias
      or refused it for good.
    - If a span is delivered twice, its events have the same IDs both times, so that PostHog can remove the duplicates.
    - Several threads may call ``export`` at once, and ``export`` works in a forked child.
    - ``export`` sends nothing if an environment variable, the user's choice in the standard config directory, or the machine's
      policy turns usage data off.

    Limits: HTTP 200 means that PostHog has accepted an event, not that PostHog has stored the event. The exporter does not repeat
    a failed delivery. If PostHog does not acknowledge a span, a sender keeps the span in its queue, but a
    ``BatchSpanProcessor`` loses it.

    If you pass a ``client``, ``SUCCESS`` means only that the client has accepted the events, and the exporter does not wait until
    PostHog has acknowledged an alias. By default, the client's ``capture`` only puts an event into the client's queue.

    Args:
        api_key: PostHog project key. If None, the exporter uses the key on the span's resource, or else
            ``ARCADE_USAGE_POSTHOG_API_KEY``. Without a key, the exporter sends nothing.
        host: PostHog's address, ``https://…``. If None, the exporter uses the address on the span's resource, or else the
            variable ``ARCADE_USAGE_POSTHOG_HOST``, or else PostHog's cloud in the US.
        timeout: Time limit in seconds for one request, from its start to the end of its response.
        geoip: Whether PostHog may store the sender's IP address and derive a location from it.
        batch_size: Largest number of events in one request.
        protocol: The endpoint to try first: ``"v0"`` (``/batch/``) or ``"v1"`` (``/i/v1/analytics/events``). If a host supports
            only one of the two endpoints, the exporter uses that one.
        client: The program's own ``posthog.Posthog`` client, or None. If you pass a client, the exporter calls the client's
            ``capture`` and ``alias``, so the events go to the client's project. With a client, the exporter ignores all other
            arguments except ``geoip``.

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If ``host`` is not an address, ``protocol`` is unknown, or ``timeout`` or ``batch_size`` is not positive.
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
        client: PostHogClient | None = None,
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
        if client is not None and not (callable(getattr(client, "capture", None)) and callable(getattr(client, "alias", None))):
            raise TypeError(f"client must have capture() and alias(), as posthog.Posthog has, not be a {type(client).__name__}")
        self._timeout = timeout
        self._geoip = geoip
        self._client = client
        self._delivery = PostHogDelivery(
            api_key, host, timeout=timeout, geoip=geoip, batch_size=batch_size, protocol=check_protocol(protocol)
        )
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
        """Send the command spans among ``spans`` to PostHog. This never raises.

        Returns:
            ``SUCCESS`` in a dry run, or if PostHog has accepted each span or refused it for good. Otherwise ``FAILURE``.
        """
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
        """Return True, because ``export`` keeps no spans for later."""
        return True

    def shutdown(self) -> None:
        """Refuse every later export. A second call does nothing."""
        self._stopped = True

    def event_of(self, span: ReadableSpan) -> Event | None:
        """Return the event of a command's span, or None if the span names no person or carries only the program's own events."""
        return event_of(span, geoip=self._geoip)

    def deliver(self, spans: Sequence[ReadableSpan], *, seconds: float = math.inf) -> DeliveryResult:
        """Send the command spans in order until all are done or a request fails.

        If PostHog refuses a batch because of an event that it will never accept (400, 413), the batch is split until that event
        is found, and only that event is dropped. HTTP status 401, 403 or 404 ends the delivery with a permanent failure. If a
        batch fails for any other reason, the delivery ends with a temporary failure.

        Args:
            spans: The spans in the order in which they must arrive.
            seconds: Time limit in seconds for the whole delivery. When the time limit is reached, a running request is abandoned,
                and no new request begins.
        """
        until = time.monotonic() + seconds
        if not self._lock.acquire(timeout=min(seconds, 2 * self._timeout)):
            return DeliveryResult(0, reason="another delivery is under way")
        try:
            records = [from_sdk(span) for span in spans]
            if self._client is not None:
                return self._deliver_by(self._client, records)
            return self._delivery.deliver(records, seconds=until - time.monotonic())
        finally:
            self._delivery.close()
            self._lock.release()

    def _deliver_by(self, client: PostHogClient, spans: Sequence[SpanRecord]) -> DeliveryResult:
        """Pass the alias and the events of each span to the program's own client.

        The client gets the same time, ID and properties that the exporter itself would send to PostHog.
        """
        for index, span in enumerate(spans):
            if not is_command(span):
                continue
            for event in events_of(span, geoip=self._geoip):
                fields = {"uuid": event.get("uuid"), "disable_geoip": not self._geoip}
                if "timestamp" in event:
                    fields["timestamp"] = datetime.fromisoformat(event["timestamp"])
                if event["event"] == conventions.EVENT_ALIAS:
                    taken = client.alias(event["distinct_id"], event["properties"]["alias"], **fields)
                else:
                    fields |= {"distinct_id": event["distinct_id"], "properties": event["properties"]}
                    taken = client.capture(event["event"], **fields)
                if taken is None:
                    return DeliveryResult(index, reason="the client did not take an event")
        return DeliveryResult(len(spans))

    def _show(self, spans: Sequence[ReadableSpan]) -> None:
        if sys.stderr is None:
            return
        for span in spans:
            if is_command(span):
                for event in events_of(span, geoip=self._geoip):
                    sys.stderr.write(json.dumps(event, indent=2, sort_keys=True) + "\n")
        sys.stderr.flush()
