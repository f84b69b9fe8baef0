"""A fake PostHog and a fake Arcade API, which share one loopback address and can be scripted to fail."""

import gzip
import json
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from arcade_otel.testing.arcade_api import ArcadeApi, RecordedRequest
from arcade_otel.testing.capture_v1 import PATH_V1, Results, accepted_v1
from arcade_otel.testing.capture_validation import MAX_BODY, Event, RequestRejected, accepted
from arcade_otel.testing.faults import Fault
from arcade_otel.testing.persons import PartitionOrder, Persons, ordered

__all__ = ["FakePostHog", "Request"]

_CAPTURE = frozenset(("/batch", "/i/v0/e", "/e", "/capture", "/track"))
_EXPECTED_HEADERS = frozenset(
    (
        *("host", "user-agent", "accept", "accept-encoding", "connection"),
        *("content-type", "content-length", "content-encoding", "transfer-encoding"),
    )
)
# The newer endpoint takes the project's key, which is no secret, from a header.
_EXPECTED_V1_HEADERS = frozenset(
    ("authorization", *(f"posthog-{name}" for name in ("sdk-info", "attempt", "request-id", "request-timestamp")))
)


class Request:
    """A request to the capture endpoint, and the HTTP status of the answer, which is 0 until the request is answered."""

    def __init__(self, method: str, path: str, headers: dict[str, str], body: bytes) -> None:
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
        self.wire_size = len(body)
        self.time = time.monotonic()
        self.status = 0
        self.fault: Fault | None = None

    @property
    def content(self) -> bytes:
        """The decompressed body of the request, which a test can search for text that a request must not contain."""
        return gzip.decompress(self.body) if self.body[:2] == b"\x1f\x8b" else self.body

    @property
    def is_v1(self) -> bool:
        """Whether the request was sent to the newer endpoint, ``/i/v1/analytics/events``."""
        return self.path.partition("?")[0].rstrip("/") == PATH_V1

    def leaks(self) -> list[str]:
        """Return the names of the request's unexpected headers, which could leak a secret."""
        expected = _EXPECTED_HEADERS | _EXPECTED_V1_HEADERS if self.is_v1 else _EXPECTED_HEADERS
        return sorted(name for name in self.headers if name.lower() not in expected)


