"""The span processor that adds the user's identity to the spans of commands, and changes the identity at a login or logout."""

import time
from collections.abc import Collection, Sequence

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import StatusCode

from arcade_otel import consent, conventions, identity as identity_file
from arcade_otel.diagnostics import debug, guard
from arcade_otel.identity import login
from arcade_otel.identity.store import Identity
from arcade_otel.settings import Settings, make_settings
from arcade_otel.spans.finished_span import copy_span

__all__ = ["IdentityLifecycleProcessor"]

#: A login waits at most this long, in seconds, for PostHog to acknowledge its alias. Source: the specification makes the alias
#: synchronous. The user waits, so the time is short. An alias that was not acknowledged in time stays pending and is sent later.
ALIAS_SECONDS = 2.0
#: Time limit of a login in seconds, for all steps together: the lookup of the principal, the store's lock and the alias.
LOGIN_SECONDS = 4.5
_UNKNOWN = ("", True)


class IdentityLifecycleProcessor(SpanProcessor):
    """Add the identity to the spans of commands, and change the identity at a login or logout.

    Wrap the processor that exports your spans, for example
    ``IdentityLifecycleProcessor(SimpleSpanProcessor(DetachedSpanExporter()))``.

    - **A command's span** (scope ``arcade_otel``, with the attribute ``command``) cannot be changed once it has ended. The
      wrapped processor therefore receives a copy of the span with the current identity.
    - **A successful login**: the copy of the span carries the pending alias. The anonymous ID is linked to the account only after
      the exporter has accepted the copy. The login then waits at most 2 s for PostHog to acknowledge the alias.
    - **A successful logout**: the copy of the span carries the identity from before the logout. After the export, the anonymous
      ID is rotated if it is linked to an account or may have been aliased to one.
    - **A span that does not belong to a command** reaches the wrapped processor unchanged.

    Guarantees: the methods that the SDK calls raise no exceptions. If the export of a login's span fails, the anonymous ID is not
    linked to the account. If the export of a logout's span fails, the ID is still rotated. The processor holds no lock while a
    login waits for the API or for PostHog. A login waits at most 4.5 s in total. If the user has opted out, the processor does
    not change the identity.

    Limits: the processor sees the result of an export only if it wraps a ``SimpleSpanProcessor``. If the wrapped processor is not
    a ``SimpleSpanProcessor``, a span counts as exported when the wrapped processor's ``on_end`` returns. Only
    ``DetachedSpanExporter`` reports whether PostHog has acknowledged the alias. With an exporter other than
    ``DetachedSpanExporter``, this processor calls ``force_flush`` on the wrapped processor after a login. The result of
    ``force_flush`` is ignored, because ``SimpleSpanProcessor.force_flush`` returns True without asking the exporter.

    Args:
        inner: The processor that exports the spans. It must export a span before its ``on_end`` returns, as
            ``SimpleSpanProcessor`` does.
        settings: The program's settings, or None for settings from the environment.
        login: The paths of the login commands, such as ``account.login``, or None for the paths in ``settings``.
        logout: The paths of the logout commands, or None for the paths in ``settings``.
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
        """Forward the span to the wrapped processor. The identity is added later, when the command ends."""
        with guard("a span's start"):
            self._inner.on_start(span, parent_context)

    def on_end(self, span: ReadableSpan) -> None:
        """Forward a copy of a command's span that carries the identity, and change the identity at a login or logout."""
        with guard("a span's end"):
            attributes = span.attributes or {}
            command = attributes.get(conventions.COMMAND)
            scope = span.instrumentation_scope
            ours = (
                scope is not None
                and scope.name == conventions.SCOPE
                and isinstance(command, str)
                and not (scope.attributes or {}).get(conventions.SCOPE_LIVE)  # its usage event carries the identity
            )
            if not ours or not self._settings.config_dir:
                self._inner.on_end(span)
                return
            succeeded = span.status.status_code is not StatusCode.ERROR and not attributes.get(conventions.PROCESS_EXIT_CODE)
            decision = self._settings.decide()
            if decision.unreadable:
                # The command is not recorded, but the next command must know that the account changed.
                if succeeded and (command in self._login or command in self._logout):
                    login.remember_change(self._settings, login=command in self._login)
            elif decision.mode != consent.ON:
                self._inner.on_end(span)
            elif succeeded and command in self._login:
                self._end_login(span)
            elif succeeded and command in self._logout:
                self._end_logout(span)
            else:
                self._end(span)

    def _end(self, span: ReadableSpan) -> None:
        distinct_id, is_anon = _UNKNOWN
        with guard("the identity of a command"):
            distinct_id, is_anon = identity_file.current(self._settings)
        self._hand_on(_with_identity(span, distinct_id, is_anon=is_anon))

    def _hand_on(self, span: ReadableSpan) -> None:
        with guard("the export of a command"):
            if (span.attributes or {}).get(conventions.DISTINCT_ID):
                self._inner.on_end(span)
            else:  # its resource may have the account that was logged in when the process began
                debug("the identity of a command is unknown: it is not recorded")

    def _end_logout(self, span: ReadableSpan) -> None:
        identity: Identity | None = None
        with guard("the identity of a logout"):
            identity = login.begin_logout(self._settings)
        if identity is not None:
            anon_id, linked = identity
            self._hand_on(_with_identity(span, linked or anon_id, is_anon=linked is None))
        with guard("the change of identity at a logout"):
            login.logout(self._settings)

    def _end_login(self, span: ReadableSpan) -> None:
        deadline = time.monotonic() + LOGIN_SECONDS
        plan: login.ResolvedIdentity | None = None
        with guard("the change of identity at a login"):
            plan = login.plan_login(self._settings, deadline=deadline)
        if plan is None:
            debug("login: its identity is unknown: it is not recorded")
            return
        identified = _with_identity(span, plan.distinct_id, is_anon=plan.is_anon, previous_distinct_id=plan.previous_distinct_id)
        if not self._export_login(identified):
            debug("login: its span was not queued, so no link is written")
            return
        with guard("the link of a login"):
            login.commit_login(self._settings, plan, deadline=deadline)
        if plan.previous_distinct_id:
            with guard("the alias of a login"):
                self._wait_for_alias(deadline)

    def _export_login(self, span: ReadableSpan) -> bool:
        """Export a login's span, and return whether the export has succeeded.

        If the wrapped processor is not a ``SimpleSpanProcessor``, the export counts as successful when ``on_end`` returns.
        """
        with guard("the export of a login"):
            if type(self._inner) is not SimpleSpanProcessor:
                self._inner.on_end(span)
                return True
            # The SDK's processor discards the result of the export. A second one, around an exporter that keeps it, does not.
            keeper = _ResultKeeper(self._inner.span_exporter)
            SimpleSpanProcessor(keeper).on_end(span)
            return keeper.result is SpanExportResult.SUCCESS
        return False

    def _wait_for_alias(self, deadline: float) -> None:
        began = time.monotonic()
        seconds = max(0.0, min(ALIAS_SECONDS, deadline - began))
        wait = getattr(getattr(self._inner, "span_exporter", None), "wait_for_alias", None)
        if wait is None:
            self._inner.force_flush(int(seconds * 1000))  # its result proves nothing
            return
        acknowledged = wait(seconds)
        seconds = time.monotonic() - began
        debug(
            f"login: PostHog acknowledged the alias after {seconds:.2f} s"
            if acknowledged
            else f"login: the alias is pending after {seconds:.2f} s and will be sent later"
        )

    def shutdown(self) -> None:
        """Shut the wrapped processor down."""
        with guard("shutdown"):
            self._inner.shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Flush the wrapped processor, and return whether that succeeded."""
        with guard("flush"):
            return bool(self._inner.force_flush(timeout_millis))
        return False


class _ResultKeeper(SpanExporter):
    """Export spans through the wrapped exporter, and store the result in ``result``.

    If the exporter raises an exception, the result is a failure. The exception is not passed to the SDK, because the SDK would
    log the traceback, which may then appear on the user's terminal.
    """

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
