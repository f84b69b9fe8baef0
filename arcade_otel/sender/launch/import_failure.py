"""Write a receipt to show the user that the sender cannot import the library.

This module imports only the standard library.
"""

import json
import os
import stat
import time
from contextlib import suppress

__all__ = ["leave_problem"]

#: A longer file of receipts is left as it is, because only the library can shorten it.
_MAX_BYTES = 1024 * 1024


def leave_problem(config_dir: str, mark: str, error: BaseException) -> None:
    """Write a receipt that ``usage status`` shows as the last problem, and make commands start fewer senders.

    The function also creates the marker file ``unreaped``, as other senders do if PID 1 does not reap ended senders. While the
    marker exists, commands write their spans to the queue themselves, and start only one sender an hour. A sender that can import
    the library removes the marker, unless it finds eight or more ended senders that were not reaped.

    The function renames the start mark (``handoff.starts``) so that it counts as a failed start. Therefore, the next command can
    take the span from the mark and queue it at once instead of after 10 s.

    Args:
        config_dir: The config directory.
        mark: Name of the start mark, or "" if there is none.
        error: The exception that the import raised.

    Raises:
        OSError: If the receipt or the marker cannot be written.
    """
    state_dir = os.path.join(config_dir, "usage")
    if not os.path.isabs(config_dir) or os.path.islink(state_dir):
        return
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"):
        flags |= getattr(os, name, 0)
    missing = error.name if isinstance(error, ImportError) else None
    why = f"the sender cannot import {missing or 'the library'} ({type(error).__name__})"
    line = json.dumps({"at": round(time.time(), 3), "state": "failed", "lane": "sender", "why": why}) + "\n"
    for name, text in (("unreaped", "import\n"), ("receipts.jsonl", line)):
        descriptor = os.open(os.path.join(state_dir, name), flags, 0o600)
        try:
            found = os.fstat(descriptor)
            if stat.S_ISREG(found.st_mode) and found.st_size < _MAX_BYTES:
                os.write(descriptor, text.encode("ascii", "replace"))
        finally:
            os.close(descriptor)
    if mark and os.path.basename(mark) == mark:
        path = os.path.join(state_dir, "starting", mark)
        with suppress(FileNotFoundError):
            os.rename(path, path.removesuffix(".json") + "failed.json")
