"""Run commands and senders as real processes in a few milliseconds each, and kill them at an exact line.

A warm, single-threaded interpreter that has everything imported forks once per request. The child runs the library as it is,
except that a command only reports the sender that it would have started. The test decides when that sender runs, whether it runs
at all, and at which line of the library it is killed. Variables of the child can break its locks and its clock (``FAULT_…`` and
``CLOCK_OFFSET``, which the C files in ``tests/support`` read). A :data:`Disk` says how it finds its disk.
"""

import gc
import importlib
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Sequence
from types import FrameType
from typing import Any, Literal, TypedDict

from tests.support.warm_start import drop_roots_powers

__all__ = ["Disk", "Ended", "ForkServer", "SenderWanted"]

#: How a process finds its disk. ``full``: no byte can be written, but an empty file can be made and a file removed.
#: ``read-only``: the permissions of files apply, although root runs the process.
Disk = Literal["well", "full", "read-only"]

#: The modules that a command or a sender imports. Otherwise each child would import them again.
_PRELOADED = (
    "anyio",
    "h11",
    "httpcore",
    "httpx",
    "yaml",
    "_sha1",
    "arcade_otel.command_context",
    "arcade_otel.consent.notice",
    "arcade_otel.frameworks.before_exec",
    "arcade_otel.frameworks.early_end",
    "arcade_otel.frameworks.context_manager",
    "arcade_otel.handoff.receipts",
    "arcade_otel.identity.arcade_api",
    "arcade_otel.identity.login",
    "arcade_otel.option_checks",
    "arcade_otel.recording.identity_span",
    "arcade_otel.recording.waiting",
    "arcade_otel.sender.delivery",
    "arcade_otel.sender.direct",
    "arcade_otel.sender.posthog_lane",
    "arcade_otel_exporters.detached",
    "tests.model.mutations",
)


class SenderWanted(TypedDict):
    """A sender that a command asked for, with the environment that the sender would have had."""

    environ: dict[str, str]


class Ended(TypedDict):
    """How a process of the fork server ended: its exit code (negative: the signal), and the senders that it asked for."""

    code: int
    senders: list[SenderWanted]


class ForkServer:
    """The warm interpreter, as a context manager. ``environ`` is the whole environment of the processes that it runs."""

    def __init__(self, environ: dict[str, str]) -> None:
        environ = {**environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ, text=True
        )

    def __enter__(self) -> "ForkServer":
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()

    def command(
        self,
        path: str,
        *,
        environ: dict[str, str],
        kind: str = "use",
        fails: bool = False,
        die_at: int | None = None,
        disk: Disk = "well",
    ) -> Ended:
        """Run one command of the program.

        Args:
            path: The command's name.
            environ: Variables to add.
            kind: ``use``, ``login``, ``logout``, ``exec`` (it becomes another program), ``ends_first`` (it calls ``end_run()``,
                and is killed), or ``waits`` (its sender runs at once, and is killed when the command exits).
            fails: Whether it exits with 3.
            die_at: SIGKILL ends it before that many lines of the library have run.
            disk: How it finds its disk.
        """
        return self._run({"kind": kind, "path": path, "environ": environ, "fails": fails, "die_at": die_at, "disk": disk})

    def together(self, paths: Sequence[str], *, environ: dict[str, str], disk: Disk = "well") -> list[Ended]:
        """Run commands in parallel."""
        return self._ask({"kind": "together", "paths": list(paths), "environ": environ, "disk": disk})

    def sender(self, wanted: SenderWanted, *, die_at: int | None = None, disk: Disk = "well") -> Ended:
        """Run the sender that a command asked for, until it ends or is killed."""
        return self._run({"kind": "sender", "environ": wanted["environ"], "die_at": die_at, "disk": disk})

    def _run(self, request: dict[str, Any]) -> Ended:
        return self._ask(request)[0]

    def _ask(self, request: dict[str, Any]) -> list[Ended]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the fork server died"
        ended: list[Ended] = json.loads(answer)
        return ended


# --- what follows runs in the fork server itself -------------------------------------------------------------------------------


def _die_at(lines: int) -> None:
    """Kill this process before its ``lines``-th line of the library. The point is deterministic, and can be any line."""
    left = lines

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal left
        if "/arcade_otel" not in frame.f_code.co_filename:
            return None
        if event == "line":
            left -= 1
            if left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    import threading

    threading.settrace(trace)
    sys.settrace(trace)


