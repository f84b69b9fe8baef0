"""The command ``arcade mcp`` with arcade-otel: an MCP server over stdio that leaves the events of Arcade's own server tracker.

``MCP server started`` and ``MCP tool called`` have the names and values that ``arcade-mcp-server`` sends. The run of the command
ends when the server begins to serve (``end_run``), so its event does not wait for the end of the server. Tool calls are sent
while it serves. arcade-otel writes nothing to stdout, which belongs to the protocol.
"""

import json
import sys
from collections.abc import Callable
from importlib import metadata
from typing import Any, Literal

import typer

import arcade_otel

try:
    VERSION = metadata.version("arcade-mcp-server")
except metadata.PackageNotFoundError:
    VERSION = "unknown"

COMMON = {"arcade_mcp_server_version": [VERSION], "runtime_language": Literal["python"]}
FAILURES = Literal[
    "transport restriction",
    "missing requirements",
    "invalid tool input",
    "error during tool execution",
    "unknown tool",
    "internal error calling tool",
]
EVENTS: dict[str, dict[str, Any]] = {
    "MCP server started": {
        "transport": Literal["stdio", "http"],
        # Other addresses may tell where the server runs. They are left out.
        "host": Literal["127.0.0.1", "localhost", "0.0.0.0", "::1", "::"],  # noqa: S104 - words, and no address to bind to
        "port": int,
        "tool_count": int,
        # A class of the user's own is left out.
        "resource_server_type": Literal["none", "ResourceServerAuth", "JWKSTokenValidator"],
        **COMMON,
    },
    "MCP tool called": {
        "is_execution_success": bool,
        "failure_reason": FAILURES,
        **COMMON,
    },
}

#: The values of ``COMMON``.
SENT_BY_ALL = {"arcade_mcp_server_version": VERSION, "runtime_language": "python"}

app = typer.Typer(pretty_exceptions_enable=False)
arcade_otel.instrument(
    app,
    name="arcade",
    version="1.16.3",
    properties={"runtime_version": "python_version"},  # the name that Arcade's tracker has for it
    events=EVENTS,
)


class ServerTracker:
    """The interface of the tracker in ``arcade_mcp_server``, by ``arcade_otel.track()``."""

    def track_server_start(
        self, transport: str, host: str | None, port: int | None, tool_count: int, resource_server_validator: object = None
    ) -> None:
        """Track that the server starts, and end the run of its command."""
        validator = "none" if resource_server_validator is None else type(resource_server_validator).__name__
        started = {"transport": transport, "host": host, "port": port, "tool_count": tool_count}
        arcade_otel.track("MCP server started", {**started, "resource_server_type": validator, **SENT_BY_ALL})
        arcade_otel.end_run()

    def track_tool_call(self, success: bool, failure_reason: str | None = None) -> None:  # noqa: FBT001 - as Arcade's has it
        """Track a call, and why it failed."""
        called = {"is_execution_success": success, "failure_reason": None if success else failure_reason}
        arcade_otel.track("MCP tool called", {**called, **SENT_BY_ALL})


TOOLS: dict[str, Callable[[dict[str, Any]], str]] = {
    "greet": lambda arguments: f"Hello, {arguments['name']}!",
    "divide": lambda arguments: str(arguments["a"] / arguments["b"]),
}


def call_tool(tracker: ServerTracker, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Call a tool, and return its result for the client."""
    if name not in TOOLS:
        tracker.track_tool_call(success=False, failure_reason="unknown tool")
        return {"content": [{"type": "text", "text": f"Unknown tool: {name}"}], "isError": True}
    try:
        text = TOOLS[name](arguments)
    except Exception as error:  # noqa: BLE001 - a tool may fail in any way
        tracker.track_tool_call(success=False, failure_reason="error during tool execution")
        return {"content": [{"type": "text", "text": str(error)}], "isError": True}
    tracker.track_tool_call(success=True)
    return {"content": [{"type": "text", "text": text}], "isError": False}


def serve_stdio() -> None:
    """Answer the requests of one client, one JSON object a line, until it closes stdin."""
    tracker = ServerTracker()
    tracker.track_server_start("stdio", None, None, len(TOOLS))
    for line in sys.stdin:
        request = json.loads(line)
        if "id" not in request:
            continue  # a notification
        params = request.get("params", {})
        if request["method"] == "initialize":
            server = {"name": "arcade", "version": VERSION}
            result = {"protocolVersion": params["protocolVersion"], "capabilities": {"tools": {}}, "serverInfo": server}
        elif request["method"] == "tools/list":
            result = {"tools": [{"name": name, "inputSchema": {"type": "object"}} for name in TOOLS]}
        elif request["method"] == "tools/call":
            result = call_tool(tracker, params["name"], params.get("arguments", {}))
        else:
            result = {}
        print(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}), flush=True)


@app.callback()
def main() -> None:
    """Arcade."""


@app.command()
def mcp(transport: str = typer.Argument("stdio")) -> None:
    """Run an MCP server."""
    if transport != "stdio":
        raise typer.BadParameter("this example serves stdio only")
    serve_stdio()


if __name__ == "__main__":
    app(prog_name="arcade")
