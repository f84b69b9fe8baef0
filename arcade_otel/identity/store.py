"""Read and change the identity of this installation in ``usage.json``. Each change is made under a lock."""

import json
import os
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, cast

from arcade_otel import identity as identity_file, settings, storage
from arcade_otel.diagnostics import debug
from arcade_otel.identity import ANON_ID, LINKED_PRINCIPAL_ID, copied_directory
from arcade_otel.identity.markers import PendingRotation
from arcade_otel.storage.directories import Directory
from arcade_otel.storage.files import retry_while_busy
from arcade_otel.storage.locks import FileLock

__all__ = ["ARCADE_CONFIG_PATH", "CREDENTIALS_FILE_PATH", "LOCK_SECONDS", "Identity", "UsageIdentity"]

#: Config directory and credentials of a ``UsageIdentity()`` without arguments. The class reads them from the package, where the
#: specification's suite replaces them (``arcade_otel.identity.ARCADE_CONFIG_PATH``).
ARCADE_CONFIG_PATH: str = settings.default_config_dir()
CREDENTIALS_FILE_PATH: str = os.path.join(ARCADE_CONFIG_PATH, "credentials.yaml")

#: How long the foreground waits for another process's read-modify-write, which takes about a millisecond.
LOCK_SECONDS = 2.0
#: Where the file system cannot lock, a holder that has not finished in this time is presumed dead.
LOCK_STALE_SECONDS = 2.0
_API_SECONDS = 2.0
_FILE = "usage.json"

Identity = tuple[str, str | None]


