"""A hook of MkDocs: fails the build if the reference page lacks a constant of ``arcade_otel.conventions``.

``mkdocs build --strict`` does not: for mkdocstrings, a module whose members are all left out is a good page.
"""

import re
from pathlib import Path
from typing import Any

CONVENTIONS = Path(__file__).parents[1] / "arcade_otel" / "conventions.py"


def missing_constants(html: str, source: str) -> list[str]:
    """Return the constants of ``source``, its own and the imported ones, that have no heading in ``html``."""
    names = re.findall(r"^([A-Z][A-Z0-9_]*) = |^from .* import \w+ as ([A-Z0-9_]+)", source, re.MULTILINE)
    headings = set(re.findall(r'id="arcade_otel\.(?:conventions\.)?([A-Z0-9_]+)"', html))
    return [own or imported for own, imported in names if (own or imported) not in headings]


def on_post_page(output: str, page: Any, **_: Any) -> str:
    """Check the reference page when it is built; MkDocs calls this for each page."""
    if page.file.src_uri == "reference.md":
        missing = missing_constants(output, CONVENTIONS.read_text(encoding="utf-8"))
        if missing:
            raise ValueError(f"docs/reference.md does not show these constants: {', '.join(missing)}")
    return output
