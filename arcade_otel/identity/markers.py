"""Two marker files in ``usage/``: one for an anonymous ID that must be rotated, and one for an ID with an unknown owner.

Both markers survive a crash, and the library can usually write them even on a full disk.
"""

import os
import stat
from contextlib import suppress

from arcade_otel import storage
from arcade_otel.diagnostics import debug
from arcade_otel.identity import ROTATION_MARKER
from arcade_otel.storage.directories import Directory

__all__ = ["PendingRotation", "UnresolvedIdentityMarker"]

_STATE = "usage"
_MAX_BYTES = 4096


class PendingRotation:
    """The marker file for an anonymous ID that must not be used again.

    The marker contains the anonymous ID. A logout or a change of account first writes the marker, then changes the store, and
    then removes the marker. If a logout cannot replace ``usage.json``, the next command finds the marker and rotates the ID
    before it records its event.
    """

    def __init__(self, config_dir: str) -> None:
        self._config_dir = config_dir

    def remember(self, anon_id: str) -> None:
        """Write the marker that says that ``anon_id`` must be rotated.

        The marker is empty if ``anon_id`` is "" or cannot be written, for example on a full disk. An empty marker means that the
        ID in the store must be rotated.

        Raises:
            OSError: If not even an empty file can be created.
        """
        with Directory.open(self._config_dir, _STATE, create=True) as directory:
            try:
                directory.write(ROTATION_MARKER, anon_id.encode("utf-8", "replace"), durable=True)
            except OSError as error:
                debug("a rotation is remembered by an empty file", error)
                os.close(directory.open_file(ROTATION_MARKER, os.O_WRONLY | os.O_TRUNC))

    def is_pending(self, anon_id: str) -> bool:
        """Return whether the marker says that ``anon_id`` must be rotated.

        Raises:
            OSError: If the marker cannot be read at the moment.
        """
        try:
            content = storage.read_file(self._config_dir, _STATE, ROTATION_MARKER, max_bytes=_MAX_BYTES)
        except (NotADirectoryError, storage.UnusableFileError):
            return False  # not a file of this library
        return content is not None and content in (b"", anon_id.encode("utf-8", "replace"))

    def is_stale(self, anon_id: str) -> bool:
        """Return whether the marker names an ID other than ``anon_id``, which means that the rotation is already done.

        Raises:
            OSError: If the marker cannot be read at the moment.
        """
        path = os.path.join(self._config_dir, _STATE, ROTATION_MARKER)
        return os.path.lexists(path) and not self.is_pending(anon_id)

    def clear(self) -> None:
        """Remove the marker after the rotation.

        If the marker cannot be removed, the function raises no error. A marker that names an ID has no effect after the rotation,
        because the ID is no longer in use.
        """
        try:
            with Directory.open(self._config_dir, _STATE) as directory:
                directory.unlink(ROTATION_MARKER)
        except FileNotFoundError:
            return
        except OSError as error:
            debug("the marker of a rotation stays", error)


class UnresolvedIdentityMarker:
    """The marker file for an anonymous ID that may belong to an account even though ``usage.json`` contains no linked account.

    The marker contains the modification time of ``credentials.yaml``. The library writes the marker if the API did not answer
    after a login. The library also writes the marker before it queues an alias, and removes the marker once ``usage.json`` links
    the ID to the account. If the process ends before it links the account, the next login finds the marker and rotates the ID, so
    that the old ID is not aliased to a second person.
    """

    def __init__(self, config_dir: str) -> None:
        self._credentials = os.path.join(config_dir, "credentials.yaml")
        self._config_dir = config_dir
        self._name = "unresolved"

    def credentials_changed(self) -> int | None:
        """Return the modification time of ``credentials.yaml`` in nanoseconds since the epoch.

        Return None if the file does not exist or the time cannot be read.
        """
        try:
            return os.stat(self._credentials).st_mtime_ns
        except OSError:
            return None

    def mark(self, changed: int | None = None) -> None:
        """Write the marker.

        Args:
            changed: The modification time to store in the marker, or None for that of the current ``credentials.yaml``.

        Raises:
            OSError: If not even an empty file can be created.
        """
        changed = self.credentials_changed() if changed is None else changed
        with Directory.open(self._config_dir, _STATE, create=True) as directory:
            try:
                directory.write(self._name, str(changed).encode(), durable=True)
            except OSError as error:
                debug("an unresolved identity is marked by an empty file", error)
                os.close(directory.open_file(self._name, os.O_WRONLY | os.O_TRUNC))

    def marked(self) -> bool:
        """Return whether the marker exists, or True if that cannot be determined."""
        try:
            return stat.S_ISREG(os.lstat(os.path.join(self._config_dir, _STATE, self._name)).st_mode)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            return True

    def of(self) -> int | None:
        """Return the modification time of ``credentials.yaml`` that the marker contains.

        Return None if ``credentials.yaml`` did not exist when the marker was written. If the time is unknown, return -1, which is
        not the modification time of a real credentials file.
        """
        try:
            text = storage.read_file(self._config_dir, _STATE, self._name, max_bytes=32) or b""
            if not text:
                return -1  # the disk was full
            return int(text) if text.isdigit() else None
        except (OSError, ValueError):
            return -1

    def clear(self) -> None:
        """Remove the marker.

        Raises:
            OSError: If the marker exists but cannot be removed.
        """
        with suppress(FileNotFoundError), Directory.open(self._config_dir, _STATE) as directory:
            directory.unlink(self._name)
