import sys

import arcade_otel

with arcade_otel.command(sys.argv[1], name="tool", version="1.2.3"):
    if sys.argv[2:] == ["fail"]:
        sys.exit(3)
