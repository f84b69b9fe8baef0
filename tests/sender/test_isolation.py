"""The tests look at a running sender: what it inherits from its program, and what another local user sees of it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from arcade_otel.testing import FakePostHog, Fault
from tests.support.machine import Machine
from tests.support.programs import read_program

pytestmark = pytest.mark.linux  # /proc tells what a process holds
needs_root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be another user")

OTHER_USER = 12346

INHERITS = """
import os, socket, sys
import arcade_otel
secret = os.open(sys.argv[1], os.O_RDONLY)
os.set_inheritable(secret, True)
ours, theirs = socket.socketpair()
ours.set_inheritable(True)
os.dup2(secret, 9)
with arcade_otel.command("one", name="tool", version="1"):
    pass
"""


def hanging_sender(machine: Machine, posthog: FakePostHog, *arguments: str, program: str = "tool", **environ: str) -> Path:
    """Run a command whose sender waits for an answer, and return the sender's directory in /proc."""
    posthog.always(Fault.hang())
    assert machine.run(*arguments, program=program, environ=environ).returncode == 0
    posthog.wait_for(lambda: posthog.requests)
    (sender,) = machine.senders()
    return Path(f"/proc/{sender}")


@pytest.mark.skipif(shutil.which("gcc") is None, reason="a library to preload needs a C compiler")
def test_a_running_sender_has_nothing_of_its_users_environment_but_what_is_listed(machine: Machine, posthog: FakePostHog) -> None:
    """The sender has neither a library that the shell preloads, which would run in the sender, nor any secret."""
    seen, source, library = machine.root / "seen", machine.root / "trap.c", machine.root / "trap.so"
    source.write_text(
        "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n"
        "__attribute__((constructor)) static void run(void) {\n"
        f'  if (getenv("ARCADE_USAGE_SENDER")) fclose(fopen("{seen}", "w"));\n}}\n'
    )
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", str(library), str(source)], check=True, timeout=60)
    harmful = {
        "LD_PRELOAD": str(library),
        "OPENSSL_CONF": "/evil.cnf",
        "AWS_SECRET_ACCESS_KEY": "canary",
        "ARCADE_USAGE_ROOTS": "/x",
    }
    process = hanging_sender(machine, posthog, "one", **harmful)
    environ = dict(entry.split("=", 1) for entry in (process / "environ").read_text().split("\0") if entry)
    machine.kill_senders()
    assert not seen.exists()
    assert set(environ) - set(machine.environ) == {
        "ARCADE_USAGE_SENDER",
        "ARCADE_USAGE_ROOTS",
        "ARCADE_USAGE_START",
        "ARCADE_USAGE_EVENT_DATA",
        "ARCADE_USAGE_NAMES",
        "PYTHONSAFEPATH",
    }
    assert "/x" not in environ["ARCADE_USAGE_ROOTS"].split(os.pathsep)
    assert "canary" not in str(environ)


def test_a_running_sender_has_no_descriptor_of_its_programs(machine: Machine, posthog: FakePostHog) -> None:
    """The sender has no file or socket that the program made inheritable, and no terminal."""
    secret = machine.root / "secret"
    secret.write_text("secret")
    machine.program("inherits", INHERITS)
    process = hanging_sender(machine, posthog, str(secret), program="inherits")
    held = {path.name: os.readlink(path) for path in (process / "fd").iterdir()}
    machine.kill_senders()
    assert held["0"] == held["1"] == held["2"] == os.devnull
    assert str(secret) not in held.values()
    sockets = [target for target in held.values() if target.startswith("socket:")]
    assert len(sockets) <= 1, "the connection to the server"


LOOK = read_program("sender/look_at_the_sender")


@needs_root
def test_another_user_cannot_read_the_payload_of_a_running_sender(machine: Machine, posthog: FakePostHog) -> None:
    """The payload is in the environment, which the system shows only to its owner and to root, and not in the command line."""
    process = hanging_sender(machine, posthog, "canary-command")
    looked = subprocess.run(
        [sys.executable, "-c", LOOK, str(process), str(OTHER_USER)], capture_output=True, text=True, check=True, timeout=60
    )
    assert b"canary-command" in (process / "environ").read_bytes(), "it is there for its owner"
    machine.kill_senders()
    lines = looked.stdout.splitlines()
    assert lines[:4] == ["environ refused", "mem refused", "maps refused", "fd refused"]
    assert "canary-command" not in lines[4]
    assert "phc_test" not in lines[4]
