"""Run commands and senders as real processes in a few milliseconds each, and kill them at an exact line.

A warm, single-threaded interpreter that has everything imported forks once per request. The child runs the library as it is,
except that a command only reports the sender that it would have started. The test decides when that sender runs, whether it runs
at all, and at which line of the library it is killed.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from types import FrameType
from typing import Any, TypedDict

__all__ = ["Ended", "ForkServer", "SenderWanted"]


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
        self, path: str, *, environ: dict[str, str], kind: str = "use", fails: bool = False, die_at: int | None = None
    ) -> Ended:
        """Run one command of the program. With ``die_at``, SIGKILL ends it before that many lines of the library have run."""
        return self._run({"kind": kind, "path": path, "environ": environ, "fails": fails, "die_at": die_at})

    def together(self, paths: Sequence[str], *, environ: dict[str, str]) -> list[Ended]:
        """Run commands in parallel."""
        return self._ask({"kind": "together", "paths": list(paths), "environ": environ})

    def sender(self, wanted: SenderWanted, *, die_at: int | None = None) -> Ended:
        """Run the sender that a command asked for, until it ends or is killed."""
        return self._run({"kind": "sender", "environ": wanted["environ"], "die_at": die_at})

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


def _run_command(request: dict[str, Any], wanted: int) -> None:
    from arcade_otel import command
    from arcade_otel.identity import processor

    def leave_word(command: object, environ: dict[str, str], folder: object) -> None:
        os.write(wanted, (json.dumps({"environ": dict(environ)}) + "\n").encode())

    os.environ.update(request["environ"])
    _mutate(os.environ.get("ARCADE_TEST_MODEL_MUTATION", ""))
    from arcade_otel import handoff

    handoff.start_sender = leave_word  # type: ignore[assignment]
    processor.ALIAS_SECONDS = 0.0  # no sender runs before the test says so: tests/identity/test_login_waits.py is about the wait
    path = request["path"]
    login, logout = ((path,) if request["kind"] == kind else () for kind in ("login", "logout"))
    if request["die_at"]:
        _die_at(request["die_at"])
    try:
        with command(path, name="model", version="1", login_commands=login, logout_commands=logout):
            if request.get("fails"):
                sys.exit(3)
    finally:
        sys.settrace(None)


def _run_sender(request: dict[str, Any]) -> None:
    from arcade_otel import conventions, sender

    os.environ.clear()
    os.environ.update(request["environ"])
    _mutate(os.environ.get("ARCADE_TEST_MODEL_MUTATION", ""))
    os.environ[conventions.ENV_IDLE] = "0"  # a sender that waits for more is a matter of other tests
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
    # Everything that a child would import, once. No thread: what forks has none.
    import httpx  # noqa: F401
    import posthog.request  # noqa: F401
    import yaml  # noqa: F401

    import arcade_otel.handoff.receipts
    import arcade_otel.identity.login
    import arcade_otel.recording.identity_span
    import arcade_otel.sender.delivery
    import arcade_otel.sender.posthog_lane  # noqa: F401

    for line in sys.stdin:
        request = json.loads(line)
        if request["kind"] == "together":
            children = [_fork({**request, "kind": "use", "path": path, "die_at": None}) for path in request["paths"]]
        else:
            children = [_fork(request)]
        print(json.dumps([_join(*child) for child in children]), flush=True)


if __name__ == "__main__":
    _main()
