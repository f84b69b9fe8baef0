"""A disk that takes no write any more: a mount that only the processes of one namespace see. It needs root."""

import shutil
import subprocess

from tests.support.machine import Machine

__all__ = ["CANNOT_MOUNT", "MOUNTS", "Disk"]

MOUNTS = {
    "read-only": 'mount --bind "$1" "$1"',
    "full": 'cp -a "$1" "$1.copy" && mount -t tmpfs -o size=256k,mode=700 none "$1" && cp -a "$1.copy/." "$1"',
}
REFUSES = {"read-only": 'mount -o remount,ro,bind "$1"', "full": 'cat /dev/zero > "$1/filler" 2>/dev/null || true'}


def _cannot_mount() -> str:
    if shutil.which("unshare") is None or shutil.which("nsenter") is None:
        return "unshare or nsenter is missing (util-linux)"
    tried = subprocess.run(["unshare", "--mount", "mount", "--bind", "/", "/mnt"], capture_output=True, text=True, check=False)
    return "" if tried.returncode == 0 else f"nothing can be mounted here: {tried.stderr.strip()}"


#: Why nothing can be mounted here, or "".
CANNOT_MOUNT = _cannot_mount()


class Disk:
    """The disk of the config directory: a mount that only the processes of one namespace see, and that ends with them."""

    def __init__(self, machine: Machine, kind: str) -> None:
        self._machine = machine
        self._kind = kind
        self._holder = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", f"{MOUNTS[kind]} && echo ready && exec cat", "sh", str(machine.config_dir)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._holder.stdout is not None
        assert self._holder.stdout.readline() == b"ready\n"

    def run(self, *command: str, **environ: str) -> "subprocess.CompletedProcess[str]":
        """Run a command that has its config directory on the disk, and wait for its senders."""
        ended = subprocess.run(
            ["nsenter", "--mount", "--target", str(self._holder.pid), *command],
            env={**self._machine.environ, **environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        self._machine.settle()
        return ended

    def refuse(self) -> None:
        """Make the disk refuse all writes from now on."""
        assert self.run("sh", "-c", REFUSES[self._kind], "sh", str(self._machine.config_dir)).returncode == 0

    def write(self, name: str, text: str) -> None:
        """Write a file in ``usage/``."""
        self.run("sh", "-c", f'printf %s "$2" > "$1/usage/{name}"', "sh", str(self._machine.config_dir), text)

    def close(self) -> None:
        """Unmount the disk."""
        self._holder.communicate(timeout=60)
