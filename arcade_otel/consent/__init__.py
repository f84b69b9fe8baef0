"""Decide whether a command may be recorded, and give the reason. The docstring of :func:`decide` lists the rules.

If the environment variables turn recording off, the top-level module ``arcade_otel`` does not import this module.
"""

from __future__ import annotations

import os
import stat
import sys

from arcade_otel import (
    _LOG as LOG,
    _OFF as OFF,
    _ON as ON,
    _UNCHECKED_OPTIONS as UNCHECKED_OPTIONS,
    ENV_DO_NOT_TRACK,
    ENV_SDK_DISABLED,
    ENV_TRACKING,
    ENV_WORK_DIR,
    _decision_from_env as decision_from_env,
    storage,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "ENV_DO_NOT_TRACK",
    "ENV_IN_TESTS",
    "ENV_SDK_DISABLED",
    "ENV_TRACKING",
    "ENV_WORK_DIR",
    "LOG",
    "OFF",
    "ON",
    "POLICY_FILE",
    "REASON_CI",
    "REASON_DEFAULT",
    "REASON_POLICY",
    "REASON_STORED",
    "REASON_SUPPRESSED",
    "REASON_TESTS",
    "REASON_UNREADABLE",
    "REASON_UNTRUSTED",
    "UNCHECKED_OPTIONS",
    "Decision",
    "choice_file",
    "decide",
    "decision_from_env",
    "is_ci",
    "is_test",
    "suppress_for_this_run",
    "tracking_mode",
]

# Reasons of a decision, in addition to the names of the three variables above.
REASON_STORED = "stored choice"
REASON_POLICY = "policy"
REASON_CI = "continuous integration"
REASON_DEFAULT = "default"
REASON_SUPPRESSED = "taken back"
#: The stored choice cannot be read at the moment (no descriptor left, a bad disk). Nothing is recorded or deleted.
REASON_UNREADABLE = "unreadable"
#: The config directory is not used, because it belongs to another user or one can write it. Nothing is recorded or deleted.
REASON_UNTRUSTED = "untrusted directory"
#: A test runner runs this command. Nothing is recorded, and nothing is deleted, because a test is not the developer's choice.
REASON_TESTS = "tests"

#: Type: `1`. Default: not set. Effect: with `ARCADE_USAGE_IN_TESTS=1`, commands that a test runner starts are recorded like
#: other commands. Set `ARCADE_USAGE_IN_TESTS` only if your test suite itself uses another config directory and a fake PostHog.
ENV_IN_TESTS = "ARCADE_USAGE_IN_TESTS"

# Variables of test runners, which the processes of a test inherit: pytest (PYTEST_VERSION since 8.2), tox, nox.
_TEST_VARIABLES = ("PYTEST_CURRENT_TEST", "PYTEST_VERSION", "TOX_ENV_NAME", "NOX_CURRENT_SESSION")
# Modules of test runners that call the code of a test: unittest (also in Django, nose2 and IDEs), pytest, and the runners of
# Click and Typer.
_TEST_RUNNERS = ("unittest.case", "_pytest.python", "click.testing", "typer.testing")

# Variables that mark continuous integration. Nearly all services set ``CI``.
_CI_VARIABLES = (
    "CI",
    "GITHUB_ACTIONS",
    "GITLAB_CI",
    "TF_BUILD",
    "JENKINS_URL",
    "TEAMCITY_VERSION",
    "BUILDKITE",
    "CODEBUILD_BUILD_ID",
)

#: The policy of packagers and administrators for all users of this machine. Its path is not in a variable, because a user could
#: then undo the policy. On Windows the path comes from the registry (``storage.windows``).
POLICY_FILE = "/etc/arcade-otel/policy"
if sys.platform == "win32":
    from arcade_otel.storage.windows import program_data

    POLICY_FILE = os.path.join(program_data(), "arcade-otel", "policy")

# True if nothing more of the current run is recorded.
_suppressed = False


