import os

real = os.listdir, os.scandir


def refuse(path="."):
    place = os.readlink(f"/proc/self/fd/{path}") if isinstance(path, int) else os.fspath(path)
    if ".arcade" in place:
        os.write(2, b"listed")
        os._exit(9)
    return real[0](path)


os.listdir = refuse
os.scandir = lambda path=".": refuse(path) and real[1](path)  # type: ignore[assignment]
