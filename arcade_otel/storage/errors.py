"""Why a file or directory is not used. Most runs meet neither error, and so do not import this module."""

__all__ = ["UntrustedStateError", "UnusableFileError"]


class UntrustedStateError(PermissionError):
    """A directory or file is not used, because it belongs to another user or another user can write it."""


class UnusableFileError(OSError):
    """There is something else than a small regular file under this name: a link, pipe, directory, device or huge file."""
