"""An open directory.

On POSIX, all operations on files in the directory are relative to the directory's descriptor, and do not follow links.
"""

import os
import stat
import sys
from contextlib import suppress
from types import TracebackType

from arcade_otel import storage
from arcade_otel.storage import files

__all__ = ["Directory", "write_private"]

_FLAGS = (
    getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_STATE = "usage"

if sys.platform == "win32":
    from arcade_otel.storage.windows import (
        open_file as _open_file,
    )  # so that another process can remove the file while it is open
else:
    _open_file = os.open


class Directory:
    """An open directory. Call ``close`` when you no longer need the directory, or use it in a ``with`` statement.

    On POSIX, the methods use the directory's descriptor, so they affect this directory even if its path changes, for example
    because its parent is renamed. On Windows, which has no descriptors for directories, the methods use the path, and ``open``
    refuses links. The methods accept only file names without a directory.
    """

    __slots__ = ("_descriptor", "path")

    def __init__(self, path: str, descriptor: int | None) -> None:
        self.path = path
        self._descriptor = descriptor

    @classmethod
    def open(cls, config_dir: str, *names: str, create: bool = False) -> "Directory":
        """Open the config directory, or a directory below it.

        Args:
            config_dir: The config directory.
            names: Names of the directories below the config directory, one for each level.
            create: Whether to create missing directories with mode 0700, including the config directory itself.

        Raises:
            storage.UntrustedStateError: If a directory on the path belongs to another user or can be written by another user.
            OSError: If a directory is missing, is a link or a file, or cannot be opened or created.
        """
        path = os.path.join(config_dir, *names)
        try:
            return cls(path, storage.open_directory(config_dir, *names))
        except FileNotFoundError:
            if not create:
                raise
        files.ensure_private_dir(config_dir)
        directory = cls(config_dir, storage.open_directory(config_dir))
        for name in names:
            with directory:
                directory = directory._made(name)
        return directory

    @classmethod
    def at(cls, path: str) -> "Directory":
        """Open a config directory, or the directory ``usage`` in one, by its path. ``usage`` must not be a link."""
        parent, name = os.path.split(path)
        return cls.open(parent, name) if name == _STATE else cls.open(path)

    def __enter__(self) -> "Directory":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the directory. A second call does nothing."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def _where(self, name: str) -> str:
        return name if self._descriptor is not None else os.path.join(self.path, name)

    def _made(self, name: str) -> "Directory":
        """Open the directory ``name`` in this directory, and create it first if it does not exist."""
        path = os.path.join(self.path, name)
        made = False
        with suppress(FileExistsError):
            os.mkdir(self._where(name), 0o700, dir_fd=self._descriptor)
            made = True
        if self._descriptor is None:
            return Directory.open(self.path, name)
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(name, flags, dir_fd=self._descriptor)
        try:
            if made:
                self._give_to_owner(descriptor)
            storage.check_trust(os.fstat(descriptor), path)
        except BaseException:
            os.close(descriptor)
            raise
        return Directory(path, descriptor)

    def _give_to_owner(self, descriptor: int) -> None:
        """Under ``sudo``, give the file that is open at ``descriptor`` to the owner of this directory."""
        if self._descriptor is not None and os.geteuid() == 0:
            owner = os.fstat(self._descriptor)
            if owner.st_uid != 0:
                os.fchown(descriptor, owner.st_uid, owner.st_gid)

    # --- reading ------------------------------------------------------------------------------------------------------------

    def names(self) -> list[str]:
        """Return the names of the files in this directory, in any order.

        Raises:
            OSError: If the directory cannot be listed.
        """
        return os.listdir(self.path if self._descriptor is None else self._descriptor)

    def status(self, name: str) -> os.stat_result | None:
        """Return the ``stat`` result of a file, or None if there is no such file.

        For a link, return the ``stat`` result of the link itself.
        """
        try:
            return os.stat(self._where(name), dir_fd=self._descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def read(self, name: str, max_bytes: int = storage.MAX_FILE_BYTES) -> bytes | None:
        """Return the content of a file, or None if there is no such file.

        The checks and the errors are the same as in ``storage.read_file``.
        """
        return storage.read_at(self._descriptor, os.path.join(self.path, name), max_bytes)

    # --- writing ------------------------------------------------------------------------------------------------------------

    def open_file(self, name: str, flags: int, *, create: bool = True) -> int:
        """Open a regular file that has only one hard link, and return its descriptor.

        Args:
            name: Name of the file.
            flags: Flags such as ``os.O_RDWR``, ``os.O_WRONLY``, ``os.O_APPEND`` and ``os.O_EXCL``.
            create: Whether to create the file with mode 0600 if it does not exist.

        Raises:
            FileExistsError: If the file exists, and ``flags`` contains ``os.O_EXCL``.
            storage.UnusableFileError: If ``name`` is a link, a pipe, a directory, or a file with more than one hard link.
            OSError: If the file cannot be opened or created.
        """
        path = os.path.join(self.path, name)
        flags |= _FLAGS | (os.O_CREAT if create else 0)
        try:
            descriptor = _open_file(self._where(name), flags, 0o600, dir_fd=self._descriptor)
        except FileExistsError:
            raise
        except OSError as error:
            status = self.status(name)
            if status is None or stat.S_ISREG(status.st_mode):
                error.filename = path
                raise
            raise storage.UnusableFileError(22, "not a regular file", path) from error
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
                raise storage.UnusableFileError(22, "not a regular file with one name", path)  # noqa: TRY301 - one clean-up
            self._give_to_owner(descriptor)
            storage.check_trust(os.fstat(descriptor), path)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def write(self, name: str, data: bytes, *, durable: bool = False, mtime_ns: int | None = None) -> None:
        """Write ``data`` to a temporary file with mode 0600, and rename the temporary file to ``name``.

        If a step fails, the function removes the temporary file, leaves the old file unchanged, and raises the error.

        Args:
            name: Name of the file.
            data: The new content.
            durable: Whether to wait until the content is on the disk.
            mtime_ns: The modification time of the file in nanoseconds since the epoch, or None for the current time.

        Raises:
            OSError: If the file cannot be written.
        """
        temporary = f".{name}.{os.urandom(4).hex()}.tmp"
        descriptor = self.open_file(temporary, os.O_WRONLY | os.O_EXCL)
        try:
            try:
                while data:
                    data = data[os.write(descriptor, data) :]
                if durable:
                    os.fsync(descriptor)
            finally:
                os.close(descriptor)
            if mtime_ns is not None:
                self.touch(temporary, mtime_ns / 1e9)
            self.rename(temporary, self, name)
        except BaseException:
            self.unlink(temporary)
            raise

    def touch(self, name: str, moment: float) -> None:
        """Set the modification time of a file to ``moment``, in seconds since the epoch.

        On POSIX, if the file is a link, the function sets the time of the link itself and not of its target.

        Raises:
            OSError: If the time cannot be set.
        """
        follows = os.utime not in os.supports_follow_symlinks  # Windows
        os.utime(self._where(name), (moment, moment), dir_fd=self._descriptor, follow_symlinks=follows)

    def rename(self, name: str, target: "Directory", new_name: str) -> None:
        """Move the file ``name`` to ``new_name`` in the directory ``target``, and replace any existing file.

        On Windows, retry for up to 1.5 s while another process has the file open.

        Raises:
            OSError: If the file cannot be moved. The attribute ``filename`` of the error is the full path of the new file, so
                that users understand the error.
        """
        try:
            files.retry_while_busy(
                lambda: os.replace(
                    self._where(name),
                    target._where(new_name),  # noqa: SLF001 - another of the same class
                    src_dir_fd=self._descriptor,
                    dst_dir_fd=target._descriptor,  # noqa: SLF001
                )
            )
        except OSError as error:
            error.filename, error.filename2 = os.path.join(target.path, new_name), None
            raise

    def unlink(self, name: str) -> bool:
        """Remove a file or a link, and return whether it existed.

        On Windows, retry for up to 1.5 s while another process has the file open.

        Raises:
            OSError: If the file cannot be removed.
        """
        try:
            files.retry_while_busy(lambda: os.unlink(self._where(name), dir_fd=self._descriptor))
        except FileNotFoundError:
            return False
        return True

    def rmdir(self, name: str) -> None:
        """Remove an empty directory. If the directory cannot be removed, for example because it is not empty, do nothing."""
        with suppress(OSError):
            os.rmdir(self._where(name), dir_fd=self._descriptor)


def write_private(path: str, text: str, *, durable: bool = False) -> None:
    """Write ``text`` to a temporary file with mode 0600, and rename the temporary file to ``path``.

    If a step fails, the function removes the temporary file. The function never writes through a link.

    Args:
        path: Path of a file in the config directory or in its subdirectory ``usage/``. The file's directory must exist.
        text: The content, which is written as UTF-8. A lone surrogate in ``text`` raises UnicodeEncodeError.
        durable: Whether to wait until the content is on the disk, so that a power cut does not leave an empty file.

    Raises:
        OSError: If the file cannot be written.
    """
    parent, name = os.path.split(path)
    with Directory.at(parent) as directory:
        directory.write(name, text.encode(), durable=durable)
