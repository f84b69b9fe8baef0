import os

import arcade_otel

for _ in range(2):
    with arcade_otel.command("work", name="tool"):
        pass
    try:
        print(os.wait())
    except ChildProcessError:
        print("no child")
    own = os.posix_spawn("/bin/true", ["/bin/true"], {})
    with arcade_otel.command("work", name="tool"):
        pass
    print(os.waitpid(-1, 0)[0] == own)
