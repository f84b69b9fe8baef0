"""The documentation's snippets do what they say.

Each page is run on a machine of its own, its output is compared, and its events are awaited. The snippets of a page are run in
their order. ``python title="x.py"`` is a file, and a block without a title is run at once. ``console`` has commands after ``$``,
and their output (``…`` stands for any text). ``<!-- expect: EVENT | COMMAND -->`` waits for an event.
``<!-- snippet: parse (REASON) -->`` after a block has it only parsed. A block in any other language is an error.
"""

import configparser
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from arcade_otel.testing import FakePostHog
from tests.support.machine import Machine

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("docs/**/*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"])
STEP = re.compile(
    r"^```(?P<language>[\w+-]*)(?P<info>[^\n]*)\n(?P<text>.*?)^```$(?:\n+<!-- snippet: (?P<how>\w+) \((?P<why>[^)]+)\) -->)?"
    r"|^<!-- expect: (?P<event>[^|\n]+) \|(?P<command>[^\n]*?)-->",
    re.MULTILINE | re.DOTALL,
)


def steps(page: Path) -> Iterator["re.Match[str]"]:
    """Yield the snippets and expectations of a page."""
    return STEP.finditer(page.read_text(encoding="utf-8"))


def test_there_are_pages_and_every_fence_is_seen() -> None:
    """A block that the pattern does not match would never be run."""
    assert len(PAGES) > 15
    for page in PAGES:
        fences = re.findall(r"^```", page.read_text(encoding="utf-8"), re.MULTILINE)
        seen = [step for step in steps(page) if step["language"] is not None]
        assert len(fences) == 2 * len(seen), page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_each_file_of_a_page_is_used_by_a_later_snippet_or_only_parsed_for_a_reason(page: Path) -> None:
    """A file that is written and never run could contain anything."""
    found = list(steps(page))
    for place, step in enumerate(found):
        title = re.search(r'title="([^"]+)"', step["info"] or "")
        if title and step["language"] == "python" and not step["how"]:
            module = title[1].removesuffix(".py")
            later = [each["text"] for each in found[place + 1 :] if each["language"] in ("console", "sh", "bash", "python")]
            assert any(re.search(rf"\b{re.escape(module)}\b", text) for text in later), title[1]


@pytest.mark.posix
@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_snippets_of_a_page_do_what_they_say(page: Path, machine: Machine, posthog: FakePostHog) -> None:
    """In the page's order."""
    tools = machine.root / "bin"
    tools.mkdir()
    (tools / "python").symlink_to(sys.executable)
    (tools / "arcade-otel").symlink_to(Path(sys.executable).parent / "arcade-otel")
    # The interpreter's link finds no site-packages of its environment by itself.
    machine.environ |= {"PATH": f"{tools}:{machine.environ['PATH']}", "COLUMNS": "100", "TERM": "dumb"}
    (tools / "python").unlink()
    (tools / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (tools / "python").chmod(0o755)
    for step in steps(page):
        if step["event"]:
            expected = (step["event"].strip(), step["command"].strip())
            posthog.wait_for(lambda expected=expected: expected in told(posthog))  # type: ignore[misc]
        else:
            follow(step, machine)
    assert "canary" not in json.dumps([event.properties for event in posthog.events]).lower()


def told(posthog: FakePostHog) -> list[tuple[str, str]]:
    """Return the events that PostHog shows, each with its command."""
    return [(event.event, str(event.properties.get("command_name", ""))) for event in posthog.visible()]


def follow(step: "re.Match[str]", machine: Machine) -> None:
    """Do what a snippet says."""
    language, text = step["language"], step["text"]
    title = re.search(r'title="([^"]+)"', step["info"])
    if step["how"]:
        assert step["how"] == "parse"
    if language == "python":
        compile(text, "snippet", "exec")
        if title:
            (machine.home / title[1]).write_text(text, encoding="utf-8")
        elif not step["how"]:
            run(machine, f"{sys.executable} -", text)
    elif language == "console":
        for command, expected in commands(text):
            compare(command, run(machine, command), expected)
    elif language in ("sh", "bash"):
        run(machine, "sh -n" if step["how"] else "sh -e", text)
    elif language in ("yaml", "yml"):
        assert list(yaml.safe_load_all(text))
    elif language == "dockerfile":
        instructions = [line.split()[0] for line in text.replace("\\\n", " ").splitlines() if line and not line.startswith("#")]
        assert instructions[0] == "FROM"
        assert set(instructions) <= {"FROM", "RUN", "COPY", "ENV", "ENTRYPOINT", "CMD", "WORKDIR", "VOLUME"}
    elif language == "json":
        assert json.loads(text)
    elif language == "text":
        assert not re.search(r"^\$ ", text, re.MULTILINE), "what can be run is no text"
    elif language == "ini":
        if text.startswith("["):
            parser = configparser.ConfigParser()
            parser.read_string(text)
            assert parser.sections()
        else:
            policy(text, machine)
    else:
        raise AssertionError(f"nobody knows how to run {language!r}")


def policy(text: str, machine: Machine) -> None:
    """Write the policy of a machine, which is the only file of this kind."""
    from arcade_otel.consent import policy as reader

    assert machine.home.is_dir()
    assert reader.parse(text.encode(), "mycli") == "on"
    assert reader.parse(text.encode(), "another") == "off"


def commands(text: str) -> Iterator[tuple[str, str]]:
    """Yield each command with the output that the page shows."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        yield command, expected


def run(machine: Machine, command: str, text: str = "") -> str:
    """Run a command in the home, and return its output."""
    ended = subprocess.run(
        ["sh", "-c", command],
        input=text,
        env=machine.environ,
        cwd=machine.home,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    if text:
        assert ended.returncode == 0, f"{text}\n{ended.stdout}"
    return ended.stdout


def compare(command: str, printed: str, expected: str) -> None:
    """Check what was printed, in which ``…`` stands for anything on one or more lines."""
    pattern = ".*".join(re.escape(part) for part in re.sub(r"\n…\n", "…", expected).split("…"))
    assert re.fullmatch(pattern, printed, re.DOTALL), f"$ {command}\n{printed}\nis not\n{expected}"


def test_every_public_name_is_in_the_reference() -> None:
    """A reader must be able to look up every public name."""
    import arcade_otel

    reference = (ROOT / "docs" / "reference.md").read_text()
    assert [name for name in arcade_otel.__all__ if name not in reference] == []


def test_every_page_is_in_the_sites_navigation_and_every_link_leads_somewhere() -> None:
    """The links are those of the README and between pages. ``mkdocs build --strict`` checks anchors."""
    navigation = (ROOT / "mkdocs.yml").read_text()
    for page in PAGES:
        if page.is_relative_to(ROOT / "docs"):
            assert str(page.relative_to(ROOT / "docs")) in navigation
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page}: {target}"
                assert os.path.normpath(page.parent / target).startswith(str(ROOT))


def test_every_row_of_a_table_is_one_line_with_as_many_cells_as_the_heading() -> None:
    """A row that is wrapped, or joined with the next one, is shown as text."""
    broken = []
    for page in PAGES:
        prose = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
        for table in re.findall(r"^\|[^\n]*\n\|[ |:-]+\|\n(?:[^\n<][^\n]*\n)*", prose, re.MULTILINE):
            head, *rows = [re.sub(r"`[^`]*`|\\\|", "", row) for row in table.splitlines()]
            broken += [f"{page.name}: {row[:80]}" for row in rows if row.count("|") != head.count("|") or not row.endswith("|")]
    assert broken == []
