"""Read small files in the config directory, and refuse files that another user can write.

The functions in this module follow no link below the config directory, and do not block on a named pipe.

The config directory, its subdirectory ``usage/`` and each file that the library reads in them must belong to root or to the user
who runs the program, and must not be writable by other users. If another user owns or can write to the config directory or a file
in it, the program runs as if there were no config directory: it records nothing, and ``usage status`` and ``usage doctor`` show
the result of :func:`distrust_reason`. A file may be writable by its owner's private group. A private group is named after the
user and has no other members, as is usual with umask 002.

If ``sudo`` keeps ``HOME``, root uses the config directory of the user who called ``sudo``, provided that the directory belongs to
the user in ``SUDO_UID`` or to root. ``sudo mycli`` is recorded under the identity of the user who called ``sudo``, unless that
user has opted out. The library treats the files as data and never as code. When run as root, the library follows no link below
the config directory, deletes only files whose names follow its own patterns, and makes the directory's owner the owner of each
new file. Under ``sudo``, the library uses only files of root and of the user who called ``sudo``. Without ``sudo`` (for example,
after ``su -m`` or in a container that mounts another user's directory), root uses only root's own files.

The library does not check POSIX access control lists, Windows permissions, or the parents of the config directory.

Every recorded command imports this module, so the module contains only the code for reading one small file. The rest of the
package is in ``storage.files``, ``storage.directories`` and ``storage.locks``.
"""

from __future__ import annotations

import os
import stat
import sys

TYPE_CHECKING = False  # type checkers know better; the module typing costs a sender a third of a bare Python
if TYPE_CHECKING:
    from arcade_otel.storage.directories import write_private
    from arcade_otel.storage.files import chown_to_parent_owner, ensure_private_dir

    class UntrustedStateError(PermissionError):
        """Raised if the library must not use a directory or file, because another user owns it or can write to it."""

    class UnusableFileError(OSError):
        """Raised if a path is a link, pipe, directory, device or huge file instead of a small regular file."""


__all__ = [
    "MAX_FILE_BYTES",
    "UntrustedStateError",
    "UnusableFileError",
    "check_trust",
    "chown_to_parent_owner",
    "distrust_reason",
    "ensure_private_dir",
    "open_directory",
    "read_at",
    "read_file",
    "write_private",
]

#: A longer file is not read, unless the caller passes another limit.
MAX_FILE_BYTES = 64 * 1024

# 0 if the platform lacks a flag (Windows has only O_BINARY).
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_OPEN_DIRECTORY = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
_READ = os.O_RDONLY | _NOFOLLOW | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
_EPERM, _EINVAL, _EFBIG = 1, 22, 27  # the errno module would be one more import
_MOUNT_POINT = 0xA0000003  # Windows: IO_REPARSE_TAG_MOUNT_POINT, a junction

if sys.platform == "win32":
    from arcade_otel.storage.windows import open_file as _open_file  # so that the file can be replaced meanwhile
else:
    _open_file = os.open

# Most runs meet neither error, and two classes cost 0.19 million instructions. They are made here and not in another module,
# because a process without a free descriptor cannot import one.
_ERRORS = {"UntrustedStateError": PermissionError, "UnusableFileError": OSError}

_private_groups: dict[tuple[int, int], bool] = {}


