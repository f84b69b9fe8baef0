"""A small Arcade API on loopback. A test chooses its answers and its faults."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

__all__ = ["ArcadeApi"]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """Print nothing, because the tests have clients that give up."""


class ArcadeApi:
    """A server that answers each path with ``answers[path]``: ``(status, body)``.

    Its ``mode`` is plain, hang, dribble or redirect.
    """

    def __init__(self, answers: dict[str, tuple[int, bytes]] | None = None, mode: str = "plain") -> None:
        self.answers = answers or {}
        self.requests: list[tuple[str, str | None]] = []
        self._over = threading.Event()
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                api.requests.append((self.path, self.headers["Authorization"]))
                if mode == "hang":
                    api._over.wait(60)
                    return
                status, body = api.answers.get(self.path, (404, b"{}"))
                self.send_response(302 if mode == "redirect" else status)
                if mode == "redirect":
                    self.send_header("Location", f"{api.url}/elsewhere")
                self.send_header("Content-Length", str(len(body) if mode != "dribble" else 10_000))
                self.end_headers()
                if mode == "dribble":
                    while not api._over.wait(0.05):
                        self.wfile.write(b" ")
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
                """Print no line for a request."""

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> "ArcadeApi":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
