"""What an installer leaves of a program on a machine, and what time does to its queue."""

from pathlib import Path

from tests.support.machine import Machine

__all__ = ["grow_old", "install"]

_DAY_NS = 24 * 3600 * 10**9


def install(machine: Machine, version: str, *, installer: str = "pip") -> Path:
    """Install a version of the distribution ``tool``, which owns the program ``tool``. Return its metadata directory."""
    metadata = machine.root / "site-packages" / f"tool-{version}.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "INSTALLER").write_text(f"{installer}\n")
    (metadata / "entry_points.txt").write_text("[console_scripts]\ntool = cli:app\n")
    return metadata


def grow_old(machine: Machine, exporter: str) -> None:
    """Make the queued spans of an exporter so old that the next sender drops and counts them."""
    waiting = machine.queued(exporter)
    assert waiting
    for path in waiting:
        end, _, rest = path.name.partition("-")
        path.rename(path.parent / f"{int(end) - 8 * _DAY_NS:020d}-{rest}")
