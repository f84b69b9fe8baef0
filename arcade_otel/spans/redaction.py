"""Takes secrets, and what a person typed, out of an error's message, in the process in which it was raised."""

# Imported only when a command failed: the patterns that it needs cost nothing to one that succeeds.

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from arcade_otel import conventions
from arcade_otel.diagnostics import debug, guard
from arcade_otel.spans import replace_unencodable
from arcade_otel.spans.shapes import readable, with_placeholders, without_secrets
from arcade_otel.spans.typed_values import without_values

__all__ = ["error_message", "redact"]

# What is looked at; the rest of a longer message is dropped unread: a 2 MB message must not hold up the prompt, and the time that
# the worst message takes grows with the square of this.
_MAX_INPUT = 2000
#: How many of an exception's causes are looked at.
_MAX_CAUSES = 10
_ARGUMENT_NAME = re.compile(r"'([A-Za-z_]\w*)'")
_MISSING_ARGUMENTS = re.compile(r"\d+ required (?:positional|keyword-only) arguments?: [\w', ]+\Z")
# Their frames stand between the start of a command and the program's own code.
_FRAMEWORKS = frozenset({"arcade_otel", "argparse", "asyncio", "click", "cloup", "contextlib", "rich_click", "typer"})


def error_message(
    error: BaseException, how: str | Callable[[BaseException], str | None], *, given: Sequence[str] = (), path: str = ""
) -> str | None:
    """Return what may be told of ``error``, at most 300 characters, or None for nothing.

    Args:
        error: What ended the command.
        how: ``redacted``: its message, redacted; ``own``: the same, if the program's own package defines its class, else
            nothing; ``class``: nothing beyond the class, which ``error.type`` tells; or the
            application's own function, whose answer is taken as it is but for length and characters that JSON cannot hold.
        given: Values of the command's parameters, wherever they came from.
        path: The command's path joined by dots: the program's own words, which are not looked for.
    """
    if how == "class" or (how == "own" and not _is_of_program(error)):
        return None
    if callable(how):
        told = None
        with guard("the application's own error message"):
            told = how(error)
        return replace_unencodable(told)[: conventions.ERROR_MESSAGE_LIMIT] if isinstance(told, str) and told else None
    try:
        message = str(getattr(error, "message", None) or error)
    except Exception as failure:  # noqa: BLE001 - somebody else's __str__
        debug("an error has no readable message", failure)
        return None
    if message == str(getattr(error, "exit_code", None)) or (isinstance(error, SystemExit) and not isinstance(error.code, str)):
        return None  # it says its code, which the span has
    return (
        redact(
            message,
            arguments=[*_without_path(sys.argv[1:], path), *given],
            environ=os.environ,
            paths=list(_file_names(error)),
            quoted=_names_of_code(error),
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
        message: What an exception says. Nothing past its first 2,000 characters is looked at, or told.
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


def _is_of_program(error: BaseException) -> bool:
    """Return whether the package of the command's own code, its outermost frame but a framework's, has the class of ``error``."""
    traceback = error.__traceback__
    while traceback is not None:
        package = str(traceback.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
        if package not in _FRAMEWORKS:
            return type(error).__module__.partition(".")[0] == package
        traceback = traceback.tb_next
    return False


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


def _names_of_code(error: BaseException) -> list[str]:
    """Return what the interpreter itself quotes in a message: names that stand in a program's source."""
    if isinstance(error, UnicodeError):
        return [str(getattr(error, "encoding", ""))]
    if isinstance(error, TypeError):  # "missing 1 required positional argument: 'name'": names of a definition
        missing = str(error).partition(" missing ")[2]
        return _ARGUMENT_NAME.findall(missing) if _MISSING_ARGUMENTS.match(missing) else []
    if not isinstance(error, AttributeError | NameError | ImportError):
        return []
    names = [getattr(error, "name", None), type(getattr(error, "obj", None)).__name__]
    return [name for name in names if isinstance(name, str)]


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
