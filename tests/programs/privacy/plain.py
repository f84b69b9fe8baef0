spec = globals()["spec"]  # the scenario, which the runner gives
import sys

import arcade_otel
from tests.privacy.scenarios import act

command = sys.argv[1] if sys.argv[1:2] and sys.argv[1] in ("run", "login", "logout", "ask") else "run"
with arcade_otel.command(command, name=spec["name"], version="1"):
    if command == "ask":
        input("opt: ")
    act(spec)
