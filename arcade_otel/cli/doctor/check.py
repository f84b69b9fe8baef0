"""One line of ``usage doctor``: the check, its result, and the remedy."""

from typing import NamedTuple

__all__ = ["NAMES", "Check"]

#: Every name that a line can have, in order. ``{}`` stands for an exporter or a lane. ``docs/troubleshooting.md`` has a section
#: for each name, and a test compares them.
NAMES = (
    "consent",
    "config directory",
    "disk",
    "locks",
    "identity",
    "cost",
    "sender",
    "last sender",
    "OpenTelemetry",
    "exporter {}",
    "delivery {}",
    "proxy",
    "DNS",
    "connection",
    "certificate",
    "clock",
    "process reaping",
    "machine",
    "lane {}",
)


class Check(NamedTuple):
    """A line.

    Attributes:
        name: Name of the check, one of :data:`NAMES`.
        ok: True if it works. False if events cannot be delivered because of it, or are wrong. None if it was not checked.
        detail: The result, as text for the user.
        remedy: One sentence that says what to do, or "" unless ``ok`` is False.
        milliseconds: For ``cost`` only, the time that a command takes longer.
    """

    name: str
    ok: bool | None
    detail: str
    remedy: str = ""
    milliseconds: float | None = None

    def as_dict(self) -> dict[str, object]:
        """Return the line for programs."""
        fields: dict[str, object] = {"name": self.name, "ok": self.ok, "detail": self.detail}
        if self.remedy:
            fields["remedy"] = self.remedy
        if self.milliseconds is not None:
            fields["milliseconds"] = self.milliseconds
        return fields
