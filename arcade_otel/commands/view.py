"""``usage view``: shows what was collected on this machine on a page, served on loopback until Ctrl-C."""

import os
import sys
import threading
import webbrowser

from arcade_otel.commands import OK, view_data
from arcade_otel.commands.output import Output
from arcade_otel.commands.view_server import PageServer
from arcade_otel.settings import Settings

__all__ = ["view"]


def view(settings: Settings, output: Output, port: int, *, no_browser: bool) -> int:
    """Serve the page until somebody interrupts it, which is a success. It changes nothing and sends nothing.

    Prints the page's address. Opens it in a browser where a person looks: stdout is a terminal and there is a desktop, or
    ``BROWSER`` names a browser.

    Args:
        settings: Of the program.
        output: Where the address goes.
        port: Port of 127.0.0.1, 0 for any that is free.
        no_browser: Open none.

    Raises:
        OSError: The port cannot be had.
    """
    try:
        with PageServer(port, lambda: view_data.snapshot(settings)) as server:
            output.result({"url": server.url, "port": server.server_port})
            output.line(f"What was collected on this machine: {server.url}")
            output.line("Only this machine can open it, with this very address. Ctrl-C ends it.")
            if not (no_browser or output.as_json) and _somebody_looks():
                threading.Thread(target=webbrowser.open, args=(server.url,), daemon=True).start()
            server.serve_forever()
    except KeyboardInterrupt:
        output.line()  # the terminal shows ^C on a line of its own
    return OK


def _somebody_looks() -> bool:
    """Tell whether a browser would appear before whoever has run the command: a text browser would take his terminal away."""
    if not sys.stdout.isatty():
        return False
    if sys.platform in ("win32", "darwin"):
        return True
    return any(os.environ.get(name) for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"))
