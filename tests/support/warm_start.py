"""Start programs from an interpreter that has imported the frameworks, so that a run costs a fork instead of their import.

The program, its environment and its exit are real. Only the first step differs from ``python program.py``: Typer, Click and Rich
are loaded already. Each run imports arcade_otel itself, and starts its senders as usual. If a run depends on how an interpreter
starts (a ``PYTHON…`` variable, another locale), ``subprocess`` starts it (:meth:`WarmStart.can_run`).
"""

import array
import atexit
import contextlib
import ctypes
import functools
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from types import ModuleType, TracebackType
from typing import Any

__all__ = ["WarmStart", "drop_roots_powers", "warm_start"]

_PRELOADED = ("click", "typer", "typer.rich_utils", "rich.console", "rich.table", "rich.traceback", "json", "argparse")
_LOCALE = "C.UTF-8"


class WarmStart:
    """The warm interpreter, as a context manager. It can start any number of runs, also at the same time."""

    def __enter__(self) -> "WarmStart":
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        environ = {"PATH": os.environ["PATH"], "HOME": os.devnull, "LANG": _LOCALE}
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(theirs.fileno())], env=environ, pass_fds=[theirs.fileno()], cwd="/"
        )
        theirs.close()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        self._process.wait(30)

    @staticmethod
    def can_run(environ: Mapping[str, str]) -> bool:
        """Return whether the warm interpreter can run a program in this environment."""
        steering = [name for name in environ if name.startswith("PYTHON") and name != "PYTHONPATH"]
        return hasattr(os, "fork") and not steering and environ.get("LANG") == _LOCALE and "LC_ALL" not in environ

    def run(
        self,
        arguments: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: str | os.PathLike[str],
        timeout: float = 60.0,
        unprivileged: bool = False,
    ) -> "subprocess.CompletedProcess[bytes]":
        """Run ``python *arguments``, a file or ``-m`` and a module, as ``subprocess.run`` does with captured output.

        Args:
            arguments: The arguments of ``python``.
            env: The whole environment.
            cwd: The working directory.
            timeout: The time limit in seconds.
            unprivileged: Whether the permissions of files apply to the program and its senders, even if root runs them.

        Raises:
            subprocess.TimeoutExpired: The program took longer than ``timeout`` seconds, and was killed.
        """
        request = {"arguments": list(arguments), "environ": dict(env), "cwd": os.fspath(cwd), "unprivileged": unprivileged}
        ended, theirs = os.pipe()
        with tempfile.TemporaryFile() as text, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            text.write(json.dumps(request).encode())
            text.flush()
            descriptors = array.array("i", [text.fileno(), out.fileno(), err.fileno(), theirs])
            self._socket.sendmsg([b"."], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)])
            os.close(theirs)
            with os.fdopen(ended, "rb", buffering=0) as status:
                child = int(status.read(8))
                if not select.select([status], [], [], timeout)[0]:
                    os.kill(child, signal.SIGKILL)
                    raise subprocess.TimeoutExpired(list(arguments), timeout)
                code = os.waitstatus_to_exitcode(int(status.read(8)))
            out.seek(0)
            err.seek(0)
            return subprocess.CompletedProcess(list(arguments), code, out.read(), err.read())


@functools.cache
def warm_start() -> WarmStart:
    """Return the warm interpreter of this pytest worker. It ends with the worker."""
    started = WarmStart().__enter__()
    atexit.register(started.__exit__)
    return started


# --- what follows runs in the warm interpreter --------------------------------------------------------------------------------


def _serve(server: socket.socket) -> dict[str, Any]:
    """Fork for each request. In the child process, return the request."""
    while True:
        message, descriptors, _, _ = socket.recv_fds(server, 1, 4)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG if message else 0)[0]:
                pass  # the processes that waited for a program
        if not message:
            os._exit(0)  # the tests have ended
        if os.fork() == 0:
            break
        for descriptor in descriptors:
            os.close(descriptor)
    server.close()
    text, out, err, status = descriptors
    child = os.fork()
    if child:
        os.write(status, b"%8d" % child)
        os.write(status, b"%8d" % os.waitpid(child, 0)[1])
        os._exit(0)
    request: dict[str, Any] = json.loads(os.pread(text, 1 << 24, 0))
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (out, 1), (err, 2)):
        os.dup2(source, target)
    os.closerange(3, max(null, *descriptors) + 1)
    return request


def _become(request: dict[str, Any]) -> None:
    """Make this process like that of ``python *arguments`` before the first line of the program."""
    os.environ.clear()
    os.environ.update(request["environ"])
    os.chdir(request["cwd"])
    if request["unprivileged"] and os.geteuid() == 0:
        drop_roots_powers()
    sys.excepthook = _report
    sys.orig_argv[:] = [sys.executable, *request["arguments"]]
    sys.path[0:1] = ["", *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]


def drop_roots_powers() -> None:
    """Let the permissions of files apply to root, too, by dropping CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH, also after an exec.

    Raises:
        OSError: The system does not allow it.
    """
    libc, drop_from_bounding_set, version_3 = ctypes.CDLL(None, use_errno=True), 24, 0x20080522
    header, sets = (ctypes.c_uint32 * 2)(version_3, 0), (ctypes.c_uint32 * 6)()
    refused = [libc.prctl(drop_from_bounding_set, capability, 0, 0, 0) for capability in (1, 2)]
    refused.append(libc.capget(header, sets))
    for index in range(3):  # effective, permitted, inheritable
        sets[index] &= ~0b110
    if any([*refused, libc.capset(header, sets)]):
        raise OSError(ctypes.get_errno(), "capabilities")


def _report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print a traceback as Python does, without the frames of this file."""
    while trace is not None and trace.tb_frame.f_code.co_filename in (__file__, "<frozen runpy>", runpy.__file__):
        trace = trace.tb_next
    sys.__excepthook__(kind, error.with_traceback(trace), trace)


def _run(arguments: list[str]) -> None:
    if arguments[0] == "-m":
        sys.argv[:] = arguments[1:]
        sys.path[0] = os.getcwd()
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
        return
    path = arguments[0]
    sys.argv[:] = arguments
    sys.path[0] = os.path.dirname(os.path.abspath(path))
    program = ModuleType("__main__")
    program.__file__ = path
    sys.modules["__main__"] = program
    with open(path, "rb") as source:
        code = compile(source.read(), path, "exec")
    exec(code, program.__dict__)  # noqa: S102 - what Python does with a program


def _import_what_a_run_does() -> None:
    """Run a Typer program, because Typer imports parts of itself, and pydantic if it is installed, only during a run."""
    import typer

    app = typer.Typer()
    app.command()(lambda name="x": print(end=name[:0]))
    app([], standalone_mode=False)


def _main() -> None:
    for name in _PRELOADED:
        with contextlib.suppress(ImportError):  # an older Typer
            importlib.import_module(name)
    _import_what_a_run_does()
    gc.collect()
    gc.freeze()  # so that the garbage collector of a child does not write to shared memory
    request = _serve(socket.socket(fileno=int(sys.argv[1])))
    _become(request)
    _run(request["arguments"])


if __name__ == "__main__":
    _main()
