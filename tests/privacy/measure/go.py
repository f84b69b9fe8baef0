"""Read the strings in the Go tests of scanners: literals, names, sums, ``Sprintf``, and generated secrets."""

import importlib
import re
from collections.abc import Iterator, Mapping
from random import Random

__all__ = ["constants", "secrets", "strings"]

_LITERAL = r"`[^`]*`|\"(?:[^\"\\]|\\.)*\""
_TOKEN = re.compile(rf"\s*(?://[^\n]*\n\s*)*({_LITERAL}|[A-Za-z_][\w.]*|\S)")
_SETS = {
    "utils.Numeric": "[0-9]",
    "utils.Hex": "[a-f0-9]",
    "utils.AlphaNumeric": "[a-z0-9]",
    "utils.AlphaNumericExtendedShort": "[a-z0-9_-]",
    "utils.AlphaNumericExtended": "[a-z0-9=_-]",
    "utils.AlphaNumericExtendedLong": "[a-z0-9/=_+-]",
}
_MARK = "\ue010"  # around what was generated


class _Unreadable(Exception):  # noqa: N818 - never leaves this module
    """An expression of another kind."""


class _Reader:
    def __init__(self, text: str, names: Mapping[str, str], chance: Random) -> None:
        self._text, self._names, self._chance = text, names, chance
        self.place = 0

    def peek(self) -> str:
        match = _TOKEN.match(self._text, self.place)
        return match.group(1) if match else ""

    def take(self) -> str:
        match = _TOKEN.match(self._text, self.place)
        if match is None:
            raise _Unreadable
        self.place = match.end()
        return match.group(1)

    def value(self) -> str:
        text = self._term()
        while self.peek() == "+":
            self.take()
            text += self._term()
        return text

    def _term(self) -> str:
        token = self.take()
        if token[0] == "`":
            return token[1:-1]
        if token[0] == '"':
            return re.sub(r"\\(.)", lambda match: {"n": "\n", "t": "\t"}.get(match[1], match[1]), token[1:-1])
        if token == "(":
            text = self.value()
            self._expect(")")
            return text
        if self.peek() == "(":
            return self._call(token)
        if token not in self._names:
            raise _Unreadable
        return self._names[token]

    def _call(self, name: str) -> str:
        self._expect("(")
        given = []
        while self.peek() != ")":
            given.append(self.value())
            if self.peek() == ",":
                self.take()
        self._expect(")")
        if name in _SETS:
            return f"{_SETS[name]}{{{given[0]}}}"
        if name == "utils.Hex8_4_4_4_12":
            return "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
        if name == "secrets.NewSecret":
            return f"{_MARK}{_generated(given[0], self._chance)}{_MARK}"
        if name.startswith("utils.GenerateSampleSecret"):
            return given[1] if _MARK in given[1] else f"{_MARK}{given[1]}{_MARK}"
        if name == "fmt.Sprintf" and given[0].count("%s") == len(given) - 1:
            pieces = given[0].split("%s")
            return pieces[0] + "".join(value + piece for value, piece in zip(given[1:], pieces[1:], strict=True))
        raise _Unreadable

    def _expect(self, token: str) -> None:
        if self.take() != token:
            raise _Unreadable


def constants(text: str) -> dict[str, str]:
    """Return the names of the strings in ``text`` whose values can be read, with these values."""
    found: dict[str, str] = {}
    for match in re.finditer(r"(?m)^\s*(?:const\s+|var\s+)?(\w+)\s*(?:string\s*)?:?=\s*(?=[`\"\w(])", text):
        reader = _Reader(text[match.end() : match.end() + 20_000], found, Random(0))  # noqa: S311
        try:
            found[match.group(1)] = reader.value().replace(_MARK, "")
        except (_Unreadable, IndexError):
            continue
    return found


def strings(text: str, names: Mapping[str, str]) -> Iterator[str]:
    """Yield those elements of a list of strings that can be read. The opening brace comes before ``text``."""
    reader = _Reader(text[:40_000], names, Random(0))  # noqa: S311
    try:
        while reader.peek() not in ("}", ""):
            yield reader.value()
            if reader.peek() == ",":
                reader.take()
    except (_Unreadable, IndexError):
        return


def secrets(text: str, names: Mapping[str, str], chance: Random) -> Iterator[str]:
    """Yield the secrets among the strings of ``text``.

    They are generated texts, the texts with which these are joined, and long words of other strings.
    """
    place = 0
    while place < len(text):
        match = re.compile(rf"{_LITERAL}|utils\.GenerateSampleSecret|secrets\.NewSecret|fmt\.Sprintf").search(text, place)
        if match is None:
            return
        reader = _Reader(text[match.start() :], names, chance)
        try:
            value = reader.value()
        except (_Unreadable, IndexError):
            place = match.end()
            continue
        place = match.start() + reader.place
        if _MARK in value:
            first, last = value.index(_MARK), value.rindex(_MARK)
            before = re.search(r"[\w.~+/=-]*\Z", value[:first])
            after = re.match(r"[\w.~+/=-]*", value[last + 1 :])
            assert before is not None
            assert after is not None
            prefix = before.group().rpartition("=")[2]
            yield (prefix + value[first:last] + after.group()).replace(_MARK, "")
        else:
            words = re.findall(r"[\w.~+/-]{16,}={0,2}", value)
            words = [word.partition("=")[2] if re.match(r"[A-Z_a-z]+=\w", word) else word for word in words]
            words = [word for word in words if re.search(r"\d", word) and re.search(r"[A-Za-z]", word) and "://" not in word]
            if words:
                yield max(words, key=len)


def _generated(pattern: str, chance: Random) -> str:
    """Return a text that ``pattern`` matches."""
    parser = importlib.import_module("re._parser" if hasattr(re, "_parser") else "sre_parse")
    pattern = re.sub(r"\(\?i\)", "", pattern).replace("\\z", "\\Z")
    return _made(parser.parse(pattern), chance)


def _made(tree: object, chance: Random) -> str:
    text = ""
    for operator, given in tree:  # type: ignore[attr-defined]  # of the standard library, without types
        kind = str(operator)
        if kind == "LITERAL":
            text += chr(given)
        elif kind == "ANY":
            text += chance.choice("abcxyz0189")
        elif kind == "IN":
            text += _one_of(given, chance)
        elif kind == "BRANCH":
            text += _made(chance.choice(given[1]), chance)
        elif kind == "SUBPATTERN":
            text += _made(given[3], chance)
        elif kind in ("MAX_REPEAT", "MIN_REPEAT"):
            least, most, part = given
            text += "".join(_made(part, chance) for _ in range(chance.randint(least, min(int(most), least + 10))))
    return text


def _one_of(parts: list[tuple[object, object]], chance: Random) -> str:
    letters = ""
    for operator, given in parts:
        if str(operator) == "LITERAL":
            letters += chr(given)  # type: ignore[arg-type]
        elif str(operator) == "RANGE":
            first, last = given  # type: ignore[misc]
            letters += "".join(map(chr, range(first, last + 1)))  # type: ignore[has-type]
        elif str(operator) == "CATEGORY":
            letters += "0123456789" if "DIGIT" in str(given) else "abcdefghijklmnopqrstuvwxyzABCXYZ0123456789_"
    return chance.choice(letters or "x")
