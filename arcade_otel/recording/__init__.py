"""Special ways to record a run: as a live span, as the span of a login or logout, or as a dry run."""

__all__: list[str] = []
