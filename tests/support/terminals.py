"""Servers between a sender and PostHog: a TLS server in front of a fake PostHog, and a proxy that remembers its requests."""

import contextlib
import socket
import ssl
import threading
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import trustme

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Proxy", "TlsFront", "certified"]


def certified(folder: Path, name: str | None = None) -> tuple[ssl.SSLContext, Path]:
    """Return the TLS context of a server for ``localhost``, and the certificate file of its authority, which no system trusts."""
    folder.mkdir(exist_ok=True)
    authority = trustme.CA(organization_name=name)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    bundle = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    return context, bundle


class _Server(ABC):
    """Accept connections, and serve each in a thread."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._guarded, args=(client,), daemon=True).start()

    def _guarded(self, client: socket.socket) -> None:
        with contextlib.suppress(
            OSError
        ):  # the client may close the connection at any time, for example because it refuses the certificate
            self.serve(client)

    @abstractmethod
    def serve(self, client: socket.socket) -> None:
        """Serve one connection."""

    def __enter__(self) -> "Self":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        # Closing a listener does not wake the thread that accepts, so shut it down first.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)


def _joined(one: socket.socket, other: socket.socket) -> None:
    """Copy in both directions until one end closes."""

    def copy(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    back = threading.Thread(target=copy, args=(other, one), daemon=True)
    back.start()
    copy(one, other)
    back.join()
    for end in (one, other):
        end.close()


class TlsFront(_Server):
    """A TLS server for ``localhost`` that forwards everything without TLS to a port on loopback."""

    def __init__(self, context: ssl.SSLContext, port: int) -> None:
        super().__init__()
        self._context = context
        self._behind = port
        self.url = f"https://localhost:{self.port}"

    def serve(self, client: socket.socket) -> None:
        """Serve one connection."""
        with client, self._context.wrap_socket(client, server_side=True) as inside:
            _joined(inside, socket.create_connection(("127.0.0.1", self._behind)))


class Proxy(_Server):
    """An HTTP proxy for CONNECT and for requests with an absolute address. It keeps request lines (``lines``) and ``heads``."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.heads: list[bytes] = []
        self.url = f"http://127.0.0.1:{self.port}"

    def serve(self, client: socket.socket) -> None:
        """Serve one connection."""
        head = b""
        while b"\r\n\r\n" not in head:
            data = client.recv(65536)
            if not data:
                return
            head += data
        first, _, rest = head.partition(b"\r\n")
        self.lines.append(first.decode())
        self.heads.append(head)
        method, target, version = first.decode().split()
        if method == "CONNECT":
            host, _, port = target.rpartition(":")
            upstream = socket.create_connection((host, int(port)))
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            host, _, path = target.partition("://")[2].partition("/")
            name, _, port = host.partition(":")
            upstream = socket.create_connection((name, int(port or 80)))
            upstream.sendall(f"{method} /{path} {version}\r\n".encode() + rest)
        _joined(client, upstream)
