"""The faults that a test can script, for example an error status, a delay or a lost connection."""

import contextlib
import socket
from collections.abc import Iterator, Mapping

__all__ = ["Fault", "blackhole", "refused_port"]


class Fault:
    """One way in which a fake server can fail.

    Create a fault with one of the class methods, and pass it to ``FakePostHog.script`` or ``FakePostHog.always``.
    """

    def __init__(
        self,
        kind: str,
        *,
        status: int = 200,
        body: str = "",
        headers: Mapping[str, str] | None = None,
        seconds: float | None = None,
    ) -> None:
        self.kind = kind
        self.status_code = status
        self.body = body
        self.headers = dict(headers or {})
        self.seconds = seconds

    def __repr__(self) -> str:
        return f"Fault({self.kind}{f' {self.status_code}' if self.kind == 'status' else ''})"

    @classmethod
    def status(cls, code: int, body: str = "", headers: Mapping[str, str] | None = None) -> "Fault":
        """Answer with the HTTP status ``code``, and do not store the events."""
        return cls("status", status=code, body=body or f"status {code}", headers=headers)

    @classmethod
    def garbage(cls) -> "Fault":
        """Answer with the HTTP status 200 and an HTML page, as a captive portal does. Do not store the events."""
        return cls("status", status=200, body="<html>Please log in</html>", headers={"Content-Type": "text/html"})

    @classmethod
    def redirect(cls, url: str) -> "Fault":
        """Redirect the client to ``url``, and do not store the events."""
        return cls("status", status=302, headers={"Location": url})

    @classmethod
    def hang(cls, seconds: float | None = None) -> "Fault":
        """Read the request, wait for ``seconds``, and close the connection without an answer. Do not store the events.

        If ``seconds`` is None, keep the connection open until the fake server stops.
        """
        return cls("hang", seconds=seconds)

    @classmethod
    def close_before_reading(cls) -> "Fault":
        """Close the connection without reading the body of the request."""
        return cls("close")

    @classmethod
    def store_then_close(cls) -> "Fault":
        """Store the events, but close the connection without an answer, so that the client gets no acknowledgement."""
        return cls("store, close")

    @classmethod
    def reset(cls) -> "Fault":
        """Read the request and reset the TCP connection. Do not store the events."""
        return cls("reset")

    @classmethod
    def truncate(cls) -> "Fault":
        """Send only the beginning of a response, and close the connection. Do not store the events."""
        return cls("truncate")

    @classmethod
    def delay(cls, seconds: float) -> "Fault":
        """Answer normally, but wait for ``seconds`` before the answer."""
        return cls("delay", seconds=seconds)

    @classmethod
    def dribble(cls, seconds_per_byte: float) -> "Fault":
        """Answer normally, but send the body byte by byte, with a pause of ``seconds_per_byte`` before each byte."""
        return cls("dribble", seconds=seconds_per_byte)


@contextlib.contextmanager
def blackhole() -> Iterator[str]:
    """Yield a loopback URL that does not respond to connection attempts, because the backlog of its listener is full."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):  # fill the backlog, so that further connections wait forever
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)  # noqa: FBT003
            with contextlib.suppress(BlockingIOError):
                waiting.connect(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextlib.contextmanager
def refused_port() -> Iterator[int]:
    """Yield a loopback port on which no server listens. Until the ``with`` block ends, other processes cannot use the port."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))  # bound but not listening, so connections are refused
        yield holder.getsockname()[1]
