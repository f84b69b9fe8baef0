"""Redact the values of properties that a program declares as free text.

The library imports this module only if a program sets a free-text property.
"""

from __future__ import annotations

import os
import sys

from arcade_otel import conventions
from arcade_otel.diagnostics import debug, guard
from arcade_otel.spans import error_frames, redaction

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["RedactedText", "redact"]


class RedactedText(str):
    """Text that :func:`redact` has already redacted."""

    __slots__ = ()


def redact(value: object, path: str = "", get_values: Callable[[], tuple[str, ...]] | None = None) -> RedactedText | None:
    """Return the redacted text, or None if ``value`` is empty, is not a string or cannot be redacted safely.

    The function redacts the text by the same rules as error messages (:func:`redaction.redact`). It removes these texts:

    - The words of the command line, and the values of the command's parameters.
    - Texts that the user has typed at prompts, if local variables of the running functions still contain them.
    - File names in the exception that the program is currently handling.
    - Quoted texts, except for the names of options and of Python's built-in objects.

    Args:
        value: The value that the program has set. A text that is already redacted is returned unchanged.
        path: The command path, joined by dots. The words of the path stay in the text, because the program defines them.
        get_values: A function that returns the values of the command's parameters. If ``get_values`` raises an exception,
            :func:`redact` returns None.
    """
    if isinstance(value, RedactedText):
        return value
    if not isinstance(value, str):
        return None
    given: tuple[str, ...] | None = ()
    if get_values is not None:
        given = None
        with guard("the parameters of a command"):
            given = get_values()
    if given is None:
        return None  # what the user gave is unknown, so nothing of the text may be recorded
    error = sys.exc_info()[1]  # the program may describe an exception that it handles
    text = redaction.redact(
        str.__str__(value),
        arguments=[
            *redaction.without_path(sys.argv[1:], path),
            *given,
            *error_frames.answers_of_callers(),
            *(() if error is None else error_frames.answers(error)),
        ],
        environ=os.environ,
        paths=[] if error is None else list(redaction.file_names(error)),
        quoted=(),
    )
    if not text:
        debug("a free text is left out: it is empty, or there are too many values to search it for")
    return RedactedText(text[: conventions.FREE_TEXT_LIMIT]) if text else None
