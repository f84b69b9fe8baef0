"""A server of the released arcade-mcp-server over stdio, with its own tracker (`own`) or that of examples/arcade_mcp.py."""

import os
import sys
from typing import Annotated

from arcade_mcp_server import MCPApp, mcp_app, server

app = MCPApp(name="tools", version="1.0.0")


@app.tool
def greet(name: Annotated[str, "Whom"]) -> str:
    """Greet."""
    return f"Hello, {name}!"


@app.tool
def divide(a: Annotated[int, "Dividend"], b: Annotated[int, "Divisor"]) -> float:
    """Divide."""
    return a / b


if sys.argv[1] == "own":
    from arcade_core.usage import UsageService

    def to_the_stand_in(service):
        service.host = os.environ["ARCADE_USAGE_POSTHOG_HOST"]
        service.api_key = os.environ["ARCADE_USAGE_POSTHOG_API_KEY"]

    UsageService.__init__ = to_the_stand_in
    app.run(transport="stdio")
else:
    import arcade_mcp  # type: ignore[import-not-found]  # the example, beside this file

    mcp_app.ServerTracker = server.ServerTracker = arcade_mcp.ServerTracker
    arcade_mcp.serve_stdio = lambda: app.run(transport="stdio")
    arcade_mcp.app(["mcp", "stdio"])
