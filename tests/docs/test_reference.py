"""``docs/reference.md`` lists exactly the names that you may import."""

import importlib
import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import arcade_otel
import arcade_otel.testing
import arcade_otel_exporters
from arcade_otel import conventions

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
LISTED = [name for row in re.findall(r"^\| (`arcade[^|]+) \|", PAGE, re.MULTILINE) for name in re.findall(r"`([\w.]+)`", row)]
DESCRIBED = re.findall(r"^::: ([\w.]+)$", PAGE, re.MULTILINE)


def find(name: str) -> Any:
    """Return the object of a dotted name, as ``import`` and attribute access find it."""
    module, _, attribute = name.rpartition(".")
    if importlib.util.find_spec(module) is None or not hasattr(importlib.import_module(module), attribute):
        return importlib.import_module(name)
    return getattr(importlib.import_module(module), attribute)


def listed_in(package: str) -> set[str]:
    """Return the names that the page lists directly in ``package``, without its modules."""
    pattern = re.compile(rf"{package}\.(\w+)")
    names = {match[1] for name in LISTED if (match := pattern.fullmatch(name))}
    return {name for name in names if not isinstance(find(f"{package}.{name}"), ModuleType)}


@pytest.mark.parametrize("name", [*LISTED, *DESCRIBED])
def test_every_name_on_the_page_can_be_imported(name: str) -> None:
    """A renamed or moved module or class must be renamed on the page, too."""
    assert find(name) is not None


def test_the_list_is_what_the_packages_export() -> None:
    """The page lists every public name, and every name that it lists is given by ``import *``."""
    assert listed_in("arcade_otel") == set(arcade_otel.__all__)
    assert listed_in("arcade_otel_exporters") == set(arcade_otel_exporters.__all__)


def test_the_packages_show_no_public_name_that_is_not_listed() -> None:
    """A name without an underscore that is not a module is public, except for imports that a module needs for its types."""
    for package in (arcade_otel, arcade_otel_exporters, arcade_otel.testing):
        extra = {name for name in dir(package) if not name.startswith("_")} - set(package.__all__)
        extra -= {"annotations", "TYPE_CHECKING", "TypedDict", "import_module"}
        extra -= set(vars(conventions))  # public by their name there; a user who opted out pays for no second module
        assert {name for name in extra if not isinstance(getattr(package, name), ModuleType)} == set()


@pytest.mark.parametrize("name", [*arcade_otel.__all__, *arcade_otel_exporters.__all__, *arcade_otel.testing.__all__])
def test_every_exported_name_has_a_section_of_its_own(name: str) -> None:
    """The sections describe the names of the list. The version is described in a sentence."""
    assert name in [described.rpartition(".")[2] for described in DESCRIBED] or name == "__version__"


def test_the_site_is_not_built_without_a_constant_of_the_conventions() -> None:
    """``mkdocs build --strict`` passed when the section was empty. So a hook compares the built page with the module."""
    spec = importlib.util.spec_from_file_location("check_site", ROOT / ".ci" / "check_site.py")
    assert spec is not None
    assert spec.loader is not None
    hook = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hook)
    source = Path(str(conventions.__file__)).read_text(encoding="utf-8")
    constants = {name for name in vars(conventions) if name.isupper()}
    assert len(constants) > 40
    assert set(hook.missing_constants("", source)) == constants
    page = "".join(f'<h4 id="arcade_otel.conventions.{name}">' for name in constants - {"SCOPE", "ENV_TRACKING"})
    assert set(hook.missing_constants(page, source)) == {"SCOPE", "ENV_TRACKING"}
    assert "hooks: [.ci/check_site.py]" in (ROOT / "mkdocs.yml").read_text(encoding="utf-8")


def test_usage_identity_works_in_the_directory_that_the_package_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The specification's own test suite replaces these two names in the module that it imports ``UsageIdentity`` from."""
    from arcade_otel.identity import UsageIdentity

    monkeypatch.setattr("arcade_otel.identity.ARCADE_CONFIG_PATH", str(tmp_path))
    monkeypatch.setattr("arcade_otel.identity.CREDENTIALS_FILE_PATH", str(tmp_path / "credentials.yaml"))
    anon_id = UsageIdentity().anon_id
    assert anon_id in (tmp_path / "usage.json").read_text(encoding="utf-8")
