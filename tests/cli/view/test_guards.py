"""Only the browser that was given the address sees the page: no other site, name or user. A slow client stops no other client."""

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from tests.cli.view.collected import Collected
from tests.cli.view.serving import SECONDS, Answer, Serving, read
from tests.support.machine import Machine
from tests.support.programs import read_program

CANARY = "canary-5f1c"
NAMES = ["", "page.js", "page.css", "icon.svg", "events.json"]


@pytest.fixture
def serving(machine: Machine) -> Iterator[Serving]:
    """A page with an event in it that no other program may see."""
    Collected(machine).sent(CANARY)
    with Serving(machine) as running:
        yield running


def test_whoever_has_the_address_gets_the_page_and_its_parts(serving: Serving) -> None:
    """Each part has its content type, is not cached, and is bound to its own origin."""
    kinds = []
    for name in NAMES:
        answer = serving.get(name)
        assert answer.status == 200, name
        assert len(answer.content) == int(answer.headers["Content-Length"])
        kinds.append(answer.headers["Content-Type"].partition(";")[0])
    assert kinds == ["text/html", "text/javascript", "text/css", "image/svg+xml", "application/json"]
    assert CANARY in serving.get("events.json").content.decode()
    assert serving.get(Host=f"localhost:{serving.port}").status == 200
    assert serving.get(Sec_Fetch_Site="none", Sec_Fetch_Mode="navigate").status == 200
    assert serving.get("events.json", Sec_Fetch_Site="same-origin", Origin=f"http://{serving.host}").status == 200


@pytest.mark.parametrize("status", [200, 308, 400, 403, 404, 405, 431])
def test_every_answer_carries_the_headers_that_bind_a_browser(serving: Serving, status: int) -> None:
    """Refusals have these headers, too."""
    asking: dict[int, Callable[[], Answer]] = {
        200: serving.get,
        308: lambda: serving.ask(f"GET {serving.path[:-1]} HTTP/1.1"),
        400: lambda: serving.say(b"what is this\r\n\r\n"),
        403: lambda: serving.get(Host="evil.example"),
        404: lambda: serving.get("nothing"),
        405: lambda: serving.ask(f"POST {serving.path} HTTP/1.1"),
        431: lambda: serving.get(X="x" * 20_000),
    }
    answer = asking[status]()
    assert answer.status == status
    told = answer.headers
    policy = dict(part.strip().split(" ", 1) for part in told["Content-Security-Policy"].split(";"))
    assert policy == {
        "default-src": "'none'",
        **dict.fromkeys(("script-src", "style-src", "img-src", "connect-src"), "'self'"),
        **dict.fromkeys(("base-uri", "form-action", "frame-ancestors", "trusted-types"), "'none'"),
        "require-trusted-types-for": "'script'",
    }
    assert told["X-Content-Type-Options"] == "nosniff"
    assert told["X-Frame-Options"] == "DENY"
    assert told["Referrer-Policy"] == "no-referrer"
    assert told["Cross-Origin-Opener-Policy"] == "same-origin"
    assert told["Cross-Origin-Resource-Policy"] == "same-origin"
    assert told["Cache-Control"] == "no-store"
    assert told["Connection"] == "close"
    assert not [name for name in told if name.lower().startswith("access-control")]
    assert not [name for name in told if name.lower() in ("server", "set-cookie")]
    assert told.get("Allow") == ("GET" if status == 405 else None)


@pytest.mark.parametrize("name", NAMES)
def test_without_the_secret_there_is_nothing(serving: Serving, name: str) -> None:
    """A request without the exact secret is refused.

    The requests have no secret, another one, a part of it, one letter more, the secret in the query, or letters that no secret
    has.
    """
    secret = serving.path.strip("/")
    wrong = ["", "x", secret[:-1], f"{secret}x", secret.swapcase(), f"?{secret}", "caf\xe9", f"%{ord(secret[0]):x}{secret[1:]}"]
    for path in (f"/{name}", *(f"/{each}/{name}" for each in wrong)):
        answer = serving.ask(f"GET {path} HTTP/1.1")
        assert answer.status == 403, path
        assert CANARY not in answer.content.decode()
    assert secret not in serving.ask(f"GET /{secret}x/{name} HTTP/1.1").content.decode()


