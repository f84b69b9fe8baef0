"""A collector that takes OTLP over HTTP, and one over gRPC."""

from collections.abc import Iterator

import pytest

from tests.kit.collector import GrpcCollector, HttpCollector


@pytest.fixture
def collector() -> Iterator[HttpCollector]:
    """OTLP over HTTP."""
    with HttpCollector() as made:
        yield made


@pytest.fixture
def grpc_collector() -> Iterator[GrpcCollector]:
    """OTLP over gRPC."""
    with GrpcCollector() as made:
        yield made
