"""A hostile API, ``coordinator_url`` and ``credentials.yaml``: no token leaks, and memory and time stay limited."""

import gzip
import json
import logging
import os
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from arcade_otel.identity.credentials import Credentials, CredentialsUnreadableError, read_credentials
from arcade_otel.identity.principal import PrincipalUnavailableError, fetch_principal, get_principal
from tests.identity.arcade_api import ArcadeApi
from tests.support.programs import read_program

pytestmark = pytest.mark.posix  # imports modules that Windows lacks, or needs signals, users or file modes

_VALIDATE = "/api/v1/auth/validate"
_MIB = 1024 * 1024

#: Asks once in a process of its own, and prints the answer, the seconds, and how many KiB that took beyond a small answer.
_ASK = read_program("identity/ask_the_api")


class _Hostile:
    """A server whose answer is whatever ``send`` writes."""

    def __init__(self) -> None:
        hostile = self
        self.kind = "plain"
        self.requests: list[tuple[str, str | None]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                hostile.requests.append((self.path, self.headers["Authorization"]))
                try:
                    hostile.answer(self)
                except OSError:
                    self.close_connection = True  # the client had enough

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
                """Print no line for a request."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def answer(self, to: BaseHTTPRequestHandler) -> None:
        """Answer as ``kind`` says."""
        data = json.dumps({"data": {"principal_id": "p"}}).encode()
        headers: dict[str, str] = {}
        if self.kind == "bomb":
            data = gzip.compress(data + b" " * (100 * _MIB))
            headers["Content-Encoding"] = "gzip"
        to.send_response(200)
        if self.kind == "headers":
            for number in range(2000):
                to.send_header(f"X-{number}", "x" * 500)
        if self.kind == "cookies":
            to.send_header("Set-Cookie", "a=b")
        for name, value in headers.items():
            to.send_header(name, value)
        if self.kind in ("plain", "bomb", "cookies", "headers"):
            to.send_header("Content-Length", str(len(data)))
        to.end_headers()
        if self.kind in ("huge", "endless"):
            for _ in range(1600 if self.kind == "huge" else 10**9):
                to.wfile.write(b" " * 65536)
        to.wfile.write(data)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def hostile() -> Iterator[_Hostile]:
    made = _Hostile()
    yield made
    made.close()


def _home(directory: Path, content: str) -> str:
    directory.mkdir(mode=0o700)
    (directory / "credentials.yaml").write_text(content)
    return str(directory)


def _asking(url: str) -> Credentials:
    return Credentials(url=url, api_key="key", access_token=None)


def _credentials(url: str) -> str:
    return f"cloud:\n  api:\n    key: secret-key\n  coordinator_url: {json.dumps(url)}\n"


@pytest.mark.parametrize("kind", ["huge", "endless", "bomb", "headers"])
def test_an_answer_without_end_costs_neither_memory_nor_time(hostile: _Hostile, tmp_path: Path, kind: str) -> None:
    """The answers are 100 MB, an endless body, one that expands a thousandfold, and a megabyte of headers.

    The limits are 24 MiB and 5 s.
    """
    with ArcadeApi({_VALIDATE: (200, b'{"data": {"principal_id": "p"}}')}) as api:
        hostile.kind = kind
        homes = [_home(tmp_path / "small", _credentials(api.url)), _home(tmp_path / "large", _credentials(hostile.url))]
        ended = subprocess.run([sys.executable, "-c", _ASK, *homes], capture_output=True, text=True, check=True, timeout=60)
    answer, seconds, kibibytes = ended.stdout.split()
    assert answer == "unavailable"
    assert float(seconds) < 5.0 + 5.0
    assert int(kibibytes) < 24 * 1024


@pytest.mark.parametrize(
    "identifier",
    [1, None, True, ["a"], {"a": "b"}, "a\x00b", "a\x1b[31mb", "a\nb", "\u202eb", "\ud800", "x" * 201, "y" * _MIB, "", "  "],
    ids=lambda value: repr(value)[:20],
)
def test_an_identifier_that_is_none_is_no_answer(hostile: _Hostile, identifier: object) -> None:
    """The values are non-strings, control characters, escape sequences, bidirectional controls, lone surrogates, and 1 MB."""
    with ArcadeApi({_VALIDATE: (200, json.dumps({"data": {"principal_id": identifier}}).encode())}) as api:
        credentials = _asking(api.url)
        with pytest.raises(PrincipalUnavailableError):
            fetch_principal(credentials, timeout=30)


def test_json_that_nests_without_end_is_no_answer() -> None:
    with ArcadeApi({_VALIDATE: (200, b"[" * 60_000)}) as api, pytest.raises(PrincipalUnavailableError):
        fetch_principal(_asking(api.url), timeout=30)


@pytest.mark.parametrize(
    "url",
    [
        "http://{foreign}",
        "HTTP://{foreign}",
        "http://127.0.0.1.nip.invalid",
        "http://127.0.0.1@{foreign}",
        "http://localhost@{foreign}",
        "http://localhost.{foreign}",
        "http://localhost\\@{foreign}",
        "https://user:password@example.invalid",
        "file:///etc/passwd",
        "ftp://127.0.0.1",
        "//127.0.0.1",
        "127.0.0.1",
        "http://127.0.0.1\r\nX-Injected: 1",
        "http://127.0.0.1 /",
        "https://example.invalid\r\nHost: other",
        "https://example.invalid/?x=",
        "https://example.invalid/#x",
        "https://",
        "https://example.invalid:port",
        "http://[::1",
        "gopher://127.0.0.1",
    ],
)
def test_a_token_goes_over_https_or_to_this_machine_only(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No request goes to any other address.

    None goes to Arcade's own address instead, because the token is not meant for Arcade.
    """
    connected: list[object] = []
    real = socket.create_connection

    def connect(address: object, *how: object, **more: object) -> object:
        connected.append(address)
        return real(address, *how, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "create_connection", connect)
    home = _home(tmp_path / "home", _credentials(url.replace("{foreign}", "192.0.2.1")))
    credentials = read_credentials(os.path.join(home, "credentials.yaml"))
    assert credentials is not None
    assert credentials.url == ""
    with pytest.raises(PrincipalUnavailableError):
        get_principal(home, None, timeout=2.0)
    assert connected == []


@pytest.mark.parametrize("url", ["https://example.invalid", "http://localhost:1", "http://127.1.2.3/x/", "http://[::1]:80"])
def test_an_address_that_a_token_may_go_to_is_taken(tmp_path: Path, url: str) -> None:
    found = read_credentials(os.path.join(_home(tmp_path / "home", _credentials(url)), "credentials.yaml"))
    assert found is not None
    assert found.url == url.rstrip("/")


def test_a_token_for_this_machine_does_not_go_through_a_proxy(
    hostile: _Hostile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy could read a request over plain http."""
    monkeypatch.setenv("HTTP_PROXY", hostile.url)
    monkeypatch.setenv("http_proxy", hostile.url)
    monkeypatch.setenv("ALL_PROXY", hostile.url)
    with ArcadeApi({_VALIDATE: (200, b'{"data": {"principal_id": "p"}}')}) as api:
        assert get_principal(_home(tmp_path / "home", _credentials(api.url)), None, timeout=30) == "p"
    assert hostile.requests == []


def _yaml_bomb() -> str:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    return "\n".join(rows)


def _merge_bomb() -> str:
    rows = ["a0: &a0 {k: v}"]
    rows += [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 20)}]}}" for n in range(1, 8)]
    return "\n".join(rows)


HOSTILE_FILES = {
    "aliases that expand": _yaml_bomb(),
    "merges that expand": _merge_bomb(),
    "a loop": "&a [*a]",
    "deep": "[" * 30_000,
    "deep and closed": "[" * 2000 + "]" * 2000,
    "deep blocks": "\n".join(f"{' ' * n}a:" for n in range(200)),
    "many keys": "{" + ", ".join(f"k{n}: 1" for n in range(7000)) + "}",
    "many documents": "---\n" * 15_000,
    "a long key": "cloud: {api: {key: " + "k" * 60_000 + "}}",
    "too long": "cloud: {api: {key: k}}\n" + "#" * (2 * _MIB),
    "a huge number": "cloud: {api: {key: " + "9" * 60_000 + "}}",
    "NUL": "cloud: {api: {key: 'a\0b'}}",
    "a context that is no name": "cloud: {active_context: [a], contexts: {a: {api: {key: k}}}}",
}


@pytest.mark.parametrize("kind", sorted(HOSTILE_FILES))
def test_a_hostile_credentials_file_is_no_credentials(tmp_path: Path, kind: str) -> None:
    """The file is read in a process of its own, with at most 64 MiB more than the process has, and within seconds."""
    home = _home(tmp_path / "home", HOSTILE_FILES[kind])
    program = (
        "import resource, sys, time, yaml\nfrom arcade_otel.identity.principal import read_credentials\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\nbegan = time.monotonic()\n"
        "found = read_credentials(sys.argv[1] + '/credentials.yaml')\n"
        "assert found is None, found\nassert time.monotonic() - began < 10\n"
        "assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 24 * 1024\n"
    )
    subprocess.run([sys.executable, "-c", program, home], check=True, timeout=60)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes")
@pytest.mark.parametrize("kind", ["pipe", "link", "directory", "socket", "sparse"])
def test_what_is_no_file_is_no_credentials_and_hangs_nothing(tmp_path: Path, kind: str) -> None:
    """The cases are a pipe without a writer, a link to one, a directory, a socket, and a sparse file of a gigabyte."""
    directory = tmp_path / "home"
    directory.mkdir(mode=0o700)
    path = directory / "credentials.yaml"
    if kind in ("pipe", "link"):
        os.mkfifo(path if kind == "pipe" else tmp_path / "pipe")
    if kind == "link":
        path.symlink_to(tmp_path / "pipe")
    elif kind == "directory":
        path.mkdir()
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as listener:
            os.chdir(directory)
            listener.bind("credentials.yaml")
    elif kind == "sparse":
        with path.open("wb") as file:
            file.truncate(1024 * _MIB)
    began = time.monotonic()
    assert get_principal(str(directory), None, timeout=30) is None
    assert time.monotonic() - began < 10


def test_credentials_that_cannot_be_read_now_are_not_nobodys(tmp_path: Path) -> None:
    """No descriptor is left. The account that is logged in stays unknown, and does not count as logged out."""
    home = _home(tmp_path / "home", "cloud: {api: {key: k}}")
    import yaml  # noqa: F401 - its import needs descriptors

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        with pytest.raises(CredentialsUnreadableError):
            read_credentials(os.path.join(home, "credentials.yaml"))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_host_that_logs_everything_sees_none_of_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The program sees no lines of httpx and httpcore about this library's request.

    It still sees those about its own requests.
    """
    import httpx

    caplog.set_level(logging.DEBUG)
    with ArcadeApi({_VALIDATE: (200, b'{"data": {"principal_id": "p"}}')}) as api:
        assert get_principal(_home(tmp_path / "home", _credentials(api.url)), None, timeout=30) == "p"
        assert caplog.records == []
        httpx.get(api.url)
        assert caplog.records
