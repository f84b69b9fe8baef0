import ctypes
import os
import subprocess
import sys

assert ctypes.CDLL(None, use_errno=True).prctl(36, 1, 0, 0, 0) == 0  # PR_SET_CHILD_SUBREAPER
for line in sys.stdin:
    if line.strip() == "zombies":
        states = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                fields = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()
            except OSError:
                continue
            states.append(fields[0] == "Z" and fields[1] == str(os.getpid()))
        print(sum(states), flush=True)
    else:
        print(subprocess.run(line.split()).returncode, flush=True)
