"""Serve the ``usage view`` page on loopback, only to a browser that knows the page's secret address."""

import hmac
import io
import os
import secrets
import socket
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from typing import Any

from arcade_otel.cli.view.peer import is_another_users
from arcade_otel.diagnostics import debug, guard

__all__ = ["MAX_HEAD_BYTES", "TIMEOUT_SECONDS", "PageServer"]

#: A request is refused if its line and headers have more bytes.
MAX_HEAD_BYTES = 16 * 1024
#: A client that takes longer to send or to read is cut off.
TIMEOUT_SECONDS = 10.0
#: Maximum number of connections at a time. Another one is closed at once.
_MAX_CONNECTIONS = 128

_HOST = "127.0.0.1"
_PAGE_DIR = "page"
_DATA = "events.json"
_FILES = {
    "": ("index.html", "text/html; charset=utf-8"),
    "page.css": ("page.css", "text/css; charset=utf-8"),
    "page.js": ("page.js", "text/javascript; charset=utf-8"),
    "icon.svg": ("icon.svg", "image/svg+xml"),
}
_CONTENT_SECURITY_POLICY = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
)
_HEADERS = (
    ("Content-Security-Policy", "; ".join(_CONTENT_SECURITY_POLICY)),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
    ("Connection", "close"),
)


