"""Make ``arcade_otel/spans/secret_patterns.py`` of the rules of CredSweeper: ``make secret-patterns``.

CredSweeper (https://github.com/Samsung/CredSweeper, MIT) is a well-kept scanner whose rules are data and whose patterns are
Python's. Taken: those that know a vendor's token by its shape and name texts of which one must be there, which makes looking for
a hundred of them cheap. Left: rules that go by words around a secret (``redaction`` has its own, made for messages rather than
for source code), and what is no secret (UUIDs, addresses of buckets).
"""

import hashlib
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import yaml

VERSION = "1.19.5"
WHEEL = f"credsweeper-{VERSION}-py3-none-any.whl"
SHA256 = "b081617b64a6cdb7c5ff055ef424df111a1f8b6304ddde75f9ea035e95775a59"
TARGET = Path(__file__).parents[1] / "arcade_otel" / "spans" / "secret_patterns.py"
# By the words around a secret, in languages of programs: a message has other ones.
LEFT = {
    "CMD ConvertTo-SecureString",
    "CMD Password",
    "CMD Secret",
    "CMD Token",
    "CURL Options",
    "CURL User Password",
    "SQL Password",
    "URL Credentials",
}


def rules(wheel: Path) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """Return name, texts of which one must be there (lower case), and patterns of each rule that is taken."""
    with zipfile.ZipFile(wheel) as file:
        loaded = yaml.safe_load(file.read("credsweeper/rules/config.yaml"))
    taken = []
    for rule in loaded:
        if rule["type"] != "pattern" or rule["severity"] == "info" or "code" not in rule["target"] or rule["name"] in LEFT:
            continue
        texts = tuple(dict.fromkeys(text.lower() for text in rule["required_substrings"]))
        for pattern in rule["values"]:
            re.compile(pattern)
        taken.append((rule["name"], texts, tuple(rule["values"])))
    return taken


def module(taken: list[tuple[str, tuple[str, ...], tuple[str, ...]]]) -> str:
    """Return the module's text."""
    lines = [
        '"""Shapes of known tokens and keys, as data: made by ``make secret-patterns``, never by hand.',
        "",
        f"Source: CredSweeper {VERSION} (https://github.com/Samsung/CredSweeper, credsweeper/rules/config.yaml), Copyright (c)",
        "2021 SAMSUNG, MIT licence: LICENSES/CredSweeper.txt.",
        '"""',
        "",
        '__all__ = ["RULES"]',
        "",
        "#: Name, texts in lower case of which one must be there, patterns: group ``value`` is the secret. Strings only: a",
        "#: pattern is compiled where one of its texts was found.",
        "RULES: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (",
    ]
    for name, texts, patterns in taken:
        lines += ["    (", f"        {name!r},", f"        {texts!r},", "        ("]
        lines += [f"            {pattern!r}," for pattern in patterns]
        lines += ["        ),", "    ),"]
    return "\n".join([*lines, ")", ""])


def main() -> None:
    """Fetch the wheel, check it, and write the module."""
    with tempfile.TemporaryDirectory() as directory:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest", directory]
        subprocess.run([*command, f"credsweeper=={VERSION}"], check=True)
        wheel = Path(directory, WHEEL)
        found = hashlib.sha256(wheel.read_bytes()).hexdigest()
        if found != SHA256:
            raise SystemExit(f"{WHEEL} is not the one that was looked at: {found}")
        TARGET.write_text(module(rules(wheel)))


if __name__ == "__main__":
    main()
