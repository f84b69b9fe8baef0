"""Strategies for Hypothesis: what people's secrets look like, where they are, and how a program's error quotes them."""

import html
import json
import shlex
import string
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any, NamedTuple
from urllib.parse import quote

from hypothesis import strategies as st

from arcade_otel.testing import Canaries, Canary

__all__ = ["ENDINGS", "QUOTED", "Scenario", "Telling", "scenarios"]

#: Shells, addresses and JSON have a use for each of these.
_ODD = " !#$%&'()*+,-./:;<=>?@[]^_`{|}~\"\\éßñ漢字🙂"


def _core(chance: Random) -> str:
    return "".join(chance.choices(string.ascii_lowercase, k=8))


def _odd(chance: Random) -> str:
    return "".join(chance.choices(_ODD, k=chance.randint(0, 4)))


def _known(kind: str) -> Callable[[Random], Canary]:
    def made(chance: Random) -> Canary:
        canary: Canary = getattr(Canaries(chance.getrandbits(64)), kind)
        return canary

    return made


def _password_url(chance: Random) -> Canary:
    core = _core(chance)
    # An address holds neither white space nor quotation marks; everything else people do put there unescaped.
    password = "".join(letter for letter in f"{_odd(chance)}{core}{_odd(chance)}" if letter not in " \"'<>\\`")
    scheme = chance.choice(("postgres", "https", "amqp", "mongodb+srv"))
    return Canary(f"{scheme}://admin:{password}@db.example.com:5432/main", "password_url", (core,))


def _home(chance: Random) -> Canary:
    """Draw a file in the home of some user on some system."""
    first, last, file = _core(chance), _core(chance), _core(chance)
    name = f"{first}{chance.choice(('', ' ', '.', '-', '_', 'é ', 'ß', ' 漢字 '))}{last}"
    form = chance.choice(
        (
            "C:\\Users\\{}\\Documents\\{}.txt",
            "\\\\server\\homes\\{}\\{}.txt",
            "/home/{}/project/{}.txt",
            "/Users/{}/Library/{}.txt",
        )
    )
    return Canary(form.format(name, file), "home", (first, last, file))


def _password(chance: Random) -> Canary:
    core = _core(chance)
    return Canary(f"{_odd(chance)}{core}{_odd(chance)}".strip(), "password", (core,))


def _name(chance: Random) -> Canary:
    first, last = _core(chance), _core(chance)
    return Canary(f"{first.title()} {last.title()}", "name", (first, last))


def _slug(chance: Random) -> Canary:
    words = [_core(chance) for _ in range(chance.randint(2, 4))]
    return Canary(chance.choice("-_.:/@").join(words), "slug", words)


_KINDS: dict[str, Callable[[Random], Canary]] = {
    **{
        kind: _known(kind)
        for kind in (
            *("github_token", "openai_key", "aws_key", "slack_token", "stripe_key", "google_key", "npm_token", "posthog_key"),
            *("jwt", "pem", "token", "email", "ipv4", "ipv6"),
        )
    },
    "password_url": _password_url,
    "home": _home,
    # Nothing tells these but that they were typed, or stand in the environment.
    "password": _password,
    "name": _name,
    "slug": _slug,
}
_KNOWN = tuple(kind for kind in _KINDS if kind not in ("password", "name", "slug"))


def _doubled(text: str) -> str:
    return text.replace("'", "''")


def _shortened(text: str) -> str:
    return text if len(text) <= 50 else f"{text[:25]}...{text[-24:]}"  # as pydantic does it


