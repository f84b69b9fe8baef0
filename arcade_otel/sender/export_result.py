"""The result of one export of a lane."""

from collections.abc import Collection

__all__ = ["ExportResult"]


class ExportResult:
    """The result of one export.

    Attributes:
        done: Number of spans at the beginning that are done: accepted, or refused for good.
        refused: Indexes of the spans that the backend can never take.
        reason: Why some spans are not done. None if all are.
        retry_after: Seconds after which the backend allows the next request, or None.
        withdrawn: True if the delivery ended because the user has opted out, or because a span's file is gone.
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
