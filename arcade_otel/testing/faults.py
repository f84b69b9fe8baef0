"""The faults with which a fake server can react to a request instead of answering it normally."""

import contextlib
import socket
from collections.abc import Iterator, Mapping

__all__ = ["Fault", "blackhole", "refused_port"]


class Fault:
    """One way in which a fake server can fail.

    You create a fault with one of the class methods, and pass it to ``FakePostHog.script`` or ``FakePostHog.always``.
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
        """Answer with the HTTP status ``code`` and store no events."""
        return cls("status", status=code, body=body or f"status {code}", headers=headers)

    @classmethod
    def garbage(cls) -> "Fault":
        """Answer 200 with an HTML page, as a captive portal does, and store no events."""
        return cls("status", status=200, body="<html>Please log in</html>", headers={"Content-Type": "text/html"})

    @classmethod
    def redirect(cls, url: str) -> "Fault":
        """Redirect the client to another address."""
        return cls("status", status=302, headers={"Location": url})

    @classmethod
    def hang(cls, seconds: float | None = None) -> "Fault":
        """Read the request and do not answer for ``seconds``. With None, never answer. Store no events."""
        return cls("hang", seconds=seconds)

    @classmethod
    def close_before_reading(cls) -> "Fault":
        """Close the connection before the request is read."""
        return cls("close")

    @classmethod
    def store_then_close(cls) -> "Fault":
        """Store the events and close the connection before the answer, so that the acknowledgement is lost."""
        return cls("store, close")

    @classmethod
    def reset(cls) -> "Fault":
        """Answer with a TCP reset. Store no events."""
        return cls("reset")

    @classmethod
    def truncate(cls) -> "Fault":
        """Announce a longer response in ``Content-Length`` than the server then sends. Store no events."""
        return cls("truncate")

    @classmethod
    def delay(cls, seconds: float) -> "Fault":
        """Answer normally, but only after ``seconds``."""
        return cls("delay", seconds=seconds)

    @classmethod
    def dribble(cls, seconds_per_byte: float) -> "Fault":
        """Answer normally, but byte by byte, with a pause before each byte."""
        return cls("dribble", seconds=seconds_per_byte)


@contextlib.contextmanager
def blackhole() -> Iterator[str]:
    """Yield an address on loopback at which connections are neither accepted nor refused."""
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
    """Yield a loopback port on which no server listens, and keep other processes from taking the port."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))  # bound but not listening, so connections are refused
        yield holder.getsockname()[1]
