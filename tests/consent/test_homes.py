"""The library never disturbs a command, whatever the home is like. After an opt-out, it does nothing at all."""

import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from arcade_otel.testing import FakePostHog
from tests.support.machine import Machine
from tests.support.programs import read_program

APP = read_program("consent/homes")
ONE_LINE = 'import arcade_otel\narcade_otel.instrument(app, name="tool", version="1.2.3")\n'
OURS, PLAIN = "ours/tool", "plain/tool"
RUNS: list[tuple[str, ...]] = [("work",), ("fail",), ("work", "--nam", "x"), ("wrok",), ("login",), ("logout",), ("--help",)]

Ended = tuple[int, str, str]


@pytest.fixture
def both(machine: Machine) -> Machine:
    """A machine with the program, and with the same program without this library.

    It has no debug log, and the guard as users have it.
    """
    for kind in ("ours", "plain"):
        (machine.root / kind).mkdir()
    machine.program("ours/tool", APP.replace("# instrument\n", ONE_LINE))
    machine.program("plain/tool", APP)
    machine.environ.pop("ARCADE_USAGE_STRICT")
    machine.environ["COLUMNS"] = "100"
    machine.warm = True
    return machine


def ended(machine: Machine, program: str, *arguments: str, environ: dict[str, str | None] | None = None) -> Ended:
    """Return exit code, stdout and stderr of a run of either program. Both programs have the same name."""
    run = machine.run(*arguments, program=program, environ=environ, cwd=machine.root)
    return run.returncode, run.stdout, run.stderr


@pytest.fixture(scope="module")
def without_us(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, ...], Ended]:
    """The result of each run of the program without this library."""
    machine = Machine(tmp_path_factory.mktemp("plain"), "http://127.0.0.1:9")
    machine.environ["COLUMNS"] = "100"
    machine.warm = True
    (machine.root / "plain").mkdir()
    machine.program(PLAIN, APP)
    return {arguments: ended(machine, PLAIN, *arguments) for arguments in RUNS}


def _file_for(path: str) -> Callable[[Machine], None]:
    def make(machine: Machine) -> None:
        target = machine.home / path
        _gone(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("in the way")

    return make


def _folder_for(path: str) -> Callable[[Machine], None]:
    def make(machine: Machine) -> None:
        target = machine.home / path
        _gone(target)
        (target / "inside").mkdir(parents=True)

    return make


def _content(path: str, content: bytes) -> Callable[[Machine], None]:
    def make(machine: Machine) -> None:
        target = machine.home / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)

    return make


def _gone(path: Path) -> None:
    """Remove a file or directory of the machine."""
    if path.is_dir():
        for inside in sorted(path.rglob("*"), reverse=True):
            inside.rmdir() if inside.is_dir() else inside.unlink()
        path.rmdir()
    elif path.exists():
        path.unlink()


HOMES: dict[str, Callable[[Machine], None]] = {
    "corrupt usage.json": _content(".arcade/usage.json", b"{"),
    "binary usage.json": _content(".arcade/usage.json", b"\x00\xff\xfe" * 100),
    "empty usage.json": _content(".arcade/usage.json", b""),
    "usage.json of another shape": _content(".arcade/usage.json", b'[{"anon_id": 5}]'),
    "a folder for usage.json": _folder_for(".arcade/usage.json"),
    "a folder for its lock": _folder_for(".arcade/usage.json.lock"),
    "corrupt credentials": _content(".arcade/credentials.yaml", b"{: ["),
    "binary credentials": _content(".arcade/credentials.yaml", b"\x00\xff\xfe" * 100),
    "a folder for the credentials": _folder_for(".arcade/credentials.yaml"),
    "a file for the config directory": _file_for(".arcade"),
    "a file for the state folder": _file_for(".arcade/usage"),
    "a file for the queue": _file_for(".arcade/usage/queue"),
    "a folder for the notice": _folder_for(".arcade/usage/notice"),
}


