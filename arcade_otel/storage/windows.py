"""Functions for Windows: find the directory for program data, and open files so that other processes can remove them.

The library imports this module only on Windows.
"""

import ntpath
import os
from typing import Any

__all__ = ["long_path", "open_file", "program_data"]

_VERSION_KEY = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion"
_DEFAULT = "C:\\ProgramData"
#: A longer path needs the prefix. Source: Microsoft, "Maximum Path Length Limitation".
_MAX_PATH = 259
#: The longest path below the config directory: a span's temporary file in the lane of a PostHog host with a long name.
_ROOM_BELOW = 150
_PREFIX = "\\\\?\\"
# Constants of CreateFile: GENERIC_READ, GENERIC_WRITE, FILE_SHARE_READ | WRITE | DELETE, the actions for existing and missing
# files, and FILE_ATTRIBUTE_NORMAL.
_READ, _WRITE = 0x80000000, 0x40000000
_SHARE_ALL = 0x7
_CREATE_NEW, _OPEN_EXISTING, _OPEN_ALWAYS = 1, 3, 4
_NORMAL = 0x80


def program_data() -> str:
    r"""Return the directory for all users' program data, usually ``C:\ProgramData``, according to the registry.

    Only an administrator can change the registry keys that the function reads. The function does not read the variables
    ``PROGRAMDATA`` and ``SystemDrive``, because a user could change them to bypass the machine's policy.
    """
    root = _registry_value(_VERSION_KEY, "SystemRoot") or "C:\\Windows"
    path = _registry_value(_VERSION_KEY + r"\ProfileList", "ProgramData") or _DEFAULT
    variable = "%SystemDrive%"
    if path.lower().startswith(variable.lower()):
        path = ntpath.splitdrive(root)[0] + path[len(variable) :]
    return path if ntpath.isabs(path) and "%" not in path else _DEFAULT


def _registry_value(key: str, name: str) -> str:
    import winreg

    registry: Any = winreg  # mypy checks as on Linux, where the module is empty
    try:
        with registry.OpenKey(registry.HKEY_LOCAL_MACHINE, key, 0, registry.KEY_READ | registry.KEY_WOW64_64KEY) as opened:
            value = registry.QueryValueEx(opened, name)[0]
    except OSError:
        return ""
    return value if isinstance(value, str) else ""


def long_path(path: str) -> str:
    r"""Return the config directory ``path``, with the prefix ``\\?\`` if paths below it may exceed 259 characters.

    By default, Windows opens a path of more than 259 characters only with the prefix ``\\?\``.

    Args:
        path: An absolute path.
    """
    if len(path) + _ROOM_BELOW <= _MAX_PATH or path.startswith(_PREFIX):
        return path
    path = ntpath.normpath(path)  # with the prefix, Windows accepts neither "/" nor ".."
    return f"{_PREFIX}UNC{path[1:]}" if path.startswith("\\\\") else _PREFIX + path


def open_file(path: str, flags: int, mode: int = 0o600, *, dir_fd: None = None) -> int:
    """Open a file as ``os.open`` does, but allow other processes to replace or remove the file while it is open.

    Return the descriptor. ``os.open`` uses Windows' C library, which lets other processes read and write an open file, but not
    remove it, so users could not remove the config directory while a lock is held. If ``flags`` contains ``os.O_APPEND`` or
    ``os.O_TRUNC``, this function calls ``os.open``, and the open file cannot be removed.

    Raises:
        OSError: If the file cannot be opened or created.
    """
    if flags & (os.O_APPEND | os.O_TRUNC):
        return os.open(path, flags, mode, dir_fd=dir_fd)
    import _winapi
    import msvcrt

    api: Any = _winapi  # mypy checks as on Linux, where these modules are empty
    c_library: Any = msvcrt
    access = {os.O_RDONLY: _READ, os.O_WRONLY: _WRITE}.get(flags & (os.O_WRONLY | os.O_RDWR), _READ | _WRITE)
    disposition = _OPEN_EXISTING
    if flags & os.O_CREAT:
        disposition = _CREATE_NEW if flags & os.O_EXCL else _OPEN_ALWAYS
    try:
        handle = api.CreateFile(path, access, _SHARE_ALL, 0, disposition, _NORMAL, 0)
    except OSError as error:
        error.filename = path
        raise
    try:
        # The descriptor is binary, and not inheritable, because the handle of CreateFile is not.
        descriptor: int = c_library.open_osfhandle(handle, flags & (os.O_WRONLY | os.O_RDWR) | getattr(os, "O_NOINHERIT", 0))
    except BaseException:
        api.CloseHandle(handle)
        raise
    return descriptor
