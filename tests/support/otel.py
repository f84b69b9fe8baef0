"""Fixtures for tests of the OpenTelemetry parts: a receiver, a clean environment, and spans that the SDK makes."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.trace import Status, StatusCode

from arcade_otel import conventions
from tests.support.receiver import Receiver, SpanMaker


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver that accepts everything unless a test changes its answer."""
    made = Receiver()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of a user who has set no variables of consent."""
    for name in (
        conventions.ENV_TRACKING,
        conventions.ENV_DO_NOT_TRACK,
        conventions.ENV_SDK_DISABLED,
        conventions.ENV_API_KEY,
        conventions.ENV_HOST,
        conventions.ENV_SENDER,
        conventions.ENV_DEBUG,
        conventions.ENV_TRACES_EXPORTER,
        "OTEL_EXPORTER_OTLP_PROTOCOL",
        "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(conventions.ENV_STRICT, "1")


@pytest.fixture
def make_span() -> SpanMaker:
    """Make a finished span by the SDK: ``make_span(command="run", distinct_id="u", resource={…}, scope=…, **attributes)``."""

    def make(
        *,
        resource: dict[str, Any] | None = None,
        scope: str = conventions.SCOPE,
        failed: bool = False,
        start: int | None = None,
        attributes: dict[str, Any] | None = None,
    ) -> ReadableSpan:
        provider = TracerProvider(resource=Resource(resource or {}), shutdown_on_exit=False)
        span = provider.get_tracer(scope, "1").start_span("cli run", start_time=start or time.time_ns())
        own: dict[str, Any] = {conventions.COMMAND: "run", conventions.DISTINCT_ID: "anon-1", conventions.IS_ANON: True}
        span.set_attributes(own | (attributes or {}))
        if failed:
            span.set_status(Status(StatusCode.ERROR))
        span.end(start and start + 10**9)
        assert isinstance(span, ReadableSpan)
        return span

    return make
