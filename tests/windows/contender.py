"""Take a lock fifty times, and print how often another process had the lock too: ``python contender.py DIRECTORY``."""

import os
import sys
import time

from arcade_otel.storage.directories import Directory
from arcade_otel.storage.locks import FileLock


def main(path: str) -> int:
    """Return how often another process had the lock too."""
    inside = os.path.join(path, "inside")
    held = met = 0
    while held < 50:
        with Directory.open(path) as directory:
            lock = FileLock.acquire(directory, "test.lock", wait=0, stale_after=10)
        if lock is None:
            continue
        held += 1
        with lock:
            try:
                os.close(os.open(inside, os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                met += 1
            else:
                time.sleep(0.002)
                os.unlink(inside)
    return met


if __name__ == "__main__":
    print(main(sys.argv[1]))