def test_the_secret_is_long_and_made_quarantine_corrupt(machine: Machine) -> None:
    """The secret has at least 256 bits."""
    secrets = []
    for _ in range(2):
        with Serving(machine) as running:
            secrets.append(running.path.strip("/"))
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", secret) for secret in secrets)
    assert len(set(secrets)) == 2


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "127.0.0.1.evil.example:{port}", None]
)
def test_a_name_that_leads_here_is_refused(serving: Serving, host: str | None) -> None:
    """With DNS rebinding, the browser takes this server for the other site, and sends the name of that site."""
    for name in NAMES:
        answer = serving.get(name, Host=host and host.format(port=serving.port))
        assert answer.status == 403
        assert CANARY not in answer.content.decode()


def test_two_hosts_are_none(serving: Serving) -> None:
    """A request with two ``Host`` headers is refused, whichever of them is right."""
    answer = serving.say(f"GET {serving.path} HTTP/1.1\r\nHost: {serving.host}\r\nHost: evil.example\r\n\r\n".encode())
    assert answer.status == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_is_refused(serving: Serving, site: str) -> None:
    """This holds even if the other site knows the address. Another port of this machine is the same site."""
    for name in NAMES:
        answer = serving.get(name, Sec_Fetch_Site=site, Sec_Fetch_Mode="no-cors")
        assert answer.status == 403
        assert CANARY not in answer.content.decode()


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1", "https://127.0.0.1:{port}", "http://localhost:{port}"]
)
def test_another_origin_is_refused(serving: Serving, origin: str) -> None:
    """The origin protects browsers that are too old for Sec-Fetch-Site."""
    answer = serving.get("events.json", Origin=origin.format(port=serving.port))
    assert answer.status == 403
    assert CANARY not in answer.content.decode()


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get", "NOSUCH"])
def test_it_can_only_be_looked_at(serving: Serving, method: str) -> None:
    """No preflight succeeds, and no other method than GET exists. The server does not wait for the body of such a request."""
    answer = serving.ask(f"{method} {serving.path}events.json HTTP/1.1", b"x" * 100_000, Content_Length="100000")
    assert answer.status == 405
    assert CANARY not in answer.content.decode()


def test_nothing_lies_beside_the_page(serving: Serving) -> None:
    """The server serves no file below or above the directory of the page's parts."""
    names = [
        "nothing",
        "index.html",
        "../view.py",
        "..%2fview.py",
        "%2e%2e/view.py",
        "page.js/",
        "/page.js",
        "//etc/passwd",
        "\\page.js",
    ]
    assert [serving.get(name).status for name in names] == [404] * len(names)
    assert serving.get("page.js?x=1").status == 200


@pytest.mark.parametrize(
    "request_", [b"\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9\r\n\r\n", b"GET / x HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\r\n\r\n"]
)
def test_what_is_no_request_is_refused(serving: Serving, request_: bytes) -> None:
    """The server does not quote the request, and writes nothing to the terminal (the fixture checks that)."""
    with serving.connect() as connection:
        connection.sendall(request_)
        connection.shutdown(socket.SHUT_WR)
        received = connection.recv(65536)
    assert not received or received.split()[1] in (b"400", b"403", b"505")
    assert serving.get().status == 200


@pytest.mark.parametrize("part", ["line", "header", "headers"])
def test_a_request_has_its_bounds(serving: Serving, part: str) -> None:
    """The requests have a long line, a long header or many headers, and none of them ends."""
    begin = f"GET {serving.path}".encode()
    piece = {"line": b"x" * 1000, "header": b"x" * 1000, "headers": b"X: y\r\n" * 200}[part]
    if part != "line":
        begin += f" HTTP/1.1\r\nHost: {serving.host}\r\n".encode() + (b"X: " if part == "header" else b"")
    with serving.connect() as connection:
        connection.sendall(begin)
        with contextlib.suppress(OSError):
            for _ in range(40):
                connection.sendall(piece)
        assert read(connection).status == 431


