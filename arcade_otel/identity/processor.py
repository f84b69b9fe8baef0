"""The span processor that stamps whose a command is, and changes the identity on both sides of a login's or logout's export."""

import time
from collections.abc import Collection

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.trace import StatusCode

from arcade_otel import consent, conventions
from arcade_otel import identity as identity_file
from arcade_otel.diagnostics import debug, guard
from arcade_otel.identity import login as accounts
from arcade_otel.settings import Settings, make_settings
from arcade_otel.spans.finished_span import copy_span

__all__ = ["IdentityLifecycleProcessor"]

#: A login waits at most this long for its alias to be acknowledged. The user waits for it, so it is short: an
#: alias that was not acknowledged in time stays pending and is sent later.
_ALIAS_MILLIS = 2000
#: Everything that a login does here ends within this time: asking who this is, the store's lock, the alias.
_LOGIN_SECONDS = 4.5


class IdentityLifecycleProcessor(SpanProcessor):
    """Wraps the processor that exports: ``IdentityLifecycleProcessor(SimpleSpanProcessor(DetachedSpanExporter()))``.

    A command's span (of our scope, with the attribute ``command``) is handed on as a copy that says whose it is at its end: a
    span that ended cannot be changed. Of a login that succeeded, the copy carries the debt of the alias, is handed on (and so
    safe in the spool) before the link is written, and then waited for, at most 2 s. A logout that succeeded is handed on under
    the old id, and then the anonymous id rotates. Any other span is handed on as it is.

    Guarantees: no hook raises; a step that fails skips no other, but that the link is not written without its span; no lock is
    held while waiting; nothing is done about identity once the user opted out.

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
            if not ours or not self._settings.config_dir or self._settings.decide().mode != consent.ON:
                self._inner.on_end(span)
                return
            succeeded = span.status.status_code is not StatusCode.ERROR and not attributes.get(conventions.PROCESS_EXIT_CODE)
            if succeeded and command in self._login:
                self._end_login(span)
                return
            self._end(span)
            if succeeded and command in self._logout:
                with guard("the change of identity at a logout"):
                    accounts.logout(self._settings)

    def _end(self, span: ReadableSpan) -> None:
        with guard("the identity of a command"):
            distinct_id, is_anon = identity_file.current(self._settings)
            span = _with_identity(span, distinct_id, is_anon=is_anon)
        with guard("the export of a command"):
            self._inner.on_end(span)

    def _end_login(self, span: ReadableSpan) -> None:
        began = time.monotonic()
        plan: accounts.ResolvedIdentity | None = None
        with guard("the change of identity at a login"):
            plan = accounts.plan_login(self._settings)
        if plan is None:
            self._end(span)
            return
        handed_on = False
        with guard("the export of a login"):
            self._inner.on_end(
                _with_identity(span, plan.distinct_id, is_anon=plan.is_anon, previous_distinct_id=plan.previous_distinct_id)
            )
            handed_on = True
        if not handed_on:
            return  # a link whose alias nobody owes would orphan what was done before
        with guard("the link of a login"):
            accounts.commit_login(self._settings, plan)
        left = _LOGIN_SECONDS - (time.monotonic() - began)
        if plan.previous_distinct_id and left > 0:
            with guard("the alias of a login"):
                paid = self._inner.force_flush(min(_ALIAS_MILLIS, int(left * 1000)))
                debug("login: the alias was acknowledged" if paid else "login: the alias is owed and will be sent later")

    def shutdown(self) -> None:
        """Hand on."""
        with guard("shutdown"):
            self._inner.shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Hand on; False if that fails."""
        with guard("flush"):
            return bool(self._inner.force_flush(timeout_millis))
        return False


def _with_identity(
    span: ReadableSpan, distinct_id: str, *, is_anon: bool, previous_distinct_id: str | None = None
) -> ReadableSpan:
    attributes = dict(span.attributes or {})
    attributes |= {conventions.DISTINCT_ID: distinct_id, conventions.IS_ANON: is_anon}
    if previous_distinct_id:
        attributes[conventions.PREVIOUS_DISTINCT_ID] = previous_distinct_id
    return copy_span(span, attributes=attributes)
