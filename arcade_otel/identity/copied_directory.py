"""Find out whether a config directory was copied, for example as part of a machine image, a container image or a home directory.

All copies of a directory contain the same anonymous ID. If two people logged in on two of the copies, the ID would be aliased to
both accounts, and PostHog would merge the two people permanently. A copied directory therefore gets a new anonymous ID before its
next event. A copy that is linked to an account keeps its identity.

The marker file ``usage/place-…`` contains two salted hashes that identify the location of the directory. A command first checks
whether a marker with the expected name exists, which costs a few ``stat`` calls (``identity.place_marker``). If no marker has the
expected name, this module compares the hashes in the markers with the two hashes of the current location:

* **The location**: a hash of the machine's ID, the directory's inode number and, in a container, the path of the container's
  writable layer. On a network file system, the name of the remote share replaces the machine's ID in this hash, because many
  machines share the directory. On a file system that may renumber inodes at each mount (FUSE, 9p, virtiofs), the directory's path
  replaces its inode number in this hash.
* **The directory, until the next boot**: a hash of the kernel's boot ID and the directory's device and inode numbers. This hash
  stays the same if the directory is mounted into a container that has a different machine ID or none.

The directory counts as a copy if it contains markers, but none of them contains either of the current hashes. If the host is
renamed or its kernel is updated, the directory does not count as a copy, because the hash of the location includes neither the
host's name nor the kernel's version.

Limits: the library does not recognize a clone of a machine if the clone has the same machine ID, or if it was made from a
snapshot of the running machine. To let the library recognize clones, leave ``/etc/machine-id`` empty in a machine image. A
directory that was moved to another disk, or restored from a backup, usually counts as a copy and gets a new anonymous ID. If the
library mistakes a directory for a copy, PostHog shows one person as two.
"""

import hashlib
import os
import sys
from collections.abc import Iterator

from arcade_otel import storage
from arcade_otel.diagnostics import debug
from arcade_otel.identity import PLACE_PREFIX, place_marker
from arcade_otel.storage.directories import Directory

__all__ = ["fingerprint", "is_copy", "is_settled", "settle"]

_STATE = "usage"
#: Maximum number of markers. Machines that share a directory have one each, and a device may have another number after each boot.
_MAX_MARKERS = 16
_NETWORK_FILE_SYSTEMS = frozenset(
    ("nfs", "nfs4", "cifs", "smb3", "smbfs", "lustre", "ceph", "gpfs", "beegfs", "afs", "glusterfs", "pvfs2", "panfs", "orangefs")
)
_UNSTABLE_INODES = ("fuse", "9p", "virtiofs", "vboxsf", "prl_fs", "drvfs")


def is_settled(config_dir: str) -> bool:
    """Return whether the directory contains the marker for its current location.

    The check makes only ``stat`` calls.
    """
    try:
        os.lstat(os.path.join(config_dir, _STATE, place_marker(config_dir)))
    except OSError:
        return False
    return True


def is_copy(config_dir: str) -> bool:
    """Return whether the directory contains markers for other locations, but no marker for its current location.

    Raises:
        OSError: If a required file cannot be read at the moment.
    """
    known = list(_markers(config_dir))
    if not known:
        return False  # a first run, or an older version of this library
    here = fingerprint(config_dir)
    return not any(
        _hash(salt, text) == digest for salt, *digests in known for text, digest in zip(here, digests, strict=False) if text
    )


def settle(config_dir: str, *, copied: bool) -> None:
    """Write the marker for the directory's current location.

    If the marker cannot be written, the function raises no error, and the next command compares the hashes again.

    Args:
        config_dir: The config directory.
        copied: Whether the directory is a copy. If ``copied`` is True, the function deletes the markers of the original
            directory.
    """
    try:
        with Directory.open(config_dir, _STATE, create=True) as directory:
            name = place_marker(config_dir)
            salt = os.urandom(8).hex()
            digests = [_hash(salt, text) for text in fingerprint(config_dir)]
            directory.write(name, " ".join((salt, *digests)).encode())
            others = [(directory.status(other), other) for other in directory.names() if other.startswith(PLACE_PREFIX)]
            dated = sorted((status.st_mtime_ns, other) for status, other in others if status is not None and other != name)
            for _, other in dated if copied else dated[: -_MAX_MARKERS + 1]:
                directory.unlink(other)
    except OSError as error:
        debug("the marker of this place cannot be made", error)