def __getattr__(name: str) -> object:
    if name == "write_private":
        from arcade_otel.storage import directories

        return directories.write_private
    if name in _ERRORS:
        return globals().setdefault(name, type(name, (_ERRORS[name],), {"__module__": __name__}))
    if name in ("chown_to_parent_owner", "ensure_private_dir"):
        from arcade_otel.storage import files

        return getattr(files, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _error(name: str, code: int, reason: str, path: str) -> OSError:
    error: type[OSError] = __getattr__(name)  # type: ignore[assignment]  # a class of errors
    return error(code, reason, path)


def read_file(config_dir: str, *names: str, max_bytes: int = MAX_FILE_BYTES) -> bytes | None:
    """Return the content of a file in the config directory, or None if there is no such file.

    The function never follows a link below the config directory, and never blocks on a named pipe.

    Args:
        config_dir: The config directory. The directory may be a link if the link and its target belong to the user.
        names: The path of the file below the config directory, one name per level, such as ``"usage", "consent"``.
        max_bytes: The maximum size of the file in bytes. A larger file raises UnusableFileError.

    Raises:
        UnusableFileError: If the path is not a regular file, or the file is longer than ``max_bytes``. Retrying does not help.
        UntrustedStateError: If the file, or a directory above it, belongs to another user or can be written by another user.
        OSError: If the file cannot be read at the moment, for example because no file descriptor is free. Retrying may help.
    """
    try:
        directory = open_directory(config_dir, *names[:-1])
    except FileNotFoundError:
        return None
    try:
        return read_at(directory, os.path.join(config_dir, *names), max_bytes)
    finally:
        if directory is not None:
            os.close(directory)


def open_directory(config_dir: str, *names: str) -> int | None:
    """Open the config directory or a directory below it, and return its file descriptor.

    The function follows no link below the config directory.

    Returns:
        A file descriptor, which the caller must close, or None on Windows, which has no descriptors for directories.

    Raises:
        UntrustedStateError: If a directory on the path belongs to another user or can be written by another user.
        OSError: If a directory is missing, is not a directory, or cannot be opened.
    """
    if sys.platform == "win32":
        path = config_dir
        _check_windows_directory(path, link_allowed=True)
        for name in names:
            path = os.path.join(path, name)
            _check_windows_directory(path)
        return None
    descriptor = _open_config_dir(config_dir)
    path = config_dir
    try:
        for name in names:
            path = f"{path}/{name}"
            inner = os.open(name, _OPEN_DIRECTORY | _NOFOLLOW, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = inner
            check_trust(os.fstat(descriptor), path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def read_at(directory: int | None, path: str, max_bytes: int = MAX_FILE_BYTES) -> bytes | None:
    """Return the content of the file ``path``, or None if there is no such file.

    The checks and the errors are the same as in :func:`read_file`.

    Args:
        directory: The result of :func:`open_directory` for the directory that contains the file.
        path: The path of the file.
        max_bytes: The maximum size of the file in bytes.
    """
    where = path if directory is None else os.path.basename(path)
    try:
        descriptor = _open_file(where, _READ, dir_fd=directory)
    except FileNotFoundError:
        return None
    except OSError as error:
        try:
            regular = stat.S_ISREG(os.stat(where, dir_fd=directory, follow_symlinks=False).st_mode)
        except OSError:
            raise error from None
        if regular:
            raise
        # A link, a socket, or on Windows a directory.
        raise _error("UnusableFileError", _EINVAL, "not a regular file", path) from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise _error("UnusableFileError", _EINVAL, "not a regular file", path)
        check_trust(status, path)
        content = b""
        while len(content) <= max_bytes:
            part = os.read(descriptor, max_bytes + 1 - len(content))
            if not part:
                return content
            content += part
        raise _error("UnusableFileError", _EFBIG, f"longer than {max_bytes} bytes", path)
    finally:
        os.close(descriptor)


def distrust_reason(config_dir: str) -> str | None:
    """Return a message that tells the user why the files in ``config_dir`` are not used, or None if they are used.

    This never raises. The message is, for example, ``/srv/.arcade belongs to another user (uid 1001)`` or
    ``/srv/.arcade/usage is a link``. Missing files are ignored.
    """
    try:
        status = os.lstat(config_dir)
        if stat.S_ISLNK(status.st_mode):
            link, status = status, os.stat(config_dir)
            reason = _distrust_link(link, status, config_dir)
            if reason:
                return reason
        reason = _distrust(status, config_dir)
        if reason:
            return reason
    except (OSError, ValueError):
        return None  # it does not exist, or cannot be reached, so no file in it is read
    for name in ("usage", "usage/consent", "usage.json"):
        path = os.path.join(config_dir, *name.split("/"))
        try:
            status = os.lstat(path)
        except (OSError, ValueError):
            continue
        if not stat.S_ISLNK(status.st_mode):
            reason = _distrust(status, path)
            if reason:
                return reason
        elif name == "usage":
            return f"{path} is a link"  # something else is in place of the file, which the reader of the file refuses
    return None


def _open_config_dir(path: str) -> int:
    try:
        descriptor = os.open(path, _OPEN_DIRECTORY | _NOFOLLOW)
        link = None
    except FileNotFoundError:
        raise
    except OSError:
        link = os.lstat(path)
        if not stat.S_ISLNK(link.st_mode):
            raise
        descriptor = os.open(path, _OPEN_DIRECTORY)
    try:
        status = os.fstat(descriptor)
        reason = (_distrust_link(link, status, path) if link else None) or _distrust(status, path)
        if reason:
            raise _error("UntrustedStateError", _EPERM, reason, path)  # noqa: TRY301 - one clean-up
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _check_windows_directory(path: str, *, link_allowed: bool = False) -> None:
    status = os.stat(path) if link_allowed else os.lstat(path)
    if stat.S_ISLNK(status.st_mode) or (not link_allowed and getattr(status, "st_reparse_tag", 0) == _MOUNT_POINT):
        raise _error("UntrustedStateError", _EPERM, f"{path} is a link", path)
    if not stat.S_ISDIR(status.st_mode):
        raise NotADirectoryError(20, "not a directory", path)


def check_trust(status: os.stat_result, path: str) -> None:
    """Raise :class:`UntrustedStateError` if the ``stat`` result shows that another user owns the file or can write to it."""
    reason = _distrust(status, path)
    if reason:
        raise _error("UntrustedStateError", _EPERM, reason, path)


def _distrust(status: os.stat_result, path: str) -> str | None:
    if not hasattr(os, "geteuid"):
        return None  # on Windows, the mode of a file does not say who may write it
    if status.st_uid not in (0, os.geteuid()) and status.st_uid not in _trusted_users():
        return f"{path} belongs to another user (uid {status.st_uid})"
    mode = status.st_mode
    if mode & stat.S_IWOTH or (mode & stat.S_IWGRP and not _is_private_group(status.st_uid, status.st_gid)):
        return f"{path} can be written by other users (mode {stat.S_IMODE(mode):04o})"
    return None


def _distrust_link(link: os.stat_result, target: os.stat_result, path: str) -> str | None:
    """Return why the library must not follow a symbolic link to the config directory, or None if following it is allowed.

    The library may follow a link that belongs to root or to the user who runs the program. Under ``sudo``, the library may also
    follow a link of the user who called ``sudo``, if the link's target belongs to the same user.
    """
    if not hasattr(os, "geteuid") or link.st_uid in (0, os.geteuid()):
        return None
    if link.st_uid in _trusted_users() and link.st_uid == target.st_uid:
        return None  # under sudo, a link of the user who called sudo, to a directory of the same user
    return f"{path} is a link of another user (uid {link.st_uid})"


def _trusted_users() -> tuple[int, ...]:
    """Return the IDs of the users whose files the library may use.

    The IDs are those of root, of the user who runs the program and, under ``sudo``, of the user who called ``sudo``.
    """
    user = os.geteuid()
    if user == 0:
        invoker = os.environ.get("SUDO_UID", "")
        return (0, int(invoker)) if invoker.isdecimal() else (0,)
    return (0, user)


def _is_private_group(user: int, group: int) -> bool:
    """Return whether the group is named after the user and has no other members, as is usual on Fedora, RHEL and Debian.

    Debian's OpenSSH also accepts files that a private group can write (patch ``user-group-modes``). The result is cached, because
    the look-up may query an LDAP server.
    """
    known = _private_groups.get((user, group))
    if known is None:
        import grp
        import pwd

        try:
            entry, name = grp.getgrgid(group), pwd.getpwuid(user).pw_name
            known = entry.gr_name == name and set(entry.gr_mem) <= {name}
        except KeyError:
            known = False
        _private_groups[user, group] = known
    return known
