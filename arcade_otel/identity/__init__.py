"""Read the identity of this installation from ``usage.json``.

Reading the file needs no lock, because the library always replaces the file atomically.

The package exports the classes ``UsageIdentity``, ``IdentityResourceDetector`` and ``IdentityLifecycleProcessor``, and imports
each of them only when a program first uses it.
"""

from __future__ import annotations

import os

from arcade_otel import storage

TYPE_CHECKING = False  # ``typing`` itself would cost a program that does not use it 5 million instructions
if TYPE_CHECKING:
    from arcade_otel.identity.detector import IdentityResourceDetector
    from arcade_otel.identity.processor import IdentityLifecycleProcessor
    from arcade_otel.identity.store import ARCADE_CONFIG_PATH, CREDENTIALS_FILE_PATH, UsageIdentity
    from arcade_otel.settings import Settings

__all__ = [
    "ANON_ID",
    "ARCADE_CONFIG_PATH",
    "CREDENTIALS_FILE_PATH",
    "LINKED_PRINCIPAL_ID",
    "PLACE_PREFIX",
    "ROTATION_MARKER",
    "IdentityLifecycleProcessor",
    "IdentityResourceDetector",
    "UsageIdentity",
    "current",
    "parse",
    "place_marker",
    "read",
    "read_settled",
]

#: The file's two keys, shared with the released Arcade CLI. Source: the specification.
ANON_ID = "anon_id"
LINKED_PRINCIPAL_ID = "linked_principal_id"
#: A file in ``usage/``. It is a marker that the anonymous ID must rotate before the next event (``identity.markers``).
ROTATION_MARKER = "rotation"
#: Prefix of files in ``usage/`` that identify the place of the directory (``identity.copied_directory``).
PLACE_PREFIX = "place-"


def parse(data: bytes) -> tuple[str, str | None] | None:
    """Return ``(anon_id, linked_principal_id)`` from the content of ``usage.json``, or None if the content is not valid."""
    plain = _parse_common_form(data)
    if plain is not None:
        return plain
    import json

    try:
        loaded = json.loads(data.decode())
    except (ValueError, RecursionError):
        return None
    if not isinstance(loaded, dict):
        return None
    anon_id, linked = loaded.get(ANON_ID), loaded.get(LINKED_PRINCIPAL_ID)
    if not isinstance(anon_id, str) or not anon_id.strip() or not (linked is None or isinstance(linked, str)):
        return None
    return anon_id, linked or None


def _parse_common_form(data: bytes) -> tuple[str, str | None] | None:
    """Return the identity if the file has the form that ``json.dump`` writes, or None if the file has any other form.

    This library and the Arcade CLI both write the file with ``json.dump``. Reading this form without a JSON parser saves a
    command the import of ``json`` (5 million CPU instructions).
    """
    text = data.decode("ascii", "replace")
    if not text.isascii() or not text.isprintable() or "\\" in text:
        return None
    match text.split('"'):
        case ["{", "anon_id", ": ", anon_id, ", ", "linked_principal_id", ": null}"]:
            linked = None
        case ["{", "anon_id", ": ", anon_id, ", ", "linked_principal_id", ": ", linked, "}"]:
            pass
        case _:
            return None
    return (anon_id, linked or None) if anon_id.strip() else None


def read(config_dir: str) -> tuple[str, str | None] | None:
    """Return ``(anon_id, linked_principal_id)`` from ``usage.json``, or None if the file is missing, unreadable or corrupt."""
    try:
        data = storage.read_file(config_dir, "usage.json")
        return None if data is None else parse(data)
    except (OSError, ValueError):
        return None


def read_settled(config_dir: str) -> tuple[str, str | None] | None:
    """Return the identity as :func:`read` does, or None if the anonymous ID may have to be rotated first.

    If the result is None, the caller must read the identity through ``UsageIdentity``, which rotates the ID if necessary. The ID
    may have to be rotated if a rotation is pending, or if the directory contains no marker for its current location and may
    therefore be a copy. Checking for a pending rotation and for the marker takes at most five ``stat`` calls.
    """
    state = f"{config_dir}{os.sep}usage{os.sep}"
    try:
        os.lstat(state + place_marker(config_dir))
        os.lstat(state + ROTATION_MARKER)
    except FileNotFoundError as error:
        # The file is read after the markers, because another command may rotate the ID in between and then settle the directory.
        return read(config_dir) if error.filename == state + ROTATION_MARKER else None
    except OSError:
        return None
    return None


def place_marker(config_dir: str) -> str:
    """Return the name of the marker file for the current location of the config directory (see ``identity.copied_directory``).

    The marker is a small file in ``usage/``. The name of the marker consists of numbers from ``stat``:

    - The device number and the inode number of the config directory.
    - On POSIX systems, the inode number and the modification time of ``/etc/machine-id``.
    - On POSIX systems, the inode number of ``/``, which usually differs from container to container.

    Raises:
        OSError: If the config directory does not exist.
    """
    here = os.stat(config_dir)
    name = f"{PLACE_PREFIX}{here.st_dev:x}-{here.st_ino:x}"
    if os.name == "posix":
        try:
            machine = os.stat("/etc/machine-id")
            name = f"{name}-{machine.st_ino:x}-{machine.st_mtime_ns:x}"
        except OSError:
            name = f"{name}-0-0"
        name = f"{name}-{os.stat('/').st_ino:x}"
    return name


def current(settings: Settings) -> tuple[str, bool]:
    """Return the current ``(distinct_id, is_anon)`` of this installation, and create ``usage.json`` if it does not exist.

    The function makes no network request, and takes the lock of ``usage.json`` only if the file contains no valid identity, or if
    the anonymous ID may have to be rotated.

    Raises:
        OSError: If the file cannot be read at the moment, if the file cannot be created, or if a pending rotation fails. After
            this error, the caller must not record the command.
    """
    identity = read_settled(settings.config_dir)
    if identity is None:
        from arcade_otel.identity.store import UsageIdentity

        identity = UsageIdentity(settings.config_dir).get_or_create()
    anon_id, linked = identity
    return (linked, False) if linked else (anon_id, True)


def __getattr__(name: str) -> object:
    # PEP 562: a command usually only reads the file. It loads the store if there is no file, and never the parts for the SDK.
    if name in ("UsageIdentity", "ARCADE_CONFIG_PATH", "CREDENTIALS_FILE_PATH"):
        from arcade_otel.identity import store as module
    elif name == "IdentityResourceDetector":
        from arcade_otel.identity import detector as module  # type: ignore[no-redef]
    elif name == "IdentityLifecycleProcessor":
        from arcade_otel.identity import processor as module  # type: ignore[no-redef]
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(module, name)
    return value
