"""``usage view`` shows the usage data on this machine: it serves a page on loopback until the user presses Ctrl-C."""

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
    """Serve the page until the user presses Ctrl-C, and then return 0. The command changes no files and sends no events.

    The command prints the address of the page. If stdout is a terminal, the command also opens the page in a browser. On Linux,
    a browser opens only if one of the variables ``BROWSER``, ``DISPLAY`` and ``WAYLAND_DISPLAY`` is set.

    Args:
        settings: The program's settings.
        output: Where to print the page's address.
        port: The port on 127.0.0.1 on which to serve the page, or 0 for any free port.
        no_browser: Whether to print the address without opening a browser.

    Raises:
        OSError: If the port is already in use, or if the user does not have permission to use it.
    """
    try:
        with PageServer(port, lambda: data.snapshot(settings)) as server:
            output.result({"url": server.url, "port": server.server_port})
            output.line(f"Usage data on this machine: {server.url}")
            output.line("Only this machine can open this address. Press Ctrl-C to stop.")
            if not (no_browser or output.as_json) and _should_open_browser():
                threading.Thread(target=webbrowser.open, args=(server.url,), daemon=True).start()
            with _interrupting(server):
                server.serve_forever(_POLL_SECONDS)
    except KeyboardInterrupt:
        output.line()  # the terminal shows ^C on a line of its own
    return EXIT_OK


@contextmanager
def _interrupting(server: PageServer) -> Iterator[None]:
    """Within the ``with`` block, let Ctrl-C end ``server`` only between two requests.

    If Ctrl-C interrupted a request, Python could raise KeyboardInterrupt in a weak-reference callback and then ignore it.
    """
    if threading.current_thread() is not threading.main_thread() or not callable(signal.getsignal(signal.SIGINT)):
        yield  # neither a thread nor a background job of a shell receives Ctrl-C
        return
    before = signal.signal(signal.SIGINT, lambda *_: server.interrupt())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _should_open_browser() -> bool:
    """Return whether a browser would probably open in a window, and not as a text browser in the terminal."""
    if sys.stdout is None or not sys.stdout.isatty():
        return False
    if sys.platform in ("win32", "darwin"):
        return True
    return any(os.environ.get(name) for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"))