class FakePostHog:
    """A fake PostHog on your machine, for tests and for looking at your events. Use the fake in a ``with`` statement.

    The fake validates requests in the same way as PostHog's capture endpoint, and stores the events. You can script faults, such
    as HTTP errors and lost connections. The validation rules are copied from PostHog's source code
    (https://github.com/PostHog/posthog). The fake does not imitate GeoIP, rate limits, or the loss of events in Kafka.
    The port stays the same after :meth:`stop` and :meth:`start`.

    Args:
        port: A port on 127.0.0.1, or 0 for any free port.
        tokens: The keys of the known projects, or None if every project is known.
        enforce: True to refuse events of unknown projects (401), or False to accept and discard them, as PostHog does.
        protocols: The endpoints of the fake: ``"v0"`` (``/batch/`` and similar) and ``"v1"`` (``/i/v1/analytics/events``).
        clock: A function that returns the server's time.
        arrived: A function that the fake calls with each event that it stores.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        tokens: Collection[str] | None = None,
        enforce: bool = False,
        protocols: Collection[str] = ("v0", "v1"),
        clock: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
        arrived: Callable[[Event], None] = lambda _: None,
    ) -> None:
        self.arcade = ArcadeApi()
        self.events: list[Event] = []
        self.discarded: list[tuple[Event, str]] = []
        self.requests: list[Request] = []
        self.over_quota = False
        self._port = port
        self._tokens = None if tokens is None else frozenset(tokens)
        self._enforce = enforce
        self._protocols = frozenset(protocols)
        self._clock = clock
        self._arrived = arrived
        self._script: deque[Fault] = deque()
        self._always: Fault | None = None
        self._refuse: Callable[[dict[str, Any]], bool] = lambda _: False
        self._most_events: int | None = None
        self._changed = threading.Condition()
        self._server: _Server | None = None
        self._kept: socket.socket | None = None
        self._thread: threading.Thread | None = None

    # --- life -----------------------------------------------------------------------------------------------------------------

    def start(self) -> "FakePostHog":
        """Start to listen for connections."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None
        self._server = _Server(("127.0.0.1", self._port), self)
        self._port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Close every connection and stop listening, so that new connections are refused. A second call does nothing.

        The port stays reserved until you call :meth:`start` or :meth:`close`, so that no other process receives your events.
        """
        server, self._server = self._server, None
        if server is None:
            return
        server.closing.set()
        server.shutdown()
        server.server_close()
        assert self._thread is not None  # noqa: S101 - for the type checker
        self._thread.join()
        self._kept = socket.socket()
        self._kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._kept.bind(("127.0.0.1", self._port))
        self._kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)  # no other process can use the port from now on

    def close(self) -> None:
        """Stop the server, and release the port."""
        self.stop()
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def __enter__(self) -> "FakePostHog":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        """``http://127.0.0.1:PORT``."""
        return f"http://127.0.0.1:{self._port}"

    # --- faults ---------------------------------------------------------------------------------------------------------------

    def script(self, *faults: Fault) -> None:
        """Apply ``faults`` to the next requests, one fault per request. Later requests are not affected."""
        self._script.extend(faults)

    def always(self, fault: Fault) -> None:
        """Apply ``fault`` to each request that gets no fault from :meth:`script`, until you call :meth:`heal`."""
        self._always = fault

    def heal(self) -> None:
        """Discard all faults, so that the next requests are answered normally."""
        self._always = None
        self._script.clear()

    def refuse(self, malformed: Callable[[dict[str, Any]], bool]) -> None:
        """Treat each event for which ``malformed`` returns True as malformed.

        If a request contains a malformed event, the older endpoint refuses the whole request with 400. The newer endpoint drops
        only the malformed event.
        """
        self._refuse = malformed

    def most_events(self, count: int) -> None:
        """Refuse each request that contains more than ``count`` events, with the HTTP status 413."""
        self._most_events = count

    # --- what came ------------------------------------------------------------------------------------------------------------

    def visible(self) -> list[Event]:
        """Return the stored events without the duplicates that PostHog would hide.

        If several events have the same project, UTC day, name, distinct ID and UUID, PostHog shows only the last of them.
        """
        shown = {
            (event.token, event.time.date(), event.event, event.distinct_id, event.uuid): event for event in list(self.events)
        }
        return list(shown.values())

    def persons(self, order: "str | PartitionOrder" = "sent") -> Persons:
        """Return the persons that PostHog would create if it read the stored events in the given order."""
        return Persons(ordered(list(self.events), order))

    def wait_for(self, condition: Callable[[], object], timeout: float = 30.0) -> None:
        """Call ``condition`` after each request, and at least every 0.5 s, until it returns a true value.

        Raises:
            AssertionError: If ``condition`` returns no true value within ``timeout`` seconds. The message lists the events.
        """
        deadline = time.monotonic() + timeout
        with self._changed:
            while not condition():
                left = deadline - time.monotonic()
                if left <= 0:
                    statuses = [request.status for request in self.requests]
                    raise AssertionError(f"waited in vain; requests: {statuses}, events: {self.events}")
                self._changed.wait(min(left, 0.5))

    # --- called by the server ---------------------------------------------------------------------------------------------------

    def begin(self, request: Request) -> Fault | None:
        """Record a request. Return the fault to apply to the request, or None to answer it normally."""
        with self._changed:
            self.requests.append(request)
            request.fault = self._script.popleft() if self._script else self._always
            self._changed.notify_all()
            return request.fault

    def serves(self, path: str) -> bool:
        """Return whether the server has an endpoint at ``path``."""
        path = path.partition("?")[0].rstrip("/")
        return ("v0" in self._protocols and path in _CAPTURE) or ("v1" in self._protocols and path == PATH_V1)

    def capture(self, request: Request) -> Results:
        """Store the accepted events of a request.

        Return a dictionary that maps the ``uuid`` of each event to its result, or an empty dictionary for the older endpoint.

        Raises:
            RequestRejected: If PostHog would refuse the whole request.
        """
        with self._changed:
            encoding = next((value for name, value in request.headers.items() if name.lower() == "content-encoding"), "")
            number = self.requests.index(request)
            results: Results = {}
            seams: dict[str, Any] = {"refuse": self._refuse, "most_events": self._most_events}
            if request.is_v1:
                events, results = accepted_v1(request.headers, request.body, request=number, now=self._clock(), **seams)
                if self.over_quota:
                    raise RequestRejected(402, '{"error":"billing_limit_exceeded"}')
            else:
                events = accepted(request.body, encoding=encoding, request=number, now=self._clock(), **seams)
            for event in events:
                known = self._tokens is None or event.token in self._tokens
                if not known and self._enforce:
                    raise RequestRejected(401, "The provided API key is invalid or has expired.")
                if known and not self.over_quota:
                    self.events.append(event)
                    self._arrived(event)
                else:
                    self.discarded.append((event, "team_not_found" if not known else "over_quota"))
            return results

    def answered(self, request: Request, status: int) -> None:
        """Record the HTTP status of the answer to a request."""
        with self._changed:
            request.status = status
            self._changed.notify_all()

    def asked(self, asked: RecordedRequest) -> Fault | None:
        """Record a request to Arcade's API. Return the fault to apply to the request, or None to answer it normally."""
        with self._changed:
            self.arcade.requests.append(asked)
            self._changed.notify_all()
            return self.arcade.fault()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], stand_in: FakePostHog) -> None:
        self.stand_in = stand_in
        self.closing = threading.Event()
        self._connections: set[socket.socket] = set()
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Do not print errors, because in many tests the client closes the connection early."""

    def server_close(self) -> None:
        super().server_close()
        for connection in list(self._connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # the client has closed the connection first


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path.startswith("/api/v1/auth/"):
            self._arcade(path)
        elif path in ("/", "/_readiness", "/_liveness"):
            self._answer(200, "capture" if path == "/" else "")
        else:
            self._answer(404, "not found")

    def do_OPTIONS(self) -> None:
        self._answer(200, '{"status":"Ok"}', "application/json")

    def do_POST(self) -> None:
        path, _, query = self.path.partition("?")
        if not self.server.stand_in.serves(path):
            self._read()
            self._answer(404, "not found")
            return
        request = Request("POST", self.path, dict(self.headers.items()), b"")
        # The request is recorded before its fault is chosen, and the fault is chosen before the body is read.
        fault = self.server.stand_in.begin(request)
        if fault is not None and fault.kind == "close":
            self._close()
            return
        request.body = self._read()
        request.wire_size = len(request.body)
        answer = '{"status":"Ok"}'
        if fault is None or fault.kind in ("delay", "dribble", "store, close"):
            try:
                results = self.server.stand_in.capture(request)
            except RequestRejected as refused:
                self.server.stand_in.answered(request, refused.status)
                self._answer(refused.status, refused.text, "application/json" if request.is_v1 else "text/plain")
                return
            if request.is_v1:
                answer = json.dumps({"results": results})
        status = 204 if "beacon=1" in query else 200
        if fault is not None and self._failed(fault, request):
            return
        self.server.stand_in.answered(request, status)
        self._answer(status, answer, "application/json", fault)

    def _failed(self, fault: Fault, request: Request | None) -> bool:
        """Apply ``fault`` to the current request. Return False if the caller must still answer the request, otherwise True."""
        if fault.kind == "status":
            if request is not None:
                self.server.stand_in.answered(request, fault.status_code)
            self._answer(fault.status_code, fault.body, "text/plain", fault)
        elif fault.kind in ("close", "store, close"):
            self._close()
        elif fault.kind == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
        elif fault.kind == "truncate":
            self.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"sta')
            self._close()
        elif fault.kind == "hang":
            self.server.closing.wait(fault.seconds)
            self._close()
        elif fault.kind == "delay":
            self.server.closing.wait(fault.seconds)
            return False
        else:
            return False
        return True

    def _arcade(self, path: str) -> None:
        fault = self.server.stand_in.asked(RecordedRequest(path, dict(self.headers.items())))
        if fault is not None and self._failed(fault, None):
            return
        if path not in ("/api/v1/auth/validate", "/api/v1/auth/whoami"):
            self._answer(404, "not found")
            return
        status, body = self.server.stand_in.arcade.answer(path, self.headers.get("Authorization", ""))
        self._answer(status, body, "application/json", fault)

    def _read(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return self._read_chunks()
        length = int(self.headers.get("Content-Length") or 0)
        kept = self.rfile.read(min(length, MAX_BODY + 1))
        left = length - len(kept)
        while left > 0:  # read to its end, so that the client gets the status
            left -= len(self.rfile.read(min(left, 65536))) or left
        return kept

    def _read_chunks(self) -> bytes:
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _answer(self, status: int, body: str, kind: str = "text/plain", fault: Fault | None = None) -> None:
        data = b"" if status in (204, 304) else body.encode()
        self.send_response(status)
        headers = {"Content-Type": kind, **(fault.headers if fault else {})}
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:  # noqa: PLR2004 - which has no body, and no length of one
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if fault is not None and fault.kind == "dribble":
            for byte in data:
                self.server.closing.wait(fault.seconds)
                self.wfile.write(bytes((byte,)))
        else:
            self.wfile.write(data)

    def _close(self) -> None:
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    def log_message(self, *arguments: Sequence[object]) -> None:
        """Do not print a line for each request, because tests read ``FakePostHog.requests`` instead."""
