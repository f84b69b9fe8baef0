import os
import sys
import threading

import arcade_otel
from arcade_otel.frameworks import late_events

late_events.INTERVAL_SECONDS = float(os.environ.get("INTERVAL", "600"))
arcade_otel.configure(
    name="tool",
    version="1",
    principal=lambda: "user-9",
    record_start="served",
    exclude="excluded",
    sample={"sampled": 1e-9},
    groups=["organization"],
    properties={"runtime": "python_version"},
    events={"tool called": {"number": int, "why": arcade_otel.FreeText(reason="shows why tools fail")}},
)


def track(number):
    arcade_otel.track("tool called", {"number": int(number)})


command = sys.argv[1]
with arcade_otel.command(command):
    arcade_otel.set_property("organization", "org_123")
    if command in ("login", "logout"):
        sys.exit()
    track(0)
    if command != "served":
        arcade_otel.end_run()
    for line in sys.stdin:
        word, _, rest = line.strip().partition(" ")
        if word == "track":
            track(rest)
        elif word == "many":
            for number in range(int(rest)):
                track(number + 1)
        elif word == "thread":
            thread = threading.Thread(target=track, args=(rest,))
            thread.start()
            thread.join()
        elif word == "fork":
            child = os.fork()
            if not child:
                track(rest)
                os._exit(0)
            os.waitpid(child, 0)
        elif word == "say":
            arcade_otel.track("tool called", {"number": 1, "why": f"no {rest} in /home/jane"})
        elif word == "nested":
            with arcade_otel.command("nested"):
                track(rest)
        elif word == "raise":
            raise ValueError(rest)
        print("done", flush=True)
track(-1)
