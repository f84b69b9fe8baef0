"""Resolve the owner of a queued span once, and save it to the queue before any exporter sees the span."""

from __future__ import annotations

import json
import os
import threading

from arcade_otel import conventions
from arcade_otel.diagnostics import debug, guard
from arcade_otel.handoff import queue

TYPE_CHECKING = False  # type checkers know better; the module typing costs a sender a third of a bare Python
if TYPE_CHECKING:
    from typing import Any

    from arcade_otel.identity import login as accounts

__all__ = ["SpanIdentityResolver"]

#: What a file that is no span of this library's may raise on the way.
_NO_SPAN = (KeyError, TypeError, AttributeError, IndexError, OverflowError, RecursionError)


class SpanIdentityResolver:
    """Resolve the owners of one sender's spans, with at most one request to the API, and none without credentials.

    An anonymous span is attributed to the principal only if the store still has the span's anonymous ID, and only if the
    credentials are older than the end of the command (``LazyAliasResolver.resolve`` has the rules). The decision is written to
    the span's file first and to the store second. After a crash in between, the next sender decides the same again.

    A queue file is untrusted data. It must not name code (``principal.is_entry_point_name``), and any fault in it is a
    ``ValueError``.
    """

    def __init__(self, config_dir: str) -> None:
        self._config_dir = config_dir
        self._lock = threading.Lock()  # lanes run side by side, and the question is asked once
        self._resolver: accounts.LazyAliasResolver | None = None

    def resolve(self, path: str, text: str) -> str:
        """Return the span ``text`` of the file ``path`` as it must be exported. Save it first if it has changed.

        Raises:
            ValueError: It is no span.
            OSError: It cannot be written back; it stays as it was.
        """
        if '"boolValue":true' not in text:
            return text  # nothing to settle, and no need to read it
        if conventions.RESOURCE_PRINCIPAL not in text and not os.path.exists(os.path.join(self._config_dir, "credentials.yaml")):
            return text
        try:
            traces = json.loads(text)
            span, resource = _our_span(traces)
            if span is None or _value(span, conventions.IS_ANON) is not True:
                return text
            anon_id, principal = _value(span, conventions.DISTINCT_ID), _value(resource, conventions.RESOURCE_PRINCIPAL)
            ended = int(span["endTimeUnixNano"]) / 1e9
        except _NO_SPAN as error:
            raise ValueError("not OTLP/JSON") from error
        from arcade_otel.identity.principal import is_entry_point_name

        if not isinstance(anon_id, str):
            return text
        if principal is not None and not (isinstance(principal, str) and is_entry_point_name(principal)):
            return text  # only the program itself knows, or a stranger wrote a name of code into the queue
        with self._lock:
            if self._resolver is None:
                from arcade_otel.identity import login as accounts  # dear, and seldom needed

                self._resolver = accounts.LazyAliasResolver(self._config_dir)
            try:
                settled = self._resolver.resolve(anon_id, ended, principal)
            except OSError as error:
                debug("it cannot be remembered that an alias is under way: the span stays anonymous", error)
                return text
            if settled is None:
                return text
            _set(span, conventions.DISTINCT_ID, {"stringValue": settled.distinct_id})
            _set(span, conventions.IS_ANON, {"boolValue": False})
            if settled.previous_distinct_id:
                _set(span, conventions.PREVIOUS_DISTINCT_ID, {"stringValue": settled.previous_distinct_id})
            text = _written_back(path, traces)
            with guard("the link of a lazy alias"):  # the span is safe, and the marker makes the next login rotate
                self._resolver.commit(settled)
        debug("an anonymous span was settled as its principal's")
        return text

    def with_drop_count(self, path: str, text: str, count: int) -> str:
        """Return the span with the number of spans that a full queue has dropped before it. Save it first.

        Raises:
            ValueError: It is no span.
            OSError: It cannot be written back; it stays as it was.
        """
        try:
            traces = json.loads(text)
            span, _ = _our_span(traces)
            if span is None:
                return text
            before = _value(span, conventions.DROPPED)
            _set(span, conventions.DROPPED, {"intValue": str(count + (int(before) if isinstance(before, int) else 0))})
        except _NO_SPAN as error:
            raise ValueError("not OTLP/JSON") from error
        return _written_back(path, traces)


def _our_span(traces: Any) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """Return the first span of this library's scope that has a command, and its resource."""
    for group in traces["resourceSpans"]:
        for scoped in group["scopeSpans"]:
            if scoped.get("scope", {}).get("name") != conventions.SCOPE:
                continue
            for span in scoped["spans"]:
                if _value(span, conventions.COMMAND) is not None:
                    return span, group.get("resource", {})
    return None, {}


def _value(holder: dict[str, Any], key: str) -> object:
    for attribute in holder.get("attributes", ()):
        if attribute.get("key") == key:
            value = attribute.get("value", {})
            if "intValue" in value:
                return int(value["intValue"])
            return next(iter(value.values()), None)
    return None


def _set(span: dict[str, Any], key: str, value: dict[str, object]) -> None:
    span["attributes"] = [attribute for attribute in span["attributes"] if attribute.get("key") != key]
    span["attributes"].append({"key": key, "value": value})


def _written_back(path: str, traces: Any) -> str:
    text = json.dumps(traces, separators=(",", ":"))
    queue.rewrite_span(path, text)
    return text
