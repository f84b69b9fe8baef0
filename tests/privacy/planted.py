"""What people's secrets look like, where they stand, and how a program's error quotes them: strategies for Hypothesis."""

import json
import random
import string
from collections.abc import Callable, Collection
from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st

from arcade_otel.testing import Canaries, Canary

__all__ = ["AXES", "Scenario", "scenarios"]

_SEEDS = st.integers(0, 2**32)
#: Shells, addresses and JSON have a use for each of these.
_ODD = st.text(st.sampled_from(" !#$%&'()*+,-./:;<=>?@[]^_`{|}~\"\\éßñ漢字🙂"), max_size=4)


def _core(seed: str) -> str:
    return "".join(random.Random(seed).choices(string.ascii_lowercase, k=8))  # noqa: S311 - reproducible


def _known(kind: str) -> "st.SearchStrategy[Canary]":
    return _SEEDS.map(lambda seed: getattr(Canaries(seed), kind))


def _password_url(parts: tuple[int, str, str]) -> Canary:
    seed, before, after = parts
    # An address holds neither white space nor quotation marks; everything else people do put there unescaped.
    core = _core(f"url {seed}")
    unquoted = "".join(letter for letter in f"{before}{core}{after}" if not letter.isspace() and letter not in "\"'<>\\`")
    scheme = ("postgres", "https", "amqp", "mongodb+srv")[seed % 4]
    return Canary(f"{scheme}://admin:{unquoted}@db.example.com:5432/main", "password_url", (core,))


def _home(parts: tuple[int, str]) -> Canary:
    """A file in a home folder: of a system, with somebody's name."""
    seed, odd = parts
    first, last, file = (_core(f"{part} {seed}") for part in ("first", "last", "file"))
    name = f"{first}{odd}{last}"
    way = seed % 4
    if way == 0:
        path = f"C:\\Users\\{name}\\Documents\\{file}.txt"
    elif way == 1:
        path = f"\\\\server\\homes\\{name}\\{file}.txt"
    else:
        path = f"/{('home', 'Users')[way % 2]}/{name}/project/{file}.txt"
    return Canary(path, "home", (first, last, file))


def _password(parts: tuple[int, str, str]) -> Canary:
    seed, before, after = parts
    core = _core(f"password {seed}")
    return Canary(f"{before}{core}{after}".strip(), "password", (core,))


def _name(seed: int) -> Canary:
    first, last = (_core(f"{part} {seed}") for part in ("given", "family"))
    return Canary(f"{first.title()} {last.title()}", "name", (first, last))


_KINDS: "dict[str, st.SearchStrategy[Canary]]" = {
    **{
        kind: _known(kind)
        for kind in (
            *("github_token", "openai_key", "aws_key", "slack_token", "stripe_key", "google_key", "npm_token", "posthog_key"),
            *("jwt", "pem", "token", "email", "ipv4", "ipv6"),
        )
    },
    "password_url": st.tuples(_SEEDS, _ODD, _ODD).map(_password_url),
    "home": st.tuples(_SEEDS, st.sampled_from(("", " ", ".", "-", "_", "é ", "ß", " 漢字 "))).map(_home),
    # Nothing tells these but that they were typed, or stand in the environment.
    "password": st.tuples(_SEEDS, _ODD, _ODD).map(_password),
    "name": _SEEDS.map(_name),
}
_UNKNOWN = ("password", "name")

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
    "two of it": lambda text: f"{text} {text}",
    "at the limit of what is told": lambda text: f"{'very ' * 55}long {text}",
    "far behind": lambda text: f"{'very ' * 794}long {text} {'very ' * 400}",
}
_TYPED = ("positional", "--opt VALUE", "--opt=VALUE", "-o VALUE", "-oVALUE", "at a prompt")
_ENDINGS = (
    *("success", "exit 3", "exit text", "exit object", "interrupt", "abort", "login", "login failed", "logout", "logout failed"),
    *("error", "runtime", "several arguments", "odd argument", "nested argument", "bytes argument", "key", "message", "broken"),
    *("file", "two files", "called process", "timed out process", "not text", "cause", "context", "note", "group"),
    *("click", "click usage", "bad parameter", "unknown option", "unknown command", "no number"),
)
#: What a scenario chooses from; the names by which a leak that is known is left out.
AXES: dict[str, tuple[str, ...]] = {
    "kind": tuple(_KINDS),
    "typed": _TYPED,
    "quoted": tuple(_QUOTES),
    "ending": _ENDINGS,
    "framework": ("typer", "click", "plain"),
    "told from": ("argv", "environment", "file", "folder"),
    "delivery": ("at once", "after an outage", "forbidden meanwhile"),
}


