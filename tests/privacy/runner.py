"""Run programs and their senders as real processes in some milliseconds each: a warm interpreter forks once per request.

As in tests/model/fork_server.py, a process runs the library as it is, except that it only reports the sender that it would have
started, with everything that the sender would have got.
"""

import json
import os
import subprocess
import sys
from importlib import import_module
from typing import Any, TypedDict

__all__ = ["Ran", "Runner", "Started"]


class Started(TypedDict):
    """A process that a command would have started."""

    command: list[str]
    environ: dict[str, str]


class Ran(TypedDict):
    """How a process ended: its exit code, the processes that it would have started, and the traceback of an unexpected error."""

    code: int
    started: list[Started]
    trace: str


class Runner:
    """The warm interpreter, as a context manager."""

    def __init__(self) -> None:
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": os.devnull,
            "LANG": "C.UTF-8",
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        }
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ, text=True
        )

    def __enter__(self) -> "Runner":
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()

    def program(self, **request: Any) -> Ran:
        """Run a program with ``source``, ``path``, ``argv``, ``environ``, ``cwd``, ``stdin``, ``spec`` and ``mutation``."""
        return self._ask({"kind": "program", **request})

    def sender(self, started: Started, *, mutation: str) -> Ran:
        """Run a sender that a program would have started."""
        return self._ask({"kind": "sender", "environ": started["environ"], "mutation": mutation})

    def _ask(self, request: dict[str, Any]) -> Ran:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the runner died"
        ran: Ran = json.loads(answer)
        return ran


#: Everything that a process would import is imported once. No thread: what forks has none.
_WARM = (
    *("click", "httpx", "posthog.request", "typer", "yaml", "tests.privacy.scenarios"),
    *(
        "arcade_otel.frameworks.context_manager",
        "arcade_otel.frameworks.tracking",
        "arcade_otel.spans.own_events",
        "arcade_otel.frameworks.click",
        "arcade_otel.handoff.receipts",
        "arcade_otel.spans.redaction",
        "arcade_otel.recording.identity_span",
    ),
    *("arcade_otel.frameworks.typer", "arcade_otel.sender.delivery", "arcade_otel.sender"),
)

# --- what follows runs in the warm interpreter --------------------------------------------------------------------------------


def _run_program(request: dict[str, Any], told: int) -> None:

    def leave_word(command: Any, environ: Any, config_dir: str) -> None:
        line = json.dumps({"command": list(command), "environ": dict(environ)})
        os.write(told, (line + "\n").encode())

    from arcade_otel import handoff

    handoff.start_sender = leave_word
    os.chdir(request["cwd"])
    sys.argv = [request["path"], *request["argv"]]
    read, write = os.pipe()
    os.write(write, request["stdin"].encode())
    os.close(write)
    sys.stdin = os.fdopen(read, encoding="utf-8")
    code = compile(request["source"], request["path"], "exec", dont_inherit=True)
    exec(code, {"__name__": "__main__", "__file__": request["path"], "spec": request["spec"]})  # noqa: S102 - a program's run


def _run_sender() -> None:
    from arcade_otel import conventions, sender

    os.environ[conventions.ENV_IDLE] = "0"  # a sender that waits for more is a matter of other tests
    sender.main()


def _child(request: dict[str, Any], told: int) -> int:
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    os.environ.clear()
    os.environ.update(request["environ"])
    if request["mutation"]:
        import tests.privacy.leaks

        getattr(tests.privacy.leaks, request["mutation"])()
    try:
        if request["kind"] == "program":
            _run_program(request, told)
        else:
            _run_sender()
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else 0 if error.code is None else 1
    except BaseException as error:  # noqa: BLE001 - a program's own, or told to the test
        import traceback

        if request["kind"] == "sender" or any(
            "arcade_otel" in frame.filename for frame in traceback.extract_tb(error.__traceback__)[-1:]
        ):
            os.write(told, (json.dumps({"trace": "".join(traceback.format_exception(error))}) + "\n").encode())
        return 1
    return 0


def _run(request: dict[str, Any]) -> Ran:
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.close(read)
        code = 99
        try:
            code = _child(request, write)
        finally:
            os._exit(code)
    os.close(write)
    with os.fdopen(read, encoding="utf-8") as pipe:
        lines = [json.loads(line) for line in pipe]
    _, status = os.waitpid(child, 0)
    return {
        "code": os.waitstatus_to_exitcode(status),
        "started": [line for line in lines if "command" in line],
        "trace": "".join(line["trace"] for line in lines if "trace" in line),
    }


def _main() -> None:
    for name in _WARM:
        import_module(name)

    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    for line in sys.stdin:
        answers.write(json.dumps(_run(json.loads(line))) + "\n")
        answers.flush()


if __name__ == "__main__":
    _main()
