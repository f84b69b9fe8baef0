"""A hook of MkDocs: fails the build if the site lacks a public name, constant, variable, property, command, option or file.

``mkdocs build --strict`` does not: for mkdocstrings, a module whose members are all left out is a good page.
"""

import argparse
import ast
import re
from html import unescape
from pathlib import Path
from typing import Any

CONVENTIONS = Path(__file__).parents[1] / "arcade_otel" / "conventions.py"


def missing_constants(html: str, source: str) -> list[str]:
    """Return the constants of ``source``, its own and the imported ones, that have no heading in ``html``."""
    names = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign):
            names += [target.id for target in node.targets if isinstance(target, ast.Name)]
        elif isinstance(node, ast.ImportFrom):
            names += [alias.asname or alias.name for alias in node.names]
    headings = set(re.findall(r'id="arcade_otel\.(?:conventions\.)?([A-Z0-9_]+)"', html))
    return [name for name in names if name.isupper() and name not in headings]


def on_post_page(output: str, page: Any, **_: Any) -> str:
    """Check the reference page when it is built; MkDocs calls this for each page."""
    if page.file.src_uri == "reference.md":
        missing = missing_constants(output, CONVENTIONS.read_text(encoding="utf-8"))
        if missing:
            raise ValueError(f"docs/reference.md does not show these constants: {', '.join(missing)}")
    return output


def missing_names(html: str) -> list[str]:
    """Return what a user can import, set, type or find on disk and ``html``, the whole site, does not have as code."""
    import arcade_otel
    import arcade_otel.testing
    import arcade_otel_exporters
    from arcade_otel.cli.console import make_parser
    from arcade_otel.cli.manifest import catalogue

    text = unescape(re.sub(r"<[^>]+>", "\x00", html))  # no name goes across two elements
    wanted = {
        *arcade_otel.__all__,
        *arcade_otel_exporters.__all__,
        *arcade_otel.testing.__all__,
        *arcade_otel.Options.__annotations__,
    }
    wanted |= {entry.name for entry in (*catalogue.EVENTS, *catalogue.PROPERTIES, *catalogue.ATTRIBUTES, *catalogue.RESOURCE)}
    for parser in _parsers(make_parser()):
        wanted |= {flag for action in parser._actions for flag in action.option_strings if flag not in ("-h", "--help")}
    wanted |= set(re.findall(r"\bARCADE_(?:USAGE_\w*[A-Z]|WORK_DIR)\b", _sources()))
    return sorted(name for name in wanted if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text))


def _parsers(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    found = [parser]
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            found += action.choices.values()
    return found


def _sources() -> str:
    packages = (CONVENTIONS.parent, CONVENTIONS.parents[1] / "exporters")
    return "\n".join(path.read_text(encoding="utf-8") for package in packages for path in package.rglob("*.py"))


def on_post_build(config: Any, **_: Any) -> None:
    """Check the whole site when it is built."""
    pages = [path.read_text(encoding="utf-8") for path in Path(config.site_dir).rglob("*.html")]
    missing = missing_names("\n".join(pages))
    if missing:
        raise ValueError(f"no page has: {', '.join(missing)}")
