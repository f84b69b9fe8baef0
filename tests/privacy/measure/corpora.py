"""Secrets that other projects collected to test their scanners, each with its origin. They are fetched, and never committed.

The secrets are made up. They come from the tests of gitleaks, trufflehog, detect-secrets, CredSweeper and Presidio, and of Relay,
Sentry's server. A repository is fetched once, at a commit that this module names, into a directory outside of this repository.
"""

import ast
import json
import re
import subprocess
from collections.abc import Callable, Iterator
from itertools import takewhile
from pathlib import Path
from random import Random
from typing import NamedTuple

from tests.privacy.measure import go

__all__ = ["CORPORA", "Corpus", "Repository", "Sample"]


class Sample(NamedTuple):
    """A secret, and the text of the corpus that contains it. A secret with a known shape of its own has no other text."""

    text: str
    secret: str


class Repository:
    """The files of one public repository at one commit.

    Args:
        name: ``owner/name`` at GitHub.
        commit: The commit that is read.
        cache: The directory in which repositories are kept.
    """

    def __init__(self, name: str, commit: str, cache: Path) -> None:
        self._commit = commit
        for path in (cache / name.replace("/", "+"), *cache.glob("*/repo"), *cache.glob("*")):
            self._path = path
            if path.is_dir() and self._git("cat-file", "-e", commit, check=False).returncode == 0:
                return
        self._path = cache / name.replace("/", "+")
        self._path.mkdir(parents=True, exist_ok=True)
        self._git("init", "--quiet", "--bare")
        self._git("fetch", "--quiet", "--depth", "1", f"https://github.com/{name}", commit)

    def files(self, pattern: str) -> Iterator[tuple[str, str]]:
        """Yield the path and the text of each file whose path matches the regular expression ``pattern``."""
        names = self._git("ls-tree", "-r", "--name-only", self._commit).stdout.decode().splitlines()
        wanted = [name for name in names if re.fullmatch(pattern, name)]
        asked = "".join(f"{self._commit}:{name}\n" for name in wanted)
        answer = self._git("cat-file", "--batch", given=asked.encode()).stdout
        for name in wanted:
            head, _, answer = answer.partition(b"\n")
            size = int(head.split()[-1])
            yield name, answer[:size].decode("utf-8", "replace")
            answer = answer[size + 1 :]

    def _git(self, *words: str, check: bool = True, given: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
        command = ["git", f"--git-dir={self._path}", *words]
        return subprocess.run(command, check=check, capture_output=True, input=given)


def gitleaks(repository: Repository) -> Iterator[Sample]:
    """Yield the true positives of its rules' own tests. Most are generated from a pattern, three for each pattern."""
    chance = Random("gitleaks")  # noqa: S311 - the same each time
    for _, text in repository.files(r"cmd/generate/config/rules/(?!stopwords|config)\w+\.go"):
        for function in re.split(r"(?m)^func ", text)[1:]:
            positives = re.search(r"(?s)\btps\b(.*?)(?:\bfps\b|\n\tvar \(|return utils\.Validate)", function)
            if positives is None:
                continue
            names = go.constants(text) | go.constants(function)
            for _ in range(3):
                for secret in go.secrets(positives.group(1), names, chance):
                    yield Sample(secret, secret)


def trufflehog(repository: Repository) -> Iterator[Sample]:
    """Yield the secrets that its detectors' tests must find."""
    for _, text in repository.files(r"pkg/detectors/.*_test\.go"):
        names = go.constants(text)
        for found in re.finditer(r"\bwant:\s*\[\]string\{", text):
            for secret in go.strings(text[found.end() :], names):
                yield Sample(secret, secret)


def detect_secrets(repository: Repository) -> Iterator[Sample]:
    """Yield the lines that its plugins flag, and the values that its keyword plugin finds in a line."""
    for name, text in repository.files(r"tests/plugins/\w+_test\.py"):
        tree = ast.parse(text)
        names = _python_strings(tree)
        if "high_entropy" in name:
            secrets = [part for part in _all_strings(tree) if re.fullmatch(r"[\w+/=-]{30,}", part)]
            yield from (Sample(secret, secret) for secret in dict.fromkeys(secrets))
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Tuple) and len(node.elts) == 2:
                line, wanted = (_python_value(element, names) for element in node.elts)
                if isinstance(line, str) and wanted is True:
                    yield Sample(line, _secret_of(line, name))
                elif isinstance(line, str) and isinstance(wanted, str) and wanted in line and line != wanted:
                    yield Sample(line, wanted)


def _secret_of(line: str, name: str) -> str:
    if "ip_public" in name:
        return str(re.findall(r"(?:\d{1,3}\.){3}\d{1,3}", line)[-1])
    return line if "://" in line else max(re.findall(r"[^\s'\"=]+", line), key=len)


