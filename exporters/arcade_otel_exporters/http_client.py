"""Send POST requests over HTTP/1.1, with limits on the time and on the size of the response.

This module does not use another HTTP client, because importing one takes too long. Importing ``http.client`` takes twice as long
as starting Python itself, because ``http.client`` imports the package ``email``. Importing ``urllib3`` takes eight times as long
as starting Python, and ``requests`` takes eleven times as long. ``http.client`` has no limit on the size of a response or on the
total time of a request. The client of this module follows no redirects, keeps no cookies and reads no ``~/.netrc``. From the
environment, the client takes only the settings for proxies and certificates.
"""

from __future__ import annotations

import socket
import time
import zlib
from collections.abc import Mapping

from arcade_otel.diagnostics import debug
from arcade_otel_exporters.dialing import NoConnectionError, dial, proxy_authorization, time_left
from arcade_otel_exporters.proxies import Address, parse_address, proxy_before

TYPE_CHECKING = False  # type checkers know better; the module typing costs a sender a third of a bare Python
if TYPE_CHECKING:
    from arcade_otel_exporters.tls import Trust

__all__ = ["HttpClient", "HttpReply", "NoReplyError"]

#: Limits of an answer, in bytes. PostHog's answers have a few hundred bytes, and 100 verdicts of v1 about 10 KB.
MAX_HEAD = 64 * 1024
MAX_BODY = 1024 * 1024
_MAX_INTERIM_REPLIES = 10
_OK = 200
_NO_BODY = frozenset({204, 304})


class NoReplyError(Exception):
    """The server sent no complete HTTP answer. The error message is written to the debug log.

    The error message contains no key, no password and no part of an event.
    """


