"""Pass a finished span to the detached sender, which outlives the command. By default, no command waits for the sender."""

from __future__ import annotations

import os
import sys
import time

from arcade_otel import consent, conventions
from arcade_otel.diagnostics import debug

TYPE_CHECKING = False  # type checkers know better; the module typing costs a sender a third of a bare Python
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from arcade_otel.settings import Settings

__all__ = [
    "DEFAULT_SIGNALS",
    "ENV_NAMES",
    "ENV_ROOTS",
    "ENV_START",
    "LAUNCH",
    "MAX_VARIABLE_LENGTH",
    "QUEUES_FIRST",
    "STARTING",
    "file_actions",
    "may_wait",
    "sender_command",
    "sender_environment",
    "start_sender",
    "submit",
]

#: A longer span is written to the queue at once, because a variable has at most 128 KiB on Linux, and the whole environment has
#: at most 32 KiB on Windows.
MAX_VARIABLE_LENGTH = 24 * 1024
#: Directory of the sender's program. Python adds it to ``sys.path``, so its files must not have the names of other modules.
LAUNCH = "launch"
#: Type: paths, separated by `os.pathsep`. Default: set by the command. Effect: lists the directories that the sender searches
#: for modules after Python's own directories: first the directory of this library, then the program's import path. Internal.
ENV_ROOTS = "ARCADE_USAGE_ROOTS"
#: Type: names. Default: set by the command. Effect: lists the names of the command's environment variables, without their
#: values, so that the sender can recognize coding agents and CI providers. Internal.
ENV_NAMES = "ARCADE_USAGE_NAMES"
#: Type: a file name. Default: set by the command. Effect: names the sender's start mark, a file in `usage/starting/`
#: that the sender removes once the command's span is in the queue. Internal.
ENV_START = "ARCADE_USAGE_START"
#: Directory of the start marks in ``usage/`` (``handoff.starts``).
STARTING = "starting"
# A longer import path is cut, for the same reason.
_MAX_ROOTS_LENGTH = 8 * 1024 if sys.platform == "win32" else 64 * 1024

# The only variables of the user that a sender gets. The list names what is allowed, because a list of what is harmful would never
# end (LD_PRELOAD, OPENSSL_CONF, GCONV_PATH, PYTHONSTARTUP, POSTHOG_*, NETRC, SSLKEYLOGFILE …), and a user's secrets must stay
# here.
_KEPT_VARIABLES = frozenset(
    (  # noqa: SIM905 - one constant is loaded faster than fifty
        # The user, the directories and the locale.
        "PATH HOME USER LOGNAME TMPDIR TEMP TMP TZ LANG LANGUAGE SUDO_UID SUDO_GID SUDO_USER "
        # Variables that name a coding agent by convention.
        "AI_AGENT AGENT "
        # Consent, and the test runners of ``consent``, so that a sender decides as its command did.
        "DO_NOT_TRACK PYTEST_CURRENT_TEST PYTEST_VERSION TOX_ENV_NAME NOX_CURRENT_SESSION "
        # Windows needs these to start a process, open a socket and find the home directory.
        "SYSTEMROOT SYSTEMDRIVE WINDIR COMSPEC PATHEXT COMPUTERNAME USERNAME USERPROFILE HOMEDRIVE HOMEPATH APPDATA LOCALAPPDATA "
        "PROGRAMDATA PROGRAMFILES "
        # Certificates, and the mark of a CGI program, in which HTTP_PROXY is a header of a request ("httpoxy").
        "SSL_CERT_FILE SSL_CERT_DIR REQUESTS_CA_BUNDLE CURL_CA_BUNDLE GRPC_DEFAULT_SSL_ROOTS_FILE_PATH REQUEST_METHOD "
        # The places of Python's own files. Python's other variables change what it runs.
        "PYTHONHOME PYTHONUSERBASE PYTHONNOUSERSITE PYTHONPYCACHEPREFIX PYTHONDONTWRITEBYTECODE "
        # The libraries of the interpreter (Nix, modules of clusters). Without them, the sender does not start, and the span is
        # lost.
        "LD_LIBRARY_PATH DYLD_LIBRARY_PATH"
    ).split()
)
#: On Windows the command writes the span to the queue before it starts the sender, because a job object may end every process of
#: a command together with it (``handoff.windows``), before the sender has written the span.
QUEUES_FIRST = sys.platform == "win32"

_KEPT_PREFIXES = ("ARCADE_", "OTEL_", "LC_")
_KEPT_SUFFIXES = ("_proxy", "_PROXY")

