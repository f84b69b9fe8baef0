spec = globals()["spec"]  # the scenario, which the runner gives
import sys

import arcade_otel
from tests.privacy.scenarios import act, declarations

command = sys.argv[1] if sys.argv[1:2] and sys.argv[1] in ("run", "login", "logout", "ask") else "run"
with arcade_otel.command(command, name=spec["name"], version="1", **declarations(spec)):
    if spec.get("tracks"):  # a sandbox fails for what is not declared
        arcade_otel.track("acted", {"count": 3, "word": spec["canary"], spec["canary"]: 1})
        arcade_otel.track(spec["text"], {"count": spec["canary"]})
    if command == "ask":
        input("opt: ")
    act(spec)
