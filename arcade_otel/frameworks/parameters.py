"""Read a command's parameters: the names of the options that were used, and values that an error message may quote."""

# This module is imported only when a command has failed, or if the program records the names of options or sets a free text.

import enum
import os
import sys
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["parameter_values", "texts", "used_options"]

_MAX_DEPTH = 3
# This is more than redaction searches for, so that it drops the whole message. With a shorter list, other values would get
# through.
_MAX_VALUES = 12_001
_MAX_NAMES = 50


def used_options(context: Any) -> tuple[str, ...]:
    """Return the sorted names of the options that the user used. Each name appears once, as the program defines it.

    For example, ``-v`` and ``--verb`` are returned as ``--verbose``. The options of the groups above the command are included.
    The result contains neither arguments nor values of options.

    Args:
        context: The innermost context (Click's or Typer's) of the run.
    """
    names = set()
    for _, parameter, source in _parameters(context):
        if source == "COMMANDLINE" and getattr(parameter, "param_type_name", "") == "option" and parameter.opts:
            names.add(max(parameter.opts, key=len))
    return tuple(sorted(names)[:_MAX_NAMES])


def parameter_values(context: Any) -> tuple[str, ...]:
    """Return the parameter values of the command and of the groups above it, as text.

    A value may come from the command line, a prompt, an environment variable or a configuration file. Default values in the
    program's source are not returned, because they are not secret. The library uses parameter values only to redact error
    messages and free text, and never records them.

    Args:
        context: The innermost context (Click's or Typer's) of the run.
    """
    found: list[str] = []
    hidden = False
    for each, parameter, source in _parameters(context):
        if source == "DEFAULT" and not callable(getattr(parameter, "default", None)):
            continue
        if parameter.name in each.params:
            found += texts(each.params[parameter.name])
        elif source == "COMMANDLINE":
            hidden = True
        elif source == "ENVIRONMENT":
            names = [parameter.envvar] if isinstance(parameter.envvar, str) else parameter.envvar or ()
            found += (os.environ[name] for name in names if name in os.environ)
    if hidden:  # Click does not keep the value of an option with ``expose_value=False``
        found += (part for word in sys.argv[1:] for part in (word, word.partition("=")[2]) if part)
    return tuple(found[:_MAX_VALUES])


def _parameters(context: Any) -> Iterator[tuple[Any, Any, str]]:
    """Yield each parameter with its context and the source of its value. The innermost context comes first."""
    while context is not None:
        for parameter in context.command.params:
            if parameter.name in context.params or not getattr(parameter, "expose_value", True):
                source = context.get_parameter_source(parameter.name)
                yield context, parameter, getattr(source, "name", "")
        context = context.parent


def texts(value: object, depth: int = 0) -> Iterator[str]:
    """Yield ``value`` as text. If ``value`` is a collection, yield its items as text, at most three levels deep."""
    if value is None or isinstance(value, bool) or depth > _MAX_DEPTH:
        return
    if isinstance(value, enum.Enum):
        value = value.value
    if isinstance(value, str | int | float):
        yield str(value)
    elif isinstance(value, bytes):
        yield value.decode("utf-8", "replace")
    elif isinstance(value, os.PathLike):
        yield os.fsdecode(os.fspath(value))
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from texts(key, depth + 1)
            yield from texts(each, depth + 1)
    elif isinstance(value, list | tuple | set | frozenset):
        for each in value:
            yield from texts(each, depth + 1)
    elif isinstance(getattr(value, "name", None), str):
        yield value.name  # type: ignore[attr-defined]  # an open file
    elif type(value).__str__ is not object.__str__:
        yield str(value)  # dates, addresses, UUIDs
