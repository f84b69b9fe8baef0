"""Check the options that few programs set, with one check for each type that a field of ``Settings`` can have.

Each check takes the name and the value of an option, and returns the value to store in ``Settings``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

TYPE_CHECKING = False  # the module typing costs a command as much as this library
if TYPE_CHECKING:
    from typing import Any

    from arcade_otel.free_text import FreeText

    #: What a property may hold: one of the words, a ``bool`` or an ``int``, or free text.
    PropertyType = tuple[str, ...] | type | FreeText
    PropertyTypes = dict[str, PropertyType | str]
    EventTypes = dict[str, dict[str, PropertyType]]

__all__ = ["MAX_WAIT_SECONDS", "check", "check_together"]

#: A command never waits longer for its own event, because no sender lives longer.
MAX_WAIT_SECONDS = 10.0
#: Limits of the properties and groups that a program declares. PostHog has five group types.
MAX_GROUPS, MAX_NAME_LENGTH = 5, 60
#: The properties of this library of which a program can declare a copy. They are in every event of a command that has ended.
COPIED = frozenset(
    [
        "command_name",
        "duration",
        "exit_code",
        "cli_version",
        "python_version",
        "python_implementation",
        "os_type",
        "os_release",
        "arch",
        "outcome",
        "is_ci",
        "interactive",
    ]
)
#: Names of events that begin so are this library's own.
_RESERVED_EVENTS = ("cli execution", "arcade-otel")
_WORD_SIGNS = str.maketrans("", "", "-_.")


def check(kind: str, option: str, value: object) -> object:
    """Check the value of an option, and return it in the form in which ``Settings`` stores it.

    Args:
        kind: The annotation of the option's field in ``Settings``, as a string.
        option: The name of the option, for the error message.
        value: The value that the program has set, which is never None.

    Raises:
        TypeError: If the value has the wrong type.
        ValueError: If the value is not allowed.
    """
    return _CHECKS[kind](option, value)


def check_together(fields: Mapping[str, Any]) -> None:
    """Check the options that depend on each other.

    Raises:
        ValueError: If ``person_properties`` contains an undeclared property, a free-text property, or a property that copies a
            library property (``{"duration_ms": "duration"}``), because only the sender knows the copied value. A ValueError is
            also raised if there are more than five groups, including the groups ``organization`` and ``project`` that
            ``arcade_context`` adds.
    """
    own = {name for name, kind in fields.get("properties", {}).items() if not isinstance(kind, str)}
    if not own.issuperset(fields.get("person_properties", ())):
        raise ValueError("person_properties must be names of properties, and not of copies")
    for name in fields.get("person_properties", ()):
        kind = fields["properties"][name]
        if kind not in (bool, int) and not isinstance(kind, tuple):
            raise ValueError(f"person_properties: {name} is free text, which is no fact about a person")
    if fields.get("arcade_context") and len({*fields.get("groups", ()), "organization", "project"}) > MAX_GROUPS:
        raise ValueError(f"arcade_context adds two groups, and groups must be at most {MAX_GROUPS} with them")


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


def _check_path_prefixes(option: str, value: object) -> tuple[str, ...]:
    return tuple(f"{path}." for path in _check_command_paths(option, value))


def _check_names(option: str, value: object) -> tuple[str, ...]:
    names = tuple(_strings(option, value))
    for name in names:
        _check_property_name(option, name)
    return names


def _check_groups(option: str, value: object) -> tuple[str, ...]:
    names = _check_names(option, value)
    if len(names) > MAX_GROUPS:
        raise ValueError(f"{option} must be at most {MAX_GROUPS} names: PostHog has no room for more")
    return names


def _check_property_name(option: str, name: object) -> None:
    if not isinstance(name, str) or not (
        name.isascii() and name.isidentifier() and name.islower() and len(name) <= MAX_NAME_LENGTH
    ):
        raise ValueError(f"{option}: a name must be like 'plan' or 'tools_used', not {name!r}")


def _check_properties(option: str, value: object) -> PropertyTypes:
    if not isinstance(value, Mapping):
        raise TypeError(f"{option} must be a dictionary, not {type(value).__name__}")
    checked: PropertyTypes = {}
    for name, kind in value.items():
        _check_property_name(option, name)
        words = getattr(kind, "__args__", kind)  # Literal["free", "pro"]
        if kind in (bool, int) or (isinstance(kind, str) and kind in COPIED):
            checked[name] = kind
        elif isinstance(kind, str):
            raise ValueError(f"{option}: {name} cannot be a copy of {kind!r}, only of one of {', '.join(sorted(COPIED))}")
        elif isinstance(words, list | tuple) and words and all(isinstance(word, str) for word in words):
            checked[name] = tuple(words)
        else:
            from arcade_otel.free_text import FreeText

            if isinstance(kind, FreeText):
                checked[name] = kind
                continue
            advice = "free text may hold anything; arcade_otel.FreeText describes the risk"
            raise TypeError(f"{option}: {name} must be bool, int or a Literal of words, not {kind!r}: {advice}")
    return checked


def _check_events(option: str, value: object) -> EventTypes:
    if not isinstance(value, Mapping):
        raise TypeError(f"{option} must be a dictionary, not {type(value).__name__}")
    checked: EventTypes = {}
    for name, properties in value.items():
        words = name.split(" ") if isinstance(name, str) and name.isascii() and len(name) <= MAX_NAME_LENGTH else []
        if not words or not all(word.translate(_WORD_SIGNS).isalnum() for word in words):
            raise ValueError(f"{option}: a name must be like 'toolkit created', not {name!r}")
        if name.lower().startswith(_RESERVED_EVENTS):
            raise ValueError(f"{option}: {name!r} is a name of the library's own events")
        checked[name] = {}
        for key, kind in _check_properties(f"{option}: {name}", properties).items():
            if isinstance(kind, str):
                raise TypeError(f"{option}: {name}: {key} cannot be a copy of {kind!r}")
            checked[name][key] = kind
    return checked


def _check_arcade_context(option: str, value: object) -> object:
    if not isinstance(value, bool) and not callable(value):
        raise TypeError(f"{option} must be True, False or a function, not {type(value).__name__}")
    return value


def _check_function(option: str, value: object) -> object:
    if not callable(value):
        raise TypeError(f"{option} must be a function, not {type(value).__name__}")
    return value


def _check_rates(option: str, value: object) -> dict[str, float]:
    if not isinstance(value, Mapping):
        raise TypeError(f"{option} must be a dictionary, not {type(value).__name__}")
    for rate in value.values():
        if isinstance(rate, bool) or not isinstance(rate, int | float):
            raise TypeError(f"{option} must have numbers, not {type(rate).__name__}")
        if not 0 < rate <= 1:
            raise ValueError(f"{option} must have numbers above 0 and up to 1, not {rate!r}; to record none, use exclude")
    return {_check_command_paths(option, path)[0]: float(rate) for path, rate in value.items()}


_CHECKS: dict[str, Callable[[str, object], object]] = {
    "bool": _check_flag,
    "bool | None": _check_flag,
    "tuple[str, ...]": _check_command_paths,
    "tuple[str, ...] | None": _check_words,
    "PrincipalSource | None": _check_principal,
    "ErrorMessages": _check_error_messages,
    "float": _check_seconds,
    "float | None": _check_seconds,
    "PropertyTypes": _check_properties,
    "GroupTypes": _check_groups,
    "PersonProperties": _check_names,
    "PathPrefixes": _check_path_prefixes,
    "PropertyValues | None": _check_function,
    "SampleRates": _check_rates,
    "EventTypes": _check_events,
    "ArcadeContext": _check_arcade_context,
}
