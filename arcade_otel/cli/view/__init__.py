"""``usage view``: shows what was collected on this machine on a page, served on loopback until Ctrl-C."""

import os
import signal
import sys
import threading
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager

from arcade_otel.cli.commands import EXIT_OK
from arcade_otel.cli.output import Output
from arcade_otel.cli.view import data
from arcade_otel.cli.view.server import PageServer
from arcade_otel.settings import Settings

__all__ = ["view"]

_POLL_SECONDS = 0.2


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
        with PageServer(port, lambda: data.snapshot(settings)) as server:
            output.result({"url": server.url, "port": server.server_port})
            output.line(f"What was collected on this machine: {server.url}")
            output.line("Only this machine can open it, with this very address. Ctrl-C ends it.")
            if not (no_browser or output.as_json) and _somebody_looks():
                threading.Thread(target=webbrowser.open, args=(server.url,), daemon=True).start()
            with _interrupting(server):
                server.serve_forever(_POLL_SECONDS)
    except KeyboardInterrupt:
        output.line()  # the terminal shows ^C on a line of its own
    return EXIT_OK


@contextmanager
def _interrupting(server: PageServer) -> Iterator[None]:
    """Let Ctrl-C end ``server`` wherever it arrives: what it raises in a weak reference's callback would be lost."""
    if threading.current_thread() is not threading.main_thread() or not callable(signal.getsignal(signal.SIGINT)):
        yield  # a thread hears of none; nor does what a shell runs in the background
        return
    before = signal.signal(signal.SIGINT, lambda *_: server.interrupt())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _somebody_looks() -> bool:
    """Tell whether a browser would appear before whoever has run the command: a text browser would take his terminal away."""
    if not sys.stdout.isatty():
        return False
    if sys.platform in ("win32", "darwin"):
        return True
    return any(os.environ.get(name) for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"))
