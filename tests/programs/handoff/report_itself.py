import json
import os
import sys

out = sys.argv[1]
fds = []
for n in os.listdir("/proc/self/fd"):
    try:
        fds.append([int(n), os.readlink(f"/proc/self/fd/{n}")])
    except OSError:
        pass
import signal

state = {
    "sid": os.getsid(0),
    "parent": os.getppid(),
    "fds": fds,
    "env": dict(os.environ),
    "ignored": [s for s in (1, 2, 3, 13, 15) if signal.getsignal(s) is signal.SIG_IGN and s != 13],
    "blocked": len(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
}
with open(out + ".tmp", "w") as f:
    json.dump(state, f)
os.rename(out + ".tmp", out)