# Signals that a child would inherit as ignored: HUP, INT, QUIT, PIPE, TERM and XFSZ. Python itself ignores SIGPIPE and SIGXFSZ,
# and nohup ignores SIGHUP. The numbers are the same on Linux and macOS. They are written here to save the import of the signal
# module.
DEFAULT_SIGNALS = (1, 2, 3, 13, 15, 25)

# The shell starts the sender and ends at once, so that the sender is no child of the program. Otherwise ``os.wait()`` in a
# supervisor or a REPL would wait for it, up to 10 s. A shell starts in less than a millisecond. A fork of the program's process
# would run the functions that the program has registered for forks. The shell exports some variables of its own to the sender.
_SHELL = "/bin/sh"
_START = 'unset PWD OLDPWD SHLVL _; "$0" "$@" &'
# Pauses between the checks whether the shell has ended. That takes less than a millisecond, and longer on a busy machine.
_LOOK_SECONDS = (0.001, 0.002, 0.004, 0.008, 0.016, 0.032)

_MAX_NAMES_LENGTH = 8 * 1024

_DIRECTORY = 0o040000  # the mode of a directory, without the permissions of its owner and those to read it
_MAKE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)

# Children of this process that are not reaped yet. A program that makes many spans must not collect zombies.
_children: list[int] = []


def submit(
    text: str,
    settings: Settings,
    *,
    owed: bool = False,
    end_ns: int | None = None,
    span_id: str | None = None,
    environ: Mapping[str, str] | None = None,
    others_wait: bool = False,
) -> list[str]:
    """Start a sender with the span ``text`` (OTLP/JSON) in its environment, or write the span to the queue in this process.

    This process writes the span to the queue itself on Windows, if ``owed`` is True, if the span is too long for an environment
    variable, or if the command may wait for the span's delivery. The process also queues the span itself if it is PID 1 or runs
    in continuous integration, because the container or machine may stop as soon as the command ends. If no sender can be started,
    for example because the program is frozen or the process table is full, this process queues the span for a later sender.

    Args:
        text: The span in OTLP/JSON.
        settings: The program's settings.
        owed: Whether the span must be in the queue when this function returns, as a login requires before it links the account.
        end_ns: End of the span in nanoseconds since the epoch, or None to read the end from ``text``.
        span_id: ID of the span in hexadecimal digits, or None to read the ID from ``text``.
        environ: A copy of the process's environment, or None if the caller has no copy.
        others_wait: Whether to start a sender even if this span has no lane, because the caller has queued other spans.

    Returns:
        The paths of the span's files in the queue, or an empty list if a sender writes the span to the queue.

    Raises:
        OSError: If no sender could be started, and the queue could not be written.
    """
    if environ is None:
        environ = os.environ
    if conventions.ENV_SENDER in environ:
        return []  # a sender starts no senders
    # If the machine ends with the command, it kills the sender, and only queued spans are safe. A command that may wait also
    # needs the queue, because the span was acknowledged when its file is gone.
    owed_soon = os.getpid() == 1 or consent.is_ci(environ) or may_wait(settings, environ)
    command = settings.sender_command or sender_command()
    usage = f"{settings.config_dir}/usage"
    if os.access(f"{usage}/{STARTING}", os.F_OK) or os.access(f"{usage}/unreaped", os.F_OK):  # not in most runs
        from arcade_otel.handoff import starts

        if starts.spawning_suspended(settings.state_dir):
            debug("senders do not come up or are not reaped here; the span goes to the queue")
            command = None
    if command and not owed and not owed_soon and len(text) <= MAX_VARIABLE_LENGTH and not QUEUES_FIRST:
        try:
            start_sender(command, sender_environment(settings.config_dir, text, environ), settings.config_dir)
        except OSError as error:
            debug("no sender could be started; the span goes to the queue", error)
            command = None  # the process table is full, or the environment is too large, so a second try would fail, too
        else:
            return []
    from arcade_otel.handoff import enrichment, queue

    text = enrichment.enrich(text, settings.state_dir, os.environ if environ is None else environ)
    lanes = queue.lanes_for(
        environ,
        api_key=settings.posthog_api_key,
        host=settings.posthog_host,
        usage_only=f'"{conventions.RESOURCE_USAGE_ONLY}"' in text,
    )
    try:
        # A login's span must be on the disk, and not only in its cache, before the link is written.
        paths = queue.enqueue(settings.state_dir, text, lanes, durable=owed, end_ns=end_ns, span_id=span_id)
    except OSError:
        if owed or not command or len(text) > MAX_VARIABLE_LENGTH:
            raise
        start_sender(command, sender_environment(settings.config_dir, text, environ), settings.config_dir)
        return []  # the disk is not writable, so the sender tries once to send the span directly
    if command and (paths or others_wait):
        try:
            start_sender(command, sender_environment(settings.config_dir, None, environ), settings.config_dir)
        except OSError as error:
            debug("no sender could be started; the span waits for a later one", error)
    elif paths:
        queue.maybe_enforce_limits(settings.state_dir, paths)
    return paths


