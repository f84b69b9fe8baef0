"""A server that reads HTTP requests and lets a test write any bytes as the answer, even hostile ones."""

import contextlib
import socket
import threading
import time
import zlib
from collections.abc import Callable

__all__ = ["GOOD", "HOSTILE", "RawServer", "Script"]

GOOD = b'HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{"status":"Ok"}'
Script = Callable[[socket.socket, bytes], object]


class RawServer:
    """Read whole requests, and let the test write the answer. ``heads`` has the heads of the requests."""

    def __init__(self, script: Script) -> None:
        self.heads: list[bytes] = []
        self.connections = 0
        self._script = script
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/batch/"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            rest = b""
            while True:
                while b"\r\n\r\n" not in rest:
                    data = client.recv(65536)
                    if not data:
                        return
                    rest += data
                head, _, rest = rest.partition(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
                while len(rest) < length:
                    rest += client.recv(65536)
                rest = rest[length:]
                self.heads.append(head)
                if self._script(client, head) == "close":
                    return

    def close(self) -> None:
        """Accept no more connections."""
        self._listener.close()


def _endless(client: socket.socket, start: bytes, piece: bytes, seconds: float = 0.0) -> None:
    client.sendall(start)
    while True:
        client.sendall(piece)
        time.sleep(seconds)


def _bomb() -> bytes:
    compressor = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    return b"".join([*(compressor.compress(bytes(1_000_000)) for _ in range(200)), compressor.flush()])


_BOMB = _bomb()

#: The hostile answers. Each function is called when the server has read the request.
HOSTILE: dict[str, Script] = {
    "an endless body": lambda client, _: _endless(client, b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536),
    "an endless body in chunks": lambda client, _: _endless(
        client, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"x" * 65536 + b"\r\n"
    ),
    "one huge chunk": lambda client, _: _endless(
        client, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffff\r\n", b"x" * 65536
    ),
    "a huge length": lambda client, _: _endless(client, b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", b"x" * 65536),
    "headers of a megabyte": lambda client, _: _endless(client, b"HTTP/1.1 200 OK\r\n", b"X: " + b"y" * 65536 + b"\r\n"),
    "a body that expands a thousandfold": lambda client, _: client.sendall(
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(_BOMB) + _BOMB
    ),
    "interim answers without end": lambda client, _: _endless(client, b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a byte of the head each second": lambda client, _: _endless(client, b"HTTP/1.1 200 OK\r\n", b"X", 0.2),
    "a byte of the body each second": lambda client, _: _endless(client, GOOD.replace(b"15", b"99"), b"X", 0.2),
    "nothing": lambda *_: time.sleep(60),
}
