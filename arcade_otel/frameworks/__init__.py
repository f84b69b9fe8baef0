"""Frameworks: Typer, Click and the context manager."""
