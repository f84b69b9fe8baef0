"""Two markers in ``usage/`` that outlive a crash or a full disk: an ID that must rotate, and an ID that somebody unnamed used."""

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
    """The marker that an anonymous ID must not be used any more: it holds that ID.

    A logout, or a change of account, writes it before the store is changed, and the store removes it afterwards. So a logout
    whose ``usage.json`` cannot be replaced is made up for by the next command, before that command's event.
    """

    def __init__(self, config_dir: str) -> None:
        self._config_dir = config_dir

    def remember(self, anon_id: str) -> None:
        """Remember that ``anon_id`` must rotate; "" is whichever ID the store has.

        On a full disk an empty file, which takes no block, stands for whichever ID the store has.

        Raises:
            OSError: Not even that can be made.
        """
        with Directory.open(self._config_dir, _STATE, create=True) as directory:
            try:
                directory.write(ROTATION_MARKER, anon_id.encode("utf-8", "replace"), durable=True)
            except OSError as error:
                debug("a rotation is remembered by an empty file", error)
                os.close(directory.open_file(ROTATION_MARKER, os.O_WRONLY | os.O_TRUNC))

    def is_pending(self, anon_id: str) -> bool:
        """Tell whether ``anon_id`` must rotate.

        Raises:
            OSError: The marker cannot be read for now.
        """
        try:
            content = storage.read_file(self._config_dir, _STATE, ROTATION_MARKER, max_bytes=_MAX_BYTES)
        except (NotADirectoryError, storage.UnusableFileError):
            return False  # nothing that this library has made
        return content is not None and content in (b"", anon_id.encode("utf-8", "replace"))

    def is_stale(self, anon_id: str) -> bool:
        """Tell whether there is a marker that speaks of another ID than ``anon_id``: that rotation was made.

        Raises:
            OSError: The marker cannot be read for now.
        """
        path = os.path.join(self._config_dir, _STATE, ROTATION_MARKER)
        return os.path.lexists(path) and not self.is_pending(anon_id)

    def clear(self) -> None:
        """Remove the marker: the rotation was made. One that stays speaks of an ID that is used no more."""
        try:
            with Directory.open(self._config_dir, _STATE) as directory:
                directory.unlink(ROTATION_MARKER)
        except FileNotFoundError:
            return
        except OSError as error:
            debug("the marker of a rotation stays", error)


class UnresolvedIdentityMarker:
    """The marker that the anonymous ID may be used by a person whom the API could not name; it holds the credentials' time.

    It is also written before an alias is queued and removed once the link is written: if the process ends in between, the next
    login finds it and rotates, so that the ID is not aliased to a second person.
    """

    def __init__(self, config_dir: str) -> None:
        self._credentials = os.path.join(config_dir, "credentials.yaml")
        self._config_dir = config_dir
        self._name = "unresolved"

    def credentials_changed(self) -> int | None:
        """Return when ``credentials.yaml`` was last written, in nanoseconds since the epoch; None if there is none."""
        try:
            return os.stat(self._credentials).st_mtime_ns
        except OSError:
            return None

    def mark(self, changed: int | None = None) -> None:
        """Write the marker.

        Args:
            changed: Time of the credentials that it is about; those that are there now if None.

        Raises:
            OSError: Not even an empty file can be made.
        """
        changed = self.credentials_changed() if changed is None else changed
        with Directory.open(self._config_dir, _STATE, create=True) as directory:
            try:
                directory.write(self._name, str(changed).encode(), durable=True)
            except OSError as error:
                debug("an unresolved identity is marked by an empty file", error)
                os.close(directory.open_file(self._name, os.O_WRONLY | os.O_TRUNC))

    def marked(self) -> bool:
        """Tell whether there is the marker; what cannot be looked at counts as one."""
        try:
            return stat.S_ISREG(os.lstat(os.path.join(self._config_dir, _STATE, self._name)).st_mode)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            return True

    def of(self) -> int | None:
        """Return the time of the credentials that were there when it was marked."""
        try:
            text = storage.read_file(self._config_dir, _STATE, self._name, max_bytes=32) or b""
            if not text:
                return -1  # nobody could write the time down: equal to no time
            return int(text) if text.isdigit() else None
        except (OSError, ValueError):
            return -1

    def clear(self) -> None:
        """Remove the marker.

        Raises:
            OSError: It is there and cannot be removed.
        """
        with suppress(FileNotFoundError), Directory.open(self._config_dir, _STATE) as directory:
            directory.unlink(self._name)