class Decision:
    """The decision on whether a command may be recorded, and the reason for it.

    Attributes:
        mode: ``consent.ON``, ``OFF``, or ``LOG`` (print the payload on stderr, send nothing).
        reason: The name of the variable that determined the decision, or one of the ``REASON_`` constants.
        detail: The reason as a short text for the user. The text may name the file that determined the decision, but does not
            quote its content.
        notice: Content of ``usage/notice`` (the version of the notice that was shown), or None if the file is missing or was not
            read.
    """

    __slots__ = ("detail", "mode", "notice", "reason")

    def __init__(self, mode: str, reason: str, detail: str, notice: bytes | None = None) -> None:
        self.mode = mode
        self.reason = reason
        self.detail = detail
        self.notice = notice

    @property
    def opted_out(self) -> bool:
        """Whether the decision is off and queued spans must be deleted.

        Queued spans are kept if a test runs the command, if the config directory cannot be trusted, or if the choice cannot be
        read.
        """
        return self.mode == OFF and self.reason not in (REASON_UNREADABLE, REASON_UNTRUSTED, REASON_TESTS)

    @property
    def unreadable(self) -> bool:
        """Whether the stored choice cannot be read at the moment.

        While the choice is unreadable, no command is recorded and no queued span is deleted.
        """
        return self.reason == REASON_UNREADABLE

    def __repr__(self) -> str:
        return f"Decision({self.mode}, {self.reason}: {self.detail})"


def tracking_mode(environ: Mapping[str, str] | None = None) -> str:
    """Return the mode (``OFF``, ``LOG`` or ``ON``) that variables such as ``DO_NOT_TRACK`` select.

    If no environment variable selects a mode, return ``ON``. The function reads no file.
    """
    said = decision_from_env(os.environ if environ is None else environ)
    return ON if said is None else said[0]


def decide(
    config_dir: str = "",
    *,
    program: str = "",
    enabled_by_default: bool = True,
    record_in_ci: bool = True,
    environ: Mapping[str, str] | None = None,
    asked_before: bool = False,
) -> Decision:
    """Decide whether a command may be recorded. The decision comes from the first of these rules that applies:

    - The variable ``DO_NOT_TRACK``.
    - The variable ``OTEL_SDK_DISABLED``.
    - The variable ``ARCADE_USAGE_TRACKING``, if it selects the mode "off" or "log" (``consent.decision_from_env`` lists the
      values).
    - The config directory. If another user owns the config directory or can write to it, the decision is off (see ``storage`` for
      the rules).
    - The variable ``ARCADE_USAGE_TRACKING``, if it selects the mode "on".
    - A test runner. If a test runs the command, the decision is off. The recognized test runners are pytest, unittest, tox, nox,
      and the ``CliRunner`` of Click and Typer (:func:`is_test`).
    - The user's choice, which ``usage enable`` or ``usage disable`` has stored in the config directory. If the stored choice
      cannot be read, or is a word other than ``on`` and ``off``, the decision is off.
    - The machine's policy, ``POLICY_FILE``. If the policy cannot be read or is corrupt, the decision is off.
    - The program's settings. The decision is off in continuous integration if ``record_in_ci`` is False, and otherwise depends on
      ``enabled_by_default``.

    The function reads at most two small files. If the environment variables determine the decision, the function reads no file.
    It raises no exceptions.

    Args:
        config_dir: The config directory, or "" to ignore a stored choice.
        program: The program's name, because a policy may contain lines for a single program.
        enabled_by_default: Whether the program is recorded if no other rule determines the decision.
        record_in_ci: Whether the program may be recorded in continuous integration if no earlier rule determines the decision.
        environ: The environment variables, or None for those of the process.
        asked_before: Whether this process has already called this function and found that the config directory can be trusted. If
            ``asked_before`` is True, the function does not check again whether the directory can be trusted or whether a test
            runs the command.
    """  # noqa: D415 - the list is the sentence's end
    if _suppressed:
        return Decision(OFF, REASON_SUPPRESSED, "this command ended the recording of itself")
    given, environ = environ, os.environ if environ is None else environ
    said = decision_from_env(environ)
    if said is not None and said[0] != ON:
        return Decision(*said)
    distrust = storage.distrust_reason(config_dir) if config_dir and not asked_before else None
    if distrust is not None:
        return Decision(OFF, REASON_UNTRUSTED, f"{distrust}, so that it is not used")
    if said is not None:
        return Decision(*said)
    if not asked_before and is_test(given):
        return Decision(OFF, REASON_TESTS, "a test runs this command; ARCADE_USAGE_TRACKING=1 records it")
    decided, notice = _stored_choice(config_dir, first_look=not asked_before) if config_dir else (None, None)
    decided = decided or _policy_decision(program)
    if decided is None and not record_in_ci and is_ci(environ):
        decided = Decision(OFF, REASON_CI, "the program is silent in continuous integration")
    if decided is None:
        mode = ON if enabled_by_default else OFF
        decided = Decision(mode, REASON_DEFAULT, f"the program's default is {mode}")
    decided.notice = notice
    return decided


