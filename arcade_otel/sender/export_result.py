"""The result of one export: how many spans the backend accepted or refused, and why the other spans stay queued."""

from collections.abc import Collection

__all__ = ["ExportResult"]


class ExportResult:
    """The result of exporting a list of spans.

    Attributes:
        done: The number of spans, counted from the first one, that the backend accepted or refused for good.
        refused: The indexes of the spans that the backend will never accept.
        reason: Why the remaining spans were not delivered, or None if no spans remain.
        retry_after: Seconds after which the backend allows the next request, or None.
        withdrawn: Whether the delivery ended because the user has opted out, or because a span's file no longer exists.
    """

    __slots__ = ("done", "reason", "refused", "retry_after", "withdrawn")

    def __init__(
        self,
        done: int,
        refused: Collection[int] = (),
        reason: str | None = None,
        retry_after: float | None = None,
        *,
        withdrawn: bool = False,
    ) -> None:
        self.done = done
        self.refused = refused
        self.reason = reason
        self.retry_after = retry_after
        self.withdrawn = withdrawn