def may_wait(settings: Settings, environ: Mapping[str, str]) -> bool:
    """Return whether the command may wait until its event is delivered. ``recording.waiting`` decides for how long."""
    return bool(settings.wait_seconds or settings.wait_seconds_in_ci or conventions.ENV_WAIT in environ)


def sender_command(
    *, executable: str | None = None, frozen: bool | None = None, platform: str = sys.platform
) -> tuple[str, ...] | None:
    """Return the command line that runs the sender, or None if there is no Python interpreter to run it.

    In a frozen program (PyInstaller, cx_Freeze, py2app, Nuitka, PyOxidizer) or an embedded interpreter, ``sys.executable`` is
    empty or names the user's program, which must not run a second time.
    """
    executable = sys.executable if executable is None else executable
    if frozen is None:
        frozen = hasattr(sys, "frozen") or hasattr(sys, "oxidized") or "__compiled__" in globals()
    name = os.path.basename(executable or "")
    if frozen or not name.lower().startswith(("python", "pypy")):
        return None
    if platform == "win32" and name.lower() == "python.exe":
        from arcade_otel.handoff import windows

        executable = windows.find_windowless(executable)
    program = os.path.join(_package_directory(), "sender", LAUNCH, "__main__.py")
    # -S leaves out the module site, which costs a third of a bare Python start, and runs code of installed packages. The sender
    # gets the program's own import path instead. For a third-party exporter, it runs site itself.
    if os.access(program, os.F_OK):
        return (executable, "-S", program)
    from arcade_otel.handoff import spawn

    source = spawn.source_in_archive(program)
    return (executable, "-S", "-c", source) if source else None


def _package_directory() -> str:
    # The path is absolute, unless the program has an importer of its own.
    path = __file__ if os.path.isabs(__file__) else os.path.abspath(__file__)
    return os.path.dirname(os.path.dirname(path))


