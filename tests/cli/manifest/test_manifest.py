"""``arcade-otel manifest`` prints exactly the names that events can have, the same on every machine, and changes nothing."""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from arcade_otel import conventions
from arcade_otel.testing import FakePostHog
from tests.support.machine import Machine
from tests.support.programs import CLICK, TYPER, read_program, with_us, with_usage
from tests.support.warm_start import WarmStart, warm_start

ROOT = Path(__file__).parents[3]


def manifest(
    folder: Path, *arguments: str, environ: Mapping[str, str] | None = None, **how: Any
) -> "subprocess.CompletedProcess[str]":
    """Run ``arcade-otel manifest`` in a directory, as on a maintainer's machine."""
    words = ["-m", "arcade_otel.cli.console", "manifest", *arguments]
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", **(environ or {})}
    if not how and WarmStart.can_run(env):
        ended = warm_start().run(words, env=env, cwd=folder)
        return subprocess.CompletedProcess(words, ended.returncode, ended.stdout.decode(), ended.stderr.decode())
    return subprocess.run(
        [sys.executable, *words],
        env=env,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
        **how,
    )


def made(folder: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> str:
    """Return the manifest, and check that the command prints nothing else."""
    ended = manifest(folder, *arguments, environ=environ)
    assert (ended.returncode, ended.stderr) == (0, "")
    return str(ended.stdout)


def loaded(folder: Path, app: str, environ: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the manifest in its JSON form, loaded."""
    told: dict[str, Any] = json.loads(made(folder, app, "--json", environ=environ))
    return told


def names(told: dict[str, Any]) -> list[str]:
    """Return the names of the commands."""
    return [command["name"] for command in told["commands"]]


def snapshot(folder: Path) -> dict[str, bytes]:
    """Return the content of every file in a directory."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# --- the names ----------------------------------------------------------------------------------------------------------------

CLICK_TREE = read_program("cli/click_tree")

TYPER_TREE = read_program("cli/typer_tree")

BOTH = ["", "mistyped", "secret", "old", "outer", "tool box run-it", "tool mistyped", "tool box mistyped", "login"]
RUNS = {
    "click": [*BOTH, "lazy late", "lazy other-name", "lazy mistyped", "abbreviating st", "abbreviating status", "abbreviating x"],
    "typer": [*BOTH, "one-of-the-root"],
}
USAGE = ["status", "enable", "disable", "show", "log", "flush", "forget", "doctor", "view"]


@pytest.mark.parametrize(("framework", "source"), [("typer", TYPER_TREE), ("click", CLICK_TREE)], ids=["typer", "click"])
def test_the_names_are_exactly_those_of_the_events(machine: Machine, posthog: FakePostHog, framework: str, source: str) -> None:
    """Each command of a tree is run, and each group is mistyped.

    The tree has hidden, deprecated, renamed, nested, late and abbreviated ones.
    """
    machine.program("cli", source)
    for arguments in RUNS[framework]:
        machine.run(*arguments.split(), program="cli")
    for name in ("mistyped", *USAGE):
        assert machine.run("usage", name, "--mistyped", program="cli").returncode == 2
    machine.settle()
    recorded = {event.properties["command_name"] for event in posthog.visible()}
    told = loaded(machine.root, "cli.py:app")
    assert names(told) == sorted(recorded)
    assert len(recorded) > 15
    marks = {command["name"]: command for command in told["commands"]}
    assert [name for name, each in marks.items() if each["hidden"]] == ["secret"]
    assert [name for name, each in marks.items() if each["deprecated"]] == ["old"]
    assert [name for name, each in marks.items() if each["login"]] == ["login"]
    assert {name: each["typed"] for name, each in marks.items() if each["typed"]} == (
        {"abbreviating.status": ["st"]} if framework == "click" else {}
    )
    groups = {name for name, each in marks.items() if each["group"]}
    assert groups == {"tool", "tool.box", "usage"} | ({"lazy", "abbreviating"} if framework == "click" else set())


ONE = {
    "typer": "import typer, arcade_otel\napp = typer.Typer()\n@app.command()\ndef main():\n    pass\n",
    "click": "import click, arcade_otel\n@click.command()\ndef app():\n    pass\n",
}


@pytest.mark.parametrize("framework", ONE)
@pytest.mark.parametrize("name", ["given", None])
def test_a_program_of_one_command_is_named_by_the_program(
    machine: Machine, posthog: FakePostHog, framework: str, name: str | None
) -> None:
    """Without a program's name, the name is that of the file that starts the program.

    The manifest cannot know that file, and says so.
    """
    given = f"name={name!r}, " if name else ""
    source = f'{ONE[framework]}arcade_otel.instrument(app, {given}version="1")\nif __name__ == "__main__":\n    app()\n'
    machine.program("one", source)
    assert machine.run(program="one").returncode == 0
    machine.settle()
    (event,) = posthog.visible()
    assert event.properties["command_name"] == (name or "one")
    told = loaded(machine.root, "one.py:app")
    assert names(told) == [name or "<program>"]
    assert told["program"] == (name or "<program>")
    assert ("the name of the file" in made(machine.root, "one.py:app")) == (name is None)


def test_every_usage_command_is_named_where_they_are_mounted(tmp_path: Path) -> None:
    """The event of ``doctor`` is in the manifest only if the usage commands are mounted."""
    for source, mounted in (
        (with_us(CLICK), False),
        (with_usage(CLICK), True),
        (with_us(TYPER), False),
        (with_usage(TYPER), True),
    ):
        (tmp_path / "cli.py").write_text(source)
        told = loaded(tmp_path, "cli.py:app")
        assert [name for name in names(told) if name.startswith("usage.")] == sorted(f"usage.{each}" for each in USAGE if mounted)
        assert (conventions.EVENT_DOCTOR in [event["name"] for event in told["events"]]) == mounted


def test_names_that_markdown_or_a_terminal_would_take_for_more_are_shown_as_they_are(tmp_path: Path) -> None:
    """Each name has one line, whatever characters are in it. JSON has the names unchanged."""
    (tmp_path / "cli.py").write_text(
        "import click\napp = click.Group('app')\n"
        "for name in ('a|b', 'back`tick', 'new\\nline', 'esc\\x1b[31m', '**bold**', 'bad\\udcff', 'ünï'):\n"
        "    app.add_command(click.Command(name))\n"
    )
    told = names(loaded(tmp_path, "cli.py:app"))
    assert {"a|b", "back`tick", "new\nline", "esc\x1b[31m", "**bold**", "bad\ufffd", "ünï"} <= set(told)
    lines = made(tmp_path, "cli.py:app").splitlines()
    shown = ["- `a|b`", "- `` back`tick ``", r"- `new\nline`", r"- `esc\x1b[31m`", "- `**bold**`", "- `bad\ufffd`", "- `ünï`"]
    assert set(shown) <= set(lines)


def test_a_group_within_itself_comes_to_an_end(tmp_path: Path) -> None:
    """The inner group is named, and not entered again."""
    (tmp_path / "cli.py").write_text(
        "import click\napp = click.Group('app')\nsub = click.Group('sub')\napp.add_command(sub)\nsub.add_command(app)\n"
    )
    assert names(loaded(tmp_path, "cli.py:app")) == ["", "<program>", "sub", "sub.app"]


# --- the settings and the properties ----------------------------------------------------------------------------------------


def of(folder: Path, settings: str) -> dict[str, Any]:
    """Return the manifest of a program with these settings."""
    (folder / "cli.py").write_text(f"import os, click, arcade_otel\napp = arcade_otel.instrument(click.Group('app'){settings})\n")
    return loaded(folder, "cli.py:app")


@pytest.mark.parametrize(
    ("settings", "changed"),
    [
        ("error_messages='class'", {"error_messages": "class"}),
        ("error_messages=repr", {"error_messages": "function"}),
        ("enabled_by_default=False", {"enabled_by_default": False}),
        ("record_in_ci=False", {"record_in_ci": False}),
        ("login_commands='auth login'", {"login_commands": ["auth.login"]}),
        ("logout_commands=['out', 'auth.out']", {"logout_commands": ["out", "auth.out"]}),
        ("principal='who:am_i'", {"principal": "function"}),
        ("principal=lambda: None", {"principal": "function"}),
        ("version='7.7.7'", {"version": "given"}),
        ("distribution='nosuch'", {"version": "nosuch"}),
        ("posthog_api_key='phc_secret'", {"posthog": "https://us.i.posthog.com"}),
        ("posthog_api_key='phc_secret', posthog_host='https://eu.i.posthog.com'", {"posthog": "https://eu.i.posthog.com"}),
        ("live_spans=True", {"live_spans": True}),
        ("live_spans=False", {"live_spans": False}),
    ],
)
def test_a_setting_that_changes_what_is_collected_is_seen(tmp_path: Path, settings: str, changed: dict[str, Any]) -> None:
    """The manifest has neither the program's version nor its project key. Both would change the manifest for no reason."""
    plain = of(tmp_path, "")
    told = of(tmp_path, f", {settings}")
    assert {key: value for key, value in told["settings"].items() if value != plain["settings"][key]} == changed
    text = made(tmp_path, "cli.py:app")
    assert "7.7.7" not in text
    assert "phc_secret" not in text
    (key, value), *_ = changed.items()
    row = next(line for line in text.splitlines() if line.startswith(f"| {key} |"))
    assert all(f"`{str(each).lower()}`" in row for each in (value if isinstance(value, list) else [value]))


def test_a_property_that_the_settings_leave_out_is_not_in_it(tmp_path: Path) -> None:
    """The attribute that the property would be made from is not in the manifest either.

    If a function of the program decides, the manifest says so.
    """

    def entries(told: dict[str, Any]) -> dict[str, str]:
        groups = ("properties", "attributes", "resource")
        return {entry["name"]: entry["reason"] for group in groups for entry in told[group]}

    full = entries(of(tmp_path, ", version='1'"))
    assert {"error_message", "error.message", "cli_version", "service.version", "command_name"} <= full.keys()
    # Without ``version=`` it is that of the distribution that owns the program.
    assert full.keys() == entries(of(tmp_path, "")).keys()
    without = entries(of(tmp_path, ", version='1', error_messages='class'"))
    assert full.keys() - without.keys() == {"error_message", "error.message"}
    own = entries(of(tmp_path, ", version='1', error_messages=repr"))
    assert {name for name in full if full[name] != own[name]} == {"error_message", "error.message"}
    assert "function" in own["error_message"]


def test_it_lists_the_events_that_a_program_declares(tmp_path: Path) -> None:
    """Each event is listed with its own properties, and with those of its command, and copies, that do not depend on its end."""
    declared = ", groups='organization', events={'toolkit created': {'tools': int, 'kind': ['local', 'remote']}, 'opened': {}}"
    declared += ", properties={'took': 'duration', 'runtime': 'python_version'}"
    told = of(tmp_path, declared)
    events = {event["name"]: set(event["properties"]) for event in told["events"]}
    assert events["toolkit created"] - events["opened"] == {"tools", "kind"}
    common = events["CLI execution succeeded"] & events["CLI execution failed"]
    of_the_end = {"duration", "exit_code", "outcome", "first_run", "previous_version", "dropped_events"}
    assert common - events["opened"] == of_the_end | {"took"}
    assert events["opened"] < common
    assert "runtime" in events["opened"]
    kinds = {
        entry["name"]: (entry["type"], entry["unit"]) for entry in told["properties"] if "toolkit created" in entry["events"]
    }
    assert kinds["tools"] == ("integer", "")
    assert kinds["kind"] == ("string", "one of local, remote")
    assert "toolkit created" in made(tmp_path, "cli.py:app")
    assert {"toolkit created", "opened"}.isdisjoint(event["name"] for event in of(tmp_path, "")["events"])


def test_free_text_is_called_so_with_its_reason(tmp_path: Path) -> None:
    """The manifest says so for properties of commands and of own events, in the text for people and in JSON."""
    text = "arcade_otel.FreeText(reason='shows why\\ntools | fail\\x1b[31m')"
    told = of(tmp_path, f", properties={{'why': {text}}}, events={{'tool failed': {{'cause': {text}}}}}")
    entries = {entry["name"]: entry for entry in told["properties"]}
    for name in ("why", "cause"):
        assert (entries[name]["type"], entries[name]["unit"]) == ("string", "free text, redacted, at most 300 characters")
        assert entries[name]["reason"].startswith("a property that the program declares")
        assert "\x1b" not in entries[name]["reason"]
    assert entries["cause"]["events"] == ["tool failed"]
    lines = made(tmp_path, "cli.py:app").splitlines()
    for name in ("why", "cause"):
        (row,) = [
            line for line in lines if line.startswith(f"| `{name}` | string, free text, redacted, at most 300 characters |")
        ]
        assert "shows why\\ntools \\| fail\\x1b[31m" in row


def test_a_manifest_for_people_has_all_that_one_for_programs_has(tmp_path: Path) -> None:
    """Each name of the JSON form has a line in the Markdown form."""
    (tmp_path / "cli.py").write_text(with_usage(CLICK))
    told = loaded(tmp_path, "cli.py:app")
    lines = made(tmp_path, "cli.py:app").splitlines()
    for group in ("events", "properties", "fields", "request", "attributes", "resource", "scope"):
        assert told[group]
        for entry in told[group]:
            assert any(line.startswith(f"| `{entry['name']}` |") and entry["reason"] in line for line in lines), entry["name"]
    for name in filter(None, names(told)):
        assert sum(line == f"- `{name}`" or line.startswith(f"- `{name}` ") for line in lines) == 1, name
    assert f"| library | `arcade-otel {told['library_version']}` |" in "\n".join(lines)
    assert f"| notice | `{told['notice_version']}` |" in "\n".join(lines)
    assert told["library_version"] == conventions.__version__


def test_a_program_that_is_not_instrumented_is_walked_and_said_to_be_none(tmp_path: Path) -> None:
    """The manifest then says what would be collected."""
    (tmp_path / "cli.py").write_text(CLICK)
    told = loaded(tmp_path, "cli.py:app")
    assert told["instrumented"] is False
    assert names(told) == ["", "<program>", "hello"]
    assert "Not instrumented: nothing is collected" in made(tmp_path, "cli.py:app")
    (tmp_path / "cli.py").write_text(with_us(CLICK))
    assert loaded(tmp_path, "cli.py:app")["instrumented"] is True
    assert "Not instrumented" not in made(tmp_path, "cli.py:app")


# --- the same everywhere ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", [TYPER, CLICK], ids=["typer", "click"])
@pytest.mark.parametrize("form", [[], ["--json"]], ids=["markdown", "json"])
def test_it_is_the_same_on_every_machine(tmp_path: Path, source: str, form: list[str]) -> None:
    """The manifest does not depend on the environment, the program's directory, the way the program is named, or the run."""
    one, other = tmp_path / "one", tmp_path / "other" / "place"
    for folder in (one, other):
        folder.mkdir(parents=True)
        (folder / "cli.py").write_text(with_usage(source))
    text = made(one, "cli.py:app", *form)
    environments: list[dict[str, str]] = [
        {"DO_NOT_TRACK": "1"},
        {"ARCADE_USAGE_TRACKING": "log"},
        {"OTEL_SDK_DISABLED": "true"},
        {"ARCADE_USAGE_TRACKING": "1", "CI": "true", "GITHUB_ACTIONS": "true"},
        {"ARCADE_USAGE_POSTHOG_API_KEY": "phc_of_the_shell", "ARCADE_USAGE_POSTHOG_HOST": "https://elsewhere.example"},
        {"ARCADE_WORK_DIR": str(tmp_path / "work"), "ARCADE_USAGE_DEBUG": str(tmp_path / "debug.log")},
        {"OTEL_SERVICE_NAME": "x", "OTEL_RESOURCE_ATTRIBUTES": "a=b", "OTEL_TRACES_EXPORTER": "otlp"},
        {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "TZ": "Asia/Tokyo", "PYTHONHASHSEED": "7"},
        {"COLUMNS": "40", "NO_COLOR": "1", "PYTHONHASHSEED": "8"},
    ]
    for environ in environments:
        assert made(other, "cli.py:app", *form, environ=environ) == text, environ
    assert made(tmp_path, "one/cli.py:app", *form) == made(one, "cli:app", *form) == made(other, str(one / "cli.py:app"), *form)
    for variable in (str(tmp_path), platform.python_version(), platform.release(), "cli.py", sys.prefix):
        assert variable not in text, variable
    assert not (tmp_path / "debug.log").exists()


# --- writing and checking -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [[], ["--json"]], ids=["markdown", "json"])
def test_a_check_finds_what_a_change_starts_to_collect(tmp_path: Path, form: list[str]) -> None:
    """The check exits with 0 and prints nothing while the manifest is the same.

    It exits with 1 and prints the different lines otherwise. After the file is written again, it exits with 0.
    """
    (tmp_path / "cli.py").write_text(with_us(CLICK))
    written = manifest(tmp_path, "cli:app", *form, "--output", "usage.txt")
    assert (written.returncode, written.stdout, written.stderr) == (0, "", "")
    assert (tmp_path / "usage.txt").read_bytes().decode() == made(tmp_path, "cli:app", *form)
    same = manifest(tmp_path, "cli:app", *form, "--check", "usage.txt")
    assert (same.returncode, same.stdout, same.stderr) == (0, "", "")

    changed = with_us(CLICK).replace('version="1.2.3"', 'version="2.0.0", error_messages="class"')
    changed += "@app.command()\ndef brand_new():\n    pass\n"
    (tmp_path / "cli.py").write_text(changed)
    before = (tmp_path / "usage.txt").read_bytes()
    differs = manifest(tmp_path, "cli:app", *form, "--check", "usage.txt")
    assert (differs.returncode, differs.stderr) == (1, "")
    lines = differs.stdout.splitlines()
    assert lines[:2] == ["--- usage.txt", "+++ cli:app"]
    if not form:
        assert [line for line in lines[2:] if line.startswith("+")] == [
            "+| error_messages | `class` | the class of an error is collected, and its message is not |",
            "+- `brand-new`",
        ]
        assert [line.split("|")[1].strip() for line in lines[2:] if line.startswith("-")] == [
            "error_messages",
            "`error_message`",
            "`error.message`",
        ]
    assert (tmp_path / "usage.txt").read_bytes() == before
    manifest(tmp_path, "cli:app", *form, "--output", "usage.txt")
    assert manifest(tmp_path, "cli:app", *form, "--check", "usage.txt").returncode == 0


def test_a_check_does_not_mind_what_git_does_to_the_ends_of_lines(tmp_path: Path) -> None:
    """On Windows, git writes other line ends with ``core.autocrlf``."""
    (tmp_path / "cli.py").write_text(with_us(CLICK))
    (tmp_path / "usage.md").write_bytes(made(tmp_path, "cli:app").replace("\n", "\r\n").encode())
    assert manifest(tmp_path, "cli:app", "--check", "usage.md").returncode == 0


def test_the_manifest_of_the_example_is_as_it_is_committed() -> None:
    """The manifest is made from the root of the repository, as ``make catalogue`` makes it."""
    ended = manifest(ROOT, "examples/arcade_like.py:app", "--check", "examples/arcade_like.manifest.md")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


# --- what goes wrong ----------------------------------------------------------------------------------------------------------

WRONG: dict[str, tuple[str, str, str]] = {
    "no attribute in the reference": ("", "cli.py", "APP must be module:attribute or path/to/file.py:attribute"),
    "no module in the reference": ("", ":app", "APP must be module:attribute or path/to/file.py:attribute"),
    "no such file": ("", "nosuch.py:app", "there is no file nosuch.py"),
    "no such module": ("", "nosuch:app", "nosuch cannot be imported: ModuleNotFoundError: No module named 'nosuch'"),
    "no such attribute": ("x = 1", "cli.py:app", "cli.py has no app"),
    "no such attribute of an attribute": ("import click\napp = click.Group()", "cli.py:app.x", "cli.py has no app.x"),
    "an import that fails": ("def f():\n    1 / 0\nf()", "cli.py:app", "ZeroDivisionError: division by zero (cli.py, line 2)"),
    "a syntax error": ("def", "cli.py:app", "cli.py cannot be imported: SyntaxError"),
    "an import that ends": (
        "raise SystemExit(0)",
        "cli.py:app",
        'put the call that runs the program under if __name__ == "__main__":',
    ),
    "not a program": ("app = print", "cli.py:app", "not an object of class builtin_function_or_method"),
    "a Typer app without commands": ("import typer\napp = typer.Typer()", "cli.py:app", "Typer can make no command of it"),
    "wrong settings": (
        "import click, arcade_otel\napp = arcade_otel.instrument(click.Group('app'), enabled_by_default='perhaps')",
        "cli.py:app",
        "the settings given to instrument() are wrong: enabled_by_default must be",
    ),
    "unknown settings": (
        "import click, arcade_otel\napp = arcade_otel.instrument(click.Group('app'), nonsense=1)",
        "cli.py:app",
        "cli.py cannot be imported: TypeError: unknown option: nonsense",
    ),
    "a group that cannot be listed": (
        """
import click
class G(click.Group):
    def list_commands(self, ctx):
        raise OSError('no plugins')
app = click.Group('app')
app.add_command(G('sub'))
""",
        "cli.py:app",
        "the commands of sub cannot be listed: OSError: no plugins (cli.py, line 5)",
    ),
    "a command that cannot be loaded": (
        """
import click
class G(click.Group):
    def list_commands(self, ctx):
        return ['x']
    def get_command(self, ctx, name):
        import nosuch
app = G('app')
""",
        "cli.py:app",
        "the commands of the program cannot be listed: ModuleNotFoundError",
    ),
}


@pytest.mark.parametrize(("source", "reference", "message"), WRONG.values(), ids=list(WRONG))
def test_what_cannot_be_looked_at_is_2_and_said(tmp_path: Path, source: str, reference: str, message: str) -> None:
    """The reason is one line on stderr (a syntax error also shows its line).

    Nothing is on stdout, and no file is written or compared.
    """
    (tmp_path / "cli.py").write_text(source)
    for more in ([], ["--output", "usage.md"], ["--check", "cli.py"]):
        ended = manifest(tmp_path, reference, *more)
        assert (ended.returncode, ended.stdout) == (2, "")
        assert ended.stderr.startswith("arcade-otel manifest: ")
        assert ended.stderr.count("\n") == 1 or "SyntaxError" in ended.stderr
        assert message in ended.stderr
    assert not (tmp_path / "usage.md").exists()


@pytest.mark.parametrize(
    "arguments",
    [[], ["cli:app", "--output"], ["cli:app", "--check", "a", "--output", "b"], ["cli:app", "--nosuch"], ["cli:app", "more"]],
)
def test_a_wrong_command_line_is_2(tmp_path: Path, arguments: list[str]) -> None:
    """The exit code is the same as in any other program."""
    (tmp_path / "cli.py").write_text(with_us(CLICK))
    ended = manifest(tmp_path, *arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("usage: arcade-otel")


def test_a_file_that_cannot_be_read_or_written_is_2_and_said(tmp_path: Path) -> None:
    """A check that cannot be made differs from a check that finds a difference."""
    (tmp_path / "cli.py").write_text(with_us(CLICK))
    (tmp_path / "binary").write_bytes(b"\xff\xfe\xfa")
    for arguments, word in (
        (["--check", "nosuch.md"], "nosuch.md: No such file or directory"),
        (["--check", "."], ".: Is a directory"),
        (["--check", "binary"], "binary: not UTF-8"),
        (["--output", "nosuch/usage.md"], "nosuch/usage.md: No such file or directory"),
    ):
        ended = manifest(tmp_path, "cli:app", *arguments)
        assert (ended.returncode, ended.stdout) == (2, ""), arguments
        assert word in ended.stderr


# --- looking does nothing -----------------------------------------------------------------------------------------------------

BUSY = read_program("cli/busy_import")
DIRECT = """
from arcade_otel.frameworks import instrument
instrument(app, dict(name="tool", version="1", posthog_api_key="phc_x", posthog_host=HOST, config_dir=FOLDER))
"""


@pytest.mark.parametrize("direct", ["", DIRECT], ids=["as usual", "from the module"])
@pytest.mark.parametrize("no", ["ARCADE_USAGE_TRACKING", "DO_NOT_TRACK", None])
def test_looking_at_a_program_records_sends_and_removes_nothing(
    machine: Machine, posthog: FakePostHog, direct: str, no: str | None
) -> None:
    """This holds however much of the library the import of the program uses.

    Queued events of the maintainer's machine stay queued, also if the maintainer opted out.
    """
    posthog.stop()
    machine.run("waits")
    machine.settle()
    (waiting,) = machine.queue
    posthog.start()
    source = (
        BUSY.replace("# directly", direct)
        .replace("https://posthog.invalid", posthog.url)
        .replace("/nonexistent", str(machine.config_dir))
    )
    machine.program("busy", source)
    requests = len(posthog.requests)
    before = snapshot(machine.root)
    environ = machine.with_environ({no: "0" if no == "ARCADE_USAGE_TRACKING" else "1"} if no else None)
    ended = manifest(machine.root, "busy.py:app", "--json", environ=environ)
    assert ended.returncode == 0, ended.stderr
    assert names(json.loads(ended.stdout)) == ["", "hello", "tool"]
    assert ended.stderr == "noise on stdout\n"
    assert machine.senders() == []
    assert snapshot(machine.root) == before
    assert waiting.exists()
    assert len(posthog.requests) == requests


def test_a_program_that_runs_itself_when_it_is_imported_does_nothing(tmp_path: Path) -> None:
    """Such a program shows its help on stderr, and the manifest command says what is wrong."""
    (tmp_path / "cli.py").write_text(
        "import click, arcade_otel\n@click.command()\ndef app():\n    open('ran', 'w').close()\n"
        "arcade_otel.instrument(app, name='tool')\napp()\n"
    )
    ended = manifest(tmp_path, "cli.py:app")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "__main__" in ended.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["cli.py"]


# --- where programs lie -------------------------------------------------------------------------------------------------------


def test_a_program_is_found_where_it_lies(tmp_path: Path) -> None:
    """The program is found in the working directory, in a package, and in a file.

    The package has relative imports, and the file may be next to others or have a strange name.
    """
    inside = tmp_path / "package" / "inside"
    inside.mkdir(parents=True)
    (tmp_path / "package" / "__init__.py").touch()
    (inside / "__init__.py").write_text(
        "from ..settings import NAME\nfrom .cli import app\nclass Holder:\n    app = app\nholder = Holder\n"
    )
    (tmp_path / "package" / "settings.py").write_text("NAME = 'of-the-package'\n")
    (inside / "cli.py").write_text(
        "import click, arcade_otel\nfrom ..settings import NAME\napp = arcade_otel.instrument(click.Group('app'), name=NAME)\n"
    )
    for reference in (
        "package.inside.cli:app",
        "package/inside/cli.py:app",
        "package.inside:holder.app",
        "package/inside/__init__.py:app",
    ):
        assert loaded(tmp_path, reference)["program"] == "of-the-package", reference
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "helper.py").write_text("NAME = 'of-the-helper'\n")
    for name in ("my-cli.py", "argparse.py"):  # no name of a module, and a module's that is in use
        (tmp_path / "scripts" / name).write_text(
            "import click, arcade_otel\nfrom helper import NAME\napp = arcade_otel.instrument(click.Group('app'), name=NAME)\n"
        )
        assert loaded(tmp_path, f"scripts/{name}:app")["program"] == "of-the-helper", name


DECLARES = """
import typer
import arcade_otel
app = typer.Typer()
app.command()(lambda: None)
arcade_otel.instrument(app, name="tool", properties={"plan": ["free", "pro"], "%s": int}, person_properties=["plan"])
"""


def test_the_manifest_lists_what_a_login_keeps_on_the_person(tmp_path: Path) -> None:
    """A declared property is listed for the events of commands.

    A property of the person is listed for the event of a login that succeeded.
    """
    (tmp_path / "cli.py").write_text(DECLARES % "tools")
    listed = {entry["name"]: entry["events"] for entry in loaded(tmp_path, "cli.py:app")["properties"]}
    assert listed["plan"] == listed["tools"] == ["CLI execution succeeded", "CLI execution failed"]
    assert listed["$set.plan"] == ["CLI execution succeeded"]


def test_the_manifest_refuses_a_property_with_one_of_the_librarys_names(tmp_path: Path) -> None:
    """The maintainer sees the clash before a user's value is left out."""
    (tmp_path / "cli.py").write_text(DECLARES % "is_ci")
    ended = manifest(tmp_path, "cli.py:app")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "properties: 'is_ci' is the name of one of the library's own. Choose another name" in ended.stderr
