"""One line in the output of ``usage doctor``: a check's name and result, and advice if the check failed."""

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
    """One line in the output of ``usage doctor``.

    Attributes:
        name: Name of the check, one of :data:`NAMES`.
        ok: True if the check passed, False if it failed, or None if nothing was checked.
        detail: The result, as text for the user.
        remedy: If the check failed, a sentence that tells the user what to do, otherwise "".
        milliseconds: For the check ``cost``, the time that arcade-otel adds to a command, otherwise None.
    """

    name: str
    ok: bool | None
    detail: str
    remedy: str = ""
    milliseconds: float | None = None

    def as_dict(self) -> dict[str, object]:
        """Return the line as a dictionary, for programs."""
        fields: dict[str, object] = {"name": self.name, "ok": self.ok, "detail": self.detail}
        if self.remedy:
            fields["remedy"] = self.remedy
        if self.milliseconds is not None:
            fields["milliseconds"] = self.milliseconds
        return fields
