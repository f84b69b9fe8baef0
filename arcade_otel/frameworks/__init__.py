"""Frameworks: Typer, Click and the context manager."""

__all__: list[str] = []
