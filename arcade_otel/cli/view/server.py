"""Serves the page of ``usage view`` on loopback, to nobody but the browser that was given its secret address."""

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

from arcade_otel.diagnostics import debug, guard

__all__ = ["LARGEST_HEAD", "SECONDS", "PageServer"]

#: Bytes of a request's line and headers; one that has more is refused.
LARGEST_HEAD = 16 * 1024
#: A client that takes longer, to ask or to read, is cut off.
SECONDS = 10.0
#: Connections at a time; one more is closed at once.
_MOST_CONNECTIONS = 128

_ADDRESS = "127.0.0.1"
_FOLDER = "page"
_DATA = "events.json"
_FILES = {
    "": ("index.html", "text/html; charset=utf-8"),
    "page.css": ("page.css", "text/css; charset=utf-8"),
    "page.js": ("page.js", "text/javascript; charset=utf-8"),
    "icon.svg": ("icon.svg", "image/svg+xml"),
}
_POLICY = (
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
    ("Content-Security-Policy", "; ".join(_POLICY)),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
    ("Connection", "close"),
)


class PageServer(ThreadingHTTPServer):
    """Listens on 127.0.0.1, each request in a thread of its own; ``serve_forever`` until somebody interrupts it.

    The secret is in the address's path, is made anew for each server, and is good for nothing else. A request is answered only
    if it names this server as its host (a name of somebody else's that leads here is DNS rebinding), does not come from another
    site, is a GET and has the secret.

    Args:
        port: Port, 0 for any that is free.
        data: Makes the page's data, JSON; called for each request that wants it, by one thread at a time.

    Raises:
        OSError: The port cannot be had; names it.
    """

    daemon_threads = True
    request_queue_size = _MOST_CONNECTIONS
    allow_reuse_address = os.name == "posix"  # elsewhere it would let another program take the port
    allow_reuse_port = False

    def __init__(self, port: int, data: Callable[[], bytes]) -> None:
        self.secret = secrets.token_urlsafe(32)
        self._data = data
        self._one = threading.Lock()
        self._interrupted = False
        self._free = threading.BoundedSemaphore(_MOST_CONNECTIONS)
        directory = resources.files(__package__).joinpath(_FOLDER)
        self._files = {name: (kind, directory.joinpath(file).read_bytes()) for name, (file, kind) in _FILES.items()}
        try:
            super().__init__((_ADDRESS, port), _Request)
        except OSError as error:
            raise OSError(error.errno, error.strerror, f"{_ADDRESS}:{port}") from None

    @property
    def url(self) -> str:
        """The page's address, with the secret."""
        return f"http://{_ADDRESS}:{self.server_port}/{self.secret}/"

    @property
    def hosts(self) -> tuple[str, ...]:
        """How a browser that means this server names it."""
        names = (_ADDRESS, "localhost")
        return (*(f"{name}:{self.server_port}" for name in names), *(names if self.server_port == 80 else ()))  # noqa: PLR2004 - HTTP's

    def found(self, name: str) -> tuple[str, bytes] | None:
        """Return kind and content of what the page calls ``name``, or None."""
        if name != _DATA:
            return self._files.get(name)
        with self._one:
            return "application/json", self._data()

    def interrupt(self) -> None:
        """Let ``serve_forever`` raise KeyboardInterrupt at its next turn. For a signal's handler: it does nothing else."""
        self._interrupted = True

    # --- socketserver's hooks -------------------------------------------------------------------------------------------------

    def service_actions(self) -> None:
        """Look between two requests whether somebody has interrupted."""
        if self._interrupted:
            raise KeyboardInterrupt

    def server_bind(self) -> None:
        """Bind without asking the name server who we are, as ``HTTPServer`` would."""
        if self.allow_reuse_address:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_name, self.server_port = self.server_address = self.socket.getsockname()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread of its own, unless too many are under way."""
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # no thread can be had; after Ctrl-C, which is raised here too, there is one, and it releases
            self._free.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - socketserver's signature
        """Write no traceback to somebody's terminal: a browser that leaves early is an error here."""
        error = sys.exc_info()[1]
        debug("a request for the page", error)


class _Request(BaseHTTPRequestHandler):
    """One connection, which is one request."""

    server: PageServer
    default_request_version = "HTTP/1.0"  # nothing is answered without headers

    def handle(self) -> None:
        """Read the request, bounded in bytes and in time, and answer it."""
        self.command = self.requestline = ""
        self.request_version = self.default_request_version
        self.close_connection = True
        head = self._head()
        self.connection.settimeout(SECONDS)
        if head is None:
            return  # it has said nothing, or too slowly
        if len(head) > LARGEST_HEAD:
            self._refuse(431, "The request is too large.")
        else:
            self.rfile = io.BytesIO(head)
            self.raw_requestline = self.rfile.readline()
            if self.parse_request():
                self._answer()
        self._let_go()

    def _head(self) -> bytes | None:
        """Return line and headers, or more than is allowed; None if they do not come in time."""
        until = time.monotonic() + SECONDS
        head = b""
        while b"\r\n\r\n" not in head and len(head) <= LARGEST_HEAD:
            left = until - time.monotonic()
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
        _, slash, name = self._asked()
        if not slash:  # the end of the address was not copied
            self._send(308, "text/plain; charset=utf-8", b"", ("Location", f"/{self.server.secret}/"))
            return
        found, failed = None, True
        with guard("the page"):
            found, failed = self.server.found(name), False
        if failed:
            self._refuse(500, "The config directory cannot be read; the command doctor looks for the reason.")
        elif found is None:
            self._refuse(404, "There is nothing here.")
        else:
            self._send(200, *found)

    def _refusal(self) -> tuple[int, str] | None:
        """Return why this request is not answered, or None if it is: it comes from where the address was given to."""
        hosts = self.headers.get_all("Host", [])
        if len(hosts) != 1 or hosts[0].lower() not in self.server.hosts:
            return 403, "This is not the server that you asked for."
        origins = self.headers.get_all("Origin", [])
        sites = self.headers.get_all("Sec-Fetch-Site", [])
        if any(origin != f"http://{hosts[0]}" for origin in origins) or any(
            site not in ("none", "same-origin") for site in sites
        ):
            return 403, "No other site may ask for this."
        if self.command != "GET":
            return 405, "This can only be looked at."
        if not hmac.compare_digest(self._asked()[0].encode("latin-1"), self.server.secret.encode()):
            return 403, "The address is not complete, or of a page that has ended. Take it from the terminal again."
        return None

    def _asked(self) -> tuple[str, str, str]:
        """Return the secret, a slash and the name that the request's path holds."""
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

    def _let_go(self) -> None:
        """Read what the client still has to say, a little: closed before, the answer would be lost on its way."""
        try:
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(1.0)
            for _ in range(16):
                if not self.connection.recv(65536):
                    return
        except OSError:
            return  # it is gone

    # --- BaseHTTPRequestHandler's hooks ---------------------------------------------------------------------------------------

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """Refuse what is no HTTP, without quoting it."""
        self._refuse(code, "This is no request that can be answered.")