def is_ci(environ: Mapping[str, str] | None = None) -> bool:
    """Return whether this process runs in continuous integration.

    The function returns True if a variable that a CI service sets, such as ``GITHUB_ACTIONS``, has a value other than "", ``0``
    and ``false``.
    """
    environ = os.environ if environ is None else environ
    for name in _CI_VARIABLES:  # noqa: SIM110 - a generator costs each command as much as all of this
        if name in environ and environ[name].lower() not in ("", "0", "false"):
            return True
    return False


def is_test(environ: Mapping[str, str] | None = None) -> bool:
    """Return whether a test runs this command.

    The function checks the environment variables that test runners set. If the module of a test runner is loaded, which is rare
    outside tests, the function also looks for the test runner in the call stack of this thread. Limit: the function does not
    recognize a process or a thread that a ``unittest`` test starts. With ``ARCADE_USAGE_IN_TESTS=1``, the function returns False.

    Args:
        environ: The environment variables to check, or None to check the process's own variables and the call stack.
    """
    only_environ, environ = environ is not None, os.environ if environ is None else environ
    for name in _TEST_VARIABLES:  # a loop, because a generator would cost each command as much as the rest of this function
        if name in environ:
            return environ.get(ENV_IN_TESTS) != "1"
    runners = [] if only_environ else [name for name in _TEST_RUNNERS if name in sys.modules]
    frame = sys._getframe(1) if runners else None  # noqa: SLF001 - inspect, which calls it too, costs an import
    while frame is not None:
        if frame.f_globals.get("__name__") in runners:
            return environ.get(ENV_IN_TESTS) != "1"
        frame = frame.f_back
    return False


def choice_file(config_dir: str) -> str:
    """Return the path of the file in ``config_dir`` that stores the user's opt-in or opt-out."""
    return os.path.join(config_dir, "usage", "consent")


def suppress_for_this_run(taken_back: bool = True) -> None:  # noqa: FBT001, FBT002 - reads as the statement it is
    """Turn recording off for the rest of this run.

    The commands ``usage disable`` and ``usage forget`` call this function so that they are not recorded themselves.
    """
    global _suppressed
    _suppressed = taken_back


def _stored_choice(config_dir: str, *, first_look: bool) -> tuple[Decision | None, bytes | None]:
    """Return the user's stored choice and the version of the notice that was shown, each None if unknown.

    The choice and the version are in two files in ``usage/``, a directory that the function opens only once.
    """
    path = choice_file(config_dir)
    state_dir = os.path.dirname(path)
    notice = None
    try:
        directory = storage.open_directory(config_dir, "usage")
        try:
            text = storage.read_at(directory, path, 16)
            if text is None and first_look:
                notice = _shown_notice(directory, state_dir)
        finally:
            if directory is not None:
                os.close(directory)
    except (FileNotFoundError, NotADirectoryError):
        return None, None
    except (storage.UnusableFileError, ValueError):
        text = b""
    except OSError as error:
        return Decision(OFF, REASON_UNREADABLE, f"{path} cannot be read now (errno {error.errno}), which counts as off"), None
    if text is None:
        return None, notice
    word = text.strip()
    if word in (b"on", b"off"):
        return Decision(word.decode(), REASON_STORED, f"{path} says {word.decode()}"), None
    return Decision(OFF, REASON_STORED, f"{path} cannot be read or is corrupt, which counts as off"), None


def _shown_notice(directory: int | None, state_dir: str) -> bytes | None:
    try:
        return storage.read_at(directory, os.path.join(state_dir, "notice"), 8)
    except (OSError, ValueError):
        return None  # the module of the notice handles this


def _policy_decision(program: str) -> Decision | None:
    text = _read_small_file(POLICY_FILE, 65536)
    if text is None:
        return None
    from arcade_otel.consent import policy

    decided = policy.parse(text, program)
    if decided == policy.CORRUPT:
        return Decision(OFF, REASON_POLICY, f"{POLICY_FILE} cannot be read or is corrupt, which counts as off")
    return None if decided is None else Decision(decided, REASON_POLICY, f"{POLICY_FILE} says {decided}")


def _read_small_file(path: str, most: int) -> bytes | None:
    """Return the content of a file, or None if there is no such file.

    If the file cannot be read or is too long, return a NUL byte, which is not valid content. The function does not block if the
    path is a pipe or a terminal.
    """
    try:
        # In text mode, Windows would end the file at the first Ctrl-Z.
        flags = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
        descriptor = os.open(path, os.O_RDONLY | flags)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return b"\0"
            text = os.read(descriptor, most + 1)
        finally:
            os.close(descriptor)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError):
        return b"\0"
    return text if len(text) <= most else b"\0"