_FRAMES = ("{}", "could not use {}", "bad value {}!", "x={}", "({})", "no, {}: it is wrong", "the token {} and more", "[{}]")
_QUOTES: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "in quotation marks": lambda text: f'"{text}"',
    "repr": repr,
    "JSON": lambda text: json.dumps({"value": text}),
    "JSON, not ASCII": lambda text: json.dumps([text], ensure_ascii=False),
    "in a query": lambda text: f"GET https://api.example.com/v1/users?key={quote(text, safe='')}&page=2",
    "in a path": lambda text: f"GET https://api.example.com/v1/users/{quote(text, safe='')} failed",
    "percent-encoded": lambda text: f"bad body: value={quote(text, safe='')}",
    "ASCII": ascii,
    "by a shell": lambda text: f"sh -c 'echo {shlex.quote(text)}'",
    "by SQL": lambda text: f"no such column in VALUES (3, '{_doubled(text)}')",
    "by HTML": lambda text: f"<p>{html.escape(text)}</p>",
    "by pydantic": lambda text: f"[type=string_type, input_value={_shortened(repr(text))}, input_type=str]",
    "in a header": lambda text: f"Authorization: Bearer {text}",
    "in base64": lambda text: f"Proxy-Authorization: Basic {b64encode(text.encode()).decode()}",
    "in base64 alone": lambda text: f"cannot decode {b64encode(text.encode()).decode()}",
    "as a user": lambda text: f"https://{quote(text, safe='')}:x@api.example.com/v1 refused",
    "in a sentence": lambda text: f"{text}: no such thing",
    "two of it": lambda text: f"{text} {text}",
    "at the limit of what is told": lambda text: f"{'very ' * 55}long {text}",
    "far behind": lambda text: f"{'very ' * 794}long {text} {'very ' * 400}",
}
#: What a program makes of the words of a name or a slug that was typed.
_DERIVED: dict[str, Callable[[Sequence[str]], str]] = {
    "joined otherwise": "_".join,
    "in CamelCase": lambda words: "".join(map(str.title, words)),
    "a part": lambda words: words[-1],
    "in the plural": lambda words: f"{words[0].lower()}s",
    "in capitals": lambda words: "-".join(words).upper(),
    "in hex": lambda words: words[0].encode().hex(),
}
QUOTED = (*_QUOTES, *_DERIVED)
_PROMPT = "at a prompt"
_TYPED = ("positional", "--opt VALUE", "--opt=VALUE", "-o VALUE", "-oVALUE")
ENDINGS = (
    *("success", "exit 3", "exit text", "exit object", "interrupt", "abort", "login", "login failed", "logout", "logout failed"),
    *("error", "runtime", "several arguments", "odd argument", "nested argument", "bytes argument", "key", "message", "broken"),
    *("file", "two files", "called process", "timed out process", "not text", "cause", "context", "note", "group"),
    *("click", "click usage", "bad parameter", "unknown option", "unknown command", "no number"),
)


class Telling(NamedTuple):
    """How an error's message quotes one canary: which one, from which source, in which form, in which sentence."""

    canary: Canary
    told_from: str
    quoted: str
    frame: str

    @property
    def text(self) -> str:
        """The words of the message."""
        derived = _DERIVED.get(self.quoted)
        if derived is None:
            return self.frame.format(_QUOTES[self.quoted](self.canary))
        typed = self.told_from == "argv" and self.canary.kind in ("name", "slug")
        return self.frame.format(derived(self.canary.secrets) if typed else self.canary)


