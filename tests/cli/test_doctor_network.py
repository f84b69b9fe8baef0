"""``usage doctor`` finds the proxy, the trusted certificates and a copied directory as a run does, one line for each."""

import json
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from arcade_otel.cli.doctor import network
from arcade_otel.testing import FakePostHog, refused_port
from tests.support.machine import Machine
from tests.support.programs import CLICK, with_usage
from tests.support.terminals import Proxy, TlsFront, certified

Lines = dict[str, dict[str, Any]]


@pytest.fixture
def host(machine: Machine) -> Machine:
    """A computer whose program has the usage commands, and has run once."""
    machine.program("cli", with_usage(CLICK))
    assert machine.run("hello", program="cli").returncode == 0
    machine.settle()
    return machine


def doctor(machine: Machine, **environ: str | None) -> tuple[int, Lines]:
    """Return the exit code of ``doctor``, and its lines by their names."""
    ended: subprocess.CompletedProcess[str] = machine.run("usage", "doctor", "--json", program="cli", environ=environ)
    assert ended.stderr == ""
    # The name of the lane has a hash of the project key.
    return ended.returncode, {line["name"].partition("@")[0]: line for line in json.loads(ended.stdout)["checks"]}


@pytest.fixture
def tls(host: Machine, posthog: FakePostHog) -> Iterator[str]:
    """The fake PostHog over https, with a certificate authority that this machine does not know. Yield the authority's bundle."""
    context, bundle = certified(host.root)
    with TlsFront(context, int(posthog.url.rpartition(":")[2])) as front:
        host.environ["ARCADE_USAGE_POSTHOG_HOST"] = front.url
        yield str(bundle)


@pytest.mark.parametrize("exempt", ["127.0.0.0/8", "127.0.0.1", "localhost 127.0.0.1", "*"])
def test_a_host_that_no_proxy_exempts_has_no_proxy(host: Machine, exempt: str) -> None:
    """A network in ``NO_PROXY`` counts, too. The sender uses no proxy, the event arrives, and ``doctor`` reports no proxy."""
    with refused_port() as port:
        code, lines = doctor(host, HTTP_PROXY=f"http://127.0.0.1:{port}", NO_PROXY=exempt)
    assert (code, lines["delivery posthog"]["ok"]) == (0, True)
    assert lines["proxy"]["ok"] is True
    assert lines["proxy"]["detail"].startswith("none before http://127.0.0.1:")


def test_a_host_beside_the_network_that_no_proxy_exempts_has_the_proxy(host: Machine) -> None:
    """No proxy listens, so nothing is delivered, and the line ``proxy`` fails with a remedy."""
    with refused_port() as port:
        code, lines = doctor(host, HTTP_PROXY=f"http://127.0.0.1:{port}", NO_PROXY="10.0.0.0/8 [::1]")
    assert (code, lines["delivery posthog"]["ok"]) == (1, False)
    assert lines["proxy"]["ok"] is False
    assert f"http://127.0.0.1:{port} does not answer" in lines["proxy"]["detail"]
    assert "exempt the host by NO_PROXY" in lines["proxy"]["remedy"]


def test_a_proxy_with_an_https_address_fails_in_the_line_of_the_proxy(host: Machine) -> None:
    """The sender does not speak https to a proxy, so nothing is delivered."""
    code, lines = doctor(host, HTTP_PROXY="https://127.0.0.1:9", NO_PROXY="")
    assert (code, lines["delivery posthog"]["ok"]) == (1, False)
    assert lines["proxy"]["ok"] is False
    assert "use the proxy's http address" in lines["proxy"]["remedy"]


class ProxyWithPassword(Proxy):
    """A proxy that refuses each request without credentials."""

    def serve(self, client: socket.socket) -> None:
        """Serve one connection."""
        with client:
            if b"Proxy-Authorization: Basic " in client.recv(65536, socket.MSG_PEEK):
                super().serve(client)
                return
            client.recv(65536)  # an unread request would reset the connection and lose the answer
            client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")


def test_a_proxy_that_wants_a_password_is_named_as_the_cause(host: Machine, tls: str) -> None:
    """The proxy answers, so its own line does not fail: the remedy is in the line of the delivery, and it works."""
    with ProxyWithPassword() as proxy:
        code, lines = doctor(host, HTTPS_PROXY=proxy.url, NO_PROXY="", SSL_CERT_FILE=tls)
        assert (code, lines["delivery posthog"]["ok"]) == (1, False)
        assert "HTTP 407" in lines["delivery posthog"]["detail"]
        assert "http://user:password@host:port" in lines["delivery posthog"]["remedy"]
        named = proxy.url.replace("http://", "http://user:password@")
        _, lines = doctor(host, HTTPS_PROXY=named, NO_PROXY="", SSL_CERT_FILE=tls)
        assert lines["delivery posthog"]["ok"] is True


