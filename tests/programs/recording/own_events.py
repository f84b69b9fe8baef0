import os
import sys
import time
from typing import Literal

import arcade_otel

arcade_otel.configure(
    name="tool",
    version="1",
    groups=["organization"],
    events={"toolkit created": {"tools": int, "kind": Literal["local", "remote"], "beta": bool}, "Tool.run 2": {}},
    principal=lambda: "user-9",
    exclude="prompt",
)
arcade_otel.track("toolkit created", {"tools": 1})  # no command runs
with arcade_otel.command(sys.argv[1]):
    arcade_otel.set_property("organization", "org_123")
    arcade_otel.track("toolkit created", {"tools": 3, "kind": "remote", "beta": True})
    if sys.argv[1] == "wrong":
        canary = os.environ["CANARY"]
        arcade_otel.track("toolkit created", {"tools": canary, "kind": canary, canary: 1, "beta": 1})
        arcade_otel.track(canary, {"tools": 3})
        arcade_otel.track([canary], canary)  # type: ignore[arg-type]
        arcade_otel.track("Tool.run 2", canary)  # type: ignore[arg-type]
    if sys.argv[1] == "fork" and not os.fork():
        arcade_otel.track("Tool.run 2")
        os._exit(0)
    if sys.argv[1] == "disable":
        os.environ["DO_NOT_TRACK"] = "1"
    for _ in range(int(os.environ.get("TIMES", "1"))):
        arcade_otel.track("Tool.run 2")
    if sys.argv[1] == "slow":
        time.sleep(0.02)
        arcade_otel.track("toolkit created", {"tools": 5})
    if sys.argv[1] == "fail":
        raise ValueError("it broke")
arcade_otel.track("toolkit created", {"tools": 4})  # no command runs any more