class PageServer(ThreadingHTTPServer):
    """Listen on 127.0.0.1 and answer each request in its own thread. ``serve_forever`` serves until :meth:`interrupt` is called.

    Each server makes a new secret, which is part of the page's address. The server serves the page only to requests that meet
    these four conditions:

    * The ``Host`` header contains the address of this server. In a DNS rebinding attack, ``Host`` contains the host name of the
      attacker's page.
    * The ``Origin`` and ``Sec-Fetch-Site`` headers, if present, do not indicate a request from another site.
    * The method of the request is GET.
    * The path of the request begins with the server's secret.

    Args:
        port: The port, or 0 for any free port.
        data: A function that returns the page's data as JSON. The server calls ``data()`` whenever a browser requests the JSON,
            but only from one thread at a time.

    Raises:
        OSError: If the port is already in use, or if the user does not have permission to use it. The error names the port.
    """

    daemon_threads = True
    request_queue_size = _MAX_CONNECTIONS
    allow_reuse_address = os.name == "posix"  # on Windows this option would let another program take the port
    allow_reuse_port = False

    def __init__(self, port: int, data: Callable[[], bytes]) -> None:
        self.secret = secrets.token_urlsafe(32)
        self._data = data
        self._data_lock = threading.Lock()
        self._interrupted = False
        self._slots = threading.BoundedSemaphore(_MAX_CONNECTIONS)
        directory = resources.files(__package__).joinpath(_PAGE_DIR)
        self._files = {name: (kind, directory.joinpath(file).read_bytes()) for name, (file, kind) in _FILES.items()}
        try:
            super().__init__((_HOST, port), _Request)
        except OSError as error:
            raise OSError(error.errno, error.strerror, f"{_HOST}:{port}") from None

    @property
    def url(self) -> str:
        """The address of the page, which contains the secret."""
        return f"http://{_HOST}:{self.server_port}/{self.secret}/"

    @property
    def hosts(self) -> tuple[str, ...]:
        """The values of the ``Host`` header that this server accepts."""
        names = (_HOST, "localhost")
        return (*(f"{name}:{self.server_port}" for name in names), *(names if self.server_port == 80 else ()))  # noqa: PLR2004 - HTTP's

    def resource(self, name: str) -> tuple[str, bytes] | None:
        """Return the content type and the content of the page's file ``name``, or None if there is no such file."""
        if name != _DATA:
            return self._files.get(name)
        with self._data_lock:
            return "application/json", self._data()

    def interrupt(self) -> None:
        """Make ``serve_forever`` raise KeyboardInterrupt before it accepts the next request.

        It is safe to call this method in a signal handler.
        """
        self._interrupted = True

    # --- socketserver's hooks -------------------------------------------------------------------------------------------------

    def service_actions(self) -> None:
        """Raise KeyboardInterrupt if :meth:`interrupt` was called. ``serve_forever`` calls this method between two requests."""
        if self._interrupted:
            raise KeyboardInterrupt

    def server_bind(self) -> None:
        """Bind the socket. Unlike ``HTTPServer``, do not look up the machine's own name in DNS."""
        if self.allow_reuse_address:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_name, self.server_port = self.server_address = self.socket.getsockname()

    def verify_request(self, request: Any, client_address: Any) -> bool:  # noqa: ARG002 - socketserver's signature
        """Return False for a connection from another user, who may have read the page's address in the browser's command line."""
        if not is_another_users(client_address, (_HOST, self.server_port)):
            return True
        debug("a connection of another user was refused")
        return False

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer the request in a new thread, or close the connection if too many others are open."""
        if not self._slots.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # no thread could be started, so none will release. After a KeyboardInterrupt, one was started
            self._slots.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer the request, and then free the connection's slot for another connection."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._slots.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - socketserver's signature
        """Write the error to the debug log. The base class would print a traceback whenever a browser disconnects early."""
        error = sys.exc_info()[1]
        debug("a request for the page", error)


class _Request(BaseHTTPRequestHandler):
    """The handler of one connection, which answers at most one request."""

    server: PageServer
    default_request_version = "HTTP/1.0"  # nothing is answered without headers

    def handle(self) -> None:
        """Read the request and answer it. Give up if the request is too large or arrives too slowly."""
        self.command = self.requestline = ""
        self.request_version = self.default_request_version
        self.close_connection = True
        head = self._head()
        self.connection.settimeout(TIMEOUT_SECONDS)
        if head is None:
            return  # it sent nothing, or too slowly
        if len(head) > MAX_HEAD_BYTES:
            self._refuse(431, "The request is too large.")
        else:
            self.rfile = io.BytesIO(head)
            self.raw_requestline = self.rfile.readline()
            if self.parse_request():
                self._answer()
        self._drain()

    def _head(self) -> bytes | None:
        """Read and return the request line and the headers, or return None if they do not arrive in time.

        If the headers exceed ``MAX_HEAD_BYTES``, stop reading, so that the caller refuses the request as too large.
        """
        deadline = time.monotonic() + TIMEOUT_SECONDS
        head = b""
        while b"\r\n\r\n" not in head and len(head) <= MAX_HEAD_BYTES:
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            self.connection.settimeout(left)
            try:
                part = self.connection.recv(4096)
            except OSError:
                return None
            if not part:
                return None
            head += part
        return head

    def _answer(self) -> None:
        refusal = self._refusal()
        if refusal is not None:
            self._refuse(*refusal)
            return
        _, slash, name = self._split_path()
        if not slash:  # the address was copied without its last slash
            self._send(308, "text/plain; charset=utf-8", b"", ("Location", f"/{self.server.secret}/"))
            return
        content, failed = None, True
        with guard("the page"):
            content, failed = self.server.resource(name), False
        if failed:
            self._refuse(500, "The config directory cannot be read. Run doctor to find the cause.")
        elif content is None:
            self._refuse(404, "Not found.")
        else:
            self._send(200, *content)

    def _refusal(self) -> tuple[int, str] | None:
        """If this request is not allowed, return the HTTP status and the text of the refusal, otherwise None."""
        hosts = self.headers.get_all("Host", [])
        if len(hosts) != 1 or hosts[0].lower() not in self.server.hosts:
            return 403, "The request names another host."
        origins = self.headers.get_all("Origin", [])
        sites = self.headers.get_all("Sec-Fetch-Site", [])
        if any(origin != f"http://{hosts[0]}" for origin in origins) or any(
            site not in ("none", "same-origin") for site in sites
        ):
            return 403, "Other sites have no access."
        if self.command != "GET":
            return 405, "Only GET is allowed."
        if not hmac.compare_digest(self._split_path()[0].encode("latin-1"), self.server.secret.encode()):
            return 403, "The address is incomplete, or its page has ended. Copy it from the terminal again."
        return None

    def _split_path(self) -> tuple[str, str, str]:
        """Split the request's path into the secret, the slash after the secret, and the file name."""
        return self.path.partition("?")[0].removeprefix("/").partition("/")

    def _refuse(self, status: int, text: str) -> None:
        allow = (("Allow", "GET"),) if status == 405 else ()  # noqa: PLR2004 - Method Not Allowed
        self._send(status, "text/plain; charset=utf-8", f"{text}\n".encode(), *allow)

    def _send(self, status: int, kind: str, content: bytes, *more: tuple[str, str]) -> None:
        self.send_response_only(status)
        for name, value in (*_HEADERS, *more):
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _drain(self) -> None:
        """Read the rest of the request, up to 1 MiB, before the connection is closed.

        If unread bytes remained, the system would reset the connection, and the client could lose the answer.
        """
        try:
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(1.0)
            for _ in range(16):
                if not self.connection.recv(65536):
                    return
        except OSError:
            return  # the client has closed it

    # --- BaseHTTPRequestHandler's hooks ---------------------------------------------------------------------------------------

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """Refuse a malformed request, and do not quote the request in the answer."""
        self._refuse(code, "Malformed request.")
