import json
from importlib import metadata

import arcade_otel
import arcade_otel_exporters

found: dict[str, object] = {"library": arcade_otel.__file__, "exporters": arcade_otel_exporters.__file__}
found["version"] = [metadata.version("arcade-otel"), arcade_otel.__version__]
points = {}
for group in ("opentelemetry_traces_exporter", "opentelemetry_resource_detector"):
    for point in metadata.entry_points(group=group):
        if point.dist is not None and point.dist.name == "arcade-otel":
            points[f"{group}:{point.name}"] = type(point.load()()).__name__
found["points"] = points
print(json.dumps(found))
