import sys
from typing import Literal

import arcade_otel

arcade_otel.configure(
    name="tool",
    version="1",
    properties={"plan": Literal["free", "pro"], "tools": int, "beta": bool, "size": int},
    groups=["organization"],
    property_values=lambda: {"tools": 7, "size": "huge", "plan": "free"},
    exclude=["prompt"],
    sample={"watch": 0.5},
    principal=lambda: "user-9",
)
with arcade_otel.command(sys.argv[1].replace("/", " ")):
    arcade_otel.set_property("plan", "pro")
    arcade_otel.set_property("beta", True)
    arcade_otel.set_property("organization", "org_123")
    arcade_otel.set_property("secret", "phx_CANARY")
arcade_otel.set_property("plan", "free")  # no command runs
