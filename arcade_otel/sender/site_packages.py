"""Run Python's ``site`` module later, in a sender that was started without it and turns out to need it."""

import os
import sys

from arcade_otel.handoff import ENV_ROOTS

__all__ = ["add_site_packages"]


def add_site_packages() -> None:
    """Process the ``.pth`` files of this interpreter's site-packages once, as a start without ``-S`` does.

    Call this before other threads start, because for a moment an import in another thread would not find this library.

    The sender to PostHog does not need the ``.pth`` files. A third-party exporter may need them, for example if an editable
    installation hooks into the import system. A ``sitecustomize`` is imported only from the interpreter's own directories, and
    not from the program's import path. The command ``opentelemetry-instrument`` puts a ``sitecustomize`` on the program's import
    path, which would trace the sender.
    """
    if "site" in sys.modules:
        return
    roots = os.environ.pop(ENV_ROOTS, "").split(os.pathsep)
    given = list(sys.path)
    sys.path[:] = [entry for entry in given if entry not in roots]
    try:
        import site

        site.main()
    finally:
        sys.path += [entry for entry in given if entry not in sys.path]
