"""Check the network path to PostHog: the proxy, DNS for IPv4 and IPv6, the connection, the certificate and the clock.

Only the delivery of a test event (``trial``) shows whether events arrive. If the test event does not arrive, these checks help
to find the step that fails. The checks use the sender's own code to find the proxy and the trusted certificates.
"""

import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.request import HTTPRedirectHandler, Request, build_opener

from arcade_otel import exporters
from arcade_otel.cli.doctor.check import Check

if TYPE_CHECKING:
    from arcade_otel.exporters import Address

__all__ = ["check_network"]

_SECONDS = 4.0
#: A larger difference is reported, because certificates and the age of queued events depend on the clock.
MAX_CLOCK_DIFFERENCE_SECONDS = 300
_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
_NO_PROXY_ADDRESS = "the proxy's address cannot be understood"
_FAMILIES = ((socket.AF_INET, "IPv4"), (socket.AF_INET6, "IPv6"))


def check_network(host: str, *, delivered: bool) -> list[Check]:
    """Check the network path to ``host``, and return the results.

    Args:
        host: PostHog's address, ``http(s)://…``.
        delivered: Whether the sender has delivered the test event to ``host``. After a delivery, every check except ``clock``
            passes, and only describes the network path.
    """
    server = exporters.parse_address(host)
    proxy, checks = _check_proxy(host, server, delivered=delivered)
    addresses: list[Any] = []
    if proxy is None:
        addresses, dns = _check_dns(server.host, server.port, delivered=delivered)
        checks += [dns, _check_connection(server.host, server.port, addresses, delivered=delivered)]
    if server.scheme == "https":
        checks.append(_check_certificate(server.host, server.port, direct=bool(addresses), delivered=delivered))
    checks.append(_check_clock(host))
    return checks


# --- proxy --------------------------------------------------------------------------------------------------------------------


def _check_proxy(host: str, server: "Address", *, delivered: bool) -> tuple["Address | None", list[Check]]:
    """Return the sender's proxy for ``server`` (None if there is none), and a list with the result of the check."""
    try:
        proxy = exporters.proxy_before(server)
    except ValueError:
        remedy = "correct HTTPS_PROXY, HTTP_PROXY or ALL_PROXY: http://host:port."
        return None, [Check("proxy", ok=delivered, detail=_NO_PROXY_ADDRESS, remedy="" if delivered else remedy)]
    if proxy is None:
        return None, [Check("proxy", ok=True, detail=f"none before {host}")]
    shown = f"{proxy.scheme}://{proxy.endpoint}"  # without its password
    if delivered:
        return proxy, [Check("proxy", ok=True, detail=f"{shown} before {host}")]
    if proxy.scheme == "https":
        remedy = "use the proxy's http address (HTTPS_PROXY=http://host:port), or exempt the host by NO_PROXY."
        detail = f"{shown}: the sender does not speak https to a proxy"
        return proxy, [Check("proxy", ok=False, detail=detail, remedy=remedy)]
    if proxy.scheme.startswith("socks") and not _has_socks():
        remedy = "install PySocks (pip install PySocks) with the program, use an HTTP proxy, or exempt the host by NO_PROXY."
        detail = f"{shown} is a SOCKS proxy, and the package PySocks is not installed"
        return proxy, [Check("proxy", ok=False, detail=detail, remedy=remedy)]
    failure = _connect([(proxy.host, proxy.port)])
    if failure:
        remedy = "correct HTTPS_PROXY, HTTP_PROXY or ALL_PROXY, or exempt the host by NO_PROXY."
        return proxy, [Check("proxy", ok=False, detail=f"{shown} does not answer: {failure}", remedy=remedy)]
    return proxy, [Check("proxy", ok=None, detail=f"{shown} before {host} answers; whether it forwards events is not known")]


def _has_socks() -> bool:
    from importlib.util import find_spec

    return find_spec("socks") is not None


# --- DNS and connection -------------------------------------------------------------------------------------------------------


def _check_dns(name: str, port: int, *, delivered: bool) -> tuple[list[Any], Check]:
    """Look up the IPv4 and IPv6 addresses of the host ``name``. Return the addresses, and the result of the check."""
    addresses: list[Any] = []
    words = []
    for family, label in _FAMILIES:
        found, failure = _in_time(lambda family=family: socket.getaddrinfo(name, port, family, socket.SOCK_STREAM))  # type: ignore[misc]
        addresses += found or []
        words.append(f"{label}: {len(found)} found" if found else f"{label}: none ({failure})")
    detail = f"{name}: {', '.join(words)}"
    if addresses or delivered:
        return addresses, Check("DNS", ok=True, detail=detail)
    remedy = "check the network and the name server, and the host's spelling (ARCADE_USAGE_POSTHOG_HOST)."
    return addresses, Check("DNS", ok=False, detail=detail, remedy=remedy)


def _check_connection(name: str, port: int, addresses: Sequence[Any], *, delivered: bool) -> Check:
    """Connect to the IPv4 and IPv6 addresses of the host ``name``. The check passes if at least one connection works."""
    if not addresses:
        return Check("connection", ok=True if delivered else None, detail="no address to connect to")
    failures: dict[str, str] = {}
    for family, label in _FAMILIES:
        places = [address[4] for address in addresses if address[0] == family]
        if places:
            failures[label] = _connect(places, family)
    detail = ", ".join(f"{label}: {failure or 'connected'}" for label, failure in failures.items())
    if delivered or not all(failures.values()):
        return Check("connection", ok=True, detail=f"{name}:{port}: {detail}")
    remedy = "allow connections to this host and port in the firewall, or set HTTPS_PROXY."
    return Check("connection", ok=False, detail=f"{name}:{port}: {detail}", remedy=remedy)


