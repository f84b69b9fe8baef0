"""The span processor that stamps whose a command is, and changes the identity on both sides of a login's or logout's export."""

import time
from collections.abc import Collection, Sequence

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import StatusCode

from arcade_otel import consent, conventions, identity as identity_file
from arcade_otel.diagnostics import debug, guard
from arcade_otel.identity import login as accounts
from arcade_otel.identity.store import Identity
from arcade_otel.settings import Settings, make_settings
from arcade_otel.spans.finished_span import copy_span

__all__ = ["IdentityLifecycleProcessor"]

#: A login waits at most this long for PostHog to acknowledge its alias. Source: the specification makes the alias synchronous.
#: The user waits for it, so it is short: an alias that was not acknowledged in time stays pending and is sent later.
ALIAS_SECONDS = 2.0
#: Everything that a login does here ends within this time: asking who this is, the store's lock, the alias.
LOGIN_SECONDS = 4.5
_NOBODY = ("", True)


class IdentityLifecycleProcessor(SpanProcessor):
    """Wraps the processor that exports: ``IdentityLifecycleProcessor(SimpleSpanProcessor(DetachedSpanExporter()))``.

    A command's span (of our scope, with the attribute ``command``) is handed on as a copy that says whose it is at its end: a
    span that ended cannot be changed. Of a login that succeeded, the copy carries the pending alias. The link is written only
    after the exporter has taken that copy, and then the login waits until PostHog has acknowledged the alias, at most 2 s. A
    logout that succeeded is handed on under the old ID, and then the anonymous ID rotates. Any other span is handed on as it is.

    Guarantees: no hook raises; a step that fails skips no other, but that no link is written without its alias; no lock is held
    while waiting; a login takes at most 4.5 s in all; nothing is done about identity once the user opted out.

    Limits: only a ``SimpleSpanProcessor`` tells whether its exporter took the span, and only ``DetachedSpanExporter`` tells
    whether PostHog has acknowledged the alias. Any other processor is trusted once its ``on_end`` has returned, and flushed.
    ``SimpleSpanProcessor.force_flush`` of the SDK is of no use here: it returns True without asking its exporter.

    Args:
        inner: The processor that exports; it must hand a span over before its ``on_end`` returns (``SimpleSpanProcessor``).
        settings: The application's; made from the environment if None.
        login: Paths of the commands that log in, joined by dots; the settings' if None.
        logout: Paths of the commands that log out; the settings' if None.
    """

    def __init__(
        self,
        inner: SpanProcessor,
        settings: Settings | None = None,
        *,
        login: Collection[str] | None = None,
        logout: Collection[str] | None = None,
    ) -> None:
        self._inner = inner
        self._settings = settings or make_settings()
        self._login = frozenset(self._settings.login_commands if login is None else login)
        self._logout = frozenset(self._settings.logout_commands if logout is None else logout)

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Hand on. Whose the command is shows at its end."""
        with guard("a span's start"):
            self._inner.on_start(span, parent_context)

    def on_end(self, span: ReadableSpan) -> None:
        """Hand on, and change the identity as the class says."""
        with guard("a span's end"):
            attributes = span.attributes or {}
            command = attributes.get(conventions.COMMAND)
            scope = span.instrumentation_scope
            ours = (
                scope is not None
                and scope.name == conventions.SCOPE
                and isinstance(command, str)
                and not (scope.attributes or {}).get(conventions.SCOPE_LIVE)  # its usage event says whose it is
            )
            if not ours or not self._settings.config_dir:
                self._inner.on_end(span)
                return
            succeeded = span.status.status_code is not StatusCode.ERROR and not attributes.get(conventions.PROCESS_EXIT_CODE)
            decision = self._settings.decide()
            if decision.unreadable:
                # Nothing is recorded, but what the next command must know is remembered.
                if succeeded and (command in self._login or command in self._logout):
                    accounts.remember_change(self._settings, login=command in self._login)
            elif decision.mode != consent.ON:
                self._inner.on_end(span)
            elif succeeded and command in self._login:
                self._end_login(span)
            elif succeeded and command in self._logout:
                self._end_logout(span)
            else:
                self._end(span)

    def _end(self, span: ReadableSpan) -> None:
        distinct_id, is_anon = _NOBODY
        with guard("the identity of a command"):
            distinct_id, is_anon = identity_file.current(self._settings)
        self._hand_on(_with_identity(span, distinct_id, is_anon=is_anon))

    def _hand_on(self, span: ReadableSpan) -> None:
        with guard("the export of a command"):
            if (span.attributes or {}).get(conventions.DISTINCT_ID):
                self._inner.on_end(span)
            else:  # its resource may name the account that was logged in when the process began
                debug("it cannot be told whose a command is: it is not recorded")

    def _end_logout(self, span: ReadableSpan) -> None:
        identity: Identity | None = None
        with guard("whose a logout is"):
            identity = accounts.begin_logout(self._settings)
        if identity is not None:
            anon_id, linked = identity
            self._hand_on(_with_identity(span, linked or anon_id, is_anon=linked is None))
        with guard("the change of identity at a logout"):
            accounts.logout(self._settings)

    def _end_login(self, span: ReadableSpan) -> None:
        deadline = time.monotonic() + LOGIN_SECONDS
        plan: accounts.ResolvedIdentity | None = None
        with guard("the change of identity at a login"):
            plan = accounts.plan_login(self._settings, deadline=deadline)
        if plan is None:
            debug("login: it cannot be told whose it is: it is not recorded")
            return
        identified = _with_identity(span, plan.distinct_id, is_anon=plan.is_anon, previous_distinct_id=plan.previous_distinct_id)
        if not self._export_login(identified):
            debug("login: its span was not taken, so that no link is written")
            return
        with guard("the link of a login"):
            accounts.commit_login(self._settings, plan, deadline=deadline)
        if plan.previous_distinct_id:
            with guard("the alias of a login"):
                self._wait_for_alias(deadline)

    def _export_login(self, span: ReadableSpan) -> bool:
        """Hand the span of a login on; tell whether it is safe, with its pending alias."""
        with guard("the export of a login"):
            if type(self._inner) is not SimpleSpanProcessor:
                self._inner.on_end(span)
                return True
            # The same processor again, around an exporter that remembers the result, which the SDK's throws away.
            keeper = _ResultKeeper(self._inner.span_exporter)
            SimpleSpanProcessor(keeper).on_end(span)
            return keeper.result is SpanExportResult.SUCCESS
        return False

    def _wait_for_alias(self, deadline: float) -> None:
        began = time.monotonic()
        seconds = max(0.0, min(ALIAS_SECONDS, deadline - began))
        wait = getattr(getattr(self._inner, "span_exporter", None), "wait_for_alias", None)
        if wait is None:
            self._inner.force_flush(int(seconds * 1000))  # which proves nothing
            return
        acknowledged = wait(seconds)
        seconds = time.monotonic() - began
        debug(
            f"login: PostHog acknowledged the alias after {seconds:.2f} s"
            if acknowledged
            else f"login: the alias is pending after {seconds:.2f} s and will be sent later"
        )

    def shutdown(self) -> None:
        """Hand on."""
        with guard("shutdown"):
            self._inner.shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Hand on; False if that fails."""
        with guard("flush"):
            return bool(self._inner.force_flush(timeout_millis))
        return False


class _ResultKeeper(SpanExporter):
    """Hands spans on and keeps the result. Never raises: the SDK would print a traceback on the user's terminal."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self.result = SpanExportResult.FAILURE

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        with guard("the export of a login"):
            self.result = self._exporter.export(spans)
        return self.result


def _with_identity(
    span: ReadableSpan, distinct_id: str, *, is_anon: bool, previous_distinct_id: str | None = None
) -> ReadableSpan:
    attributes = dict(span.attributes or {})
    attributes |= {conventions.DISTINCT_ID: distinct_id, conventions.IS_ANON: is_anon}
    if previous_distinct_id:
        attributes[conventions.PREVIOUS_DISTINCT_ID] = previous_distinct_id
    return copy_span(span, attributes=attributes)
