"""The reference is complete: variables, command line, and each file that the library writes."""

import importlib.util
import re
from fnmatch import fnmatch
from pathlib import Path
from types import ModuleType

from arcade_otel.testing import FakePostHog, Fault, refused_port
from tests.support.machine import Machine

ROOT = Path(__file__).parents[2]


def load(name: str) -> ModuleType:
    """Import a script of ``.ci``."""
    spec = importlib.util.spec_from_file_location(name, ROOT / ".ci" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_pages_about_the_command_line_and_the_environment_are_generated_from_the_code() -> None:
    """``make catalogue`` writes the pages."""
    pages = load("reference_pages")
    assert pages.CLI.read_text() == pages.cli()
    text = pages.ENVIRONMENT.read_text()
    assert text == pages.environment(text)


def test_every_variable_of_ours_in_the_code_is_on_the_page_about_the_environment() -> None:
    page = (ROOT / "docs" / "reference" / "environment.md").read_text()
    used = set(re.findall(r"\bARCADE_(?:USAGE_\w*[A-Z]|WORK_DIR)\b", load("check_site")._sources()))
    assert len(used) > 10
    assert [name for name in sorted(used) if f"| `{name}` |" not in page] == []


def test_a_site_that_lacks_a_name_is_not_built() -> None:
    """The names are public names, options of ``instrument()``, properties, options of commands, and variables."""
    missing = load("check_site").missing_names
    everything = missing("")
    expected = {"uninstrument", "FakePostHog", "PostHogSpanExporter", "posthog_api_key", "command_name", "CLI execution failed"}
    assert expected | {"--no-browser", "ARCADE_WORK_DIR"} <= set(everything)
    page = "".join(f"<code>{name}</code>" for name in everything if name not in ("--no-browser", "command_name"))
    assert missing(page) == ["--no-browser", "command_name"]
    assert missing(page + "<td>--no-browser-please</td>") == ["--no-browser", "command_name"]


def test_every_file_that_the_library_writes_is_on_the_page_about_files(machine: Machine, posthog: FakePostHog) -> None:
    """The cases are online, offline, a login without a name, a corrupt identity, a corrupt queue and a stored choice."""
    page = (ROOT / "docs" / "reference" / "files.md").read_text()
    listed = [re.sub(r"<\w+>", "*", name) for name in re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE)]
    assert len(listed) > 12

    (machine.config_dir / "usage.json").write_text("no identity")
    machine.run("online")
    machine.settle()
    posthog.script(Fault.status(503))
    machine.run("offline")
    machine.settle()
    (queued,) = machine.queue
    (queued.parent / f"{queued.name[:-9]}00000.json").write_text("no span")
    with refused_port() as port:
        machine.log_in("key", f"http://127.0.0.1:{port}")
        machine.run("login")
    machine.settle()
    machine.time_passes()
    machine.run("again")
    machine.settle()
    machine.program("arcade-otel", "from arcade_otel.cli.console import main\nraise SystemExit(main())\n")
    assert machine.run("enable", program="arcade-otel").returncode == 0

    written = [path for path in machine.config_dir.rglob("*") if path.is_file() and path.name != "credentials.yaml"]
    names = {str(path.relative_to(machine.config_dir)) for path in written}
    assert {"usage.json", "usage.json.corrupt", "usage/consent", "usage/receipts.jsonl"} <= names
    assert [
        name for name in sorted(names) if not any(fnmatch(name, f"{each}*" if each[-1] == "/" else each) for each in listed)
    ] == []