def test_directories_of_certificates_are_looked_up_one_by_one(host: Machine, tls: str) -> None:
    """``SSL_CERT_DIR`` can name several directories. The line names the one that does not exist."""
    assert tls
    (host.root / "certificates").mkdir()
    _, lines = doctor(host, SSL_CERT_DIR=f"{host.root}/certificates{os.pathsep}{host.root}/nowhere")
    assert f"SSL_CERT_DIR={host.root}/nowhere does not exist" in lines["certificate"]["detail"]
    assert f"{host.root}/certificates" not in lines["certificate"]["detail"]


def test_an_address_of_a_proxy_that_makes_no_sense_fails_in_the_line_of_the_proxy(host: Machine) -> None:
    """With such an address, nothing can be delivered."""
    code, lines = doctor(host, HTTP_PROXY="http://127.0.0.1:no-port", NO_PROXY="")
    assert (code, lines["delivery posthog"]["ok"]) == (1, False)
    assert lines["proxy"]["ok"] is False
    assert "HTTP_PROXY" in lines["proxy"]["remedy"]


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_bundle_that_is_not_there_fails_in_the_line_of_the_certificate(host: Machine, tls: str, variable: str) -> None:
    """Without the bundle, the machine's own certificates count, which do not contain the server's authority.

    With the bundle, everything works.
    """
    code, lines = doctor(host, **{variable: f"{host.root}/nowhere.pem"})
    assert (code, lines["delivery posthog"]["ok"]) == (1, False)
    assert lines["certificate"]["ok"] is False
    assert f"{variable}={host.root}/nowhere.pem does not exist" in lines["certificate"]["detail"]
    assert lines["certificate"]["remedy"] == f"correct or unset {variable}."
    host.settle()  # a sender that still has the other bundle
    host.time_passes()
    assert host.run("usage", "flush", program="cli", environ={variable: tls}).returncode == 0
    code, lines = doctor(host, **{variable: tls})
    assert (code, lines["delivery posthog"]["ok"], lines["certificate"]["ok"]) == (0, True, True)
    assert lines["certificate"]["detail"] == f"trusted by the certificates of {variable}"


def test_an_authority_that_the_machine_does_not_know_fails_in_the_line_of_the_certificate(host: Machine, tls: str) -> None:
    """For example, a company's proxy may sign certificates itself."""
    assert tls
    code, lines = doctor(host)
    assert (code, lines["delivery posthog"]["ok"]) == (1, False)
    assert lines["certificate"]["ok"] is False
    assert "SSL_CERT_FILE" in lines["certificate"]["remedy"]


def test_a_copied_directory_is_named_until_a_command_has_taken_an_id_of_its_own(host: Machine) -> None:
    """The original directory keeps its ID, and its line names only the file."""
    assert doctor(host)[1]["identity"]["detail"] == str(host.config_dir / "usage.json")
    copy = host.root / "copy"
    shutil.copytree(host.config_dir, copy, symlinks=True)
    environ = {"ARCADE_WORK_DIR": str(copy)}
    line = doctor(host, **environ)[1]["identity"]
    assert line["ok"] is True
    assert line["detail"] == f"{copy}/usage.json, copied from elsewhere; the next command takes an anonymous ID of its own"
    assert host.run("hello", program="cli", environ=environ).returncode == 0
    host.settle()
    assert doctor(host, **environ)[1]["identity"]["detail"] == f"{copy}/usage.json"


@pytest.mark.parametrize(("minutes", "ok"), [(4, True), (-4, True), (6, False), (-6, False)])
def test_a_clock_that_differs_by_more_than_five_minutes_fails_in_the_line_of_the_clock(minutes: int, ok: bool) -> None:  # noqa: FBT001
    """The clock is compared with the date of the server's answer."""

    class Server(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response_only(200)
            self.send_header("Date", formatdate(time.time() - 60 * minutes, usegmt=True))
            self.end_headers()

    with HTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            checks = network.check_network(f"http://127.0.0.1:{server.server_port}", delivered=False)
        finally:
            server.shutdown()
    (clock,) = (check for check in checks if check.name == "clock")
    assert (clock.ok, bool(clock.remedy)) == (ok, not ok)
    assert ("ahead of" if minutes > 0 else "behind") in clock.detail


def test_no_handshake_is_tried_without_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """A DNS look-up has no time limit of its own, so the check of the certificate makes no look-up."""
    looked_up: list[str] = []

    def none(name: str, *_: object) -> None:
        looked_up.append(threading.current_thread().name)
        raise socket.gaierror(socket.EAI_NONAME, f"no {name}")

    monkeypatch.setattr(socket, "getaddrinfo", none)
    lines = {check.name: check for check in network.check_network("https://posthog.invalid", delivered=False)}
    assert (lines["DNS"].ok, lines["connection"].ok, lines["certificate"].ok) == (False, None, None)
    assert threading.main_thread().name not in looked_up