def _mutate(name: str) -> None:
    """Break the library on purpose, by one function in ``tests.model.mutations``."""
    if name:
        import tests.model.mutations

        getattr(tests.model.mutations, name)()


def _break_disk(disk: Disk) -> None:
    if disk == "full":
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    elif disk == "read-only" and os.geteuid() == 0:
        drop_roots_powers()


def _run_command(request: dict[str, Any], wanted: int) -> None:
    import arcade_otel
    from arcade_otel.identity import processor

    senders: list[int] = []

    def leave_word(command: object, environ: dict[str, str], folder: object) -> None:
        os.write(wanted, (json.dumps({"environ": dict(environ)}) + "\n").encode())

    def run_sender(command: object, environ: dict[str, str], folder: object) -> None:
        senders.append(os.fork())
        if not senders[-1]:
            try:
                broken = {name: value for name, value in os.environ.items() if name.startswith(("FAULT_", "CLOCK_"))}
                _run_sender({"environ": environ | broken, "die_at": None})
            finally:
                os._exit(0)

    os.environ.update(request["environ"])
    _break_disk(request["disk"])
    _mutate(os.environ.get("ARCADE_TEST_MODEL_MUTATION", ""))
    from arcade_otel import handoff

    handoff.start_sender = run_sender if request["kind"] == "waits" else leave_word  # type: ignore[assignment]
    processor.ALIAS_SECONDS = 0.0  # no sender runs before the test says so: tests/identity/test_login_waits.py is about the wait
    path = request["path"]
    login, logout = ((path,) if request["kind"] == kind else () for kind in ("login", "logout"))
    if request["die_at"]:
        _die_at(request["die_at"])
    try:
        with arcade_otel.command(path, name="model", version="1", login_commands=login, logout_commands=logout):
            if request["kind"] == "exec":
                os.execv("/bin/sh", ("/bin/sh", "-c", "exit 0"))
            if request["kind"] == "ends_first":
                arcade_otel.end_run()
                os.kill(os.getpid(), signal.SIGKILL)
            if request.get("fails"):
                sys.exit(3)
    finally:
        sys.settrace(None)
        for sender in senders:
            os.kill(sender, signal.SIGKILL)
            os.waitpid(sender, 0)


def _run_sender(request: dict[str, Any]) -> None:
    from arcade_otel import conventions, sender
    from arcade_otel.handoff import queue
    from arcade_otel.sender import direct

    os.environ.clear()
    os.environ.update(request["environ"])
    _break_disk(request.get("disk", "well"))
    _mutate(os.environ.get("ARCADE_TEST_MODEL_MUTATION", ""))
    os.environ[conventions.ENV_IDLE] = "0"  # a sender that waits for more is a matter of other tests
    direct._MAX_WAIT_SECONDS = 0.0  # and so is one that waits for another
    queue.MAX_COUNT = int(os.environ.get("ARCADE_TEST_MODEL_MAX_COUNT", queue.MAX_COUNT))
    if request["die_at"]:
        _die_at(request["die_at"])
    sender.main()


def _fork(request: dict[str, Any]) -> tuple[int, int]:
    read, write = os.pipe()
    child = os.fork()
    if child:
        os.close(write)
        return child, read
    os.close(read)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(2, 1)
    code = 0
    try:
        if request["kind"] == "sender":
            _run_sender(request)
        else:
            _run_command(request, write)
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException as error:  # noqa: BLE001 - told to the test by the exit code
        import traceback

        traceback.print_exception(error)
        code = 99
    os._exit(code)


def _join(child: int, read: int) -> Ended:
    with os.fdopen(read, encoding="utf-8") as pipe:
        senders = [json.loads(line) for line in pipe]
    _, status = os.waitpid(child, 0)
    return {"code": os.waitstatus_to_exitcode(status), "senders": senders}


def _main() -> None:
    for name in _PRELOADED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # so that the garbage collector of a child does not write to shared memory
    for line in sys.stdin:
        request = json.loads(line)
        if request["kind"] == "together":
            children = [_fork({**request, "kind": "use", "path": path, "die_at": None}) for path in request["paths"]]
        else:
            children = [_fork(request)]
        print(json.dumps([_join(*child) for child in children]), flush=True)


if __name__ == "__main__":
    _main()