class HttpReply:
    """A server's answer: its ``status``, the ``headers`` with lower-case names, and at most 1 MiB of its decompressed body."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body


class HttpClient:
    """Send POST requests, and keep the connection to each server open for the next request.

    Use an instance only in one thread of one process.
    """

    def __init__(self) -> None:
        self._connections: dict[tuple[str, str, int], _Connection] = {}
        self._trust: Trust | None = None

    def post(self, url: str, headers: Mapping[str, str], body: bytes, seconds: float) -> HttpReply:
        """Send ``body`` to ``url`` in a POST request, and return the answer, whatever its status.

        Args:
            url: ``http://…`` or ``https://…``.
            headers: Headers in addition to ``Host``, ``Content-Length`` and ``Accept-Encoding``.
            body: The bytes to send.
            seconds: Time limit in seconds for the whole request, from the name lookup to the last byte of the answer.

        Raises:
            NoReplyError: If the server sends no complete HTTP answer in time.
        """
        deadline = time.monotonic() + seconds
        try:
            return self._post(parse_address(url), headers, body, deadline)
        except TimeoutError:
            raise NoReplyError(f"no answer in {seconds:.1f} s (TimeoutError)") from None
        except NoConnectionError as error:
            raise NoReplyError(f"no answer: {error}") from None
        except (OSError, ValueError) as error:
            raise NoReplyError(f"no answer ({type(error).__qualname__})") from None

    def close(self) -> None:
        """Close every connection. The client can be used again after ``close``."""
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()

    def _post(self, server: Address, headers: Mapping[str, str], body: bytes, deadline: float) -> HttpReply:
        proxy = proxy_before(server)
        target = server.path or "/"
        lines = dict(headers) | {"Host": server.authority, "Accept-Encoding": "identity", "Content-Length": str(len(body))}
        if server.scheme == "http" and proxy is not None and proxy.scheme == "http":
            target = f"http://{server.authority}{target}"
            credentials = proxy_authorization(proxy)
            if credentials:
                lines["Proxy-Authorization"] = credentials
        head = f"POST {target} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items()) + "\r\n"
        data = head.encode("latin-1") + body
        key = (server.scheme, server.host, server.port)
        kept = self._connections.pop(key, None)
        if kept is not None:
            try:
                return self._exchange(key, kept, data, deadline)
            except (_ClosedBeforeReplyError, ConnectionError, BrokenPipeError):
                # A server may close an idle connection at any time. If it has accepted the request nevertheless, the second one
                # does no harm, because each event has its own ID.
                debug("a kept connection was closed; another is made")
        try:
            connection = self._dial(server, proxy, deadline)
            return self._exchange(key, _Connection(connection), data, deadline)
        except _ClosedBeforeReplyError:
            raise NoReplyError("no answer: the connection was closed") from None

    def _dial(self, server: Address, proxy: Address | None, deadline: float) -> socket.socket:
        if server.scheme != "https":
            return dial(server, proxy, deadline, None)
        import ssl

        from arcade_otel_exporters.tls import Trust

        if self._trust is None:
            self._trust = Trust()
        try:
            return dial(server, proxy, deadline, self._trust)
        except ssl.SSLCertVerificationError as error:
            if self._trust.widen():
                return self._dial(server, proxy, deadline)
            raise NoConnectionError(
                f"its certificate is not trusted: {error.verify_message} (SSLCertVerificationError)"
            ) from None

    def _exchange(self, key: tuple[str, str, int], connection: _Connection, data: bytes, deadline: float) -> HttpReply:
        keep = False
        try:
            reply, keep = connection.exchange(data, deadline)
        finally:
            if keep:
                self._connections[key] = connection
            else:
                connection.close()
        return reply


class _ClosedBeforeReplyError(Exception):
    """The server closed the connection before it sent any part of its answer."""


class _Connection:
    """A socket, and a buffer with bytes that were read from the socket but not used yet."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._buffer = b""

    def close(self) -> None:
        self._socket.close()

    def exchange(self, data: bytes, deadline: float) -> tuple[HttpReply, bool]:
        """Send a request. Return the answer, and whether the connection can be used again."""
        failure: OSError | None = None
        self._socket.settimeout(time_left(deadline))
        try:
            self._socket.sendall(data)
        except ConnectionError as error:
            failure = error  # the server may have refused a request (413) before it had read it
        try:
            for _ in range(_MAX_INTERIM_REPLIES):
                version, status, headers = self._read_head(deadline)
                if status >= _OK:
                    break
            else:
                raise NoReplyError("no answer: interim ones without end")
            body, is_whole = self._read_body(status, headers, deadline)
        except (_ClosedBeforeReplyError, ConnectionError):
            raise failure or _ClosedBeforeReplyError from None
        asked_to_close = headers.get("connection", "").lower()
        keep = is_whole and failure is None and not self._buffer and version == "HTTP/1.1" and "close" not in asked_to_close
        return HttpReply(status, headers, _decompressed(body, headers)), keep

    def _receive(self, deadline: float) -> bool:
        """Read at least one byte. Return False at the end of the stream, otherwise True."""
        self._socket.settimeout(time_left(deadline))
        data = self._socket.recv(65536)
        self._buffer += data
        return bool(data)

    def _read_head(self, deadline: float) -> tuple[str, int, dict[str, str]]:
        while b"\r\n\r\n" not in self._buffer and b"\n\n" not in self._buffer:
            if len(self._buffer) > MAX_HEAD:
                raise NoReplyError("no answer: its head is too long")
            if not self._receive(deadline):
                if self._buffer:
                    raise NoReplyError("no answer: it was cut off")
                raise _ClosedBeforeReplyError
        separator = b"\r\n\r\n" if b"\r\n\r\n" in self._buffer else b"\n\n"
        head, _, self._buffer = self._buffer.partition(separator)
        first, *lines = head.decode("latin-1").split("\n")
        words = first.split(None, 2)
        if len(head) > MAX_HEAD or len(words) < 2 or not words[0].startswith("HTTP/1.") or not _is_status(words[1]):  # noqa: PLR2004
            raise NoReplyError("no answer: it is no HTTP")
        headers: dict[str, str] = {}
        for line in lines:
            name, colon, value = line.partition(":")
            if colon:
                headers.setdefault(name.strip().lower(), value.strip())
        return words[0], int(words[1]), headers

    def _read_body(self, status: int, headers: Mapping[str, str], deadline: float) -> tuple[bytes, bool]:
        """Return at most 1 MiB of the body, and whether the body is complete."""
        if status in _NO_BODY:
            return b"", True
        if headers.get("transfer-encoding", "").lower() not in ("", "identity"):
            return self._read_chunks(deadline)
        length = headers.get("content-length", "")
        if length.isascii() and length.isdigit():
            wanted = int(length[:20])
            body = self._take(min(wanted, MAX_BODY), deadline)
            return body, wanted <= MAX_BODY
        while len(self._buffer) < MAX_BODY and self._receive(deadline):
            pass
        return self._buffer[:MAX_BODY], False

    def _read_chunks(self, deadline: float) -> tuple[bytes, bool]:
        body = b""
        while True:
            size_text = self._take_line(deadline).partition(b";")[0].strip()
            try:
                size = int(size_text, 16)
            except ValueError:
                raise NoReplyError("no answer: it is no HTTP") from None
            if size <= 0:
                break
            body += self._take(min(size, MAX_BODY - len(body)), deadline)
            if len(body) >= MAX_BODY:
                return body, False
            self._take_line(deadline)
        trailers = 0
        while line := self._take_line(deadline):
            trailers += len(line)
            if trailers > MAX_HEAD:
                return body, False
        return body, True

    def _take(self, size: int, deadline: float) -> bytes:
        parts = [self._buffer]
        missing = size - len(self._buffer)
        self._buffer = b""
        while missing > 0:
            if not self._receive(deadline):
                raise NoReplyError("no answer: it was cut off")
            parts.append(self._buffer)
            missing -= len(self._buffer)
            self._buffer = b""
        data = b"".join(parts)
        self._buffer = data[size:]
        return data[:size]

    def _take_line(self, deadline: float) -> bytes:
        while b"\n" not in self._buffer:
            if len(self._buffer) > MAX_HEAD:
                raise NoReplyError("no answer: it is no HTTP")
            if not self._receive(deadline):
                raise NoReplyError("no answer: it was cut off")
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.rstrip(b"\r")


def _is_status(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) == 3  # noqa: PLR2004 - RFC 9110, section 15


def _decompressed(body: bytes, headers: Mapping[str, str]) -> bytes:
    """Return at most 1 MiB of the decompressed body.

    The client asks the server not to compress the response, but some proxies compress the response anyway.
    """
    if headers.get("content-encoding", "").lower() not in ("gzip", "x-gzip", "deflate"):
        return body
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(body, MAX_BODY)
    except zlib.error:
        return b""
