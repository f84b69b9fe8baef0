"""Measure what redaction hides and what it keeps. ``make redaction`` runs this, and ``docs/privacy.md`` has the figures.

``--corpora DIR`` reads repositories that are already on the disk. Without it, they are fetched into
``~/.cache/arcade-otel-corpora``. ``--missed N`` prints N of the secrets that are not hidden, and ``--only NAME`` measures one
part.
"""

import argparse
import re
from collections import Counter
from pathlib import Path

from arcade_otel.spans.redaction import redact
from tests.privacy.measure import ordinary, provoked
from tests.privacy.measure.corpora import CORPORA, Corpus, Repository, Sample

#: What a program may say around a secret. None names what it is ("token …"): that would help to recognise it.
FRAMES = (
    "could not use {} for the next request, try again later",
    "the server refused {}: permission denied for this account",
    "no such resource: {}",
    "requests.exceptions.HTTPError: 401 Client Error: Unauthorized for url: https://api.example.com/v1/tools (id={})",
    'unexpected reply "{}" from the registry while listing tools',
    "ToolCatalog.add_tool() got {} where 'name' or 'version' was expected, arcade-core 2.31.0 on x86_64-linux-gnu, see --help",
)
_WORD = re.compile(r"[A-Za-z]{2,}|\d+")
_SHORTEST, _SYLLABLE = 6, 4
_HOST = re.compile(r"\b(?:[a-z0-9-]+\.)+(?:app|cloud|co|com|dev|io|net|org)\b(?::\d+)?")
_ADDRESS = re.compile(r"(?:jdbc:)?[a-zA-Z][a-zA-Z0-9+.-]*://(?:([^@/\s]*)@)?[^/?#\s]*")


def pieces(secret: str) -> set[str]:
    """Return the texts that must not be recorded: each half of each word of a secret. The host of an address may be recorded."""
    users = [user for user in _ADDRESS.findall(secret) if user]
    rest = _ADDRESS.sub(" ", secret)
    found: set[str] = set()
    for part in (*users, *_HOST.sub(" ", rest).split()):
        size = min(len(part), max(_SHORTEST, len(part) // 2))
        if size >= _SYLLABLE:
            found.update(part[start : start + size] for start in range(len(part) - size + 1))
    return found


def is_told(secret: str, message: str) -> bool:
    """Return whether ``message`` contains half of ``secret``."""
    return any(piece in message for piece in pieces(secret))


def kept(frame: str, message: str) -> tuple[int, int]:
    """Return how many of the words of ``frame`` are in ``message``, and how many there are."""
    words = Counter(_WORD.findall(frame.replace("{}", " ")))
    there = Counter(_WORD.findall(re.sub(r"<[a-z]+>", " ", message)))
    return sum((words & there).values()), sum(words.values())


def measure(corpus: Corpus, cache: Path) -> tuple[int, int, int, int, list[tuple[Sample, str]]]:
    """Return five results about the messages.

    They are how many messages there are and how many hide their secret, how many words there are and how many are kept, and the
    secrets that are not hidden.
    """
    samples = dict.fromkeys(corpus.samples(Repository(corpus.repository, corpus.commit, cache)))
    count = hidden = words = words_kept = 0
    missed = []
    for sample in samples:
        if not pieces(sample.secret):
            continue
        for frame in FRAMES:
            message = redact(frame.replace("{}", sample.text), quoted=())
            count += 1
            if is_told(sample.secret, message):
                missed.append((sample, message))
            else:
                hidden += 1
            found, there = kept(frame, message)
            words, words_kept = words + there, words_kept + found
    return count, hidden, words, words_kept, missed


def main() -> None:
    """Print the results as a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--corpora", type=Path, default=Path.home() / ".cache" / "arcade-otel-corpora")
    parser.add_argument("--missed", type=int, default=0)
    parser.add_argument("--only", default="")
    asked = parser.parse_args()
    totals = [0, 0, 0, 0]
    print(f"{'':20}{'secrets':>9}{'messages':>10}{'recall':>9}{'words kept':>12}")
    for corpus in CORPORA:
        if asked.only and asked.only != corpus.name:
            continue
        *figures, missed = measure(corpus, asked.corpora)
        _print_row(corpus.name, figures, corpus.apart)
        if not corpus.apart:
            totals = [total + figure for total, figure in zip(totals, figures, strict=True)]
        for sample, message in missed[:: max(1, len(missed) // max(1, asked.missed))][: asked.missed]:
            print("   ", repr(sample.secret[:100]), "->", message[:160])
    if not asked.only:
        _print_row("all but those apart", totals, "")
        _print_exceptions()


def _print_exceptions() -> None:
    exceptions = list(provoked.provoke())
    leaks = [each for each in exceptions if each.told]
    print(f"\n{len(leaks)} of {len(exceptions)} provoked exceptions tell what was typed, prompted for, derived of it or set")
    for leak in leaks:
        print(f"    {leak.failure}, {leak.way}: {leak.message}")
    changes = ordinary.changes()
    print(
        f"{len(changes)} of {ordinary.count()} ordinary messages changed, {sum(each.meaningless for each in changes)} meaningless"
    )
    for change in changes:
        print(f"  {'! ' if change.meaningless else '  '}{change.before}\n      {change.after}")


def _print_row(name: str, figures: list[int], apart: str) -> None:
    count, hidden, words, words_kept = figures
    recall, words_rate = 100 * hidden / max(1, count), 100 * words_kept / max(1, words)
    print(
        f"{name:20}{count // len(FRAMES):9}{count:10}{recall:8.1f}%{words_rate:11.1f}%{'  apart: ' + apart if apart else ''}",
        flush=True,
    )


if __name__ == "__main__":
    main()
