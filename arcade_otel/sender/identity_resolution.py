"""Find out under which ID to send a queued span, and save that ID in the span's file before an exporter gets the span."""

from __future__ import annotations

import os
import threading

from arcade_otel import conventions
from arcade_otel.diagnostics import debug, guard
from arcade_otel.handoff import queue
from arcade_otel.spans import declared, otlp

TYPE_CHECKING = False  # type checkers know better; the module typing costs a sender a third of a bare Python
if TYPE_CHECKING:
    from arcade_otel.identity import login

__all__ = ["SpanIdentityResolver"]


class SpanIdentityResolver:
    """Find out under which IDs one sender's spans must be sent.

    The resolver looks up the principal at most once, and not at all if there are no credentials and the program has no principal
    function.

    An anonymous span is attributed to the principal only if the identity store still contains the span's anonymous ID. A
    principal from Arcade's credentials is used only if the credentials were written before the command ended (see
    ``LazyAliasResolver.resolve``). The resolver writes its decision first to the span's file, and then to the identity store, so
    that a sender that is killed in between loses nothing: the next sender makes the same decision again.

    The resolver does not trust the content of a queue file. A queue file must not be able to make the sender run arbitrary code,
    so ``principal.is_entry_point_name`` checks the principal source that the file names. If a queue file is malformed, the
    methods raise ValueError.
    """

    def __init__(self, config_dir: str) -> None:
        self._config_dir = config_dir
        self._lock = threading.Lock()  # the lanes run at the same time, and the API is asked once
        self._resolver: login.LazyAliasResolver | None = None

    def resolve(self, path: str, text: str) -> str:
        """Return the encoded span ``text`` with the distinct ID under which the exporter must send it. Save a changed span.

        Args:
            path: The span's file in the queue, to which a changed span is saved.
            text: The encoded span, which is the content of the file.

        Raises:
            ValueError: If the text is not a span.
            OSError: If the file cannot be written. The file then stays unchanged.
        """
        if conventions.RESOURCE_ARCADE_CONTEXT in text:
            text = self._with_arcade_context(path, text)
        if '"boolValue":true' not in text:
            return text  # nothing to resolve, and no need to parse the text
        if conventions.RESOURCE_PRINCIPAL not in text and not os.path.exists(os.path.join(self._config_dir, "credentials.yaml")):
            return text
        traces = otlp.loads(text)
        span, resource = otlp.command_span(traces)
        if span is None or otlp.read_attribute(span, conventions.IS_ANON) is not True:
            return text
        anon_id = otlp.read_attribute(span, conventions.DISTINCT_ID)
        principal = otlp.read_attribute(resource, conventions.RESOURCE_PRINCIPAL)
        ended = otlp.read_integer(span, "endTimeUnixNano", otlp.UINT64) / 1e9
        from arcade_otel.identity.principal import is_entry_point_name

        if not isinstance(anon_id, str):
            return text
        if principal is not None and not (isinstance(principal, str) and is_entry_point_name(principal)):
            return text  # only the program itself can call the function, or another program wrote the name of code into the queue
        with self._lock:
            if self._resolver is None:
                from arcade_otel.identity import login  # an expensive import, which is rarely needed

                self._resolver = login.LazyAliasResolver(self._config_dir)
            try:
                resolved = self._resolver.resolve(anon_id, ended, principal)
            except OSError as error:
                debug("it cannot be remembered that an alias is under way: the span stays anonymous", error)
                return text
            if resolved is None:
                return text
            otlp.set_attribute(span, conventions.DISTINCT_ID, resolved.distinct_id)
            otlp.set_attribute(span, conventions.IS_ANON, value=False)
            if resolved.previous_distinct_id:
                otlp.set_attribute(span, conventions.PREVIOUS_DISTINCT_ID, resolved.previous_distinct_id)
            text = _written_back(path, traces)
            with guard("the link of a lazy alias"):  # the span is safe, and the marker makes the next login rotate the ID
                self._resolver.commit(resolved)
        debug("an anonymous span was resolved as its principal's")
        return text

    def _with_arcade_context(self, path: str, text: str) -> str:
        """Return the span with the organization and the project that were active when its command ran.

        If the organization is not known, return the span unchanged. Save a changed span to its file before returning it. The
        function ignores credentials that were written after the command's end, because they may belong to another organization.

        Raises:
            ValueError: If the text is not a span.
            OSError: If the file cannot be written. The file then stays unchanged.
        """
        traces = otlp.loads(text)
        span, resource = otlp.command_span(traces)
        if span is None or otlp.read_attribute(span, "org_id") is not None:
            return text
        name = otlp.read_attribute(resource, conventions.RESOURCE_ARCADE_CONTEXT)
        credentials = os.path.join(self._config_dir, "credentials.yaml")
        try:
            if os.stat(credentials).st_mtime_ns > otlp.read_integer(span, "endTimeUnixNano", otlp.UINT64):
                return text
        except OSError:
            return text  # no one is logged in
        from arcade_otel.identity.credentials import CredentialsUnreadableError, read_scope

        try:
            scope = read_scope(credentials, name) if isinstance(name, str) else {}
        except CredentialsUnreadableError as error:
            debug("the organization is unknown", error)
            return text
        for key, group in (("org_id", "organization"), ("project_id", "project")):
            if key in scope and declared.is_id(scope[key]):
                otlp.set_attribute(span, key, scope[key])
                if otlp.read_attribute(span, f"{declared.GROUP_PREFIX}{group}") is None:  # the program's own ID takes precedence
                    otlp.set_attribute(span, f"{declared.GROUP_PREFIX}{group}", scope[key])
        return _written_back(path, traces) if scope else text

    def with_drop_count(self, path: str, text: str, count: int) -> str:
        """Add ``count`` to the number of dropped spans that the span ``text`` reports, save the span to its file, and return it.

        If the span does not become a command's event, return ``text`` unchanged, because only a command's event reports dropped
        spans.

        Raises:
            ValueError: If the text is not a span.
            OSError: If the file cannot be written. The file then stays unchanged.
        """
        traces = otlp.loads(text)
        span, resource = otlp.command_span(traces)
        if span is None or otlp.read_attribute(resource, conventions.RESOURCE_EVENTS_ONLY) is not None:
            return text
        before = otlp.read_attribute(span, conventions.DROPPED)
        otlp.set_attribute(span, conventions.DROPPED, count + (int(before) if isinstance(before, int) else 0))
        return _written_back(path, traces)


def _written_back(path: str, traces: otlp.Json) -> str:
    text = otlp.dumps(traces)
    queue.rewrite_span(path, text)
    return text
