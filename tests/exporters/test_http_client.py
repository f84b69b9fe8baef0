"""The HTTP client against good and hostile servers: what is limited, what is kept, and what never leaves the machine."""

import contextlib
import gzip
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import certifi
import pytest

from arcade_otel.testing import blackhole, refused_port
from arcade_otel_exporters import http_client
from arcade_otel_exporters.dialing import connect_first
from arcade_otel_exporters.http_client import HttpClient, NoReplyError
from arcade_otel_exporters.proxies import parse_address, proxy_before
from arcade_otel_exporters.tls import Trust
from tests.support.raw_server import GOOD, HOSTILE, RawServer, Script
from tests.support.terminals import Proxy, TlsFront, certified


@pytest.fixture
def serve() -> Iterator[Callable[[Script], RawServer]]:
    """Start a server that answers as its script says. A script that returns ``"close"`` closes the connection."""
    made: list[RawServer] = []

    def start(script: Script) -> RawServer:
        made.append(RawServer(script))
        return made[-1]

    yield start
    for server in made:
        server.close()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of a user who has set neither proxies nor certificates."""
    for name in list(os.environ):
        if name.upper().endswith("_PROXY") or name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            monkeypatch.delenv(name)


def post(url: str, client: HttpClient | None = None, *, body: bytes = b"{}", seconds: float = 5.0) -> http_client.HttpReply:
    with contextlib.ExitStack() as stack:
        client = client or stack.enter_context(contextlib.closing(HttpClient()))
        return client.post(url, {"Content-Type": "application/json"}, body, seconds)


@pytest.fixture
def client() -> Iterator[HttpClient]:
    """A client that keeps its connections for as long as the test runs."""
    with contextlib.closing(HttpClient()) as made:
        yield made


def test_a_connection_is_kept_for_the_next_request(serve: Callable[[Script], RawServer], client: HttpClient) -> None:
    server = serve(lambda client, _: client.sendall(GOOD))
    for _ in range(3):
        assert post(server.url, client).body == b'{"status":"Ok"}'
    assert (len(server.heads), server.connections) == (3, 1)


def test_a_kept_connection_that_the_server_has_closed_is_opened_again(
    serve: Callable[[Script], RawServer], client: HttpClient
) -> None:
    def script(client: socket.socket, _: bytes) -> str:
        client.sendall(GOOD)
        return "close"

    server = serve(script)
    for _ in range(3):
        assert post(server.url, client).status == 200
    assert server.connections == 3


def test_a_request_holds_nothing_but_what_it_needs(
    serve: Callable[[Script], RawServer], client: HttpClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request has no cookie that a server set, no password of ``~/.netrc``, and no credentials except a proxy's."""
    (tmp_path / ".netrc").write_text("default login alice password hunter2\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    server = serve(lambda client, _: client.sendall(GOOD.replace(b"OK\r\n", b"OK\r\nSet-Cookie: track=me\r\n")))
    for _ in range(2):
        post(server.url, client)
    for head in server.heads:
        names = [line.partition(b":")[0].decode() for line in head.split(b"\r\n")[1:]]
        assert sorted(names) == ["Accept-Encoding", "Content-Length", "Content-Type", "Host"]


def test_a_redirect_is_an_answer_like_any_other(serve: Callable[[Script], RawServer]) -> None:
    other = serve(lambda client, _: client.sendall(GOOD))
    head = f"HTTP/1.1 307 Elsewhere\r\nLocation: {other.url}\r\nContent-Length: 0\r\n\r\n".encode()
    server = serve(lambda client, _: client.sendall(head))
    assert post(server.url).status == 307
    assert other.heads == []


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;ext=1\r\nde\r\n0\r\nTrailer: x\r\n\r\n", b"abcde"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", b"ab"),
        (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", b"until the end"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 200\r\ncontent-length:2\r\n\r\nab", b"ab"),
        (b"HTTP/1.1 200 OK\nContent-Length: 2\n\nab", b"ab"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"unasked", mtime=0), b"unasked"),
    ],
)
def test_each_way_to_end_an_answer_is_understood(serve: Callable[[Script], RawServer], answer: bytes, body: bytes) -> None:
    def script(client: socket.socket, _: bytes) -> str:
        client.sendall(answer)
        return "close"

    assert post(serve(script).url).body == body


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.9\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 two OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 20,
    ],
)
def test_what_is_no_answer_is_none(serve: Callable[[Script], RawServer], answer: bytes) -> None:
    def script(client: socket.socket, _: bytes) -> str:
        client.sendall(answer)
        return "close"

    with pytest.raises(NoReplyError, match="no answer"):
        post(serve(script).url)


