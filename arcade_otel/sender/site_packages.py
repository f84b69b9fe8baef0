"""Run Python's ``site`` module in a sender that was started without it, because a third-party exporter may need it."""

import os
import sys

from arcade_otel.handoff import ENV_ROOTS

__all__ = ["add_site_packages"]


def add_site_packages() -> None:
    """Process the ``.pth`` files in this interpreter's site-packages once, as Python does on startup without ``-S``.

    Call this before other threads start, because an import of this library in another thread could fail while the function runs.

    Delivery to PostHog does not need the ``.pth`` files, but a third-party exporter may need them, for example if it is an
    editable installation that hooks into the import system. The function imports no ``sitecustomize`` module from the program's
    import path, because ``opentelemetry-instrument`` adds one that would trace the sender.
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
