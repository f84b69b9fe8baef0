"""The span exporter that passes spans to the detached sender, so that an export does not wait for the network."""

import os
import time
from collections.abc import Sequence

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from arcade_otel import consent, conventions, handoff
from arcade_otel.diagnostics import guard
from arcade_otel.handoff import exporter_config, queue, receipts, starts
from arcade_otel.settings import Settings, make_settings
from arcade_otel.spans.finished_span import copy_span
from arcade_otel_exporters import otlp_json
from arcade_otel_exporters.events import is_command

__all__ = ["DetachedSpanExporter"]

_POLL_SECONDS = 0.02
_POSTHOG = "posthog"
#: How many of the program's own spans are written to one file of the queue, which then has about 100 KB.
_SPANS_A_FILE = 100


class DetachedSpanExporter(SpanExporter):
    """Pass each span as OTLP/JSON to a sender, a background process that can outlive this one and runs the real exporters.

    Guarantees: ``export`` never raises and never waits for the network. Several threads may call ``export`` at once, and
    ``export`` works in a forked child. ``SUCCESS`` does not mean that a backend has received the span: the span may still be
    in the queue. After the user has opted out, the spans are discarded.

    Args:
        exporters: Names of the exporters that the sender runs, for example ``"posthog,otlp"``, or None for the value of
            ``OTEL_TRACES_EXPORTER``.
        settings: The program's settings, or None to make settings from the environment.
    """

    def __init__(self, exporters: str | None = None, *, settings: Settings | None = None) -> None:
        if exporters is not None and not isinstance(exporters, str):
            raise TypeError(f"exporters must be names joined by commas, not {type(exporters).__name__}")
        self._exporters = exporters
        self._settings = settings or make_settings()
        #: Whether a sender is started for spans that go to the queue. A caller that starts one itself sets this to False
        #: meanwhile.
        self.starts_senders = True
        self._pending_aliases: tuple[
            str, ...
        ] = ()  # files of spans. The tuple is replaced as a whole, so no lock can be held in a fork
        self._queued: tuple[str, ...] = ()
        self._stopped = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Pass the spans to a sender or to the queue. This never raises.

        Returns:
            ``SUCCESS`` if the spans were passed to a sender or written to the queue. ``FAILURE`` in a dry run, after
            ``shutdown``, or if the spans could not be passed on. If the user has opted out, the spans are discarded, which counts
            as ``SUCCESS``. If a discarded span has a pending alias, the result is ``FAILURE``, so that the caller does not record
            the account as linked.
        """
        if self._stopped:
            return SpanExportResult.FAILURE
        with guard("hand-off"):
            settings = self._settings
            if settings.config_dir and conventions.ENV_SENDER not in os.environ:
                decision = settings.decide()
                if decision.mode == consent.ON:
                    self._hand_over(spans)
                elif not decision.opted_out or any(_has_pending_alias(span) for span in spans):
                    return SpanExportResult.FAILURE  # the caller must not write a link
            return SpanExportResult.SUCCESS
        return SpanExportResult.FAILURE

    def wait_for_alias(self, seconds: float) -> bool:
        """Wait at most ``seconds`` for PostHog to acknowledge the pending aliases that this exporter has exported.

        The method waits only for login spans that are queued for PostHog. The sender deletes a login span's file when PostHog has
        acknowledged the alias and the event, when PostHog refuses the span for good, or when the user has opted out. The sender's
        receipt says whether the span was acknowledged or dropped.

        Returns:
            True if at least one alias was pending and all were acknowledged in time.
        """
        pending, self._pending_aliases = self._pending_aliases, ()
        return bool(pending) and self._wait_until_settled(pending, seconds) and self._were_acknowledged(pending)

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Wait until no alias is pending, and return True. Return False if an alias is still pending after ``timeout_millis``."""
        pending, self._pending_aliases = self._pending_aliases, ()
        return self._wait_until_settled(pending, timeout_millis / 1000)

    def _wait_until_settled(self, paths: Sequence[str], seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while any(os.path.exists(path) for path in paths):
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(_POLL_SECONDS, left))
        return True

    def _were_acknowledged(self, paths: Sequence[str]) -> bool:
        sent = {
            (each["lane"], each.get("id"))
            for each in receipts.events(self._settings.state_dir)
            if each["state"] == receipts.SENT and "why" not in each
        }
        return all(
            (os.path.basename(lane), name.removesuffix(".json").partition("-")[2]) in sent
            for lane, name in map(os.path.split, paths)
        )

    def take_queued(self) -> list[str]:
        """Return the paths of the files (at most the last 100) that were written to the queue since the last call.

        A span that was passed directly to a sender has no file in the queue.
        """
        queued, self._queued = self._queued, ()
        return list(queued)

    def shutdown(self) -> None:
        """Refuse every later export. A second call does nothing."""
        self._stopped = True

    def _hand_over(self, spans: Sequence[ReadableSpan]) -> None:
        environ = dict(os.environ)
        if self._exporters is not None:
            environ[conventions.ENV_TRACES_EXPORTER] = self._exporters
        wanted: list[tuple[str, bool, list[str]]] = []
        for span in spans:
            if is_command(span):
                text = otlp_json.encode([self._addressed(span)])
                attributes = span.resource.attributes
                lanes = queue.lanes_for(
                    environ,
                    api_key=_text(attributes.get(conventions.RESOURCE_API_KEY)) or self._settings.posthog_api_key,
                    host=_text(attributes.get(conventions.RESOURCE_HOST)) or self._settings.posthog_host,
                    usage_only=conventions.RESOURCE_USAGE_ONLY in attributes,
                )
                if lanes:
                    wanted.append((text, _has_pending_alias(span), lanes))
        # The program's own spans never go to PostHog. There may be many of them, so they are queued in one file.
        lanes = [name for name in exporter_config.exporter_names(environ) if name != _POSTHOG]
        others = [span for span in spans if not is_command(span)] if lanes else []
        wanted += [
            (otlp_json.encode(others[start : start + _SPANS_A_FILE]), False, lanes)
            for start in range(0, len(others), _SPANS_A_FILE)
        ]
        if wanted and len(spans) == 1 and self._exporters is None and is_command(spans[0]):
            text, has_pending_alias, _ = wanted[0]
            self._remember(handoff.submit(text, self._settings, owed=has_pending_alias), has_pending_alias)
        elif wanted:
            self._put(wanted, environ)

    def _put(self, wanted: list[tuple[str, bool, list[str]]], environ: dict[str, str]) -> None:
        """Write spans to the queue, and start one sender for all of them."""
        paths: list[str] = []
        for text, has_pending_alias, lanes in wanted:
            written = queue.enqueue(self._settings.state_dir, text, lanes, durable=has_pending_alias)
            self._remember(written, has_pending_alias)
            paths += written
        if not self.starts_senders:
            return
        command = self._settings.sender_command or handoff.sender_command()
        if command and not starts.spawning_suspended(self._settings.state_dir):
            config_dir = self._settings.config_dir
            with guard("the start of a sender"):  # the spans are in the queue: a later sender delivers them
                handoff.start_sender(command, handoff.sender_environment(config_dir, None, environ), config_dir)
        else:
            queue.maybe_enforce_limits(self._settings.state_dir, paths)

    def _remember(self, paths: Sequence[str], has_pending_alias: bool) -> None:  # noqa: FBT001 - private
        self._queued = (*self._queued, *paths)[-_SPANS_A_FILE:]
        if has_pending_alias:
            # Only PostHog gets an alias, so a login does not wait for a collector.
            self._pending_aliases += tuple(
                path for path in paths if queue.lane_exporter(os.path.basename(os.path.dirname(path))) == _POSTHOG
            )

    def _addressed(self, span: ReadableSpan) -> ReadableSpan:
        """Return ``span`` with PostHog's key and host added to its resource, where the sender looks for them."""
        key = self._settings.posthog_api_key
        if not key or not is_command(span) or conventions.RESOURCE_API_KEY in span.resource.attributes:
            return span
        address = {conventions.RESOURCE_API_KEY: key, conventions.RESOURCE_HOST: self._settings.posthog_host}
        return copy_span(span, resource=Resource({**span.resource.attributes, **address}, span.resource.schema_url))


def _has_pending_alias(span: ReadableSpan) -> bool:
    return bool((span.attributes or {}).get(conventions.PREVIOUS_DISTINCT_ID))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