def credsweeper(repository: Repository) -> Iterator[Sample]:
    """Yield the findings in its samples, each with its line."""
    for _, text in repository.files(r"tests/data/output\.json"):
        for finding in json.loads(text):
            for found in finding["line_data_list"]:
                line, value = str(found["line"]).strip(), str(found["value"])
                if not value.startswith("-----"):
                    yield Sample(line if len(line) < 200 and value in line else value, value)


def _presidio(repository: Repository, files: str) -> Iterator[Sample]:
    for _, text in repository.files(rf"presidio-analyzer/tests/test_{files}_recognizer\.py"):
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.Tuple) or not node.elts:
                continue
            try:
                case = ast.literal_eval(node)
            except ValueError:
                continue
            if isinstance(case[0], str):
                for start, end in _spans(case[1:], len(case[0])):
                    yield Sample(case[0][start:end].strip(), case[0][start:end].strip())


def presidio(repository: Repository) -> Iterator[Sample]:
    """Yield what its recognizers of all countries find: accounts, cards, telephones and addresses, not dates and web sites."""
    yield from _presidio(repository, "(?:iban|phone|email|credit_card|ip|mac|crypto)")


def presidio_national(repository: Repository) -> Iterator[Sample]:
    """Yield national identity numbers, numbers of licences and passports, and plates."""
    yield from _presidio(repository, "(?:[a-z]{2}_\\w+|aba_routing|certificate_number)")


def relay(repository: Repository) -> Iterator[Sample]:
    """Yield the texts that its built-in rules replace, where input and output of a test differ."""
    for _, text in repository.files(r"relay-(?:pii/src|general/src/pii)/builtin\.rs"):
        for match in re.finditer(r'input = "((?:[^"\\]|\\.)*)";\s*output = "((?:[^"\\]|\\.)*)";', text):
            if re.search("[0-9A-F]{40}", match.group(2)):
                continue  # a digest, which may begin as the secret does
            given, told = (part.replace("\\\\", "\\").replace('\\"', '"').replace("\\n", "\n") for part in match.groups())
            start = next((place for place, pair in enumerate(zip(given, told, strict=False)) if pair[0] != pair[1]), None)
            if start is None:
                continue
            after = zip(reversed(given[start:]), reversed(told[start:]), strict=False)
            end = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], after))
            secret = given[start : len(given) - end]
            yield Sample(secret if not re.search(r"Bearer|://|\\\\", given) else given, secret)


class Corpus(NamedTuple):
    """Samples of one kind. ``apart`` says why its figures do not count among the others."""

    name: str
    repository: str
    commit: str
    samples: Callable[[Repository], Iterator[Sample]]
    apart: str = ""


CORPORA = (
    Corpus("gitleaks", "gitleaks/gitleaks", "b58d3f102cf3a2c84cb7f923d05c25c9b1aed84b", gitleaks),
    Corpus("trufflehog", "trufflesecurity/trufflehog", "3ab759fef4bb5935d4fe9ac68b503d05346b8364", trufflehog),
    Corpus("detect-secrets", "Yelp/detect-secrets", "5e141933554a0b74e7341841f318be21e895339c", detect_secrets),
    Corpus("Presidio", "microsoft/presidio", "0aa9f8e44275cb52c00fbbebe19168e934e1f076", presidio),
    Corpus("Relay", "getsentry/relay", "fba39474ec9d5d1ce941797d9927d71087053b6d", relay),
    Corpus(
        "CredSweeper",
        "Samsung/CredSweeper",
        "1ed2ca5cdd480667b938024464a37589b9af8564",
        credsweeper,
        "some of its rules are ours",
    ),
    Corpus(
        "Presidio, national", "microsoft/presidio", "0aa9f8e44275cb52c00fbbebe19168e934e1f076", presidio_national, "not promised"
    ),
)


def _spans(value: object, length: int) -> Iterator[tuple[int, int]]:
    """Yield each pair of whole numbers in ``value``, at any depth, that marks a part of a text of ``length``."""
    if not isinstance(value, tuple | list):
        return
    if len(value) == 2 and all(type(each) is int for each in value):
        start, end = value
        if 0 <= start < end <= length:
            yield start, end
        return
    for each in value:
        yield from _spans(each, length)


def _all_strings(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _python_strings(tree: ast.Module) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            value = _python_value(node.value, found)
            if isinstance(value, str):
                found[node.targets[0].id] = value
    return found


def _python_value(node: ast.expr, names: dict[str, str]) -> object:
    """Return the value of a literal, a name, a slice or a ``format`` of them, and None for anything else."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _python_value(node.left, names), _python_value(node.right, names)
        return left + right if isinstance(left, str) and isinstance(right, str) else None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        text = _python_value(node.func.value, names)
        given = [_python_value(each, names) for each in node.args]
        if isinstance(text, str) and given and all(isinstance(each, str) for each in given):
            return text.format(*given)
    return None
