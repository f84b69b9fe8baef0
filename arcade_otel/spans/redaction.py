"""Takes secrets, and what a person typed, out of an error's message, in the process in which it was raised."""

# Imported only when a command failed: the patterns that it needs cost nothing to one that succeeds.

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from arcade_otel import conventions
from arcade_otel.diagnostics import debug, guard
from arcade_otel.spans import replace_unencodable
from arcade_otel.spans.error_frames import answers, defined_options, is_of_program, names_of_code
from arcade_otel.spans.secret_shapes import readable, with_placeholders, without_secrets
from arcade_otel.spans.typed_values import without_values

__all__ = ["error_message", "redact"]

# What is looked at; the rest of a longer message is dropped unread: a 2 MB message must not hold up the prompt, and the time that
# the worst message takes grows with the square of this.
_MAX_INPUT = 2000
#: How many of an exception's causes are looked at.
_MAX_CAUSES = 10


def error_message(
    error: BaseException, how: str | Callable[[BaseException], str | None], *, given: Sequence[str] = (), path: str = ""
) -> str | None:
    """Return the text of ``error`` that may be recorded, at most 300 characters, or None.

    Args:
        error: What ended the command.
        how: ``redacted``: its message, redacted; ``own``: the same, if the program's own package defines its class, else
            nothing; ``class``: nothing beyond the class, which ``error.type`` has; or the
            application's own function, whose answer is taken as it is but for length and characters that JSON cannot hold.
        given: Values of the command's parameters, wherever they came from.
        path: The command's path joined by dots: the program's own words, which are not looked for.
    """
    if how == "class" or (how == "own" and not is_of_program(error)):
        return None
    if callable(how):
        told = None
        with guard("the application's own error message"):
            told = how(error)
        return replace_unencodable(told)[: conventions.ERROR_MESSAGE_LIMIT] if isinstance(told, str) and told else None
    try:
        message = _words_of(error)
    except Exception as failure:  # noqa: BLE001 - somebody else's __str__
        debug("an error has no readable message", failure)
        return None
    if message == str(getattr(error, "exit_code", None)) or (isinstance(error, SystemExit) and not isinstance(error.code, str)):
        return None  # it says its code, which the span has
    return (
        redact(
            message,
            arguments=[*_without_options(_without_path(sys.argv[1:], path), defined_options(error)), *given, *answers(error)],
            environ=os.environ,
            paths=list(_file_names(error)),
            quoted=names_of_code(error, message),
        )
        or None
    )


def redact(
    message: str,
    *,
    arguments: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
    paths: Sequence[str] = (),
    quoted: Iterable[str] | None = None,
) -> str:
    """Return ``message`` on one line, at most 300 characters, without secrets and without what was typed.

    Taken out: tokens and keys of known shapes (``secret_patterns``), JSON web tokens, PEM blocks, values after words such as
    ``password=``, the user part, path and query of addresses, e-mail and IP addresses, long numbers, paths, words that look
    random, words of the command line and values of the environment, and of what was typed each word of four letters and more,
    and its words joined otherwise. Returns "" if there are too many values, or too large ones, to look for.
    A limit: a secret that looks like an ordinary word, and is
    neither typed nor set nor quoted, is not recognised.

    Args:
        message: What an exception says. Nothing past its first 2,000 characters is read or recorded.
        arguments: Words of the command line, and values of its parameters.
        environ: The environment.
        paths: Names of files.
        quoted: If given, whatever stands in quotes is taken out too, but for these words, options and names of Python's types.
    """
    if len(message) > _MAX_INPUT:
        # The last word may be the first half of a secret, which no pattern would know.
        message = message[:_MAX_INPUT].rpartition(" ")[0]
    rest = without_values(readable(message), arguments=arguments, environ=environ or {}, paths=paths)
    if rest is None:
        return ""
    rest = without_secrets(rest, None if quoted is None else frozenset(quoted))
    return with_placeholders(rest)[: conventions.ERROR_MESSAGE_LIMIT]


def _words_of(error: BaseException) -> str:
    """Return the attribute ``message`` if there is one, and the error as text if that has it: with the reason behind it."""
    message = getattr(error, "message", None)
    if not message:
        return str(error)
    try:
        whole = str(error)
    except Exception:  # noqa: BLE001 - somebody else's __str__
        whole = ""
    return whole if str(message) in whole else str(message)


def _without_path(words: Sequence[str], path: str) -> list[str]:
    """Return ``words`` without those that name the command, each once and in its order: what is typed again was an argument."""
    rest = path.split(".")
    typed = []
    for word in words:
        if rest and word == rest[0]:
            del rest[0]
        else:
            typed.append(word)
    return typed


def _without_options(words: Sequence[str], options: "frozenset[str]") -> Iterator[str]:
    """Yield ``words`` without the names of ``options``, and the value of each that has one in the same word."""
    for word in words:
        name, assigned, value = word.partition("=")
        if name not in options:
            yield word
        elif assigned:
            yield value


def _file_names(error: BaseException) -> Iterator[str]:
    """Yield the names of files that ``error`` and what led to it carry: a message may quote them without a separator."""
    seen: list[BaseException] = []
    while len(seen) < _MAX_CAUSES and error not in seen:
        seen.append(error)
        if isinstance(error, OSError):
            for name in (error.filename, error.filename2):
                if isinstance(name, str | bytes | os.PathLike):
                    path = os.fsdecode(name)
                    yield path
                    yield os.path.basename(path)
        earlier = error.__cause__ or error.__context__
        if earlier is None:
            return
        error = earlier
