"""Connect to a server within a time limit, which covers the name lookup, attempts over IPv4 and IPv6, the proxy and TLS."""

from __future__ import annotations

import os
import select
import socket
import threading
import time
from collections.abc import Callable, Sequence
from importlib import import_module

from arcade_otel_exporters.proxies import Address

TYPE_CHECKING = False  # type checkers know better; the module typing costs a sender a third of a bare Python
if TYPE_CHECKING:
    from typing import Any

    from arcade_otel_exporters.tls import Trust

__all__ = ["NoConnectionError", "connect_first", "dial", "in_time", "proxy_authorization", "time_left"]

#: Seconds after which the next address is tried, next to those that have not answered yet. Source: RFC 8305, "Happy Eyeballs",
#: section 5.
STAGGER_SECONDS = 0.25
_MAX_PROXY_HEAD = 65536


class NoConnectionError(Exception):
    """The name lookup, the proxy or TLS failed.

    The error message contains no key, no password and no part of an event.
    """


def time_left(deadline: float) -> float:
    """Return how many seconds remain until ``deadline``, a ``time.monotonic()`` value.

    Raises:
        TimeoutError: If the deadline has passed.
    """
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def dial(server: Address, proxy: Address | None, deadline: float, trust: Trust | None) -> socket.socket:
    """Return a connection to ``server``, through ``proxy`` if there is one, with TLS if the server's scheme is ``https``.

    Args:
        server: The address of the server.
        proxy: An HTTP proxy, a SOCKS proxy, or None. If the server's scheme is ``https``, the function opens a tunnel through an
            HTTP proxy (CONNECT). A SOCKS proxy needs the package PySocks.
        deadline: The time, by ``time.monotonic()``, at which the call must end.
        trust: The trusted certificates, which are needed for ``https``.

    Raises:
        NoConnectionError: If the name lookup, the proxy or TLS failed.
        TimeoutError: If the deadline has passed.
        OSError: If the server's certificate is not trusted, or the connection failed for any other reason.
    """
    if proxy is None:
        connection = _connect(server.host, server.port, deadline)
    elif proxy.scheme.startswith("socks"):
        connection = _connect_by_socks(server, proxy, deadline)
    elif proxy.scheme == "http":
        try:
            connection = _connect(proxy.host, proxy.port, deadline)
        except (NoConnectionError, OSError) as error:
            raise NoConnectionError(f"the proxy cannot be reached (ProxyError, {_name(error)})") from None
    else:
        raise NoConnectionError("a proxy that is spoken to by https (ProxyError)")
    try:
        if server.scheme == "https":
            if proxy is not None and proxy.scheme == "http":
                _open_tunnel(connection, server, proxy, deadline)
            return _wrap(connection, server, deadline, trust)
    except BaseException:
        connection.close()
        raise
    return connection


def _name(error: BaseException) -> str:
    return str(error) if isinstance(error, NoConnectionError) else type(error).__qualname__


def in_time(function: Callable[[], Any], deadline: float) -> Any:
    """Call ``function`` in a thread, wait at most until ``deadline``, and return its result.

    Raises:
        TimeoutError: If the deadline has passed.
    """
    outcome: list[tuple[Any, BaseException | None]] = []

    def run() -> None:
        try:
            outcome.append((function(), None))
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            outcome.append((None, error))

    thread = threading.Thread(target=run, name="arcade-otel look-up", daemon=True)
    thread.start()
    thread.join(time_left(deadline))
    if not outcome:
        raise TimeoutError
    value, error = outcome[0]
    if error is not None:
        raise error
    return value


def _resolve(host: str, port: int, deadline: float) -> list[tuple[Any, ...]]:
    """Return the addresses of a host, alternating between IPv4 and IPv6.

    The first address is the one that the operating system returns first.
    """
    try:
        # The name is passed as bytes, because for text Python imports a codec of internationalized names. ``parse_address`` has
        # encoded it.
        found = in_time(lambda: socket.getaddrinfo(host.encode("ascii"), port, type=socket.SOCK_STREAM), deadline)
    except TimeoutError:
        raise NoConnectionError("its name was not looked up in time (TimeoutError)") from None
    except (OSError, UnicodeError) as error:
        raise NoConnectionError(f"its name is unknown ({type(error).__qualname__})") from None
    families: dict[int, list[tuple[Any, ...]]] = {}
    for address in found:
        families.setdefault(address[0], []).append(address)
    mixed: list[tuple[Any, ...]] = []
    while families:
        for family in list(families):
            mixed.append(families[family].pop(0))
            if not families[family]:
                del families[family]
    return mixed


def _connect(host: str, port: int, deadline: float) -> socket.socket:
    return connect_first(_resolve(host, port, deadline), deadline)


