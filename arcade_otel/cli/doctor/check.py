"""One line in the output of ``usage doctor``: the name of a check, its result, and what the user can do."""

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
        ok: True if the check passed, False if events cannot be delivered or would be wrong, and None if nothing was checked.
        detail: The result, as text for the user.
        remedy: A sentence that says what the user can do if ``ok`` is False, or else "".
        milliseconds: How much longer a command takes, in milliseconds. Set only for the check ``cost``, and None for the others.
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
