"""Remove secrets and the user's input from an error's message. This code runs in the process that raised the error."""

# This module is imported only when a command has failed, or if the program sets a free text. Other commands do not pay for its
# patterns.

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from arcade_otel import conventions
from arcade_otel.diagnostics import debug, guard
from arcade_otel.spans import replace_unencodable
from arcade_otel.spans.error_frames import answers, defined_options, is_of_program, names_of_code
from arcade_otel.spans.secret_shapes import readable, with_placeholders, without_secrets
from arcade_otel.spans.typed_values import without_values

__all__ = ["error_message", "file_names", "redact", "without_path"]

# Only this many characters of a message are read, and the rest is dropped. A message of 2 MB must not delay the user's prompt,
# and the time for the worst message grows with the square of this number.
_MAX_INPUT = 2000
#: How many causes of an exception are read.
_MAX_CAUSES = 10


def error_message(
    error: BaseException, how: str | Callable[[BaseException], str | None], *, given: Sequence[str] = (), path: str = ""
) -> str | None:
    """Return the message to record for ``error``, at most 300 characters long, or None if no message may be recorded.

    Args:
        error: The exception that ended the command.
        how: The program's setting for error messages. If ``how`` is ``redacted``, the result is the redacted message. If ``how``
            is ``own``, the result is None unless the program's own package defines the error's class. If ``how`` is ``class``,
            the result is None, because ``error.type`` already contains the class. If ``how`` is a function, the result is the
            text that this function returns, shortened and with U+FFFD in place of characters that strict JSON parsers reject.
        given: The values of the command's parameters, which are removed from the message.
        path: The command path, joined by dots. The words of the path stay in the message, because the program defines them.
    """
    if how == "class" or (how == "own" and not is_of_program(error)):
        return None
    if callable(how):
        message = None
        with guard("the application's own error message"):
            message = how(error)
        return replace_unencodable(message)[: conventions.ERROR_MESSAGE_LIMIT] if isinstance(message, str) and message else None
    try:
        message = _words_of(error)
    except Exception as failure:  # noqa: BLE001 - somebody else's __str__
        debug("an error has no readable message", failure)
        return None
    if message == str(getattr(error, "exit_code", None)) or (isinstance(error, SystemExit) and not isinstance(error.code, str)):
        return None  # its text is its code, which the span has
    return (
        redact(
            message,
            arguments=[*_without_options(without_path(sys.argv[1:], path), defined_options(error)), *given, *answers(error)],
            environ=os.environ,
            paths=list(file_names(error)),
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
    """Return ``message`` without recognized secrets and without the user's input, on one line of at most 300 characters.

    The function removes:

    * Secrets: tokens and keys of known shapes (``secret_patterns``), JSON web tokens, PEM blocks, values after words such as
      ``password=``, and words that look random.
    * Personal data: e-mail addresses, IP addresses, long numbers, paths, and the user, path and query of a URL.
    * Input: words of the command line and values of environment variables. If an argument consists of several words, the function
      also removes each word of at least four letters, and the argument with other separators (``my_token`` for ``my-token``).

    If ``arguments``, ``environ`` and ``paths`` contain too many values, or values that are too long, the function returns "".
    Limit: a secret that looks like an ordinary word stays in the message if it is neither in quotes nor among the values that the
    caller passes.

    Args:
        message: The text of an exception. The function reads only the first 2,000 characters.
        arguments: User input to remove: the words of the command line and the values of the command's parameters.
        environ: The environment variables whose values are removed.
        paths: File names to remove.
        quoted: The only texts that the message may quote, besides the names of options and of Python's built-in objects. If
            ``quoted`` is None, the message may quote any text.
    """
    if len(message) > _MAX_INPUT:
        # The last word may be the first half of a secret, which no pattern would recognise.
        message = message[:_MAX_INPUT].rpartition(" ")[0]
    rest = without_values(readable(message), arguments=arguments, environ=environ or {}, paths=paths)
    if rest is None:
        return ""
    rest = without_secrets(rest, None if quoted is None else frozenset(quoted))
    return with_placeholders(rest)[: conventions.ERROR_MESSAGE_LIMIT]


def _words_of(error: BaseException) -> str:
    """Return ``str(error)``, or ``error.message`` if that is set and ``str(error)`` does not contain it."""
    message = getattr(error, "message", None)
    if not message:
        return str(error)
    try:
        whole = str(error)
    except Exception:  # noqa: BLE001 - somebody else's __str__
        whole = ""
    return whole if str(message) in whole else str(message)


def without_path(words: Sequence[str], path: str) -> list[str]:
    """Return ``words`` without the names in the command path ``path``.

    For each name in the path, only one word is removed. In ``mycli run run``, the second "run" is an argument and stays in the
    result.
    """
    rest = path.split(".")
    typed = []
    for word in words:
        if rest and word == rest[0]:
            del rest[0]
        else:
            typed.append(word)
    return typed


def _without_options(words: Sequence[str], options: "frozenset[str]") -> Iterator[str]:
    """Yield ``words`` without the option names in ``options``.

    For an option with a value (``--name=value``), yield only the value.
    """
    for word in words:
        name, assigned, value = word.partition("=")
        if name not in options:
            yield word
        elif assigned:
            yield value


def file_names(error: BaseException) -> Iterator[str]:
    """Yield the file names in ``error`` and its causes.

    The redaction needs these names, because its patterns do not recognize a file name without a slash.
    """
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