#: Posts from a process of its own, whose largest memory is nobody else's.
_CLIENT = """
import resource, sys, time
from arcade_otel_exporters import dialing, http_client
before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
try:
    size = len(http_client.HttpClient().post(sys.argv[1], {}, b"{}", 1.5).body)
except http_client.NoReplyError:
    size = 0
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, time.monotonic() - began, size)
"""


@pytest.mark.parametrize("what", HOSTILE)
def test_no_server_takes_more_than_a_bound_of_time_and_memory(serve: Callable[[Script], RawServer], what: str) -> None:
    server = serve(HOSTILE[what])
    ended = subprocess.run([sys.executable, "-c", _CLIENT, server.url], capture_output=True, text=True, timeout=60, check=True)
    kibibytes, seconds, size = map(float, ended.stdout.split())
    assert len(server.heads) == 1
    assert kibibytes < 24 * 1024
    assert seconds < 4
    assert size <= http_client.MAX_BODY


def test_a_server_that_refuses_before_it_has_read_everything_is_understood() -> None:
    """The server answers 413, and resets the connection during the rest of the request."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def refuse() -> None:
            client, _ = listener.accept()
            with client:
                client.recv(1024)
                client.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                client.shutdown(socket.SHUT_WR)
                time.sleep(0.5)

        thread = threading.Thread(target=refuse)
        thread.start()
        try:
            status = post(f"http://127.0.0.1:{listener.getsockname()[1]}/", body=os.urandom(30_000_000)).status
        except NoReplyError:
            status = 413  # the reset came first, which TCP allows: the events stay
        thread.join()
        assert status == 413


# --- where to ---------------------------------------------------------------------------------------------------------------


def _address(url: str, family: int = socket.AF_INET) -> tuple[int, int, int, str, tuple[str, int]]:
    address = parse_address(url)
    return (family, socket.SOCK_STREAM, 6, "", (address.host, address.port))


def test_an_address_that_swallows_packets_holds_up_the_next_for_a_moment(serve: Callable[[Script], RawServer]) -> None:
    """For example, a name may have an AAAA record of a broken network and a working A record."""
    server = serve(lambda client, _: client.sendall(GOOD))
    with blackhole() as url:
        began = time.monotonic()
        with connect_first([_address(url), _address(url), _address(server.url)], began + 5) as connected:
            assert connected.getpeername()[1] == server.port
        assert time.monotonic() - began < 2


def test_an_address_that_refuses_holds_up_the_next_not_at_all(serve: Callable[[Script], RawServer]) -> None:
    server = serve(lambda client, _: client.sendall(GOOD))
    unroutable = (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("100::1", 9, 0, 0))  # RFC 6666: packets to it are discarded
    with refused_port() as port:
        refused = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))
        with connect_first([unroutable, refused, _address(server.url)], time.monotonic() + 5) as connected:
            assert connected.getpeername()[1] == server.port
        with pytest.raises(ConnectionRefusedError):
            connect_first([refused, refused], time.monotonic() + 5)


def test_a_slow_first_address_wins_if_no_other_answers(serve: Callable[[Script], RawServer]) -> None:
    """The client does not give the first address up when it tries the next one."""
    server = serve(lambda client, _: client.sendall(GOOD))
    with blackhole() as url, connect_first([_address(server.url), _address(url)], time.monotonic() + 5) as connected:
        assert connected.getpeername()[1] == server.port
    with blackhole() as url, pytest.raises(TimeoutError):
        connect_first([_address(url)], time.monotonic() + 0.6)


def test_a_name_that_does_not_exist_is_a_reason_in_words() -> None:
    with pytest.raises(NoReplyError, match=r"its name (is unknown|was not looked up)"):
        post("http://no-such-host.invalid/batch/", seconds=3)


@pytest.mark.parametrize(
    "url",
    ["", "posthog.com", "ftp://host/", "http://", "http://ho st/", "http://host:port/", "http://h\r\nX: y/", "http://h/\r\nX: y"],
)
def test_what_is_no_address_is_never_asked(url: str) -> None:
    with pytest.raises(NoReplyError):
        post(url)


@pytest.mark.parametrize(
    ("no_proxy", "url", "exempt"),
    [
        ("*", "http://example.com", True),
        ("example.com", "http://example.com", True),
        ("example.com", "http://eu.example.com", True),
        (".example.com", "http://eu.example.com", True),
        ("*.example.com", "http://eu.example.com", True),
        ("example.com", "http://notexample.com", False),
        ("a.com, EXAMPLE.com", "http://example.COM", True),
        ("example.com:8000", "http://example.com:8000", True),
        ("example.com:8000", "http://example.com", False),
        ("10.0.0.0/8", "http://10.1.2.3", True),
        ("10.0.0.0/8", "http://11.1.2.3", False),
        ("10.0.0.0/8", "http://10.example.com", False),
        ("0.0.0.0/0", "http://11.1.2.3", True),
        ("10.1.2.3", "http://10.1.2.3:99", True),
        ("[::1]", "http://[::1]:8000", True),
        ("::1", "http://[0:0::1]:8000", True),
        ("[::1]:8000", "http://[::1]:8000", True),
        ("[::1]:8000", "http://[::1]:8001", False),
        ("fd00::/8", "http://[fd12::1]", True),
        ("[fd00::]/8", "http://[fe12::1]", False),
        ("10.0.0.0/99", "http://10.0.0.1", False),
        ("nonsense/8, host:port,,", "http://10.0.0.1", False),
        ("", "http://example.com", False),
    ],
)
def test_no_proxy_means_what_it_means_to_others(no_proxy: str, url: str, *, exempt: bool) -> None:
    environ = {"http_proxy": "http://proxy:3128", "no_proxy": no_proxy}
    assert (proxy_before(parse_address(url), environ) is None) is exempt


@pytest.mark.parametrize(
    ("environ", "url", "expected"),
    [
        ({}, "https://h", None),
        ({"HTTPS_PROXY": "http://p:1"}, "https://h", "p:1"),
        ({"HTTPS_PROXY": "http://p:1"}, "http://h", None),
        ({"https_proxy": "http://lower:1", "HTTPS_PROXY": "http://upper:1"}, "https://h", "lower:1"),
        ({"ALL_PROXY": "socks5h://p"}, "https://h", "p:1080"),
        ({"all_proxy": "p:3128", "HTTP_PROXY": "q"}, "http://h", "q:80"),
        ({"HTTP_PROXY": "http://p", "REQUEST_METHOD": "GET"}, "http://h", None),
        ({"http_proxy": "http://[::1]:8", "REQUEST_METHOD": "GET"}, "http://h", "[::1]:8"),
    ],
)
def test_the_proxy_is_the_variables(environ: dict[str, str], url: str, expected: str | None) -> None:
    proxy = proxy_before(parse_address(url), environ)
    assert (None if proxy is None else proxy.endpoint) == expected


def test_a_proxy_gets_its_credentials_and_the_server_does_not(
    serve: Callable[[Script], RawServer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(lambda client, _: client.sendall(GOOD))
    context, bundle = certified(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    with Proxy() as proxy, TlsFront(context, server.port) as front:
        address = proxy.url.replace("http://", "http://us%40er:p%3Ass@")
        for name in ("http_proxy", "https_proxy"):
            monkeypatch.setenv(name, address)
        expected = b"Proxy-Authorization: Basic dXNAZXI6cDpzcw=="
        assert post(f"{front.url}/batch/").status == 200
        assert expected in proxy.heads[0]
        assert b"Authorization" not in server.heads[0]
        post(server.url)
        assert expected in proxy.heads[1]


def test_a_proxy_that_says_no_is_a_reason_in_words(serve: Callable[[Script], RawServer], monkeypatch: pytest.MonkeyPatch) -> None:
    def forbid(client: socket.socket, _: bytes) -> str:
        client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        return "close"

    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            client, _ = listener.accept()
            client.recv(65536)
            forbid(client, b"")
            client.close()

        thread = threading.Thread(target=answer)
        thread.start()
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{listener.getsockname()[1]}")
        with pytest.raises(NoReplyError, match=r"the proxy answered HTTP 407 \(ProxyError\)"):
            post("https://example.invalid/batch/")
        thread.join()
    with refused_port() as port:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
        with pytest.raises(NoReplyError, match="the proxy cannot be reached"):
            post("https://example.invalid/batch/")


def _socks_server(listener: socket.socket, asked: list[bytes]) -> None:
    client, _ = listener.accept()
    methods = client.recv(2)[1]
    client.recv(methods)
    client.sendall(b"\x05\x00")
    client.recv(4)
    name = client.recv(client.recv(1)[0])
    port = int.from_bytes(client.recv(2), "big")
    asked.append(name + b":" + str(port).encode())
    upstream = socket.create_connection(("127.0.0.1", port))
    client.sendall(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00")
    for source, target in ((client, upstream), (upstream, client)):
        threading.Thread(target=_copy, args=(source, target), daemon=True).start()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)


def test_a_socks_proxy_is_used_and_looks_the_name_up_itself(
    serve: Callable[[Script], RawServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """This needs PySocks. Without it, the reason of the failure says so."""
    server = serve(lambda client, _: client.sendall(GOOD))
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_socks_server, args=(listener, asked), daemon=True).start()
        monkeypatch.setenv("ALL_PROXY", f"socks5h://127.0.0.1:{listener.getsockname()[1]}")
        assert post(f"http://only-the-proxy-knows.invalid:{server.port}/batch/").status == 200
    assert asked == [b"only-the-proxy-knows.invalid:%d" % server.port]
    monkeypatch.setitem(sys.modules, "socks", None)
    with pytest.raises(NoReplyError, match="PySocks is not installed"):
        post(server.url)


# --- certificates -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_a_bundle_of_the_users_is_trusted_and_no_stranger_is(
    serve: Callable[[Script], RawServer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    server = serve(lambda client, _: client.sendall(GOOD))
    context, bundle = certified(tmp_path)
    with TlsFront(context, server.port) as front:
        with pytest.raises(NoReplyError, match="SSLCertVerificationError"):
            post(f"{front.url}/batch/")
        assert server.heads == []
        if variable == "SSL_CERT_DIR":
            directory = tmp_path / "certificates"
            directory.mkdir()
            (directory / bundle.name).write_bytes(bundle.read_bytes())
            subprocess.run(["openssl", "rehash", str(directory)], check=True, timeout=60)
            bundle = directory
        monkeypatch.setenv(variable, str(bundle))
        assert post(f"{front.url}/batch/").status == 200
        with pytest.raises(NoReplyError, match="SSLCertVerificationError"):
            post(front.url.replace("localhost", "127.0.0.1"))


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_a_bundle_that_points_nowhere_is_told_and_the_machines_own_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    log = tmp_path / "log"
    monkeypatch.setenv("ARCADE_USAGE_DEBUG", str(log))
    for path in (tmp_path / "missing", tmp_path / "broken"):
        (tmp_path / "broken").write_text("no certificate")
        trust = Trust({variable: str(path)})
        default = Trust({})
        assert trust.context().cert_store_stats() == default.context().cert_store_stats()
        assert trust.widen() == default.widen()
        assert trust.context().cert_store_stats() == default.context().cert_store_stats()
    if variable != "SSL_CERT_DIR":  # OpenSSL looks into a directory when it is asked for a certificate
        assert f"{variable} cannot be read" in log.read_text()


@pytest.mark.parametrize(("authority", "read"), [("ISRG Root X1", "part"), ("Nobody knows it", "all")])
def test_a_large_bundle_is_read_whole_only_for_a_server_that_needs_it(
    serve: Callable[[Script], RawServer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, authority: str, read: str
) -> None:
    """Parsing the whole bundle costs six starts of a bare Python.

    An unknown server is not trusted more than with the whole bundle.
    """
    server = serve(lambda client, _: client.sendall(GOOD))
    context, mine = certified(tmp_path, authority)
    bundle = tmp_path / "large.pem"
    bundle.write_bytes(Path(certifi.where()).read_bytes() + mine.read_bytes())
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    with TlsFront(context, server.port) as front, contextlib.closing(HttpClient()) as client:
        assert post(f"{front.url}/batch/", client).status == 200
        assert client._trust is not None
        trusted = client._trust.context().cert_store_stats()["x509_ca"]
        assert trusted < 30 if read == "part" else trusted > 100
    stranger, _ = certified(tmp_path / "other", authority)
    with TlsFront(stranger, server.port) as front, pytest.raises(NoReplyError, match="SSLCertVerificationError"):
        post(f"{front.url}/batch/")
    assert len(server.heads) == 1