class Scenario:
    """One run of one program: what is planted where, and how it ends."""

    def __init__(self, **choices: Any) -> None:
        self.framework: str = choices["framework"]
        self.ending: str = choices["ending"]
        self.typed: dict[str, Canary] = choices["typed"]
        self.environ: dict[str, Canary] = choices["environ"]
        self.content: list[Canary] = choices["content"]
        self.folders: dict[str, str] = choices["folders"]
        self.delivery: str = choices["delivery"]
        self.text: str = choices["text"]
        self.canary: Canary = choices["canary"]
        self.named: bool = choices["named"]
        self.told: list[Canary] = choices["told"]
        self.tellings: list[tuple[str, str, str]] = choices["tellings"]

    @property
    def canaries(self) -> list[Canary]:
        """Everything that is planted."""
        folders = [Canary(name, "folder") for name in self.folders.values()]
        return [*self.typed.values(), *self.environ.values(), *self.content, *folders, *self.told, self.canary]

    @property
    def command(self) -> str:
        """The command that is run."""
        if "at a prompt" in self.typed:
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
        """What is typed at the prompt."""
        return f"{self.typed.get('at a prompt', '')}\n"

    def __repr__(self) -> str:
        shown = {name: value for name, value in vars(self).items() if name != "text" or self.ending not in ("success", "exit 3")}
        return f"Scenario({', '.join(f'{name}={value!r}' for name, value in shown.items())}, argv={self.argv!r})"


@st.composite
def scenarios(draw: st.DrawFn, *, without: Collection[str] = (), only: dict[str, str] | None = None) -> Scenario:
    """Draw a scenario, without what is named, and with ``only`` these where an axis is named."""
    only = only or {}

    def choose(axis: str, fits: Callable[[str], bool] = lambda _: True) -> str:
        if axis in only:
            return only[axis]
        return draw(st.sampled_from([value for value in AXES[axis] if value not in without and fits(value)]))

    def canary(*, known: bool = False) -> Canary:
        kind = choose("kind", lambda kind: not known or kind not in _UNKNOWN)
        drawn: Canary = draw(_KINDS[kind])
        return drawn

    ending = choose("ending")
    framework = choose(
        "framework", lambda name: name != "plain" or ending not in ("unknown option", "unknown command", "no number")
    )
    ways = [way for way in _TYPED if way not in without]
    chosen = [only["typed"]] if "typed" in only else draw(st.lists(st.sampled_from(ways), unique=True, min_size=1, max_size=3))
    if ending.startswith(("log", "unknown", "no number")) or (framework == "plain" and "typed" not in only):
        chosen = [way for way in chosen if way != "at a prompt"] or ["positional"]
    if "at a prompt" in chosen:
        chosen = ["at a prompt"]  # by a command of its own
    typed: dict[str, Canary] = {}
    for way in chosen:
        value = canary()
        while "\n" in value and way == "at a prompt":  # a line is what is typed
            value = draw(_KINDS["github_token"])
        typed[way] = value
    environ = {
        name: canary() for name in draw(st.sets(st.sampled_from(("API_KEY", "DATABASE_URL", "NOTES", "USER")), max_size=2))
    }
    content = [canary(known=True)]
    who = draw(_SEEDS)
    space = draw(st.sampled_from(("", " ", "é")))
    folders = {place: f"{_core(f'{place} {who}')}{space}{_core(f'in {place} {who}')}" for place in ("home", "cwd", "program")}
    told: list[Canary] = []
    tellings = []
    for _ in range(draw(st.integers(1, 3))):
        told_from = choose("told from")
        if told_from == "environment":
            if not environ:
                environ["NOTES"] = canary()
            told.append(draw(st.sampled_from(list(environ.values()))))
        elif told_from == "file":
            told.append(content[0])
        elif told_from == "folder":
            place = draw(st.sampled_from(sorted(folders)))
            told.append(Canary(f"/home/{folders[place]}/work/notes.txt", "folder", (folders[place],)))
        else:
            told.append(draw(st.sampled_from(list(typed.values()))))
        quoting = choose("quoted")
        tellings.append((told_from, quoting, draw(st.sampled_from(_FRAMES)).format(_QUOTES[quoting](told[-1]))))
    mistyped = canary() if ending in ("unknown option", "unknown command", "no number") else told[0]
    return Scenario(
        framework=framework,
        ending=ending,
        typed=typed,
        environ=environ,
        content=content,
        folders=folders,
        delivery=choose("delivery"),
        text="; ".join(text for _, _, text in tellings),
        canary=mistyped,
        told=told,
        tellings=tellings,
        named=draw(st.booleans()),
    )
