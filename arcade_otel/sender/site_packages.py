"""Run Python's ``site`` module in a sender that was started without it, because a third-party exporter may need it."""

import os
import sys

from arcade_otel.handoff import ENV_ROOTS

__all__ = ["add_site_packages"]


def add_site_packages() -> None:
    """Process the ``.pth`` files of this interpreter's site-packages once, as Python does at a start without ``-S``.

    Call this before other threads start, because an import of this library in another thread could fail while the function runs.

    A sender that delivers only to PostHog does not need the ``.pth`` files. A third-party exporter may need these files, for
    example if an editable installation hooks into the import system. Python imports a module ``sitecustomize`` only from the
    interpreter's own directories, and not from the program's import path. The command ``opentelemetry-instrument`` adds a
    ``sitecustomize`` to the program's import path, and that module would trace the sender.
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