@pytest.mark.parametrize("home", HOMES)
def test_a_broken_home_changes_nothing_of_any_command(both: Machine, without_us: dict[tuple[str, ...], Ended], home: str) -> None:
    """Exit code, stdout and stderr are the same as without this library, also for login and logout."""
    HOMES[home](both)
    for arguments in RUNS:
        assert ended(both, OURS, *arguments) == without_us[arguments]


@pytest.mark.posix
@pytest.mark.parametrize("home", ["", "relative/home", "{root}/missing/home", "/dev/null", None])
def test_no_home_changes_nothing_of_any_command(both: Machine, home: str | None) -> None:
    """An empty or relative home counts as none: no ``.arcade`` appears in the current directory.

    A home that does not exist is never made, not even by root. Debian gives ``/nonexistent`` to users who must have no home.
    """
    home = home and home.format(root=both.root)
    for arguments in RUNS:
        with_us, without = (ended(both, program, *arguments, environ={"HOME": home}) for program in (OURS, PLAIN))
        if home is None:
            # Python asks the password database then, and finds the home of whoever runs these tests.
            assert with_us[:2] == without[:2]
        else:
            assert with_us == without
        if home is None:
            break
    assert not (both.root / ".arcade").exists()
    assert not (both.root / "relative").exists()
    assert not (both.root / "missing").exists()
    assert not Path("/.arcade").exists()


@pytest.mark.posix
@pytest.mark.parametrize("read_only", ["the home", "the config directory", "the state folder"])
def test_a_read_only_home_changes_nothing_of_any_command(
    both: Machine, without_us: dict[tuple[str, ...], Ended], read_only: str
) -> None:
    """No file can be made in the home, and the commands behave the same."""
    folder = {"the home": both.home, "the config directory": both.config_dir, "the state folder": both.state}[read_only]
    if read_only == "the home":
        (both.state / "notice").unlink()
        both.state.rmdir()
        both.config_dir.rmdir()
    folder.chmod(0o555)
    before = _listed(both)
    try:
        for arguments in RUNS:
            one = both.run(*arguments, program=OURS, cwd=both.root, unprivileged=True)
            assert (one.returncode, one.stdout, one.stderr) == without_us[arguments]
        if read_only != "the state folder":
            assert _listed(both) == before
    finally:
        folder.chmod(0o755)


@pytest.mark.posix
def test_status_says_that_nothing_is_recorded_where_nothing_can_be_written(both: Machine) -> None:
    """Usage data is on by the program's default, but no event can be kept, so "on" alone would be wrong."""
    both.program("status", "from arcade_otel.cli.console import main\nmain(['status'])\n")
    usable = both.run(program="status", cwd=both.root, unprivileged=True).stdout
    both.config_dir.chmod(0o555)
    try:
        read_only = both.run(program="status", cwd=both.root, unprivileged=True).stdout
    finally:
        both.config_dir.chmod(0o755)
    assert "Not recorded:" not in usable
    assert f"{both.config_dir} cannot be written, so events are lost. Run doctor." in read_only


REFUSALS = [
    *({"ARCADE_USAGE_TRACKING": value} for value in ("0", "false", "no", "off", "FALSE", "Off", " 0 ")),
    *({"DO_NOT_TRACK": value} for value in ("1", "true", "yes", "anything")),
    *({"OTEL_SDK_DISABLED": value} for value in ("true", "TRUE", "True")),
]

WATCHED = """
import sys
started = []
sys.addaudithook(lambda event, arguments: started.append(event) if event in
    ("os.posix_spawn", "subprocess.Popen", "os.fork", "os.exec", "os.system", "socket.connect", "socket.getaddrinfo") else None)
import atexit
atexit.register(lambda: started and print("STARTED", started))
"""


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: "=".join(*refusal.items()))
def test_who_opted_out_has_no_file_no_process_no_request_and_nothing_on_any_stream(
    both: Machine, posthog: FakePostHog, without_us: dict[tuple[str, ...], Ended], refusal: dict[str, str]
) -> None:
    """Not even the notice is shown, and events that were queued before are deleted."""
    both.program("ours/tool", WATCHED + APP.replace("# instrument\n", ONE_LINE))
    both.log_in("key", posthog.url)
    (both.state / "notice").unlink()
    before = _listed(both)
    for arguments in RUNS if refusal in REFUSALS[::6] else RUNS[:1]:
        assert ended(both, OURS, *arguments, environ={**refusal}) == without_us[arguments]
    assert _listed(both) == before
    assert posthog.requests == []
    assert posthog.arcade.requests == []
    waiting = both.state / "queue" / "posthog"
    waiting.mkdir(parents=True)
    (waiting / "1-a.json").write_text("{}")
    ended(both, OURS, "work", environ={**refusal})
    assert not waiting.exists()