def _connect(places: Sequence[Any], family: int | None = None) -> str:
    """Connect to the first address in ``places``. Return "" if the connection works, otherwise the error message."""

    def connect() -> None:
        if family is None:
            socket.create_connection(places[0], timeout=_SECONDS).close()
            return
        with socket.socket(family, socket.SOCK_STREAM) as connection:
            connection.settimeout(_SECONDS)
            connection.connect(places[0])

    return _in_time(connect)[1]


def _in_time(function: Callable[[], Any]) -> tuple[Any, str]:
    """Call ``function`` in a thread. Return the function's result and "", or None and the error message if it fails.

    Wait at most 5 s for the result, because a DNS look-up has no timeout.
    """
    outcome: list[tuple[Any, str]] = []

    def run() -> None:
        try:
            outcome.append((function(), ""))
        except (OSError, HTTPException, UnicodeError, ValueError) as error:
            outcome.append((None, getattr(error, "strerror", None) or type(error).__name__))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(_SECONDS + 1)
    return outcome[0] if outcome else (None, f"no answer in {_SECONDS:.0f} s")


# --- certificate and clock ----------------------------------------------------------------------------------------------------


def _check_certificate(name: str, port: int, *, direct: bool, delivered: bool) -> Check:
    """Report which certificates the sender trusts. If no proxy is used and the delivery failed, try a TLS handshake."""
    named = [(variable, os.environ[variable]) for variable in _BUNDLES if os.environ.get(variable, "").strip()]
    missing = [
        f"{variable}={path}"
        for variable, value in named
        for path in (value.split(os.pathsep) if variable == "SSL_CERT_DIR" else [value])
        if path and not os.path.exists(path)
    ]
    source = f"the certificates of {named[0][0]}" if named else "the machine's certificates"
    if delivered:
        note = f"; {', '.join(missing)} does not exist and is not used" if missing else ""
        return Check("certificate", ok=True, detail=f"trusted by {source if not missing else 'the certificates in use'}{note}")
    if not direct:
        note = f"; {', '.join(missing)} does not exist, so the machine's certificates count" if missing else ""
        return Check("certificate", ok=None, detail=f"not checked, because there is a proxy or no address{note}")
    trust = exporters.Trust()

    def shake_hands() -> None:
        with (
            socket.create_connection((name, port), timeout=_SECONDS) as connection,
            trust.context().wrap_socket(connection, server_hostname=name),
        ):
            pass

    failure = _handshake_failure(shake_hands)
    while failure and trust.widen():
        failure = _handshake_failure(shake_hands)
    note = f"; {', '.join(missing)} does not exist, so the machine's certificates count" if missing else ""
    if failure is None:
        return Check("certificate", ok=None, detail=f"no connection to check it on{note}")
    if failure and missing:
        remedy = f"correct or unset {missing[0].partition('=')[0]}."
        return Check("certificate", ok=False, detail=f"not trusted: {failure}{note}", remedy=remedy)
    if failure:
        remedy = "set SSL_CERT_FILE to a file with your authority's certificate, or correct the clock or the host."
        return Check("certificate", ok=False, detail=f"not trusted by {source}: {failure}", remedy=remedy)
    return Check("certificate", ok=True, detail=f"trusted by {source if not missing else 'the certificates in use'}{note}")


def _handshake_failure(shake_hands: Callable[[], None]) -> str | None:
    """Return why the TLS handshake failed, "" if it succeeded, or None if no connection could be made in time."""
    failure: str | None = _in_time(lambda: _tls_failure(shake_hands))[0]
    return failure


def _tls_failure(shake_hands: Callable[[], None]) -> str | None:
    try:
        shake_hands()
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    except ssl.SSLError as error:
        return error.reason or "TLS failed"
    except (OSError, ValueError):
        return None
    return ""


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Do not follow redirects, because only the clock of PostHog's server matters."""


def _check_clock(host: str) -> Check:
    """Compare the local clock with the ``Date`` header of the server's response."""

    def ask() -> str | None:
        from urllib.error import HTTPError

        opener = build_opener(_NoRedirect)
        try:
            with opener.open(Request(f"{host}/", method="HEAD"), timeout=_SECONDS) as answer:  # noqa: S310 - http or https
                return answer.headers.get("Date")  # type: ignore[no-any-return]
        except HTTPError as error:
            return error.headers.get("Date")

    date, _ = _in_time(ask)
    try:
        difference = time.time() - parsedate_to_datetime(date or "").timestamp()
    except (TypeError, ValueError):
        return Check("clock", ok=None, detail=f"{host} did not say what time it is")
    words = f"{abs(difference):.0f} s {'ahead of' if difference > 0 else 'behind'} {host}"
    if abs(difference) <= MAX_CLOCK_DIFFERENCE_SECONDS:
        return Check("clock", ok=True, detail=words)
    return Check("clock", ok=False, detail=words, remedy="set the machine's clock (on Linux: timedatectl set-ntp true).")
