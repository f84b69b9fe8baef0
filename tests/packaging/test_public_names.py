"""Every module says what is public, and what it says is there."""

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
    """A public function or class that a module defines is in its ``__all__``, and every name there exists."""
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