@pytest.mark.parametrize("folder", ["~/own", ".arcade"])
def test_what_waits_in_a_directory_of_the_programs_own_goes_too_where_somebody_opted_out(both: Machine, folder: str) -> None:
    """The path of the directory is written with a tilde, or relative to the working directory of the program."""
    program = ONE_LINE.replace('version="1.2.3"', f'version="1.2.3", config_dir="{folder}"')
    both.program("ours/tool", APP.replace("# instrument\n", program))
    waiting = (both.home if folder.startswith("~") else both.root) / folder.removeprefix("~/") / "usage" / "queue" / "posthog"
    waiting.mkdir(parents=True)
    (waiting / "1-a.json").write_text("{}")
    ended(both, OURS, "work", environ={"DO_NOT_TRACK": "1"})
    assert not waiting.exists()


def _listed(machine: Machine) -> list[str]:
    return sorted(str(path.relative_to(machine.home)) for path in machine.home.rglob("*"))


@pytest.mark.parametrize(
    "permission",
    [
        {"OTEL_SDK_DISABLED": "1"},
        {"OTEL_SDK_DISABLED": "yes"},
        {"DO_NOT_TRACK": "0"},
        {"DO_NOT_TRACK": ""},
        {"DO_NOT_TRACK": "false"},
        {"ARCADE_USAGE_TRACKING": "1"},
        {"ARCADE_USAGE_TRACKING": ""},
        {"ARCADE_USAGE_TRACKING": "nonsense"},
    ],
    ids=lambda permission: "=".join(*permission.items()),
)
def test_what_is_no_refusal_records(both: Machine, posthog: FakePostHog, permission: dict[str, str]) -> None:
    """``OTEL_SDK_DISABLED`` refuses only by ``true`` (OpenTelemetry's specification)."""
    ended(both, OURS, "work", environ={**permission})
    posthog.wait_for(posthog.visible)


@pytest.mark.parametrize("arguments", [("work", "--name", "me"), ("fail",), ("wrok",)])
def test_log_mode_shows_the_exact_payload_and_sends_nothing(
    both: Machine, posthog: FakePostHog, arguments: tuple[str, ...]
) -> None:
    """The event on stderr is the one that the same command sends otherwise, except for IDs, times and the process."""
    before = _listed(both)
    code, out, err = ended(both, OURS, *arguments, environ={"ARCADE_USAGE_TRACKING": "log"})
    plain = ended(both, PLAIN, *arguments)
    assert (code, out) == plain[:2]
    shown, _ = json.JSONDecoder().raw_decode(err, err.index("{\n"))
    assert err.replace(json.dumps(shown, indent=2, sort_keys=True) + "\n", "") == plain[2]
    assert posthog.requests == []
    assert [path for path in _listed(both) if path not in before] == []
    ended(both, OURS, *arguments)
    posthog.wait_for(posthog.visible)
    (request,) = posthog.requests
    (sent,) = json.loads(request.content)["batch"]
    assert _same(shown) == _same(sent)
    assert set(shown) == set(sent)
    assert set(shown["properties"]) == set(sent["properties"])


def _same(event: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in event.items() if key not in ("uuid", "timestamp", "distinct_id")}
    kept["properties"] = {key: value for key, value in event["properties"].items() if key not in ("duration", "$session_id")}
    return kept


