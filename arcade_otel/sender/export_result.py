"""What became of one export of a lane."""

from collections.abc import Collection

__all__ = ["ExportResult"]


class ExportResult:
    """What became of the spans of one export.

    Attributes:
        done: How many leading spans are settled.
        refused: Which of those the backend can never take, by index.
        reason: Why not all are settled; None if they are.
        retry_after: Seconds for which the backend asked to be left alone, or None.
        withdrawn: Nothing stood in the way: the user has opted out meanwhile, or a span's file has gone.
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
