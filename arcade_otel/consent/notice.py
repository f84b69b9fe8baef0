"""Show the notice once, on stderr, before the first command runs. The notice says what is collected, and how to opt out."""

import os
import sys

from arcade_otel import consent, storage

__all__ = ["show_once", "text"]

_MARKER = "notice"


def text(name: str) -> str:
    """Return the text of the notice for the program called ``name``."""
    return (
        f"{name} collects usage data: the commands that are run, how long they took and how they ended, the versions of\n"
        f"{name}, Python and the operating system, how {name} was installed, and whether a person, a coding agent or continuous\n"
        "integration runs it, under a random id or your account's once you log in. It never collects arguments, files, paths\n"
        "or values of the environment. To opt out, set ARCADE_USAGE_TRACKING=0 or DO_NOT_TRACK=1.\n\n"
    )


def show_once(config_dir: str, program: str, version: int, decided_by: str) -> None:
    """Show the notice unless this or a later version of it has already been shown.

    The marker file ``usage/notice`` contains the version that was shown. If several processes run at once, only the process that
    creates the marker prints the notice. In four cases, the function neither shows the notice nor marks it as shown:

    - The marker cannot be created.
    - The process's stderr is closed.
    - The command runs in continuous integration, and neither stdout nor stderr is a terminal.
    - The user has opted in with the variable ``ARCADE_USAGE_TRACKING`` or with ``usage enable``. A tool that parses stderr can
      set ``ARCADE_USAGE_TRACKING=1`` to suppress the notice.

    Args:
        config_dir: The config directory.
        program: Name of the program.
        version: The current version of the notice (``conventions.NOTICE_VERSION``).
        decided_by: The reason for recording the command (``Decision.reason``).

    Raises:
        OSError: If the marker cannot be read or created. The caller must catch this error, because the notice must not make a
            command fail.
    """
    seen = _seen_version(config_dir)
    if seen >= version or not _stderr_visible() or decided_by in (consent.ENV_TRACKING, consent.REASON_STORED):
        return
    from arcade_otel.storage.directories import Directory

    # An older marker is replaced by the one process that succeeds in making the file with this version's name.
    with Directory.open(config_dir, "usage", create=True) as directory:
        try:
            descriptor = directory.open_file(f"{_MARKER}.{version}" if seen else _MARKER, os.O_WRONLY | os.O_EXCL)
        except FileExistsError:
            return  # another process was quicker, and shows the notice
        try:
            os.write(descriptor, str(version).encode())
        finally:
            os.close(descriptor)
        if seen:
            directory.write(_MARKER, str(version).encode())
    sys.stderr.write(text(program))
    sys.stderr.flush()


def _seen_version(config_dir: str) -> int:
    """Return the version of the notice that was shown, or 0 if no notice was shown.

    A marker without a number, for example from a process that was killed while it wrote the marker, counts as version 1.
    """
    number = storage.read_file(config_dir, "usage", _MARKER, max_bytes=8)
    if number is None:
        return 0
    return int(number) if number.isdigit() else 1


def _stderr_visible() -> bool:
    """Return whether a person is likely to see what this process writes to stderr."""
    if sys.stderr is None or sys.stderr.closed:
        return False
    if os.isatty(2) or os.isatty(1):
        return True
    return not consent.is_ci()
