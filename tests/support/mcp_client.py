"""A client of an MCP server over stdio, by hand: one JSON-RPC message a line. It accepts nothing else on the server's stdout."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["McpClient"]


class McpClient:
    """Start a server, and shake hands with it. Use it in a ``with`` statement, which kills a server that has not ended.

    Args:
        command: The command line of the server.
        environ: Its environment.
        cwd: Its working directory.
    """

    def __init__(self, command: Sequence[str], *, environ: Mapping[str, str], cwd: Path) -> None:
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, env=environ, cwd=cwd, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        self._last_id = 0

    def __enter__(self) -> "McpClient":
        client = {"name": "tests", "version": "1"}
        self.request("initialize", {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client})
        self._send({"method": "notifications/initialized"})
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def request(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """Send a request. Return the response, which must be the next line of the server's stdout."""
        self._last_id += 1
        self._send({"id": self._last_id, "method": method, "params": params})
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.process.communicate()[1]
        answer: dict[str, Any] = json.loads(line)
        assert (answer["jsonrpc"], answer["id"]) == ("2.0", self._last_id), line
        return answer

    def call(self, tool: str, **arguments: Any) -> bool:
        """Call a tool. Return whether it succeeded."""
        answer = self.request("tools/call", {"name": tool, "arguments": arguments})
        return "result" in answer and not answer["result"]["isError"]

    def close(self) -> tuple[int, str, str]:
        """Close the server's stdin. Return its exit code, what it printed on stdout after the last response, and its stderr."""
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err

    def _send(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        self.process.stdin.flush()
