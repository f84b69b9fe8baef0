"""Tells each person once, on stderr and before the first command runs, what is collected and how to say no."""

import os
import sys
from typing import TYPE_CHECKING

from arcade_otel.diagnostics import guard

if TYPE_CHECKING:
    from arcade_otel.settings import Settings

__all__ = ["show_once", "text"]

#: Raised when what is collected changes: everybody is told again.
_VERSION = "1"


def text(name: str) -> str:
    """Return the notice of the program ``name``."""
    return (
        f"{name} collects usage data: the commands that are run, how long they took and how they ended, and the versions of\n"
        f"{name}, Python and the operating system, under a random id or your account's once you log in. It never collects\n"
        "arguments, files, paths or the environment. To opt out, set ARCADE_USAGE_TRACKING=0 or DO_NOT_TRACK=1.\n\n"
    )


def show_once(settings: "Settings") -> None:
    """Show the notice unless this machine has seen it; never raises.

    The marker ``usage/notice`` is made before anything is written, by exactly one of many processes at once. Where it cannot be
    made, or where nobody would read the notice (no stderr), nothing is shown and nothing remembered.
    """
    marker = os.path.join(settings.state_folder, "notice")
    if os.path.exists(marker):
        return
    with guard("the notice"):
        if sys.stderr is None or sys.stderr.closed:
            return
        from arcade_otel import ownership

        ownership.private_folder(settings.state_folder)
        try:
            descriptor = os.open(marker, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return  # another process was quicker, and shows it
        try:
            os.write(descriptor, _VERSION.encode())
        finally:
            os.close(descriptor)
        ownership.hand_to_owner(marker)
        sys.stderr.write(text(settings.name))
        sys.stderr.flush()
