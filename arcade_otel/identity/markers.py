"""Two marker files in ``usage/`` that survive a crash or a full disk: an ID must be rotated, and the user of an ID is unknown."""

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
    """The marker of an anonymous ID that must not be used again.

    The marker file contains the anonymous ID. A logout or a change of account writes the marker before it changes the store, and
    the marker is removed afterwards. If a logout cannot replace ``usage.json``, the next command finds the marker and rotates the
    ID before it records its event.
    """

    def __init__(self, config_dir: str) -> None:
        self._config_dir = config_dir

    def remember(self, anon_id: str) -> None:
        """Write a marker that says that ``anon_id`` must be rotated. An empty ``anon_id`` stands for the ID in the store.

        On a full disk, the function creates an empty file, which needs no disk space. An empty marker also means that the ID in
        the store must be rotated.

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
        """Return True if ``anon_id`` must be rotated, or else False.

        Raises:
            OSError: If the marker cannot be read at the moment.
        """
        try:
            content = storage.read_file(self._config_dir, _STATE, ROTATION_MARKER, max_bytes=_MAX_BYTES)
        except (NotADirectoryError, storage.UnusableFileError):
            return False  # not a file of this library
        return content is not None and content in (b"", anon_id.encode("utf-8", "replace"))

    def is_stale(self, anon_id: str) -> bool:
        """Return True if the marker names a different ID than ``anon_id``, which means that the rotation is already done.

        Raises:
            OSError: If the marker cannot be read at the moment.
        """
        path = os.path.join(self._config_dir, _STATE, ROTATION_MARKER)
        return os.path.lexists(path) and not self.is_pending(anon_id)

    def clear(self) -> None:
        """Remove the marker after the rotation.

        A marker that cannot be removed has no effect, because the ID in it is no longer in use.
        """
        try:
            with Directory.open(self._config_dir, _STATE) as directory:
                directory.unlink(ROTATION_MARKER)
        except FileNotFoundError:
            return
        except OSError as error:
            debug("the marker of a rotation stays", error)


class UnresolvedIdentityMarker:
    """The marker that is written if the API could not say which user the anonymous ID belongs to.

    The marker file contains the time at which the credentials were written. The marker is also written before an alias is queued,
    and removed once the link is written. If the process ends before the link is written, the next login finds the marker and
    rotates the ID. The ID is therefore never aliased to a second person.
    """

    def __init__(self, config_dir: str) -> None:
        self._credentials = os.path.join(config_dir, "credentials.yaml")
        self._config_dir = config_dir
        self._name = "unresolved"

    def credentials_changed(self) -> int | None:
        """Return when ``credentials.yaml`` was last written, in nanoseconds since the epoch.

        Return None if the file does not exist.
        """
        try:
            return os.stat(self._credentials).st_mtime_ns
        except OSError:
            return None

    def mark(self, changed: int | None = None) -> None:
        """Write the marker.

        Args:
            changed: The time at which the unresolved credentials were written, or None for the modification time of the current
                file.

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
        """Return True if the marker exists, or if that cannot be determined, and otherwise False."""
        try:
            return stat.S_ISREG(os.lstat(os.path.join(self._config_dir, _STATE, self._name)).st_mode)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            return True

    def of(self) -> int | None:
        """Return the time of the credentials for which the marker was written, or None if there were no credentials.

        If the time is unknown, return -1, which no file can have as its time.
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
            OSError: If the marker exists and cannot be removed.
        """
        with suppress(FileNotFoundError), Directory.open(self._config_dir, _STATE) as directory:
            directory.unlink(self._name)
