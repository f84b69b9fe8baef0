"""Every module lists its public names, and every listed name exists."""

import ast
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = (ROOT / "arcade_otel", ROOT / "exporters" / "arcade_otel_exporters")
MODULES = sorted(
    ".".join(path.relative_to(folder.parent).with_suffix("").parts).removesuffix(".__init__")
    for folder in FOLDERS
    for path in folder.rglob("*.py")
    if path.name != "__main__.py"
)


@pytest.mark.parametrize("name", MODULES)
def test_all_is_complete(name: str) -> None:
    """The ``__all__`` of a module has each public function or class that the module defines, and every name in it exists."""
    module = importlib.import_module(name)
    source = ast.parse(Path(str(module.__file__)).read_text())
    own = {
        node.name
        for node in source.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_")
    }
    if name == "arcade_otel.conventions":
        assert not own  # constants
        return
    public = set(module.__all__)
    assert own <= public
    assert {each for each in public if not hasattr(module, each)} == set()
    assert ast.get_docstring(source)


def test_names_that_queued_spans_and_collectors_hold_do_not_follow_a_renamed_module() -> None:
    """A span that an older version queued is delivered by a newer one, and a collector's rules know the attribute."""
    from arcade_otel import conventions

    assert {value for name, value in vars(conventions).items() if name.isupper() and str(value).startswith("arcade_otel")} == {
        "arcade_otel",
        "arcade_otel.",
        "arcade_otel.arcade_context",
        "arcade_otel.copies",
        "arcade_otel.distribution",
        "arcade_otel.doctor",
        "arcade_otel.dropped",
        "arcade_otel.event",
        "arcade_otel.events_only",
        "arcade_otel.live",
        "arcade_otel.posthog_api_key",
        "arcade_otel.posthog_host",
        "arcade_otel.principal",
        "arcade_otel.started",
        "arcade_otel.usage_only",
    }
