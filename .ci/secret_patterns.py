"""Make ``arcade_otel/spans/secret_patterns.py`` of the rules of CredSweeper and gitleaks: ``make secret-patterns``.

CredSweeper (https://github.com/Samsung/CredSweeper, MIT) is a well-kept scanner whose rules are data and whose patterns are
Python's. Taken: those that know a vendor's token by its shape and name texts of which one must be there, which makes looking for
a hundred of them cheap. Left: rules that go by words around a secret (``redaction`` has its own, made for messages rather than
for source code), and what is no secret (UUIDs, addresses of buckets).

Of gitleaks (https://github.com/gitleaks/gitleaks, MIT), whose patterns are Go's, the same: its rules for tokens with a shape,
without the condition on what follows, because a message goes on otherwise than a source file does. They are translated: Go lets
``(?i)`` begin anywhere in a group. ``python .ci/secret_patterns.py FILE`` reads its configuration from a file, without a network.
"""

import hashlib
import re
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from pathlib import Path

import yaml

VERSION = "1.19.5"
WHEEL = f"credsweeper-{VERSION}-py3-none-any.whl"
SHA256 = "b081617b64a6cdb7c5ff055ef424df111a1f8b6304ddde75f9ea035e95775a59"
GITLEAKS = "8.30.1"
GITLEAKS_COMMIT = "83d9cd684c87d95d656c1458ef04895a7f1cbd8e"
GITLEAKS_SHA256 = "e163e53b9e7e8a8511e77271e2b323ed057759542a6d988258afe3a1fa329caf"
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
# Of gitleaks: by the words around a secret, or known otherwise (PEM blocks, JSON web tokens).
LEFT_OF_GITLEAKS = {
    "curl-auth-header",
    "curl-auth-user",
    "generic-api-key",
    "hashicorp-tf-password",
    "jwt",
    "jwt-base64",
    "kubernetes-secret-yaml",
    "nuget-config-password",
    "private-key",
    "sidekiq-sensitive-url",
    "slack-webhook-url",
    "microsoft-teams-webhook",
}
# How patterns of gitleaks begin that go by a vendor's name in front of a secret, and how most of them end.
NAMED = r"[\w.-]{0,50}?("
ENDS = (r"""(?:[\x60'"\s;]|\\[nr]|$)""", r"(?:[^a-zA-Z0-9+/]|\z)")


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


def gitleaks_rules(config: str) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """Return the same of each rule of gitleaks that is taken. Its file is TOML, of which Python 3.10 has no reader."""
    taken = []
    for part in config.split("[[rules]]")[1:]:
        block = part.partition("[[rules.allowlists]]")[0]
        name = re.search(r'(?m)^id = "(.+)"$', block)
        pattern = re.search(r"(?m)^regex = '''(.+)'''$", block)
        keywords = re.search(r"(?ms)^keywords = \[(.*?)\]", block)
        if pattern is None or keywords is None or name[1] in LEFT_OF_GITLEAKS or NAMED in pattern[1]:
            continue
        texts = tuple(text.lower() for text in re.findall(r'"([^"]+)"', keywords[1]))
        group = re.search(r"(?m)^secretGroup = (\d+)$", block)
        translated = in_python(pattern[1], int(group[1]) if group else 1)
        re.compile(translated)
        taken.append((name[1], texts, (translated,)))
    return taken


def in_python(pattern: str, group: int) -> str:
    """Return a pattern of Go's as one of Python's, whose group ``value`` is the secret: ``group`` if there is one, else all."""
    for end in ENDS:
        pattern = pattern.replace(end, "(?![0-9A-Za-z])")
    pattern = pattern.replace(r"\z", r"\Z").replace("[[:alnum:]]", "[0-9A-Za-z]")
    start = "(?i)" if pattern.startswith("(?i)") else ""
    made, depths, place, groups = "", [0], len(start), 0
    in_class = False
    while place < len(pattern):
        character = pattern[place]
        if character == "\\":
            made += pattern[place : place + 2]
            place += 2
            continue
        if in_class or character == "[":
            in_class = character != "]"
        elif pattern.startswith("(?i)", place):
            made += "(?i:"
            depths[-1] += 1
            place += 4
            continue
        elif character == "(":
            depths.append(0)
            if pattern[place + 1] != "?":
                groups += 1
                character = "(?P<value>" if groups == group else character
        elif character in ")|":
            made += ")" * depths[-1]
            if character == ")":
                depths.pop()
            else:
                character += "(?i:" * depths[-1]
        made += character
        place += 1
    made += ")" * depths[-1]
    return start + (made if groups >= group else f"(?P<value>{made})")


def module(taken: list[tuple[str, tuple[str, ...], tuple[str, ...]]]) -> str:
    """Return the module's text."""
    lines = [
        '"""Shapes of known tokens and keys. ``make secret-patterns`` generates this module.',
        "",
        "The patterns come from two projects:",
        "",
        f"- CredSweeper {VERSION}: https://github.com/Samsung/CredSweeper, credsweeper/rules/config.yaml.",
        "  Copyright (c) 2021 SAMSUNG. MIT license: LICENSES/CredSweeper.txt.",
        f"- gitleaks {GITLEAKS}, translated to Python's syntax: https://github.com/gitleaks/gitleaks, config/gitleaks.toml.",
        "  Copyright (c) 2019 Zachary Rice. MIT license: LICENSES/gitleaks.txt.",
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
        taken = rules(wheel)
    config = Path(sys.argv[1]).read_bytes() if sys.argv[1:] else _fetched()
    found = hashlib.sha256(config).hexdigest()
    if found != GITLEAKS_SHA256:
        raise SystemExit(f"gitleaks.toml is not the one that was looked at: {found}")
    TARGET.write_text(module([*taken, *gitleaks_rules(config.decode())]))


def _fetched() -> bytes:
    address = f"https://raw.githubusercontent.com/gitleaks/gitleaks/{GITLEAKS_COMMIT}/config/gitleaks.toml"
    with urllib.request.urlopen(address, timeout=60) as answer:
        return answer.read()


if __name__ == "__main__":
    main()
