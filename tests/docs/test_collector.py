"""The collector configurations in the documentation have components, fields and pipelines that a collector knows.

No collector is installed here. ``collector_fields.json`` has the names and types of fields that the collector's own repositories
publish (``config.schema.yaml`` of each component; ``"any"`` where a field refers to another schema).
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
KNOWN: dict[str, Any] = json.loads((Path(__file__).parent / "collector_fields.json").read_text(encoding="utf-8"))
SECTIONS = ("receivers", "processors", "exporters")
TYPES = {"string": str, "integer": int, "boolean": bool, "array": list}


def configurations() -> list[tuple[str, dict[str, Any]]]:
    """Return each configuration of the documentation, with its page."""
    found = []
    for page in sorted((ROOT / "docs").rglob("*.md")):
        for block in re.findall(r"^```ya?ml\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
            documents = yaml.safe_load_all(block)
            found += [(page.name, each) for each in documents if isinstance(each, dict) and "receivers" in each]
    return found


def problems(configuration: dict[str, Any]) -> list[str]:
    """Return the parts of a configuration that a collector would refuse, or accept only with a warning."""
    found = [f"{section}: not a section" for section in configuration if section not in (*SECTIONS, "service")]
    for section in SECTIONS:
        for name, fields in configuration.get(section, {}).items():
            kind = name.partition("/")[0]
            if kind in KNOWN["deprecated"]:
                found.append(f"{name}: now called {KNOWN['deprecated'][kind]}")
            elif kind not in KNOWN[section]:
                found.append(f"{name}: not one of the {section}")
            else:
                found += [f"{name}.{each}" for each in wrong_fields(fields or {}, KNOWN[section][kind])]
    return found + wrong_pipelines(configuration) + wrong_limits(configuration)


def wrong_fields(fields: dict[str, Any], known: dict[str, Any]) -> list[str]:
    """Return the fields that are unknown or of another type."""
    found = []
    for name, value in fields.items():
        kind = known.get(name)
        if kind is None:
            found.append(f"{name}: unknown")
        elif isinstance(kind, dict):
            found += [f"{name}.{each}" for each in wrong_fields(value or {}, kind)]
        elif kind == "duration":
            if not re.fullmatch(r"(\d+(\.\d+)?(ns|us|ms|s|m|h))+", str(value)):
                found.append(f"{name}: not a duration")
        elif kind in TYPES and type(value) is not TYPES[kind]:
            found.append(f"{name}: not of type {kind}")
    return found


def wrong_pipelines(configuration: dict[str, Any]) -> list[str]:
    """Return the parts that are missing or unknown in the pipelines, and the components that no pipeline uses."""
    pipelines = configuration.get("service", {}).get("pipelines", {})
    if not pipelines:
        return ["no pipeline"]
    found = []
    used: dict[str, set[str]] = {section: set() for section in SECTIONS}
    for name, pipeline in pipelines.items():
        if name.partition("/")[0] != "traces":
            found.append(f"{name}: commands make traces only")
        for section in SECTIONS:
            used[section] |= set(pipeline.get(section, ()))
        found += [f"{name}: no {section}" for section in ("receivers", "exporters") if not pipeline.get(section)]
        if "memory_limiter" in pipeline.get("processors", ())[1:]:
            found.append(f"{name}: memory_limiter is not the first processor")
    for section in SECTIONS:
        declared = set(configuration.get(section, {}))
        found += [f"{each}: used, not configured" for each in used[section] - declared]
        found += [f"{each}: configured, not used" for each in declared - used[section]]
    return found


def wrong_limits(configuration: dict[str, Any]) -> list[str]:
    """Return the limits that the components check when they start."""
    found = []
    limiter = configuration.get("processors", {}).get("memory_limiter")
    if limiter is not None and not (limiter.get("check_interval") and (limiter.keys() & {"limit_mib", "limit_percentage"})):
        found.append("memory_limiter: needs check_interval and a limit")
    otlp = configuration.get("receivers", {}).get("otlp")
    if otlp is not None and not otlp.get("protocols"):
        found.append("otlp: needs a protocol")
    files = configuration.get("receivers", {}).get("otlpjsonfile")
    if files is not None and not files.get("include"):
        found.append("otlpjsonfile: needs include")
    return found


def test_every_collector_configuration_of_the_documentation_is_one() -> None:
    """The test checks components, fields, types and pipelines, but not the addresses in them."""
    found = configurations()
    assert len(found) >= 3
    assert [(page, problem) for page, document in found for problem in problems(document)] == []


GOOD = """
receivers: {otlp: {protocols: {http: {endpoint: "0.0.0.0:4318"}}}}
processors: {memory_limiter: {check_interval: 1s, limit_percentage: 75}, batch: {}}
exporters: {otlp_http: {endpoint: "https://traces.example.com"}}
service: {pipelines: {traces: {receivers: [otlp], processors: [memory_limiter, batch], exporters: [otlp_http]}}}
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("otlp_http", "otlphttp"),
        ("otlp_http: {endpoint", "otlp_http: {end_point"),
        ("{otlp: {protocols", "{otpl: {protocols"),
        ("[memory_limiter, batch]", "[batch, memory_limiter]"),
        ("processors: [memory_limiter, batch]", "processors: [batch]"),
        ("exporters: [otlp_http]}", "exporters: [kafka]}"),
        ("check_interval: 1s, ", ""),
        ("limit_percentage: 75", 'limit_percentage: "75"'),
        ("check_interval: 1s", "check_interval: 1"),
        ("service:", "services:"),
    ],
)
def test_a_wrong_configuration_is_noticed(old: str, new: str) -> None:
    """So the check of the documentation can fail."""
    assert problems(yaml.safe_load(GOOD)) == []
    assert old in GOOD
    assert problems(yaml.safe_load(GOOD.replace(old, new))) != []
