"""Arize Phoenix and MLflow from the package index, each in an environment of its own, as local servers without telemetry."""

import base64
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["PROJECT", "RECEIVERS", "SERVERS", "Seen", "Server", "running"]

ROOT = Path(__file__).parents[2]
RECEIVERS = ROOT / ".receivers"
#: Phoenix puts spans into the project that their resource names.
PROJECT = "mycli"
_START_SECONDS = 180  # the first start of Phoenix takes about 40 s


class Seen(NamedTuple):
    """A span, as a receiver's API returns it.

    Attributes:
        name: The name of the span.
        span_id: The span's ID, as the API spells it.
        parent_id: The ID of the span's parent, or "" if it has none.
        failed: Whether the span's status is an error.
        message: The description of the status.
        attributes: The span's attributes.
        resource: The resource attributes that the receiver keeps.
    """

    name: str
    span_id: str
    parent_id: str
    failed: bool
    message: str
    attributes: dict[str, Any]
    resource: dict[str, Any]


class Server(NamedTuple):
    """How to install, start and query a receiver. ``{port}`` and ``{spare}`` stand for ports in its values.

    Attributes:
        title: The name of the receiver in the documentation.
        name: The name of its environment and its pictures.
        package: The package that pip installs.
        port: The port that the documentation uses.
        serving: Environment variables of the server.
        ports: Variables that keep the server's other ports apart from those of the machine.
        command: The command that starts the server.
        sending: Environment variables of the program that sends to the server.
        ready: A path that answers 200 once the server is up.
        spans: A function that returns all spans of the server, from its address.
    """

    title: str
    name: str
    package: str
    port: int
    serving: dict[str, str]
    ports: dict[str, str]
    command: tuple[str, ...]
    sending: dict[str, str]
    ready: str
    spans: Callable[[str], list[Seen]]

    def start_line(self) -> str:
        """Return the line of a shell that starts the server, as the documentation has it."""
        words = (*(f"{name}={value}" for name, value in self.serving.items()), *self.command)
        return shlex.join(word.format(port=self.port) for word in words)

    def export_lines(self) -> list[str]:
        """Return the lines of a shell that make a program send to the server, as the documentation has them."""
        return [f"export {name}={value.format(port=self.port)}" for name, value in self.sending.items()]

    def install(self) -> str:
        """Install the server in its environment under ``.receivers``, unless it is installed. Return its version."""
        venv = RECEIVERS / self.name
        pip = [str(venv / "bin/python"), "-m", "pip", "--quiet", "--quiet", "--disable-pip-version-check"]
        if not (venv / ".ready").exists():
            subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
            subprocess.run([*pip, "install", self.package], check=True)
            (venv / ".ready").touch()
        asked = [str(venv / "bin/python"), "-c", f"from importlib.metadata import version; print(version({self.package!r}))"]
        return subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()


@contextmanager
def running(server: Server, folder: Path) -> Iterator[str]:
    """Run an installed server with its files in ``folder``, and yield its address once it answers."""
    port, spare = _free_port(), _free_port()
    folder.mkdir(parents=True)
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", "DO_NOT_TRACK": "1"}
    environ |= {name: value.format(port=port, spare=spare) for name, value in (server.serving | server.ports).items()}
    program, *arguments = (word.format(port=port) for word in server.command)
    url = f"http://127.0.0.1:{port}"
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(
            [str(RECEIVERS / server.name / "bin" / program), *arguments],
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        _wait_until_ready(process, url + server.ready, folder / "server.log")
        yield url
    finally:
        _end(process)


def _wait_until_ready(process: "subprocess.Popen[bytes]", address: str, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            pass
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{address} does not answer:\n{log.read_text()[-2000:]}")
        time.sleep(0.2)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a server together with the processes that it started, which are in its session."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            continue


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _ask(address: str, body: dict[str, Any] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(
        urllib.request.Request(address, data, {"Content-Type": "application/json"}), timeout=30
    ) as answer:
        return json.load(answer)


def _phoenix_spans(url: str) -> list[Seen]:
    """Return the spans that Phoenix has in the project. Phoenix keeps only the project's name of the resource."""
    try:
        found = _ask(f"{url}/v1/projects/{PROJECT}/spans?limit=1000")["data"]
    except urllib.error.HTTPError:
        return []  # the first span makes the project
    return [
        Seen(
            each["name"],
            each["context"]["span_id"],
            each["parent_id"] or "",
            each["status_code"] == "ERROR",
            each["status_message"],
            each["attributes"],
            {"openinference.project.name": PROJECT},
        )
        for each in found
    ]


def _mlflow_spans(url: str) -> list[Seen]:
    """Return the spans that MLflow has in experiment 0. It keeps resource attributes as the tags of a trace."""
    where = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}}
    traces = _ask(f"{url}/api/3.0/mlflow/traces/search", {"locations": [where], "max_results": 100}).get("traces", [])
    found = []
    for trace in traces:
        whole = _ask(f"{url}/api/3.0/mlflow/traces/get?trace_id={trace['trace_id']}")["trace"]
        found += [
            Seen(
                each["name"],
                base64.b64decode(each["span_id"]).hex(),
                base64.b64decode(each.get("parent_span_id", "")).hex(),
                each["status"].get("code") == "STATUS_CODE_ERROR",
                each["status"].get("message", ""),
                {pair["key"]: next(iter(pair["value"].values())) for pair in each["attributes"]},
                {**trace["tags"], **trace.get("trace_metadata", {})},
            )
            for each in whole["spans"]
        ]
    return found


_SENDING = {
    "OTEL_TRACES_EXPORTER": "posthog,otlp",
    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:{port}",
}

SERVERS = (
    Server(
        title="Arize Phoenix",
        name="phoenix",
        package="arize-phoenix",
        port=6006,
        serving={
            "PHOENIX_HOST": "127.0.0.1",
            "PHOENIX_PORT": "{port}",
            "PHOENIX_TELEMETRY_ENABLED": "false",
            "PHOENIX_ALLOW_EXTERNAL_RESOURCES": "false",
        },
        ports={"PHOENIX_GRPC_PORT": "{spare}"},
        command=("phoenix", "serve"),
        sending=_SENDING | {"OTEL_RESOURCE_ATTRIBUTES": f"openinference.project.name={PROJECT}"},
        ready="/v1/projects",
        spans=_phoenix_spans,
    ),
    Server(
        title="MLflow",
        name="mlflow",
        package="mlflow",
        port=5000,
        serving={"MLFLOW_DISABLE_TELEMETRY": "true"},
        ports={},
        command=("mlflow", "server", "--host", "127.0.0.1", "--port", "{port}"),
        sending=_SENDING | {"OTEL_EXPORTER_OTLP_HEADERS": "x-mlflow-experiment-id=0"},
        ready="/health",
        spans=_mlflow_spans,
    ),
)
