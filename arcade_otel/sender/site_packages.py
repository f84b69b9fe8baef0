"""Run Python's ``site`` later, in a sender that was started without it and then needs it."""

import os
import sys

from arcade_otel.handoff import ENV_ROOTS

__all__ = ["add_site_packages"]


def add_site_packages() -> None:
    """Process the ``.pth`` files of this interpreter's site-packages, as a start without ``-S`` does. Does so once.

    Call it before there are threads, because an import in another thread would not find this library for a moment.

    The sender to PostHog needs none of that. A third-party exporter may be installed in a way that needs it (an
    editable installation that hooks into the import system). A ``sitecustomize`` is looked for only where the interpreter itself
    would find it, not where the program imports from: ``opentelemetry-instrument`` puts one there that would trace the sender.
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
