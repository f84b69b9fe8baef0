"""Wait until the file of the first argument exists, at most a minute, and become the command of the others."""

import os
import sys
import time

deadline = time.monotonic() + 60
while not os.path.exists(sys.argv[1]) and time.monotonic() < deadline:
    time.sleep(0.01)
os.execv(sys.argv[2], sys.argv[2:])
