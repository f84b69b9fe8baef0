"""Differences between platforms are decided in one place. The new process shares nothing with the process that starts it."""

import errno
import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from arcade_otel import conventions, handoff
from arcade_otel.handoff import spawn
from arcade_otel.testing import FakePostHog, Fault
from tests.support.machine import Machine
from tests.support.programs import read_program

REPORT = read_program("handoff/report_itself")


def started(tmp_path: Path, environ: dict[str, str]) -> dict[str, object]:
    """Start a process that reports on itself, and return its report."""
    report = tmp_path / "report"
    handoff.start_sender([sys.executable, "-c", REPORT, str(report)], environ, str(tmp_path))
    deadline = time.monotonic() + 30
    while not report.exists():
        assert time.monotonic() < deadline, "the process never reported"
        time.sleep(0.01)
    loaded: dict[str, object] = json.loads(report.read_text())
    return loaded


@pytest.mark.posix
@pytest.mark.parametrize("way", ["shell", "posix_spawn", "subprocess"])
def test_nothing_is_shared_with_what_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    """The process has its own session, null devices as streams, and none of the program's descriptors, even inheritable ones."""
    for number in (signal.SIGINT, signal.SIGQUIT):  # ignored where the suite runs as a background job of a shell
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    if way == "subprocess":
        monkeypatch.delattr(os, "posix_spawn")
        # Only posix_spawn resets what is ignored, which these tests inherit when they are run by ``nohup``.
        ignored = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    else:
        ignored = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    if way == "posix_spawn":
        monkeypatch.setattr(handoff, "_SHELL", "/missing/sh")
    environ = {name: value for name, value in os.environ.items() if name not in ("PWD", "OLDPWD", "SHLVL", "_")}
    read, write = os.pipe()
    os.set_inheritable(write, True)  # noqa: FBT003
    try:
        report = started(tmp_path, environ)
    finally:
        signal.signal(signal.SIGHUP, ignored)
        os.close(read)
        os.close(write)
    assert report["sid"] not in (0, os.getsid(0))
    # A shell lets what it starts in the background ignore these two; the sender's own program undoes that.
    assert report["ignored"] == ([signal.SIGINT, signal.SIGQUIT] if way == "shell" else [])
    assert (report["parent"] == os.getpid()) is (way != "shell")
    assert not {"PWD", "OLDPWD", "SHLVL", "_"} & set(report["env"]) - set(environ)  # type: ignore[call-overload]
    assert report["blocked"] == 0
    descriptors = dict(report["fds"])  # type: ignore[call-overload]
    assert [descriptors[number] for number in (0, 1, 2)] == [os.devnull] * 3
    assert not any(target.startswith("pipe:") for target in descriptors.values())


@pytest.mark.linux
def test_a_program_that_starts_many_gathers_no_zombies(tmp_path: Path) -> None:
    """Processes that have ended are reaped when the next one is started."""
    for _ in range(3):
        started(tmp_path, dict(os.environ))
        (tmp_path / "report").unlink()
    deadline = time.monotonic() + 30
    while handoff._children:
        spawn.reap(handoff._children)
        assert time.monotonic() < deadline
        time.sleep(0.01)
    states = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            states.append(path.read_text().rpartition(")")[2].split()[:2])
        except OSError:
            continue  # it has ended
    assert ["Z", str(os.getpid())] not in states


REPL = read_program("handoff/repl")


@pytest.mark.linux  # os.wait(), and what /proc says of signals
def test_a_program_that_waits_for_its_children_never_meets_a_sender(machine: Machine, posthog: FakePostHog) -> None:
    """``os.wait()`` of a supervisor or a REPL returns at once while the sender still runs.

    The sender is no child of the program, so ``os.wait()`` finds only the program's own children.
    """
    posthog.always(Fault.hang())
    machine.program("repl", REPL)
    ended = machine.run(program="repl")
    assert (ended.stdout, ended.stderr) == ("no child\nTrue\n" * 2, "")
    assert machine.senders(), "os.wait() returned when the sender had ended"
    posthog.wait_for(lambda: posthog.requests)

    def ignored_keys() -> list[int]:
        """Return the signals of the keyboard that a sender ignores. The shell ignores them, and so does a sender at first."""
        masks = [
            int(line.split()[1], 16)
            for sender in machine.senders()
            for line in Path("/proc", str(sender), "status").read_text().splitlines()
            if line.startswith("SigIgn")
        ]
        assert masks, "the sender still runs"
        return [number for number in (signal.SIGINT, signal.SIGQUIT) for mask in masks if mask >> (number - 1) & 1]

    machine.wait_until(lambda: ignored_keys() == [], "no sender ignores Ctrl-C")


