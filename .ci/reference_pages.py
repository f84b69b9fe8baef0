"""Write the generated pages of the reference, or check that they are up to date: ``make catalogue`` and ``make lint``.

``docs/reference/cli.md`` comes from the parser of ``arcade-otel``. The tables of ``docs/reference/environment.md`` come from
the ``#:`` comments above the ``ENV_`` constants, which say "Type: … Default: … Effect: …".
"""

import argparse
import ast
import re
import sys
from pathlib import Path

from arcade_otel.cli.commands import COMMANDS, EPILOG
from arcade_otel.cli.console import make_parser
from arcade_otel.cli.manifest.markdown import table

ROOT = Path(__file__).parents[1]
#: Modules that define variables, in the order of the page.
MODULES = ("__init__", "conventions", "consent/__init__", "handoff/__init__")
CLI, ENVIRONMENT = ROOT / "docs/reference/cli.md", ROOT / "docs/reference/environment.md"
BEGIN, END = "<!-- generated:begin -->", "<!-- generated:end -->"
_INTRODUCTION = (
    "You can run every command on this page with the program `arcade-otel`. If your program mounts the usage commands, your "
    "users can also run them in your program, for example as `mycli usage status`. The commands `manifest` and `report` are for "
    "maintainers, so only `arcade-otel` has them. "
    "[Consent](../consent.md#the-commands) shows how to mount the usage commands."
)
#: What each exit code means, by the short form in the help of the commands.
_SENTENCES = {
    "done": "The command succeeded.",
    "not done or something needs attention": "The command failed, or it found a problem that needs your attention.",
    "wrong command line": "The command line is wrong.",
    "(status) no usage data is collected": "The command `status` found that no usage data is collected.",
    "written or equal": "The manifest was written or, with `--check`, is up to date.",
    "(--check) different": "The file that you gave with `--check` is out of date.",
    "the program or the file cannot be read or written": "The program cannot be loaded, or FILE cannot be read or written.",
    "the files have no commands": "None of the files that you gave contains an event of a command.",
    "a file cannot be read or written": "A file of events cannot be read, or the HTML page cannot be written.",
}
_COMMENT = re.compile(r"Type: (?P<type>.+?)\. Default: (?P<default>.+?)\. Effect: (?P<effect>.+)")


def variables() -> list[dict[str, str]]:
    """Return name, constant, type, default and effect of each variable.

    Raises:
        ValueError: A constant has no comment of that form.
    """
    found = []
    for module in MODULES:
        path = ROOT / "arcade_otel" / f"{module}.py"
        lines = path.read_text(encoding="utf-8").splitlines()
        for node in ast.parse("\n".join(lines)).body:
            if not (isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)):
                continue
            constant = node.targets[0].id if isinstance(node.targets[0], ast.Name) else ""
            if constant.startswith("ENV_"):
                start = node.lineno - 1
                while lines[start - 1].startswith("#:"):
                    start -= 1
                comment = " ".join(line.removeprefix("#:").strip() for line in lines[start : node.lineno - 1])
                match = _COMMENT.fullmatch(comment)
                if match is None:
                    raise ValueError(f"{path}: {constant} needs a comment '#: Type: … Default: … Effect: …', not {comment!r}")
                found.append({"name": str(node.value.value), "constant": constant, **match.groupdict()})
    return found


def environment(page: str) -> str:
    """Return the page about the environment with the tables of now.

    Raises:
        ValueError: The page does not have both markers.
    """
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{ENVIRONMENT} has no {BEGIN} and {END}")
    columns = ("variable", "type", "default", "effect")
    public = [each for each in variables() if "Internal" not in each["effect"]]
    internal = [each for each in variables() if "Internal" in each["effect"]]
    tables = [table(columns, [_row(each) for each in rows]) for rows in (public, internal)]
    between = "The following variables are internal, so you do not need to set them:"
    return f"{head}{BEGIN}\n{tables[0]}\n\n{between}\n\n{tables[1]}\n{END}{tail}"


def _row(variable: dict[str, str]) -> tuple[str, ...]:
    effect = variable["effect"].replace(" Internal.", "").replace(" Internal:", " Only for")
    return (f"`{variable['name']}`", variable["type"], variable["default"], effect[:1].upper() + effect[1:])


def cli() -> str:
    """Return the page about the command line."""
    parser = make_parser()
    (subparsers,) = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    codes = [(code, _SENTENCES[short]) for code, short in re.findall(r"(\d) ([^,.]+)", EPILOG)]
    parts = [
        "# Command line",
        "<!-- Written by make catalogue. Change the texts in arcade_otel/cli/commands.py and console.py. -->",
        _INTRODUCTION,
        "## Options of arcade-otel",
        _options(parser),
        "## Exit codes",
        table(("code", "meaning"), codes),
    ]
    about = {command.name: command.help for command in COMMANDS}
    for name, subparser in subparsers.choices.items():
        epilog = subparser.epilog or ""
        parts += [f"## {name}", about.get(name) or subparser.description or "", _options(subparser)]
        if epilog and epilog != EPILOG:
            meanings = [(code, _SENTENCES[short]) for code, short in re.findall(r"(\d) ([^,.]+)", epilog)]
            parts.append(table(("exit code", "meaning"), meanings))
    return "\n\n".join(part for part in parts if part) + "\n"


def _options(parser: argparse.ArgumentParser) -> str:
    rows = []
    for action in parser._actions:
        if not isinstance(action, (argparse._SubParsersAction, argparse._HelpAction)):
            flags = ", ".join(f"`{flag} {action.metavar}`" if action.metavar else f"`{flag}`" for flag in action.option_strings)
            rows.append((flags or f"`{action.metavar}`", action.help or ""))
    return table(("option", "effect"), rows)


def main() -> int:
    """Write the pages, or compare them (``--check``): return 1 if one is out of date."""
    pages = {CLI: cli(), ENVIRONMENT: environment(ENVIRONMENT.read_text(encoding="utf-8"))}
    if sys.argv[1:] != ["--check"]:
        for path, text in pages.items():
            path.write_text(text, encoding="utf-8")
        return 0
    outdated = [path.name for path, text in pages.items() if not path.exists() or path.read_text("utf-8") != text]
    if outdated:
        sys.stderr.write(f"out of date, run make catalogue: {', '.join(outdated)}\n")
    return 1 if outdated else 0


if __name__ == "__main__":
    sys.exit(main())
