"""Fixtures of the tests of the identity that use the SDK."""

from tests.support.otel import environment, make_span, receiver

__all__ = ["environment", "make_span", "receiver"]
