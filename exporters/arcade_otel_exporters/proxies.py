"""Parse the address of a server, and find the proxy for requests to it.

``urllib.request`` can also find the proxy, but importing it would double the CPU time of a sender.
"""

import os
import socket
import sys
from collections.abc import Mapping

__all__ = ["Address", "parse_address", "proxy_before", "split_host"]

_PORTS = {"http": 80, "https": 443, "socks4": 1080, "socks4a": 1080, "socks5": 1080, "socks5h": 1080}
_MAX_PORT = 65535


class Address:
    """The address of a server or a proxy.

    Attributes:
        scheme: The scheme in lower case.
        host: The host name or IP address. An IPv6 address has no brackets, and a name with non-ASCII letters is IDNA-encoded.
        port: The port in the address, or else the default port of the scheme.
        path: The path without the query, or "".
        user, password: The user name and the password from the address, percent-decoded, or None if the address contains none.
    """

    __slots__ = ("host", "password", "path", "port", "scheme", "user")

    def __init__(self, scheme: str, host: str, port: int, path: str, user: str | None, password: str | None) -> None:
        self.scheme = scheme
        self.host = host
        self.port = port
        self.path = path
        self.user = user
        self.password = password

    @property
    def authority(self) -> str:
        """The value of a ``Host`` header: ``host:port``, or only ``host`` if the port is the scheme's default."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def endpoint(self) -> str:
        """The target of a CONNECT request: ``host:port``."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(url: str) -> Address:
    """Parse ``url``, the address of a server or proxy.

    Raises:
        ValueError: If ``url`` is not an address, or contains characters that are not allowed in the head of a request.
    """
    scheme, separator, rest = url.strip().partition("://")
    scheme = scheme.lower()
    if not separator or scheme not in _PORTS:
        raise ValueError("no address of a known scheme")
    netloc = rest
    for mark in "/?#":
        netloc = netloc.partition(mark)[0]
    path = rest[len(netloc) :].partition("?")[0].partition("#")[0]
    credentials, at, hostport = netloc.rpartition("@")
    user: str | None = None
    password: str | None = None
    if at:
        name, colon, secret = credentials.partition(":")
        user, password = _unquote(name), _unquote(secret) if colon else None
    host, port = split_host(hostport)
    if not host.isascii():
        host = host.encode("idna").decode("ascii")
    if not host or not (host + path).isascii() or not (host + path).isprintable() or " " in host + path:
        raise ValueError("no address")
    return Address(scheme, host.lower(), port or _PORTS[scheme], path, user, password)


def split_host(text: str) -> tuple[str, int]:
    """Split ``host``, ``host:port``, ``[::1]`` or ``[::1]:port`` into the host and the port.

    If there is no port, return 0 as the port.

    Raises:
        ValueError: If the port is not a number from 1 to 65535.
    """
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        port = rest[1:] if rest.startswith(":") else ""
    elif text.count(":") > 1:
        host, port = text, ""  # an IPv6 address without brackets, as NO_PROXY has it
    else:
        host, _, port = text.partition(":")
    if not port:
        return host, 0
    if not (port.isascii() and port.isdigit()) or not 0 < int(port) <= _MAX_PORT:
        raise ValueError("no port")
    return host, int(port)


def _unquote(text: str) -> str:
    if "%" not in text:
        return text
    from urllib.parse import unquote  # only for a password with unusual characters

    return unquote(text)


def proxy_before(server: Address, environ: Mapping[str, str] | None = None) -> Address | None:
    """Return the proxy to use for a request to ``server``, or None if there is no proxy.

    The function reads the variables ``http_proxy``, ``https_proxy``, ``all_proxy`` and ``no_proxy``, in lower or upper case.
    Lower case takes precedence. In a CGI program, ``HTTP_PROXY`` is ignored, because it may come from a header of a visitor's
    request ("httpoxy", CVE-2016-5385). If no proxy variable is set, the function uses the proxy settings of macOS or Windows, as
    ``urllib`` does.

    Raises:
        ValueError: If the value of a variable is not the address of a proxy.
    """
    environ = os.environ if environ is None else environ
    found = _variable(environ, f"{server.scheme}_proxy") or _variable(environ, "all_proxy")
    if found:
        if _is_exempt(server, _variable(environ, "no_proxy")):
            return None
    elif not any(name.lower().endswith("_proxy") for name in environ):
        found = _systems_proxy(server)
    if not found:
        return None
    return parse_address(found if "://" in found else f"http://{found}")


def _variable(environ: Mapping[str, str], name: str) -> str:
    upper = "" if name == "http_proxy" and "REQUEST_METHOD" in environ else environ.get(name.upper(), "")
    return (environ.get(name, "") or upper).strip()


def _systems_proxy(server: Address) -> str:
    """Return the proxy for ``server`` from the settings of macOS or Windows, or "" if there is none.

    On systems other than macOS and Windows, return "" without importing ``urllib.request``.
    """
    if sys.platform == "darwin":
        import _scproxy

        if not _scproxy._get_proxies():  # noqa: SLF001 - what urllib.request calls; its import is dear
            return ""
    elif sys.platform != "win32":
        return ""
    from urllib.request import getproxies, proxy_bypass

    proxies = getproxies()
    found = proxies.get(server.scheme) or proxies.get("all") or ""
    return "" if not found or proxy_bypass(server.host) else str(found)


def _is_exempt(server: Address, no_proxy: str) -> bool:
    """Return whether ``NO_PROXY`` names the server.

    An entry of ``NO_PROXY`` can be:

    * ``*``, which stands for all servers.
    * A domain, with or without a leading dot, including its sub-domains.
    * A host with a port, as in ``host:port``.
    * An IP address. An IPv6 address may be in brackets.
    * A network, for example ``10.0.0.0/8``.
    """
    number = _number(server.host)
    for entry in no_proxy.replace(",", " ").split():
        if entry == "*":
            return True
        if number is not None and "/" in entry:
            if _contains(entry, number):
                return True
            continue
        try:
            name, port = split_host(entry.lower().removeprefix("*"))
        except ValueError:
            continue
        if port and port != server.port:
            continue
        if number is not None:
            if _number(name) == number:
                return True
        elif name.strip(".") and (server.host.rstrip(".") == name.strip(".") or server.host.endswith(f".{name.strip('.')}")):
            return True
    return False


def _number(host: str) -> tuple[int, int] | None:
    """Return the IP address ``host`` as an integer, and its length in bits. Return None if ``host`` is not an IP address."""
    for family in (socket.AF_INET6,) if ":" in host else (socket.AF_INET,):
        try:
            packed = socket.inet_pton(family, host)
        except (OSError, ValueError):
            return None
        return int.from_bytes(packed, "big"), 8 * len(packed)
    return None


def _contains(network: str, number: tuple[int, int]) -> bool:
    base, _, length = network.partition("/")
    found = _number(base.strip("[]"))
    if found is None or found[1] != number[1] or not (length.isascii() and length.isdigit()) or int(length) > number[1]:
        return False
    shift = number[1] - int(length)
    return found[0] >> shift == number[0] >> shift