@pytest.mark.posix  # Windows starts no sender by a shell
@pytest.mark.parametrize("how", ["missing", "fails"])
def test_a_machine_without_a_working_shell_starts_senders_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    """The cases are a container without /bin/sh, and a shell whose libraries a user's LD_LIBRARY_PATH breaks.

    The sender is then a child.
    """
    monkeypatch.setattr(handoff, "_SHELL", "/missing/sh" if how == "missing" else "/bin/false")
    assert started(tmp_path, dict(os.environ))["parent"] == os.getpid()


@pytest.mark.posix
@pytest.mark.parametrize("number", [errno.EINVAL, errno.EBADF])
def test_what_macos_refuses_is_started_by_other_means(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """An old macOS does not know the flag for a new session. Another thread may close a descriptor after the listing."""

    def refuse(*_: object, **__: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "posix_spawn", refuse)
    assert started(tmp_path, dict(os.environ))["sid"]


def test_a_failed_start_is_an_oserror(tmp_path: Path) -> None:
    """After this error, the span is written to the queue."""
    with pytest.raises(OSError, match=r"No such file|not found"):
        handoff.start_sender([str(tmp_path / "missing")], {}, str(tmp_path))


@pytest.mark.parametrize(
    ("executable", "frozen", "starts"),
    [
        ("/usr/bin/python3", False, True),
        ("/usr/bin/pypy3", False, True),
        ("C:/Python/PYTHON.EXE", False, True),
        ("/opt/arcade/arcade", True, False),
        ("/usr/bin/python3", True, False),
        ("/usr/bin/blender", False, False),
        ("", False, False),
    ],
)
def test_only_a_python_runs_the_sender(executable: str, frozen: bool, starts: bool) -> None:  # noqa: FBT001
    """A frozen program, or one that embeds Python, would run itself again."""
    # As on Linux: Windows takes the ``pythonw.exe`` of this installation, which test_windows_start.py tests.
    command = handoff.sender_command(executable=executable, frozen=frozen, platform="linux")
    assert (command is not None) is starts
    if command:
        assert command[0] == executable
        assert Path(command[-1]).is_file()


def test_the_users_shell_does_not_steer_the_sender() -> None:
    """Variables that choose which code runs are removed. Places, proxies, certificates and settings of exporters stay."""
    users = {
        "PATH": "/bin",
        "PYTHONPATH": "/evil",
        "PYTHONSTARTUP": "/evil.py",
        "PYTHONINSPECT": "1",
        "PYTHONHOME": "/python",
        "POSTHOG_HOST": "https://evil",
        "POSTHOG_CAPTURE_MODE": "v1",
        "HTTPS_PROXY": "http://proxy",
        "SSL_CERT_FILE": "/ca",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector",
        conventions.ENV_EVENT_DATA: "an older span",
    }
    environ = handoff.sender_environment("/home/a/.arcade", None, users)
    for gone in (
        "PYTHONPATH",
        "PYTHONSTARTUP",
        "PYTHONINSPECT",
        "POSTHOG_HOST",
        "POSTHOG_CAPTURE_MODE",
        conventions.ENV_EVENT_DATA,
    ):
        assert gone not in environ
    for kept in ("PATH", "PYTHONHOME", "HTTPS_PROXY", "SSL_CERT_FILE", "OTEL_EXPORTER_OTLP_ENDPOINT"):
        assert environ[kept] == users[kept]
    assert environ[conventions.ENV_SENDER] == "/home/a/.arcade"
    assert environ["PYTHONSAFEPATH"] == "1"
    assert handoff.sender_environment("/f", "text", users)[conventions.ENV_EVENT_DATA] == "text"


#: All that a sender takes from its user: a name that is added to the code is added here, by somebody who has thought about it.
EXACT = """
AI_AGENT AGENT PATH HOME USER LOGNAME TMPDIR TEMP TMP TZ LANG LANGUAGE SUDO_UID SUDO_GID SUDO_USER DO_NOT_TRACK
PYTEST_CURRENT_TEST PYTEST_VERSION TOX_ENV_NAME NOX_CURRENT_SESSION
SYSTEMROOT SYSTEMDRIVE WINDIR COMSPEC PATHEXT COMPUTERNAME USERNAME USERPROFILE HOMEDRIVE HOMEPATH APPDATA LOCALAPPDATA
PROGRAMDATA PROGRAMFILES SSL_CERT_FILE SSL_CERT_DIR REQUESTS_CA_BUNDLE CURL_CA_BUNDLE GRPC_DEFAULT_SSL_ROOTS_FILE_PATH
REQUEST_METHOD PYTHONHOME PYTHONUSERBASE PYTHONNOUSERSITE PYTHONPYCACHEPREFIX PYTHONDONTWRITEBYTECODE
LD_LIBRARY_PATH DYLD_LIBRARY_PATH
"""

HARMFUL = """
LD_PRELOAD LD_AUDIT LD_DEBUG_OUTPUT DYLD_INSERT_LIBRARIES OPENSSL_CONF OPENSSL_MODULES OPENSSL_ENGINES
SSLKEYLOGFILE
GCONV_PATH GLIBC_TUNABLES MALLOC_TRACE LOCPATH NLSPATH HOSTALIASES RES_OPTIONS LOCALDOMAIN NETRC PYTHONPATH PYTHONSTARTUP
PYTHONINSPECT PYTHONWARNINGS PYTHONBREAKPOINT PYTHONPLATLIBDIR PYTHONUTF8 PYTHONHASHSEED PYTHONTRACEMALLOC PYTHONASYNCIODEBUG
POSTHOG_HOST POSTHOG_API_KEY AWS_SECRET_ACCESS_KEY GITHUB_TOKEN SSH_AUTH_SOCK NOTIFY_SOCKET LISTEN_FDS BASH_ENV ENV IFS path Home
"""


def test_what_steers_the_sender_is_a_closed_list() -> None:
    """A variable is kept only if the list has its whole name, or OTEL_*, ARCADE_*, LC_* or a proxy."""
    families = ["OTEL_EXPORTER_OTLP_HEADERS", "ARCADE_WORK_DIR", "LC_ALL", "HTTPS_PROXY", "all_proxy", "grpc_proxy"]
    kept = [*EXACT.split(), *families]
    words = [*kept, *HARMFUL.split(), *(f"X_{name}" for name in EXACT.split()), "OTELX", "ARCADEX", "LCX", "PROXY"]
    environ = handoff.sender_environment("/f", None, dict.fromkeys(words, "value"))
    ours = {conventions.ENV_SENDER, handoff.ENV_ROOTS, handoff.ENV_NAMES, "PYTHONSAFEPATH"}
    assert set(environ) - ours == set(kept)


def test_the_senders_own_variables_are_never_the_users() -> None:
    """The sender's directory, import path and payload come only from the program."""
    names = (
        conventions.ENV_SENDER,
        handoff.ENV_ROOTS,
        handoff.ENV_NAMES,
        handoff.ENV_START,
        conventions.ENV_EVENT_DATA,
        "PYTHONSAFEPATH",
    )
    given = dict.fromkeys(names, "/evil")
    environ = handoff.sender_environment("/f", None, given)
    assert environ[conventions.ENV_SENDER] == "/f"
    assert "/evil" not in environ[handoff.ENV_ROOTS] + environ[handoff.ENV_NAMES]
    assert environ["PYTHONSAFEPATH"] == "1"
    assert conventions.ENV_EVENT_DATA not in environ
    assert handoff.ENV_START not in environ
