import os
import sys

import arcade_otel

arcade_otel.configure(
    name="tool",
    version="1",
    properties={"duration_ms": "duration", "runtime_version": "python_version", "code": "exit_code"},
    arcade_context=(lambda: os.environ["CONTEXT"] or None) if "CONTEXT" in os.environ else True,
)
with arcade_otel.command(sys.argv[1]):
    arcade_otel.set_property("duration_ms", 7)
