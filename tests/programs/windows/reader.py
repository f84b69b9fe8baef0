import sys
import time

path, stop = sys.argv[1:]
import os

count = 0
while not os.path.exists(stop):
    try:
        with open(path) as file:
            file.read()
            time.sleep(0.002)
        count += 1
        time.sleep(0.002)
    except OSError:
        pass
print(count)
