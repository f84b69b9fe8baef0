"""Checks of the options that few programs give: one for each type that a field of ``Settings`` has.

Each takes an option's name and value, and returns the field.
"""

from collections.abc import Callable, Iterator

__all__ = ["MAX_WAIT_SECONDS", "check"]

#: A command waits no longer for its own event: no sender lives longer.
MAX_WAIT_SECONDS = 10.0


def check(kind: str, option: str, value: object) -> object:
    """Return the field of ``Settings`` for ``value``, which is not None.

    Args:
        kind: The field's type, as ``Settings`` writes it.
        option: The option's name, for the error message.
        value: What the program gave.

    Raises:
        TypeError: The value has the wrong type.
        ValueError: The value makes no sense.
    """
    return _CHECKS[kind](option, value)


def _check_command_paths(option: str, value: object) -> tuple[str, ...]:
    return tuple(path.strip().replace(" ", ".") for path in _strings(option, value))


def _strings(option: str, value: object) -> Iterator[str]:
    for path in (value,) if isinstance(value, str) else tuple(value):  # type: ignore[arg-type]
        if not isinstance(path, str):
            raise TypeError(f"{option} must be command paths such as 'auth.login', not {type(path).__name__}")
        if not path.strip():
            raise ValueError(f"{option} must not be empty")
        yield path


def _check_principal(option: str, value: object) -> object:
    if isinstance(value, str):
        module, separator, attribute = value.partition(":")
        names = (module, attribute) if separator else (module.replace("-", "_"),)
        if not all(name.replace(".", "_").isidentifier() for name in names):
            raise ValueError(f"{option} must be 'module:function' or the name of an entry point, not {value!r}")
    elif not callable(value):
        raise TypeError(f"{option} must be a function, 'module:function' or an entry point, not {type(value).__name__}")
    return value


def _check_words(option: str, value: object) -> tuple[str, ...]:
    if isinstance(value, str) or not all(isinstance(word, str) for word in value):  # type: ignore[attr-defined]
        raise TypeError(f"{option} must be a sequence of strings, the words of a command line")
    words = tuple(value)  # type: ignore[arg-type,var-annotated]
    if not words or not words[0]:
        raise ValueError(f"{option} must not be empty")
    return words


def _check_flag(option: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{option} must be True, False or None, not {type(value).__name__}")
    return value


def _check_seconds(option: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{option} must be a number of seconds, not {type(value).__name__}")
    if not 0 <= value <= MAX_WAIT_SECONDS:
        raise ValueError(f"{option} must be between 0 and {MAX_WAIT_SECONDS:.0f} seconds, not {value!r}")
    return float(value)


def _check_error_messages(option: str, value: object) -> object:
    if not callable(value) and value not in ("redacted", "class", "own"):
        raise ValueError(f'{option} must be "redacted", "class", "own" or a function, not {value!r}')
    return value


_CHECKS: dict[str, Callable[[str, object], object]] = {
    "bool": _check_flag,
    "bool | None": _check_flag,
    "tuple[str, ...]": _check_command_paths,
    "tuple[str, ...] | None": _check_words,
    "PrincipalSource | None": _check_principal,
    "ErrorMessages": _check_error_messages,
    "float": _check_seconds,
    "float | None": _check_seconds,
}
