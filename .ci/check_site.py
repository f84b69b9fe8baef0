"""A hook of MkDocs: fails the build if the reference page lacks a constant of ``arcade_otel.conventions``.

``mkdocs build --strict`` does not: for mkdocstrings, a module whose members are all left out is a good page.
"""

import ast
import re
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
