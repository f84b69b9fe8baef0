"""The OTLP receivers of an OpenTelemetry Collector, over HTTP and gRPC, built with the official ``opentelemetry-proto``."""

import gzip
import json
import threading
import time
from collections.abc import Callable, Mapping
from concurrent import futures
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

import grpc
from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

__all__ = ["Collector", "GrpcCollector", "HttpCollector", "Received"]


class Received:
    """A received span: the protobuf ``span``, its ``resource`` attributes, its ``scope``, and the request's ``headers``."""

    def __init__(
        self, span: Span, resource: dict[str, Any], scope: str, scope_attributes: dict[str, Any], headers: Mapping[str, str]
    ) -> None:
        self.span = span
        self.resource = resource
        self.scope = scope
        self.scope_attributes = scope_attributes
        self.headers = dict(headers)

    @property
    def name(self) -> str:
        """The name of the span."""
        return str(self.span.name)

    @property
    def attributes(self) -> dict[str, Any]:
        """The attributes of the span as Python values."""
        return _values(self.span.attributes)

    @property
    def trace_id(self) -> str:
        """The trace ID in hex."""
        return str(self.span.trace_id.hex())

    @property
    def span_id(self) -> str:
        """The span ID in hex."""
        return str(self.span.span_id.hex())

    @property
    def parent_id(self) -> str:
        """The span ID of the parent in hex, or "" for a root span."""
        return str(self.span.parent_span_id.hex())


def _values(pairs: Any) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return _values(value.kvlist_value.values)
    return getattr(value, kind) if kind else None


class Collector:
    """The common part of both receivers: keep the spans that arrive. While ``failing`` is True, every request fails."""

    def __init__(self) -> None:
        self.spans: list[Received] = []
        self.requests = 0
        self.failing = False
        self.url = ""
        self.paths = ["/v1/traces"]
        self.schema_urls: set[str] = set()

    def take(self, request: ExportTraceServiceRequest, headers: Mapping[str, str]) -> bool:
        """Keep the spans of a request. Return False if the request must fail."""
        self.requests += 1
        if self.failing:
            return False
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                around = _values(resource.resource.attributes), scope.scope.name, _values(scope.scope.attributes)
                self.schema_urls |= {resource.schema_url, scope.schema_url}
                self.spans += [Received(span, *around, headers) for span in scope.spans]
        return True

    def named(self, name: str) -> Received:
        """Return the only span with this name."""
        (found,) = [received for received in self.spans if received.name == name]
        return found

    def wait_for(self, condition: Callable[[], object], timeout: float = 30.0) -> None:
        """Wait until a condition is true."""
        deadline = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"waited in vain; spans: {[received.name for received in self.spans]}")
            time.sleep(0.02)


class HttpCollector(Collector):
    """OTLP over HTTP, in protobuf and in JSON. ``url`` is the value for ``OTEL_EXPORTER_OTLP_ENDPOINT``."""

    def __init__(self) -> None:
        super().__init__()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                """Take a request."""
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers["Content-Encoding"] == "gzip":
                    body = gzip.decompress(body)
                request = ExportTraceServiceRequest()
                if self.headers["Content-Type"] == "application/json":
                    ParseDict(_base64_ids(json.loads(body)), request)
                else:
                    request.ParseFromString(body)
                good = self.path in collector.paths and collector.take(request, dict(self.headers.items()))
                answer = ExportTraceServiceResponse().SerializeToString() if good else b"no"
                self.send_response(200 if good else 400)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *arguments: object) -> None:
                """Print nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> "HttpCollector":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _base64_ids(traces: dict[str, Any]) -> dict[str, Any]:
    """Convert OTLP/JSON to protobuf's own JSON. IDs are hex in OTLP, and bytes are base64 in protobuf."""
    import base64

    for resource in traces.get("resourceSpans", []):
        for scope in resource.get("scopeSpans", []):
            for span in scope.get("spans", []):
                for holder in (span, *span.get("links", [])):
                    for key in ("traceId", "spanId", "parentSpanId"):
                        if holder.get(key):
                            holder[key] = base64.b64encode(bytes.fromhex(holder[key])).decode()
    return traces


class GrpcCollector(Collector):
    """OTLP over gRPC. ``url`` is the value for ``OTEL_EXPORTER_OTLP_ENDPOINT``."""

    def __init__(self) -> None:
        super().__init__()
        collector = self

        class Service(TraceServiceServicer):
            def Export(self, request: ExportTraceServiceRequest, context: Any) -> ExportTraceServiceResponse:  # noqa: N802 - gRPC's
                """Take a request."""
                if not collector.take(request, {str(key): str(value) for key, value in context.invocation_metadata()}):
                    context.abort(grpc.StatusCode.INVALID_ARGUMENT, "no")
                return ExportTraceServiceResponse()

        self._server = grpc.server(futures.ThreadPoolExecutor(2))
        add_TraceServiceServicer_to_server(Service(), self._server)  # type: ignore[no-untyped-call]
        self.url = f"http://127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"

    def __enter__(self) -> "GrpcCollector":
        self._server.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.stop(None).wait()