class Scenario:
    """One run of one program: which secrets are where, and how the run ends."""

    def __init__(self, **choices: Any) -> None:
        self.framework: str = choices["framework"]
        self.ending: str = choices["ending"]
        self.typed: dict[str, Canary] = choices["typed"]
        self.environ: dict[str, Canary] = choices["environ"]
        self.content: Canary = choices["content"]
        self.directories: dict[str, str] = choices["folders"]
        self.delivery: str = choices["delivery"]
        self.canary: Canary = choices["canary"]
        self.named: bool = choices["named"]
        self.tellings: list[Telling] = choices["tellings"]

    @property
    def text(self) -> str:
        """The message of the error."""
        return "; ".join(telling.text for telling in self.tellings)

    @property
    def canaries(self) -> list[Canary]:
        """All secrets of the scenario."""
        folders = [Canary(name, "folder") for name in self.directories.values()]
        told = [telling.canary for telling in self.tellings]
        return [*self.typed.values(), *self.environ.values(), self.content, *folders, *told, self.canary]

    @property
    def command(self) -> str:
        """The command that is run."""
        if _PROMPT in self.typed:
            return "ask"
        return self.ending.split()[0] if self.ending.startswith(("login", "logout")) else "run"

    @property
    def argv(self) -> list[str]:
        """The command line."""
        if self.ending == "unknown command":
            return [str(self.canary)]
        words = [self.command]
        for way, canary in self.typed.items():
            words += {
                "--opt VALUE": ["--opt", canary],
                "--opt=VALUE": [f"--opt={canary}"],
                "-o VALUE": ["-o", canary],
                "-oVALUE": [f"-o{canary}"],
            }.get(way, [])
        if self.ending == "unknown option":
            words.append(f"--{self.canary}")
        elif self.ending == "no number":
            words += ["--count", self.canary]
        if "positional" in self.typed:
            words += ["--", self.typed["positional"]]
        return [str(word) for word in words]

    @property
    def stdin(self) -> str:
        """The text that is typed at the prompt."""
        return f"{self.typed.get(_PROMPT, '')}\n"

    def __repr__(self) -> str:
        fields = {**vars(self), "argv": self.argv, "text": self.text}
        return f"Scenario({', '.join(f'{name}={value!r}' for name, value in fields.items())})"


def scenarios(**only: str) -> "st.SearchStrategy[Scenario]":
    """Draw scenarios. With ``only``, draw only this ending and this way of quoting.

    Each scenario comes from one number, and not from many choices. Otherwise Hypothesis would try variations of a few that are
    known to pass, and scenarios that differ in everything find more.
    """
    return st.integers(0, 2**63).map(lambda seed: _scenario(Random(seed), only))  # noqa: S311 - reproducible


def _scenario(chance: Random, only: Mapping[str, str]) -> Scenario:
    def canary(kinds: Sequence[str] = tuple(_KINDS)) -> Canary:
        return _KINDS[chance.choice(kinds)](chance)

    ending = only.get("ending") or chance.choice(ENDINGS)
    mistyped = ending in ("unknown option", "unknown command", "no number")
    framework = chance.choice(("typer", "click") if mistyped else ("typer", "click", "plain"))
    ways = chance.sample(_TYPED, chance.randint(1, 3))
    if not (framework == "plain" or mistyped or ending.startswith("log")) and chance.random() < 1 / 4:
        ways = [_PROMPT]  # of a command of its own
    # What is typed at a prompt is a line.
    typed = {way: canary([kind for kind in _KINDS if kind != "pem"] if way == _PROMPT else tuple(_KINDS)) for way in ways}
    names = chance.sample(("API_KEY", "DATABASE_URL", "NOTES", "USER"), chance.randint(1, 2))
    environ = {name: canary() for name in names}
    content = canary(_KNOWN)
    space = chance.choice(("", " ", "é"))
    folders = {place: f"{_core(chance)}{space}{_core(chance)}" for place in ("home", "cwd", "program")}
    somewhere = [Canary(f"/home/{name}/work/notes.txt", "folder", (name,)) for name in folders.values()]
    sources = {"argv": list(typed.values()), "environment": list(environ.values()), "file": [content], "folder": somewhere}
    tellings = []
    for _ in range(chance.randint(1, 3)):
        source = chance.choice(("argv", "argv", "environment", "file", "folder"))
        quoted = only.get("quoted") or chance.choice(QUOTED)
        tellings.append(Telling(chance.choice(sources[source]), source, quoted, chance.choice(_FRAMES)))
    return Scenario(
        framework=framework,
        ending=ending,
        typed=typed,
        environ=environ,
        content=content,
        folders=folders,
        delivery=chance.choice(("at once", "after an outage", "forbidden meanwhile")),
        canary=canary() if mistyped else tellings[0].canary,
        tellings=tellings,
        named=chance.random() < 1 / 2,
    )
