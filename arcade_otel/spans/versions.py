"""Find the version of an installed program in the names of ``.dist-info`` directories.

``importlib.metadata`` would find the same version, but importing it takes as long as starting Python, because it imports
``email`` and ``zipfile``. This module uses ``importlib.metadata`` only if it finds no ``.dist-info`` directory, for example for a
distribution in a zip archive.
"""

from __future__ import annotations

import os
import sys
from functools import lru_cache

TYPE_CHECKING = False  # type checkers know better; the module typing costs a sender a third of a bare Python
if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["installed", "installed_version", "owner", "program_version", "read_text", "stamp"]

# PEP 376 and the "Recording installed projects" specification: ``name-version.dist-info``.
_SUFFIX = ".dist-info"
_MAX_METADATA_BYTES = 256 * 1024


def installed_version(distribution: str) -> str | None:
    """Return the version of an installed distribution, or None if the version cannot be found."""
    return installed(distribution)[1]


def program_version(program: str) -> str | None:
    """Return the version of the distribution that :func:`owner` finds for ``program``, or None if no distribution is found."""
    return owner(program)[1]


def stamp() -> str:
    """Return a text that changes when a distribution is installed, upgraded or removed.

    An installer creates or removes a ``.dist-info`` directory, which changes the modification time of the parent directory. The
    text is a hash of the modification times of all entries of ``sys.path``. Computing this hash is much faster than finding a
    version, which takes about a third of the time that Python needs to start.
    """
    times = []
    for directory in sys.path:
        try:
            times.append(os.stat(directory or ".").st_mtime_ns)
        except OSError:
            times.append(0)
    return f"{hash(tuple(times)) & 0xFFFFFFFFFFFFFFFF:x}"


@lru_cache(maxsize=16)
def installed(distribution: str) -> tuple[str | None, str | None]:
    """Return the ``.dist-info`` directory and the version of an installed distribution, or None for each that is not found."""
    wanted = _normalized(distribution)
    for directory, name, version in _distributions():
        if _normalized(name) == wanted:
            return directory, version
    from importlib import metadata

    try:
        return None, metadata.version(distribution)
    except (metadata.PackageNotFoundError, ValueError):
        return None, None


@lru_cache(maxsize=16)
def owner(program: str) -> tuple[str | None, str | None]:
    """Find the distribution that installs a script named ``program``, or else the one that installs a module of that name.

    Limit: if the running script belongs to no distribution, the function may find a distribution that installs a script with the
    same name.

    Returns:
        The ``.dist-info`` directory and the version of the distribution, or ``(None, None)`` if no distribution is found.
    """
    if not program:
        return None, None
    wanted = _normalized(program)
    of_module: tuple[str | None, str | None] = None, None
    for directory, name, version in _distributions():
        if _has_script(os.path.join(directory, "entry_points.txt"), program):
            return directory, version
        if of_module[0] is None:
            modules = read_text(os.path.join(directory, "top_level.txt")).split()
            place = os.path.dirname(directory)
            is_its_own = _normalized(name) == wanted and os.path.isfile(os.path.join(place, program, "__main__.py"))
            if program in modules or is_its_own:
                of_module = directory, version
    return of_module


def _normalized(name: str) -> str:
    """Return the normalized name of a distribution, as PEP 503 defines it."""
    return "-".join(part for part in name.lower().replace("_", "-").replace(".", "-").split("-") if part)


def _distributions() -> Iterator[tuple[str, str, str]]:
    """Yield the ``.dist-info`` directory, the name and the version of each distribution, in the order of ``sys.path``."""
    for place in dict.fromkeys(sys.path):
        try:
            entries = sorted(os.listdir(place or os.curdir))
        except OSError:
            continue
        for entry in entries:
            if entry.endswith(_SUFFIX):
                name, dash, version = entry.removesuffix(_SUFFIX).rpartition("-")
                if dash:
                    yield os.path.join(place, entry), name, version


def _has_script(path: str, program: str) -> bool:
    section = ""
    for line in read_text(path).splitlines():
        text = line.strip()
        if text.startswith("["):
            section = text
        elif section in ("[console_scripts]", "[gui_scripts]") and text.partition("=")[0].strip() == program:
            return True
    return False


def read_text(path: str, max_characters: int = _MAX_METADATA_BYTES) -> str:
    """Return the text of a small file, or "" if the file cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(max_characters)
    except OSError:
        return ""