def test_the_notice_is_shown_once_on_stderr_before_the_command(both: Machine) -> None:
    """The notice says what is collected and how to opt out. It is never on stdout, and never shown twice."""
    (both.state / "notice").unlink()
    plain = ended(both, PLAIN, "work")
    code, out, err = ended(both, OURS, "work")
    assert (code, out) == plain[:2]
    assert err.endswith(plain[2])
    notice = err.removesuffix(plain[2])
    assert "tool collects usage data" in notice
    assert "ARCADE_USAGE_TRACKING=0" in notice
    assert "DO_NOT_TRACK=1" in notice
    assert ended(both, OURS, "work") == plain


def test_twenty_first_commands_at_once_show_one_notice(both: Machine) -> None:
    """Exactly one of the twenty commands shows the notice."""
    (both.state / "notice").unlink()
    shown: list[str] = []
    runs = [threading.Thread(target=lambda: shown.append(ended(both, OURS, "work")[2])) for _ in range(20)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert len(shown) == 20
    assert sum("collects usage data" in err for err in shown) == 1


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("work", "--help")])
def test_help_and_version_are_no_commands_and_show_no_notice(
    both: Machine, posthog: FakePostHog, arguments: tuple[str, ...]
) -> None:
    """No command runs, so no notice is shown and no event is recorded."""
    (both.state / "notice").unlink()
    assert ended(both, OURS, *arguments) == ended(both, PLAIN, *arguments)
    assert both.senders() == []
    assert not (both.state / "notice").exists()
    assert posthog.requests == []


def test_shell_completion_is_no_command_and_shows_no_notice(both: Machine, posthog: FakePostHog) -> None:
    """A shell asks for completions while the user types."""
    (both.state / "notice").unlink()
    environ: dict[str, str | None] = {
        "_TOOL.PY_COMPLETE": "complete_bash",
        "COMP_WORDS": "tool.py w",
        "COMP_CWORD": "1",
        "_TYPER_COMPLETE_ARGS": "tool.py w",
    }
    one = both.run("", program=OURS, environ=environ)
    other = both.run("", program=PLAIN, environ=environ)
    assert one.stdout == other.stdout
    assert "collects usage data" not in one.stderr
    assert both.senders() == []
    assert posthog.requests == []


@pytest.mark.posix
@pytest.mark.parametrize("closed", ["1>&-", "2>&-", "1>&- 2>&-", "0<&-", "0<&- 1>&- 2>&-", ">/dev/full", "2>/dev/full"])
def test_closed_and_full_streams_change_nothing(both: Machine, posthog: FakePostHog, closed: str) -> None:
    """The exit code is the same as without this library, whether the notice is due or not, and the event arrives."""
    (both.state / "notice").unlink()
    codes = [
        subprocess.run(
            ["sh", "-c", f"{sys.executable} {both.root / program}.py work {closed}"],
            env=both.environ,
            cwd=both.root,
            timeout=60,
            check=False,
            capture_output=True,
        ).returncode
        for program in (PLAIN, OURS, OURS)
    ]
    assert len(set(codes)) == 1
    posthog.wait_for(posthog.visible)


def test_what_fails_is_told_in_the_debug_log_only(both: Machine) -> None:
    """With ``ARCADE_USAGE_DEBUG=1`` the failure is on stderr, and with a path it is in a file.

    Without the variable it is nowhere.
    """
    _file_for(".arcade")(both)
    del both.environ["ARCADE_USAGE_DEBUG"]
    plain = ended(both, PLAIN, "work")
    assert ended(both, OURS, "work") == plain
    told = ended(both, OURS, "work", environ={"ARCADE_USAGE_DEBUG": "1"})
    assert told[:2] == plain[:2]
    assert re.search(
        r"^arcade_otel\[\d+\]: .*(IsADirectoryError|OSError|FileExistsError|NotADirectoryError)", told[2], re.MULTILINE
    )
    log = both.root / "told"
    assert ended(both, OURS, "work", environ={"ARCADE_USAGE_DEBUG": str(log)}) == plain
    assert "Error" in log.read_text()
