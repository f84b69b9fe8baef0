"""A scriptable HTTP server on loopback, and spans as the SDK makes them."""

import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.trace import Status, StatusCode

from arcade_otel import conventions

OK = (200, {}, b'{"status":"Ok"}')
Reply = tuple[int, dict[str, str], bytes]


class Receiver:
    """Answers each request by ``answer(body)``: a reply, or None to hang until the test ends."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.answer: Callable[[dict[str, Any]], Reply | None] = lambda _: OK
        self.released = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                data = self.rfile.read(int(self.headers["Content-Length"]))
                body = json.loads(gzip.decompress(data) if self.headers["Content-Encoding"] == "gzip" else data)
                receiver.headers.append(dict(self.headers))
                receiver.bodies.append(body)
                reply = receiver.answer(body)
                if reply is None:
                    receiver.released.wait(60)
                    self.close_connection = True
                    return
                status, headers, text = reply
                self.send_response(status)
                for name, value in ({"Content-Length": str(len(text))} | headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *arguments: object) -> None:
                return

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, *arguments: object) -> None:
                return

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    @property
    def events(self) -> list[dict[str, Any]]:
        """All events that came, in order, whatever was answered."""
        return [event for body in self.bodies for event in body["batch"]]

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver that accepts everything until it is told otherwise."""
    made = Receiver()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of a user who said nothing."""
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


SpanMaker = Callable[..., ReadableSpan]


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
        span.set_attributes(
            {conventions.COMMAND: "run", conventions.DISTINCT_ID: "anon-1", conventions.IS_ANON: True} | (attributes or {})
        )
        if failed:
            span.set_status(Status(StatusCode.ERROR))
        span.end(start and start + 10**9)
        assert isinstance(span, ReadableSpan)
        return span

    return make