class UsageIdentity:
    """The identity store of one config directory, with the interface that Arcade's specification requires.

    Guarantees: this class replaces ``usage.json`` atomically. The class holds the exclusive lock ``usage.json.lock`` while it
    reads, changes and replaces the file. Concurrent processes that use this library therefore do not overwrite each other's
    changes. A corrupt file is renamed to ``usage.json.corrupt``. Limit: the released Arcade CLI uses a different lock, so if it
    changes the file at the same time as this library, one of the two changes can be lost.

    Args:
        config_dir: The config directory, or None for Arcade's config directory.
        new_id: A function that returns a new anonymous ID. Tests replace this function.
    """

    def __init__(self, config_dir: str | None = None, *, new_id: Callable[[], str] = lambda: str(uuid.uuid4())) -> None:
        self._config_dir = identity_file.ARCADE_CONFIG_PATH if config_dir is None else config_dir
        self._credentials_file = (
            identity_file.CREDENTIALS_FILE_PATH if config_dir is None else os.path.join(config_dir, "credentials.yaml")
        )
        self._usage_file = os.path.join(self._config_dir, _FILE)
        self._new_id = new_id
        self._data: dict[str, Any] | None = None

    # --- the specification's interface ----------------------------------------------------------------------------------------

    def load_or_create(self) -> dict[str, Any]:
        """Return ``{"anon_id": …, "linked_principal_id": …}``, and create the file if it is missing or corrupt.

        The method reads the file at most once. Later calls return the same identity until :meth:`update` replaces it.

        Raises:
            OSError: If the file cannot be read at the moment, or cannot be created.
        """
        if self._data is None:
            self._remember(self.get_or_create())
        return cast("dict[str, Any]", self._data)

    def get_distinct_id(self) -> str:
        """Return the linked principal, or else the principal from the API, or else the anonymous ID.

        The method asks the API only if no principal is linked, and waits at most 2 s for the answer.
        """
        data = self.load_or_create()
        return data[LINKED_PRINCIPAL_ID] or self.get_principal_id() or data[ANON_ID]

    def get_principal_id(self) -> str | None:
        """Ask the API for the ID of the account that is logged in.

        Return None if no account is logged in, or if the API does not answer within 2 s.
        """
        from arcade_otel.identity.credentials import CredentialsUnreadableError
        from arcade_otel.identity.principal import PrincipalUnavailableError, fetch_principal, read_credentials

        def get(url: str, **how: Any) -> tuple[int, Any]:
            import httpx  # by this name: the specification's suite replaces httpx.get

            response = httpx.get(url, **how)
            return response.status_code, response.json() if response.status_code == 200 else None  # noqa: PLR2004

        try:
            credentials = read_credentials(self._credentials_file)
            return fetch_principal(credentials, timeout=_API_SECONDS, get=get) if credentials else None
        except (PrincipalUnavailableError, CredentialsUnreadableError):
            return None

    def should_alias(self) -> bool:
        """Return whether the logged-in account is known and is different from the linked principal."""
        principal_id = self.get_principal_id()
        return principal_id is not None and principal_id != self.load_or_create()[LINKED_PRINCIPAL_ID]

    def reset_to_anonymous(self) -> None:
        """Rotate the anonymous ID: replace it with a new ID that is not linked to an account.

        Raises:
            OSError: If the file cannot be written.
        """
        self.update(lambda _: self.new_identity())

    def set_linked_principal_id(self, principal_id: str) -> None:
        """Link the anonymous ID to ``principal_id``.

        Raises:
            OSError: If the file cannot be written.
        """
        self.update(lambda identity: (identity[0], principal_id))

    @property
    def anon_id(self) -> str:
        """The anonymous ID."""
        return str(self.load_or_create()[ANON_ID])

    # --- read-modify-write ----------------------------------------------------------------------------------------------------

    def get_or_create(self, *, wait: float | None = None) -> Identity:
        """Return the file's identity. If the file contains no identity, create one while holding the lock.

        If several processes create the identity at the same time, all of them return the same identity.

        Args:
            wait: Seconds to wait for the lock, or None for ``LOCK_SECONDS``.

        Raises:
            OSError: If the file cannot be read at the moment, if the file cannot be created, or if a pending rotation fails.
        """
        found = identity_file.read_settled(self._config_dir)
        if found is not None:
            return found
        try:
            return self.update(lambda identity: identity, wait=wait)
        except OSError:
            # Many first runs at once: the process that had the lock has most likely made the file. Or the home cannot be written.
            found = identity_file.read(self._config_dir)
            if found is None or PendingRotation(self._config_dir).is_pending(found[0]) or self._is_copy(found):
                raise
            found = identity_file.read(self._config_dir)  # again, because that process may have rotated the ID before the checks
            if found is None:
                raise
            self._remember(found)
            return found

    def update(self, change: Callable[[Identity], Identity], *, wait: float | None = None) -> Identity:
        """Replace the file's identity with ``change(identity)`` while holding the lock, and return the new identity.

        If a rotation is pending, or if the directory is a copy without a linked account, the method passes a new identity to
        ``change`` instead of the old one.

        Args:
            change: A function that takes the old identity and returns the new one without waiting for anything, because other
                commands may be waiting for the lock.
            wait: Seconds to wait for the lock, or None for ``LOCK_SECONDS``.

        Raises:
            OSError: If the lock is not free in time, or if the file cannot be read or written.
        """
        with self._locked(LOCK_SECONDS if wait is None else wait):
            found = self._read()
            rotation = PendingRotation(self._config_dir)
            before = found or self.new_identity()
            pending = rotation.is_pending(before[0])
            copied = found is not None and self._is_copy(found)
            after = change(self.new_identity() if pending or copied else before)
            if found is None or after != before:
                self._write_atomic({ANON_ID: after[0], LINKED_PRINCIPAL_ID: after[1]})
            if pending or rotation.is_stale(after[0]):
                rotation.clear()
            if not copied_directory.is_settled(self._config_dir):
                copied_directory.settle(self._config_dir, copied=copied)
        self._remember(after)
        return after

    def exists(self) -> bool:
        """Return whether ``usage.json`` exists, or True if that cannot be determined."""
        try:
            os.lstat(self._usage_file)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            return True
        return True

    def require_rotation(self, anon_id: str) -> None:
        """Make sure that ``anon_id`` is not used again, even if a later step fails.

        The method writes the marker of a pending rotation. If the marker cannot be written, the method deletes ``usage.json``
        instead.

        Args:
            anon_id: The anonymous ID that must be rotated, or an empty string for the ID in the file.

        Raises:
            OSError: If the marker cannot be written and ``usage.json`` cannot be deleted.
        """
        try:
            PendingRotation(self._config_dir).remember(anon_id)
        except OSError as error:
            debug("a rotation cannot be remembered: usage.json is removed", error)
            if storage.distrust_reason(self._config_dir):
                raise
            with suppress(FileNotFoundError):  # a file can be deleted without space on the disk and without a descriptor
                retry_while_busy(lambda: os.unlink(self._usage_file))

    def _is_copy(self, identity: Identity) -> bool:
        """Return whether the directory is a copy and ``identity`` is anonymous.

        A copy keeps a linked identity, because the account belongs to the same person in every copy of the directory.
        """
        return (
            identity[1] is None
            and not copied_directory.is_settled(self._config_dir)
            and copied_directory.is_copy(self._config_dir)
        )

    def new_identity(self) -> Identity:
        """Return a new anonymous identity. A function passed to :meth:`update` calls this method to rotate the ID."""
        return self._new_id(), None

    def _read(self) -> Identity | None:
        """Return the file's identity, or None if the file is missing or corrupt. Rename a corrupt file to ``usage.json.corrupt``.

        A file counts as corrupt if its content was read completely and is not a valid identity. ``usage.json`` also counts as
        corrupt if it is a directory, a link, a pipe or a huge file.

        Raises:
            OSError: If the file cannot be read at the moment, for example because the process has no free file descriptor. A
                later attempt may succeed.
        """
        try:
            data = storage.read_file(self._config_dir, _FILE)
        except storage.UnusableFileError:
            pass
        else:
            if data is None:
                return None
            found = identity_file.parse(data)
            if found is not None:
                return found
        with Directory.open(self._config_dir) as directory:
            backup = f"{_FILE}.corrupt"
            try:
                directory.rename(_FILE, directory, backup)
            except OSError:  # a directory where the backup should go, or in the file's place
                directory.rename(_FILE, directory, f"{backup}.{uuid.uuid4()}")
        debug("usage.json was corrupt; it is kept as usage.json.corrupt")
        return None

    @contextmanager
    def _locked(self, wait: float) -> Iterator[None]:
        storage.ensure_private_dir(self._config_dir)
        with Directory.open(self._config_dir) as directory:
            lock = FileLock.acquire(directory, f"{_FILE}.lock", wait=wait, stale_after=LOCK_STALE_SECONDS)
        if lock is None:
            raise TimeoutError(f"the lock of usage.json was not free within {wait} s")
        with lock:
            yield

    def _remember(self, identity: Identity) -> None:
        self._data = {ANON_ID: identity[0], LINKED_PRINCIPAL_ID: identity[1]}

    def _write_atomic(self, data: dict[str, Any]) -> None:
        """Write ``data`` to a temporary file in the same directory, and rename that file to ``usage.json``.

        If a step fails, delete the temporary file. The method uses ``tempfile.mkstemp`` and ``os.fdopen``, because the tests of
        Arcade's specification simulate failures of these two functions.
        """
        storage.ensure_private_dir(self._config_dir)
        descriptor, tmp_path = tempfile.mkstemp(dir=self._config_dir, prefix=".usage_", suffix=".tmp")  # 0600
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(data, file)
                file.flush()
                os.fsync(file.fileno())
            storage.chown_to_parent_owner(tmp_path)
            retry_while_busy(lambda: os.replace(tmp_path, self._usage_file))
        except BaseException:
            with suppress(OSError):
                os.unlink(tmp_path)
            raise
