"""One line of ``usage doctor``: what was checked, whether it works, and what to do if it does not."""

from typing import NamedTuple

__all__ = ["NAMES", "Check"]

#: Every name that a line can have, in their order; ``{}`` stands for an exporter or a lane. ``docs/troubleshooting.md`` has a
#: section for each, and a test compares them.
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
        name: What was checked, one of :data:`NAMES`.
        ok: True: it works. False: events cannot be delivered because of it, or are delivered wrong. None: it was not checked.
        detail: What was found, for a person.
        remedy: What to do, one sentence; "" unless ``ok`` is False.
        milliseconds: What a command pays, for ``cost``.
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
