"""Files and directories that only their owner can read, and that belong to whom the directory around them belongs to."""

import os

__all__ = ["chown_to_parent_owner", "ensure_private_dir", "write_private"]


def ensure_private_dir(path: str) -> None:
    """Make the directory ``path`` (0700) and what is missing above it; one that exists stays as it is.

    Raises:
        OSError: It cannot be made, or something else is in its place.
    """
    if os.path.isdir(path):
        return
    parent = os.path.dirname(path)
    if parent and not os.path.isdir(parent):
        ensure_private_dir(parent)
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        if not os.path.isdir(path):
            raise
        return  # another process was quicker
    chown_to_parent_owner(path)


def write_private(path: str, text: str, *, durable: bool = False) -> None:
    """Replace the file ``path`` whole: written beside (0600), then renamed; nothing is left beside on failure.

    Args:
        path: Its directory must exist.
        text: Encoded as UTF-8; lone surrogates are an error.
        durable: Wait until it is on the disk, so that a power cut cannot leave an empty file under this name.

    Raises:
        OSError: It cannot be written.
    """
    directory, name = os.path.split(path)
    beside = os.path.join(directory, f".{name}.{os.urandom(4).hex()}.tmp")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
    try:
        try:
            data = text.encode()
            while data:
                data = data[os.write(descriptor, data) :]
            if durable:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        chown_to_parent_owner(beside)
        os.replace(beside, path)
    except BaseException:
        os.unlink(beside)
        raise


def chown_to_parent_owner(path: str) -> None:
    """Under ``sudo``, give ``path`` to whom the directory around it belongs to, so that ``sudo cli`` leaves no file of root's.

    Does nothing for anybody but root, and nothing on Windows. Never follows a link.
    """
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return
    around = os.stat(os.path.dirname(path) or os.curdir)
    if around.st_uid != 0:
        os.chown(path, around.st_uid, around.st_gid, follow_symlinks=False)
