"""Find words from source code, and the user's answers to prompts, in the frames of an error's traceback."""

# This module is imported only when a command has failed, or if the program sets a free text.

import os
import re
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

__all__ = ["answers", "answers_of_callers", "defined_options", "is_of_program", "names_of_code"]

_MAX_FRAMES = 60
_MAX_CONSTANT = 400
_ARGUMENT_NAME = re.compile(r"'([A-Za-z_]\w*)'")
_MISSING_ARGUMENTS = re.compile(r"\d+ required (?:positional|keyword-only) arguments?: [\w', ]+\Z")
# Frameworks. Their frames come between the start of a command and the program's own code.
_FRAMEWORKS = frozenset({"arcade_otel", "argparse", "asyncio", "click", "cloup", "contextlib", "rich_click", "typer"})
# Functions that ask a user: ``input``, ``getpass``, Click's, Typer's and rich's prompts, questionary.
_ASKS = re.compile(r"^(?:input|getpass|readline)$|prompt|^ask|_ask|questionary", re.IGNORECASE)
_QUOTED = re.compile(r"(?<![^\W_])(['\"`])(?P<value>[^'\"`\n]{1,60})\1")


def is_of_program(error: BaseException) -> bool:
    """Return whether the program's own package defines the class of ``error``.

    The program's own package is the top-level package of the outermost frame in the traceback that is not part of a framework
    such as Click.
    """
    return type(error).__module__.partition(".")[0] == _program(_frames(error))


def names_of_code(error: BaseException, message: str) -> list[str]:
    """Return the names and texts that may stay in ``message``, because they come from source code and not from the user.

    The result contains names that Python stores on the exception, names of the command's parameters, and constants from the code
    of the frames in the traceback. The function reads constants only from the code of the program, of installed libraries and of
    Python, because the traceback may also contain a user's own code.
    """
    names = _names_of_error(error)
    if not any(mark in message for mark in "'\"`"):
        return names
    frames = _frames(error)
    for context in _contexts(error, frames):
        for parameter in context.command.params:
            names += [str(parameter.name), str(getattr(parameter, "human_readable_name", ""))]
    program = _program(frames)
    for frame in frames:
        if _is_code_of(program, frame):
            for text in _constants(frame.f_code.co_consts):
                names.append(text)
                names += [match["value"] for match in _QUOTED.finditer(text)]
    return names


def defined_options(error: BaseException) -> frozenset[str]:
    """Return the names of the options that the program defines for the command and for the groups that contain the command.

    If the command does not run under Click or Typer, return an empty set.
    """
    found: set[str] = set()
    for context in _contexts(error, _frames(error)):
        for parameter in context.command.params:
            found.update(getattr(parameter, "opts", ()), getattr(parameter, "secondary_opts", ()))
    return frozenset(name for name in found if name.startswith("-"))


def answers(error: BaseException) -> list[str]:
    """Return texts that the user may have typed at prompts. The texts come from the frames in the traceback of ``error``.

    The result contains the string values of the parameters of each running Click or Typer command. If the code of a frame uses a
    name such as ``input`` or ``prompt``, the result also contains the strings in the frame's local variables, except for
    constants from the code of the frame.
    """
    return _answers(error, _frames(error))


def answers_of_callers() -> list[str]:
    """Return the same as :func:`answers`, but from the frames of the calling functions instead of those in a traceback."""
    frames: list[FrameType] = []
    frame = sys._getframe(1)  # noqa: SLF001 - inspect, which calls it too, costs an import
    while frame is not None:
        frames.append(frame)
        frame = frame.f_back  # type: ignore[assignment]
    return _answers(None, _within_limit(frames))


def _answers(error: BaseException | None, frames: list[FrameType]) -> list[str]:
    found: list[str] = []
    for context in _contexts(error, frames):
        for value in context.params.values():
            found += [each for each in (value if isinstance(value, list | tuple) else [value]) if isinstance(each, str)]
    for frame in frames:
        if any(map(_ASKS.search, frame.f_code.co_names)):
            constants = set(_constants(frame.f_code.co_consts))
            texts = [
                value
                for name, value in list(frame.f_locals.items())
                if isinstance(value, str) and len(value) > 1 and value not in constants and not name.startswith("__")
            ]
            # A message that contains an answer is not an answer itself.
            found += [text for text in texts if not any(other in text for other in texts if other != text)]
    return found


def _frames(error: BaseException) -> list[FrameType]:
    found = []
    traceback = error.__traceback__
    while traceback is not None:
        found.append(traceback.tb_frame)
        traceback = traceback.tb_next
    return _within_limit(found)


def _within_limit(frames: list[FrameType]) -> list[FrameType]:
    return frames if len(frames) <= _MAX_FRAMES else frames[: _MAX_FRAMES // 2] + frames[-_MAX_FRAMES // 2 :]


def _contexts(error: BaseException | None, frames: list[FrameType]) -> Iterator[Any]:
    """Yield each Click or Typer context in the frames' variables, and the parents of each context, without duplicates."""
    seen: list[Any] = []
    for candidate in (
        getattr(error, "ctx", None),
        *(frame.f_locals.get(name) for frame in frames for name in ("ctx", "sub_ctx")),
    ):
        context = candidate
        while context is not None and not any(context is each for each in seen):
            if not isinstance(getattr(context, "params", None), dict) or not hasattr(getattr(context, "command", None), "params"):
                break
            seen.append(context)
            yield context
            context = context.parent


def _program(frames: list[FrameType]) -> str:
    """Return the top-level package of the program's code, or "" if all frames belong to frameworks."""
    for frame in frames:
        package = _package(frame)
        if package not in _FRAMEWORKS:
            return package
    return ""


def _package(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


def _is_code_of(program: str, frame: FrameType) -> bool:
    package = _package(frame)
    if package == program or package in sys.stdlib_module_names:
        return True
    return f"{os.sep}site-packages{os.sep}" in frame.f_code.co_filename


def _constants(constants: tuple[Any, ...] | frozenset[Any]) -> Iterator[str]:
    for constant in constants:
        if isinstance(constant, str) and constant and len(constant) <= _MAX_CONSTANT:
            yield constant
        elif isinstance(constant, tuple | frozenset):
            yield from _constants(constant)


def _names_of_error(error: BaseException) -> list[str]:
    """Return the names that Python itself puts into the message of ``error``, for example the name of a missing attribute."""
    if isinstance(error, UnicodeError):
        return [str(getattr(error, "encoding", ""))]
    if isinstance(error, TypeError):  # "missing 1 required positional argument: 'name'": names of a definition
        missing = str(error).partition(" missing ")[2]
        return _ARGUMENT_NAME.findall(missing) if _MISSING_ARGUMENTS.match(missing) else []
    if not isinstance(error, AttributeError | NameError | ImportError):
        return []
    names = [getattr(error, "name", None), type(getattr(error, "obj", None)).__name__]
    return [name for name in names if isinstance(name, str)]