def sender_environment(config_dir: str, text: str | None, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the sender's environment: the span, and those of the user's variables that are on a fixed list.

    The environment includes variables for the home directory, the locale, proxies and certificate bundles, and all ``OTEL_*`` and
    ``ARCADE_*`` variables. The values of ``ARCADE_USAGE_SENDER``, ``ARCADE_USAGE_ROOTS``, ``ARCADE_USAGE_START`` and
    ``ARCADE_USAGE_EVENT_DATA`` never come from the user's environment.
    """
    environ = os.environ if environ is None else environ
    chosen = {
        name: value
        for name, value in environ.items()
        if name in _KEPT_VARIABLES or name.startswith(_KEPT_PREFIXES) or name.endswith(_KEPT_SUFFIXES)
    }
    chosen.pop(conventions.ENV_EVENT_DATA, None)
    chosen.pop(ENV_START, None)
    chosen[ENV_NAMES] = " ".join(environ)[:_MAX_NAMES_LENGTH]
    chosen["PYTHONSAFEPATH"] = "1"
    chosen[conventions.ENV_SENDER] = config_dir
    chosen[ENV_ROOTS] = os.pathsep.join(_import_roots())
    if text is not None:
        chosen[conventions.ENV_EVENT_DATA] = text
    return chosen


def _import_roots() -> list[str]:
    """Return the import path for the sender: this library's parent directory first, then the program's ``sys.path``.

    The sender needs the program's import path, because some installations use a separate directory for each distribution (Nix,
    pex, Bazel, ``PYTHONPATH``). The sender searches the standard library before this import path. The path excludes the script's
    directory and the working directory, so that the sender does not import a user's file such as ``yaml.py`` by mistake.
    """
    root = os.path.dirname(_package_directory())
    roots = [root, os.path.join(root, "exporters")]  # in a checkout the exporters are an import root of their own
    try:
        users = {os.getcwd(), os.path.dirname(os.path.abspath(sys.argv[0]))}
    except (OSError, IndexError, AttributeError):
        users = set()  # a working directory that was removed, or an embedded interpreter
    for entry in sys.path:
        if isinstance(entry, str) and os.path.isabs(entry) and entry not in users and entry not in roots:
            roots.append(entry)
    fitting, length = [], 0
    for entry in roots:
        length += len(entry) + 1
        if os.pathsep not in entry and length <= _MAX_ROOTS_LENGTH:
            fitting.append(entry)
    return fitting


def start_sender(command: Sequence[str], environ: Mapping[str, str], config_dir: str) -> None:
    """Start ``command`` in its own session, with its standard streams on the null device and without inherited descriptors.

    The function uses ``posix_spawn`` where possible, because importing ``subprocess`` costs 13 million CPU instructions. The new
    process inherits the working directory, but soon changes to the root directory. If ``/bin/sh`` exists, a shell starts the new
    process and exits at once, so the new process is not a child of the command. The debug log contains the process group ID of
    the new process.

    If the disk is writable, the function first writes a start mark that contains the span in ``environ``. The sender removes the
    start mark once the span is in the queue.

    Raises:
        OSError: If the process could not be started. After this error, the caller must queue the span.
    """
    if _children:
        from arcade_otel.handoff import spawn

        spawn.reap(_children)
    mark = _leave_mark(config_dir, environ)
    if mark:
        environ = {**environ, ENV_START: mark}
    # The shell succeeds even if the command does not exist, so check that first.
    if hasattr(os, "posix_spawn") and os.path.isabs(command[0]) and os.access(command[0], os.X_OK):
        try:
            shell = os.posix_spawn(
                _SHELL,
                (_SHELL, "-c", _START, *command),
                environ,
                file_actions=file_actions(),
                setsid=True,
                setsigmask=(),
                setsigdef=DEFAULT_SIGNALS,
            )
        except (OSError, NotImplementedError):
            status = 1  # no shell, as in some containers, or a libc without POSIX_SPAWN_SETSID
        else:
            status = _wait_for_shell(shell)
        if not status:
            debug(f"sender {shell} started")
            return
    from arcade_otel.handoff import spawn

    spawn.start(command, environ, config_dir, _children)


def _leave_mark(config_dir: str, environ: Mapping[str, str]) -> str:
    """Write a start mark that contains the span in ``environ``. Return the mark's name, or "" if the mark cannot be written.

    In most runs, this function writes the mark without ``storage.directories``, because importing that module costs a million CPU
    instructions. Other users cannot put a link in the mark's place: when this process read the consent and the identity, it
    checked that no other user can write to the config directory or to ``usage/``. Under ``sudo``, the config directory may belong
    to another user, so ``handoff.starts`` writes the mark instead.
    """
    text, mark = environ.get(conventions.ENV_EVENT_DATA, ""), f"{time.time_ns():020d}-{os.getpid()}.json"
    directory = f"{config_dir}/usage/{STARTING}"
    try:
        if sys.platform != "win32" and "SUDO_UID" not in environ:
            try:
                os.mkdir(directory, 0o700)
            except FileExistsError:  # another sender is starting
                status = os.lstat(directory)
                if status.st_uid != os.geteuid() or status.st_mode & 0o170022 != _DIRECTORY:
                    raise
            except FileNotFoundError:
                os.mkdir(f"{config_dir}/usage", 0o700)  # the first run
                os.mkdir(directory, 0o700)
            descriptor = os.open(f"{directory}/{mark}", _MAKE, 0o600)
            try:
                if os.write(descriptor, text.encode()) == len(text):  # ASCII
                    return mark
            finally:
                os.close(descriptor)
    except OSError:
        pass  # the disk is not writable, or another file is in the way
    from arcade_otel.handoff import starts

    return starts.leave_mark(config_dir, mark, text)


def _wait_for_shell(shell: int) -> int:
    """Wait at most 63 ms for the shell that starts the sender to exit. Return its exit status, or 0 if the status is unknown."""
    for seconds in _LOOK_SECONDS:
        time.sleep(seconds)
        try:
            ended, status = os.waitpid(shell, os.WNOHANG)
        except OSError:
            return 0  # the program itself has reaped it
        if ended:
            return status
    _children.append(shell)
    return 0


def file_actions() -> list[Any]:
    """Return the file actions for ``posix_spawn``.

    The actions connect descriptors 0, 1 and 2 to the null device, and close the other descriptors that a child would inherit.
    """
    actions: list[Any] = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDWR, 0)]
    actions += [(os.POSIX_SPAWN_DUP2, 0, 1), (os.POSIX_SPAWN_DUP2, 0, 2)]
    for name in os.listdir("/dev/fd"):  # the descriptors of this process, on Linux and macOS
        descriptor = int(name)
        if descriptor > 2:  # noqa: PLR2004 - past stdin, stdout and stderr
            try:
                inheritable = os.get_inheritable(descriptor)
            except OSError:
                continue  # the descriptor of the listing itself
            if inheritable:
                actions.append((os.POSIX_SPAWN_CLOSE, descriptor))
    return actions
