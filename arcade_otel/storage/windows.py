"""What is asked of Windows itself: where an administrator's files are, how a file is opened so that it can be removed meanwhile.

Imported on Windows only. The modules that it uses are part of Windows' ``python3*.dll``, and cost a command nothing to import.
"""

import ntpath
import os
from typing import Any

__all__ = ["long_path", "open_file", "program_data"]

_VERSION_KEY = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion"
_DEFAULT = "C:\\ProgramData"
#: A path of more characters in all needs the prefix. Source: Microsoft, "Maximum Path Length Limitation".
_MAX_PATH = 259
#: The longest path below the config directory: a span's temporary file in the lane of a PostHog host with a long name.
_ROOM_BELOW = 150
_PREFIX = "\\\\?\\"
# Of CreateFile: GENERIC_READ, GENERIC_WRITE, FILE_SHARE_READ | WRITE | DELETE, what to do with a file that exists or not, and
# FILE_ATTRIBUTE_NORMAL.
_READ, _WRITE = 0x80000000, 0x40000000
_SHARE_ALL = 0x7
_CREATE_NEW, _OPEN_EXISTING, _OPEN_ALWAYS = 1, 3, 4
_NORMAL = 0x80


def program_data() -> str:
    r"""Return the directory of programs' data for all users, ``C:\ProgramData``, as the registry has it.

    Only an administrator can change these keys. The user's variables ``PROGRAMDATA`` and ``SystemDrive`` are not asked: they
    would let any environment undo the machine's policy.
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
    r"""Return ``path``, a config directory, with the prefix ``\\?\`` if files below it pass Windows' limit of 260 characters.

    Without the prefix Windows opens no longer path, unless an administrator has lifted the limit for the machine.

    Args:
        path: An absolute path.
    """
    if len(path) + _ROOM_BELOW <= _MAX_PATH or path.startswith(_PREFIX):
        return path
    path = ntpath.normpath(path)  # behind the prefix Windows takes no "/" and no ".."
    return f"{_PREFIX}UNC{path[1:]}" if path.startswith("\\\\") else _PREFIX + path


def open_file(path: str, flags: int, mode: int = 0o600, *, dir_fd: None = None) -> int:
    """Open a file as ``os.open`` does, but so that other processes can replace and remove it meanwhile; return the descriptor.

    ``os.open`` goes through Windows' C library, which lets other processes read and write an open file, and lets none remove it.
    A lock's file is open for as long as the lock is held: without this, the config directory could not be removed meanwhile.

    Raises:
        OSError: It cannot be opened or made.
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
        # No flag of text mode, and not inheritable: CreateFile's handle is not.
        descriptor: int = c_library.open_osfhandle(handle, flags & (os.O_WRONLY | os.O_RDWR) | getattr(os, "O_NOINHERIT", 0))
    except BaseException:
        api.CloseHandle(handle)
        raise
    return descriptor