@pytest.mark.waits
def test_slow_clients_hold_nobody_up_and_are_cut_off(serving: Serving) -> None:
    """Fifty clients send half a request or nothing. Each is cut off when the server's time limit is over."""
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(serving.connect()) for _ in range(50)]
        for connection in slow[::2]:
            connection.sendall(f"GET {serving.path} HTTP/1.1\r\nHost:".encode())
        assert serving.get("events.json").status == 200
        began = time.monotonic()
        dripping = slow[0]
        dripping.settimeout(0.2)
        ended = False
        while not ended and time.monotonic() < began + SECONDS:
            try:
                dripping.sendall(b"x")  # a letter now and then is no progress
                ended = dripping.recv(1) == b""
            except TimeoutError:
                continue
            except OSError:
                ended = True
        assert ended
        for connection in slow[1:]:
            assert connection.recv(1) == b""


def test_more_clients_than_it_takes_are_turned_away_and_it_lives(serving: Serving) -> None:
    """Refused clients cost the server no thread. When the other clients have left, the server answers again."""
    with contextlib.ExitStack() as stack:
        many = [stack.enter_context(serving.connect()) for _ in range(200)]
        many[-1].settimeout(0.05)
        most, turned_away = 0, False
        while not turned_away:
            most = max(most, serving.threads())
            with contextlib.suppress(TimeoutError):
                try:
                    turned_away = many[-1].recv(1) == b""
                except ConnectionResetError:
                    turned_away = True
        assert most <= 130
    deadline = time.monotonic() + SECONDS
    while True:
        with contextlib.suppress(OSError, IndexError):
            if serving.get().status == 200:
                break
        assert time.monotonic() < deadline


def test_a_client_that_leaves_early_leaves_no_trace(machine: Machine, serving: Serving) -> None:
    """Nothing appears on the terminal (the fixture checks that).

    One client leaves before its request, and another one in the middle of a long answer.
    """
    for number in range(12):
        Collected(machine).raw({"at": 1.0, "state": "sent", "lane": "x", "id": str(number), "payload": ["x" * 300_000]})
    for said in (b"", b"GET", f"GET {serving.path}events.json HTTP/1.1\r\nHost: {serving.host}\r\n\r\n".encode()):
        with serving.connect() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # reset instead of a farewell
            connection.sendall(said)
            if said.endswith(b"\r\n"):
                assert connection.recv(1) == b"H"
    assert serving.get().status == 200


@pytest.mark.linux
def test_it_listens_on_loopback_only(serving: Serving) -> None:
    """The system's table of sockets shows the address."""
    listening = []
    for table in ("tcp", "tcp6"):
        with open(f"/proc/net/{table}", encoding="ascii") as file:
            for line in list(file)[1:]:
                _, local, _, state, *_ = line.split()
                address, _, port = local.partition(":")
                if state == "0A" and int(port, 16) == serving.port:
                    listening.append(address)
    assert listening == ["0100007F"]


def test_the_address_without_its_last_slash_leads_to_the_page(serving: Serving) -> None:
    """Terminals leave the last slash out of a link."""
    answer = serving.ask(f"GET {serving.path[:-1]} HTTP/1.1")
    assert (answer.status, answer.headers["Location"]) == (308, serving.path)


def test_what_the_page_is_made_of_names_no_other_origin(serving: Serving) -> None:
    """The page also has no inline script or style, because its policy would block both."""
    page = serving.get().content.decode()
    assert not re.findall(r"https?://|//[a-z]", page)
    assert not re.findall(r"<script(?![^>]*src=)|<style|style=|\son[a-z]+=", page)
    script = serving.get("page.js").content.decode()
    assert set(re.findall(r"https?://[^\"'\s]+", script)) == {"http://www.w3.org/2000/svg"}
    assert not re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", script)
    assert "http" not in serving.get("page.css").content.decode()
    assert json.loads(serving.get("events.json").content)["events"][0]["command"] == CANARY


ASK = read_program("cli/ask_the_page")


@pytest.mark.posix
@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root can be another user; Linux tells whose a peer is"
)
@pytest.mark.parametrize("family", ["AF_INET", "AF_INET6"])
def test_another_local_user_gets_nothing_even_with_the_address(serving: Serving, family: str) -> None:
    """Every user can read the address in the command line of the browser."""

    def answer(user: int) -> str:
        arguments = [str(user), str(serving.port), serving.path, family]
        ended = subprocess.run([sys.executable, "-c", ASK, *arguments], capture_output=True, text=True, check=True, timeout=60)
        return ended.stdout.strip()

    assert answer(12346) == "closed"
    assert answer(os.geteuid()).endswith(" 200 OK")
