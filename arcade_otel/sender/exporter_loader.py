"""Create the exporters that ``OTEL_TRACES_EXPORTER`` names."""

from __future__ import annotations

import os

from arcade_otel.diagnostics import debug

TYPE_CHECKING = False  # type checkers know better; the module typing costs a sender a third of a bare Python
if TYPE_CHECKING:
    from arcade_otel.sender.posthog_lane import PostHogLaneExporter
    from arcade_otel.sender.sdk_lane import SdkLaneExporter

__all__ = ["make_exporter"]

_GROUP = "opentelemetry_traces_exporter"
# ``otlp`` is gRPC unless the protocol is set, as in opentelemetry-instrument. Each protocol has a distribution of its own.
_OTLP = {"grpc": "otlp_proto_grpc", "http/protobuf": "otlp_proto_http", "http/json": "otlp_json_http"}


def make_exporter(name: str) -> PostHogLaneExporter | SdkLaneExporter | None:
    """Return the exporter called ``name``, or None if the exporter is not installed or cannot be created.

    If the function returns None, it writes the reason to the debug log. PostHog's exporter does not need the SDK. Any exporter
    except PostHog's is a class that its distribution has registered in OpenTelemetry's entry-point group for exporters. The class
    is called without arguments, and may read its own environment variables, such as ``OTEL_EXPORTER_OTLP_ENDPOINT``.
    """
    if name == "posthog":
        from arcade_otel.sender.posthog_lane import PostHogLaneExporter

        return PostHogLaneExporter()
    try:
        return _make_sdk_exporter(name)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - third-party code; the other exporters still run
        debug(f"exporter {name} cannot be made: it is left out", error)
        return None


def _make_sdk_exporter(name: str) -> SdkLaneExporter | None:
    from importlib.metadata import entry_points
    from importlib.util import find_spec

    from opentelemetry.sdk.trace.export import SpanExporter

    from arcade_otel.exporters import clean_environment
    from arcade_otel.sender.sdk_lane import SdkLaneExporter

    clean_environment(os.environ)  # without variables that would change HTTP clients
    registered = name
    if name == "otlp":
        protocol = (
            os.environ.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "").strip()
            or os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL", "").strip()
        )
        if not protocol:
            # gRPC, as in opentelemetry-instrument, unless only the other one is installed.
            protocol = "grpc" if find_spec("grpc") is not None else "http/protobuf"
        if protocol not in _OTLP:
            debug(f"OTEL_EXPORTER_OTLP_PROTOCOL={protocol} is none of {', '.join(_OTLP)}: exporter otlp is left out")
            return None
        registered = _OTLP[protocol]
    found = next(iter(entry_points(group=_GROUP, name=registered)), None)
    if found is None:
        debug(f"exporter {name} of OTEL_TRACES_EXPORTER is not installed (no {registered} in {_GROUP}): it is left out")
        return None
    exporter = found.load()()
    if not isinstance(exporter, SpanExporter):
        debug(f"exporter {name} is no SpanExporter: it is left out")
        return None
    return SdkLaneExporter(name, exporter)
