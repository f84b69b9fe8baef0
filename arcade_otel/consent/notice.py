"""Tells each person once, on stderr and before the first command runs, what is collected and how to say no."""

import os
import sys
from typing import TYPE_CHECKING

from arcade_otel import consent, conventions, storage
from arcade_otel.diagnostics import guard

if TYPE_CHECKING:
    from arcade_otel.settings import Settings

__all__ = ["show_once", "text"]


def text(name: str) -> str:
    """Return the notice of the program ``name``."""
    return (
        f"{name} collects usage data: the commands that are run, how long they took and how they ended, and the versions of\n"
        f"{name}, Python and the operating system, under a random id or your account's once you log in. It never collects\n"
        "arguments, files, paths or the environment. To opt out, set ARCADE_USAGE_TRACKING=0 or DO_NOT_TRACK=1.\n\n"
    )


def show_once(settings: "Settings") -> None:
    """Show the notice unless this machine has seen it, in this version or a later one; never raises.

    The marker ``usage/notice`` holds the version that was seen. It is made before anything is written, by exactly one of many
    processes at once. Where it cannot be made, or where nobody would read the notice, nothing is shown and nothing remembered:
    without a stderr, and in continuous integration if neither stdout nor stderr is a terminal. Nor to whom said yes, by the
    variable or a stored choice: they were told, and a program that reads stderr can ask for silence so.
    """
    marker = os.path.join(settings.state_dir, "notice")
    with guard("the notice"):
        seen = _seen_version(marker)
        if seen >= conventions.NOTICE_VERSION or not _stderr_visible() or _explicitly_enabled(settings):
            return
        from arcade_otel.storage.directories import Directory

        # An older marker is replaced whole; who may do that is whoever makes the file of this version's name.
        name = os.path.basename(marker)
        with Directory.open(settings.config_dir, "usage", create=True) as directory:
            try:
                descriptor = directory.open_file(
                    f"{name}.{conventions.NOTICE_VERSION}" if seen else name, os.O_WRONLY | os.O_EXCL
                )
            except FileExistsError:
                return  # another process was quicker, and shows it
            try:
                os.write(descriptor, str(conventions.NOTICE_VERSION).encode())
            finally:
                os.close(descriptor)
            if seen:
                directory.write(name, str(conventions.NOTICE_VERSION).encode())
        sys.stderr.write(text(settings.name))
        sys.stderr.flush()


def _seen_version(marker: str) -> int:
    """Return the version that was seen; 0: none. A marker without a number is one whose maker was killed: the first."""
    state_dir, name = os.path.split(marker)
    config_dir, state = os.path.split(state_dir)
    number = storage.read_file(config_dir, state, name, max_bytes=8)
    if number is None:
        return 0
    return int(number) if number.isdigit() else 1


def _explicitly_enabled(settings: "Settings") -> bool:
    from arcade_otel.consent import decision

    return settings.decide().reason in (consent.ENV_TRACKING, decision.REASON_STORED)


def _stderr_visible() -> bool:
    """Tell whether anybody may read what is written to stderr now."""
    if sys.stderr is None or sys.stderr.closed:
        return False
    if os.isatty(2) or os.isatty(1):
        return True
    return not consent.is_ci()