def connect_first(found: Sequence[tuple[Any, ...]], deadline: float) -> socket.socket:
    """Return a socket that is connected to the first address that accepts the connection.

    If an address does not answer within a quarter of a second, the function also tries the next address.

    Args:
        found: Addresses in the form in which ``socket.getaddrinfo`` returns them.
        deadline: The time, by ``time.monotonic()``, at which the call must end.

    Raises:
        OSError: If no address accepts a connection in time.
    """
    addresses = list(found)
    pending: list[socket.socket] = []
    failure: OSError | None = None
    next_start = 0.0
    try:
        while addresses or pending:
            left = time_left(deadline)
            if addresses and (not pending or time.monotonic() >= next_start):
                started = _start(addresses.pop(0))
                if isinstance(started, OSError):
                    failure = started
                else:
                    pending.append(started)
                    next_start = time.monotonic() + STAGGER_SECONDS
                continue
            for ready in _wait(pending, min(left, max(0.0, next_start - time.monotonic())) if addresses else left):
                pending.remove(ready)
                number = ready.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if not number:
                    ready.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    return ready
                ready.close()
                failure = OSError(number, os.strerror(number))
                next_start = 0.0
    finally:
        for left_over in pending:
            left_over.close()
    raise failure or OSError("no address")


def _start(address: tuple[Any, ...]) -> socket.socket | OSError:
    family, kind, protocol, _, place = address
    try:
        started = socket.socket(family, kind, protocol)
    except OSError as error:
        return error
    started.setblocking(False)  # noqa: FBT003
    try:
        started.connect(place)
    except BlockingIOError:
        return started
    except OSError as error:
        started.close()
        return error
    return started


def _wait(pending: list[socket.socket], seconds: float) -> list[socket.socket]:
    """Wait for at most ``seconds``. Return the sockets that are connected or have failed."""
    if not hasattr(select, "poll"):
        _, writable, failed = select.select([], pending, pending, seconds)  # Windows reports a failure in the third list
        return list({*writable, *failed})
    poll = select.poll()  # select() knows no descriptor from 1,024 on
    by_descriptor = {each.fileno(): each for each in pending}
    for descriptor in by_descriptor:
        poll.register(descriptor, select.POLLOUT)
    return [by_descriptor[descriptor] for descriptor, _ in poll.poll(seconds * 1000)]


def _connect_by_socks(server: Address, proxy: Address, deadline: float) -> socket.socket:
    try:
        socks: Any = import_module("socks")  # which has no types
    except ImportError:
        raise NoConnectionError("a SOCKS proxy, for which the package PySocks is not installed (ProxyError)") from None

    def connect() -> socket.socket:
        connection = socks.socksocket()
        connection.set_proxy(
            socks.SOCKS4 if proxy.scheme.startswith("socks4") else socks.SOCKS5,
            proxy.host,
            proxy.port,
            # With socks5h and socks4a, the proxy looks the name up. With socks5 it does so here, too, because a local look-up
            # could leak the name.
            rdns=True,
            username=proxy.user,
            password=proxy.password,
        )
        connection.settimeout(time_left(deadline))
        connection.connect((server.host, server.port))
        return connection  # type: ignore[no-any-return]

    try:
        return in_time(connect, deadline)  # type: ignore[no-any-return]
    except socks.ProxyError as error:
        raise NoConnectionError(f"the SOCKS proxy does not let it through (ProxyError, {type(error).__qualname__})") from None


def _open_tunnel(connection: socket.socket, server: Address, proxy: Address, deadline: float) -> None:
    head = f"CONNECT {server.endpoint} HTTP/1.1\r\nHost: {server.endpoint}\r\n"
    credentials = proxy_authorization(proxy)
    if credentials:
        head += f"Proxy-Authorization: {credentials}\r\n"
    connection.settimeout(time_left(deadline))
    connection.sendall(f"{head}\r\n".encode("latin-1"))
    # The end is read byte by byte, because the bytes after the blank line belong to TLS.
    answer = b""
    while b"\r\n\r\n" not in answer:
        connection.settimeout(time_left(deadline))
        data = connection.recv(4096)
        if not data or len(answer) > _MAX_PROXY_HEAD:
            raise NoConnectionError("the proxy did not answer (ProxyError)")
        answer += data
    words = answer.split(b"\r\n", 1)[0].split()
    status = words[1].decode("latin-1") if len(words) > 1 else ""
    if not words[0].startswith(b"HTTP/") or not status.startswith("2"):
        known = f"HTTP {status}" if status.isascii() and status.isdigit() else "no HTTP"
        raise NoConnectionError(f"the proxy answered {known} (ProxyError)")


def proxy_authorization(proxy: Address) -> str | None:
    """Return the value of the header ``Proxy-Authorization``, or None if the proxy's address contains no credentials."""
    if proxy.user is None:
        return None
    import base64

    return f"Basic {base64.b64encode(f'{proxy.user}:{proxy.password or str()}'.encode()).decode('ascii')}"


def _wrap(connection: socket.socket, server: Address, deadline: float, trust: Trust | None) -> socket.socket:
    import ssl

    if trust is None:
        raise NoConnectionError("no certificates to trust (SSLError)")
    connection.settimeout(time_left(deadline))
    try:
        return trust.context().wrap_socket(connection, server_hostname=server.host)
    except ssl.SSLCertVerificationError:
        raise
    except ssl.SSLError as error:
        raise NoConnectionError(f"TLS failed (SSLError {error.reason or ''})".replace(" )", ")")) from None
    except ValueError:
        raise NoConnectionError("no name that a certificate can be for (SSLError)") from None