def fingerprint(config_dir: str) -> tuple[str, str]:
    """Return ``(location, in_this_boot)``: the two texts from which the hashes of a marker are computed.

    ``location`` stays the same after a reboot. ``in_this_boot`` identifies the directory until the next boot, or is "" if the
    system provides no boot ID or the directory is on an overlay file system.

    Raises:
        OSError: If a required file cannot be read at the moment.
    """
    here = os.stat(config_dir)
    mount = _mount(os.path.realpath(config_dir))
    boot = _text("/proc/sys/kernel/random/boot_id")
    in_this_boot = f"{boot} {here.st_dev} {here.st_ino}" if boot else ""
    if mount is None:
        return f"local {_machine_id()} {here.st_ino}", in_this_boot
    root, kind, source, options = mount
    where = os.path.realpath(config_dir) if kind.startswith(_UNSTABLE_INODES) else str(here.st_ino)
    if kind.removeprefix("fuse.") in _NETWORK_FILE_SYSTEMS or kind == "fuse.sshfs" or source.startswith("//") or ":/" in source:
        return f"network {source} {root} {where}", in_this_boot
    upper = next((option for option in options.split(",") if option.startswith("upperdir=")), "")
    if kind == "overlay":
        in_this_boot = ""  # containers of one image have the same inodes, and one after another the same device
    return f"local {_machine_id()} {where} {upper}", in_this_boot


def _hash(salt: str, text: str) -> str:
    return hashlib.sha256(f"{salt} {text}".encode("utf-8", "surrogateescape")).hexdigest()


def _markers(config_dir: str) -> Iterator[list[str]]:
    """Yield the salt and the two hashes of each marker. Skip files that are not valid markers."""
    try:
        directory = Directory.open(config_dir, _STATE)
    except FileNotFoundError:
        return
    with directory:
        for name in directory.names():
            if name.startswith(PLACE_PREFIX):
                try:
                    words = (directory.read(name, 1024) or b"").decode("ascii", "replace").split(" ")
                except storage.UnusableFileError:
                    continue
                if len(words) == 3 and all(len(word) == 64 for word in words[1:]):  # noqa: PLR2004 - salt, and two of SHA-256
                    yield words


def _machine_id() -> str:
    if sys.platform == "win32":
        import winreg

        path, rights = r"SOFTWARE\Microsoft\Cryptography", winreg.KEY_READ | winreg.KEY_WOW64_64KEY
        try:
            with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, path, 0, rights) as key:
                return str(winreg.QueryValueEx(key, "MachineGuid")[0])
        except (FileNotFoundError, PermissionError):
            return ""
    if sys.platform == "darwin":
        return _host_uuid()
    return _text("/etc/machine-id") or _text("/var/lib/dbus/machine-id")


def _host_uuid() -> str:
    """Return the Mac's hardware ID from ``gethostuuid(3)``, or "" if the call fails."""
    import ctypes

    class Timespec(ctypes.Structure):
        _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))

    buffer = ctypes.create_string_buffer(16)
    try:
        failed = ctypes.CDLL(None).gethostuuid(buffer, ctypes.byref(Timespec(1, 0)))
    except AttributeError:
        return ""
    return "" if failed else buffer.raw.hex()


def _text(path: str) -> str:
    """Return the text of a system file, or "" if the file does not exist or the user is not allowed to read it."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read(4096).strip()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return ""


def _mount(path: str, table: str = "/proc/self/mountinfo") -> tuple[str, str, str, str] | None:
    """Return the root, type, source and options of the mount that contains ``path``.

    Return None if the system provides no mount table, or if no mount contains ``path``. The manual page proc_pid_mountinfo(5)
    documents the format of the mount table.
    """
    found = None
    longest = -1
    try:
        with open(table, encoding="utf-8", errors="surrogateescape") as file:
            lines = file.readlines()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return None
    for line in lines:
        before, separator, after = line.rstrip("\n").partition(" - ")
        fields, more = before.split(" "), after.split(" ")
        if not separator or len(fields) < 5 or len(more) < 3:  # noqa: PLR2004
            continue
        point = _unescaped(fields[4])
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= longest:  # if several mounts have the same path, the last one covers the others
            longest, found = len(point), (fields[3], more[0], more[1], more[2])
    return found


def _unescaped(text: str) -> str:
    for escape, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(escape, character)
    return text
