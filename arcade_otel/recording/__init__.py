"""Further ways to turn a run into a span: live spans, the span of a login or logout, and the dry run."""

__all__: list[str] = []
