"""A running ``arcade-otel view``: its address, its end, and requests to it byte for byte."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from email.parser import BytesHeaderParser
from types import TracebackType
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tests.support.machine import Machine

__all__ = ["ALONE", "SECONDS", "Answer", "Serving", "read"]

ALONE = "import sys\nfrom arcade_otel.cli.console import main\nsys.exit(main())\n"

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # A shell starts what is to run in the background so, and whatever that starts would hear of no Ctrl-C either.
    signal.signal(signal.SIGINT, signal.default_int_handler)

#: Long enough for a machine that does much else.
SECONDS = 60.0


class Answer(NamedTuple):
    """The answer of the server to one request."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class Serving:
    """The page of a machine, which is served inside a ``with`` block.

    The block ends with Ctrl-C, which must be a success without a traceback.

    Args:
        machine: The machine whose page is served.
        arguments: More options of ``view``.
        program: The program to run.
        words: The words of the command line before ``view``.
    """

    def __init__(self, machine: Machine, *arguments: str, program: str = "arcade-otel", words: tuple[str, ...] = ()) -> None:
        if program == "arcade-otel":
            machine.program(program, ALONE)
        self._process = subprocess.Popen(
            [sys.executable, str(machine.root / f"{program}.py"), *words, "view", "--json", *arguments],
            env=machine.environ,
            cwd=machine.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        told = ""
        while not told.endswith("}\n"):
            line = self._process.stdout.readline() if self._process.stdout else ""
            assert line, (told, self._process.communicate())
            told += line
        self.url: str = json.loads(told)["url"]
        address = urlsplit(self.url)
        self.port = address.port or 0
        self.host = f"127.0.0.1:{self.port}"
        self.path = address.path

    def __enter__(self) -> "Serving":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is not None:
            self._process.kill()
            self._process.communicate()
            return
        assert self.end() == (0, "", "")

    def end(self) -> tuple[int, str, str]:
        """Press Ctrl-C. Return the exit code and the text that was written to stdout and stderr since the address."""
        self._process.send_signal(signal.SIGINT)
        try:
            stdout, stderr = self._process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise
        return self._process.returncode, stdout, stderr

    def threads(self) -> int:
        """Return how many threads the server has, according to the system."""
        with open(f"/proc/{self._process.pid}/status", encoding="ascii") as file:
            (count,) = (int(line.split()[1]) for line in file if line.startswith("Threads:"))
        return count

    def connect(self) -> socket.socket:
        """Return a connection to the server."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS)

    def get(self, name: str = "", **headers: str | None) -> Answer:
        """Ask for the part ``name`` of the page, with headers (an underscore is a hyphen). A header of None is left out."""
        return self.ask(f"GET {self.path}{name} HTTP/1.1", **headers)

    def ask(self, line: str, content: bytes = b"", /, **headers: str | None) -> Answer:
        """Send a request line and headers. The header ``Host`` is right unless ``headers`` changes it."""
        sent = {"Host": self.host} | {name.replace("_", "-"): value for name, value in headers.items()}
        lines = [line, *(f"{name}: {value}" for name, value in sent.items() if value is not None)]
        return self.say("\r\n".join([*lines, "", ""]).encode("latin-1") + content)

    def say(self, request: bytes) -> Answer:
        """Send bytes and return the whole answer to them."""
        with self.connect() as connection:
            connection.sendall(request)
            return read(connection)

    def data(self) -> dict[str, Any]:
        """Return the data from which the page is made."""
        answer = self.get("events.json")
        assert answer.status == 200
        loaded: dict[str, Any] = json.loads(answer.content, parse_constant=_refuse)
        return loaded


def read(connection: socket.socket) -> Answer:
    """Read an answer to the end of the connection."""
    received = b""
    while part := connection.recv(65536):
        received += part
    head, _, content = received.partition(b"\r\n\r\n")
    line, _, fields = head.partition(b"\r\n")
    return Answer(int(line.split()[1]), BytesHeaderParser().parsebytes(fields), content)  # type: ignore[arg-type]


def _refuse(name: str) -> None:
    raise AssertionError(f"{name} is no JSON to a browser")
