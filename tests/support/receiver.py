"""A scriptable HTTP server on loopback that accepts PostHog's batches without checks."""

import gzip
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan

__all__ = ["OK", "Receiver", "Reply", "SpanMaker"]

#: A function that makes a finished span by the SDK: ``make_span(resource={…}, scope=…, failed=…, start=…, attributes={…})``.
SpanMaker = Callable[..., ReadableSpan]
Reply = tuple[int, dict[str, str], bytes]
OK: Reply = (200, {}, b'{"status":"Ok"}')


class Receiver:
    """Answer each request with the result of ``answer(body)``. If that is None, hang until the test ends."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.answer: Callable[[dict[str, Any]], Reply | None] = lambda _: OK
        self.released = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                """Keep the body, and send the answer of the test."""
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
                """Print nothing."""
                return

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, *arguments: object) -> None:
                """Print nothing, because a client may close its connection."""
                return

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    @property
    def events(self) -> list[dict[str, Any]]:
        """All received events in order, even if the answer was an error."""
        return [event for body in self.bodies for event in body["batch"]]

    def close(self) -> None:
        """Release the requests that hang, and stop."""
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
