"""Redact the values of properties that a program declares as free text. Only a program that sets one imports this module."""

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
    """A text that :func:`redact` has returned, so that it is not redacted a second time."""

    __slots__ = ()


def redact(value: object, path: str = "", get_values: Callable[[], tuple[str, ...]] | None = None) -> RedactedText | None:
    """Return a free text as it may be recorded, or None if ``value`` is not a string or nothing of it may be recorded.

    The rules are those of error messages (:func:`redaction.redact`). The text loses the words of the command line, the values of
    the command's parameters, the user's answers to functions that have called this one, and the names of the files of an
    exception that the program handles now. It also loses everything in quotes.

    Args:
        value: What the program has set. A text that was redacted before is returned as it is.
        path: The command's path joined by dots. These are the program's own words, so they are not removed.
        get_values: Returns the values of the command's parameters.
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
