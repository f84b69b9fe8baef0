"""Check the values of the properties and groups that a program has declared.

The library imports this module only for programs that declare properties or groups.
"""

from __future__ import annotations

from arcade_otel import conventions
from arcade_otel.diagnostics import debug, guard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from arcade_otel.option_checks import PropertyType
    from arcade_otel.settings import Settings

    #: What a free text is redacted by: the command's path, and a function that returns the values of its parameters.
    RunningCommand = tuple[str, Callable[[], tuple[str, ...]] | None]

__all__ = [
    "ACTIVE_CONTEXT",
    "GROUP_PREFIX",
    "PERSON_PREFIX",
    "PROPERTY_PREFIX",
    "accept",
    "attributes",
    "is_free_text",
    "is_id",
    "resource_attributes",
]

#: Prefixes of the attributes of declared properties and groups, and of the properties that a login sets on the person.
PROPERTY_PREFIX, GROUP_PREFIX, PERSON_PREFIX = "cli.property.", "cli.group.", "cli.person."
#: Stands for the active context of Arcade's credentials in ``conventions.RESOURCE_ARCADE_CONTEXT``.
ACTIVE_CONTEXT = "(active)"
_MAX_GROUP_LENGTH = 100
_MAX_INTEGER = 2**53
_ID_SIGNS = str.maketrans("", "", "-_.:")


def attributes(
    settings: Settings, given: Mapping[str, object], *, login: bool = False, command: RunningCommand | None = None
) -> dict[str, str | bool | int]:
    """Return the attributes for all valid values of properties and groups.

    A value is valid if the program has declared its name and the value has the declared type. The function skips invalid values,
    and writes a debug line about each invalid value that is neither None nor free text.

    Args:
        settings: The program's settings.
        given: The values that were passed to ``arcade_otel.set_property``. Values from ``set_property`` take precedence over the
            values that the program's function ``property_values`` returns.
        login: Whether the command was a login. A login also sets the properties in ``settings.person_properties`` on the person
            in PostHog.
        command: The command's path, and a function that returns the values of the command's parameters. These values are removed
            from free text. If ``command`` is None, free text is dropped.
    """
    values: dict[str, object] = {}
    if settings.property_values is not None:
        with guard("the function of property_values"):
            values.update(settings.property_values())
    values.update(given)
    found: dict[str, str | bool | int] = {}
    for key, value in values.items():
        # A member of a ``StrEnum`` is equal to its text, and can be formatted as another one.
        name = str.__str__(key) if isinstance(key, str) else key
        if name in settings.groups and is_id(value):
            found[f"{GROUP_PREFIX}{name}"] = str.__str__(value)
        elif name in settings.properties and (accepted := accept(settings.properties[name], value, command)) is not None:
            found[f"{PROPERTY_PREFIX}{name}"] = accepted
            if login and name in settings.person_properties:
                found[f"{PERSON_PREFIX}{name}"] = accepted
        elif value is not None and not (isinstance(value, str) and is_free_text(settings.properties.get(name))):
            declared = name in settings.properties or name in settings.groups
            debug(f"property dropped: {name if declared else 'a name that is not declared'} ({type(value).__name__})")
    return found


def resource_attributes(settings: Settings) -> dict[str, str]:
    """Return the resource attributes that tell the sender how to fill in some of the declared properties.

    The attribute ``conventions.RESOURCE_COPIES`` lists the declared properties whose values the sender copies from this library's
    properties. The attribute ``conventions.RESOURCE_ARCADE_CONTEXT`` names a context in Arcade's credentials, from which the
    sender reads the IDs of the organization and the project.
    """
    found: dict[str, str] = {}
    copies = [f"{name}={kind}" for name, kind in settings.properties.items() if isinstance(kind, str)]
    if copies:
        found[conventions.RESOURCE_COPIES] = " ".join(copies)
    if callable(settings.arcade_context):
        with guard("the function of arcade_context"):
            name = settings.arcade_context()
            found[conventions.RESOURCE_ARCADE_CONTEXT] = str(name or ACTIVE_CONTEXT)
    elif settings.arcade_context:
        found[conventions.RESOURCE_ARCADE_CONTEXT] = ACTIVE_CONTEXT
    return found


def accept(kind: PropertyType | str, value: object, command: RunningCommand | None) -> str | bool | int | None:
    """Return ``value`` if it is valid for the declared type ``kind``. Otherwise, return None.

    If ``kind`` is a ``FreeText``, the function returns the redacted text, or None if ``command`` is None.

    If ``kind`` is a tuple of words, ``value`` must be one of them. The function returns the word from the tuple instead of
    ``value``, which may be an enum member that equals the word but is formatted differently.
    """
    if is_free_text(kind):
        if command is None:
            return None
        from arcade_otel.spans import free_text

        return free_text.redact(value, *command)
    if isinstance(kind, tuple):
        return kind[kind.index(value)] if isinstance(value, str) and value in kind else None
    if type(value) is not kind or not (kind is bool or -_MAX_INTEGER <= value <= _MAX_INTEGER):  # type: ignore[operator]
        return None
    return value  # type: ignore[return-value]  # a bool or an int


def is_free_text(kind: object) -> bool:
    """Return whether a declared type is a ``FreeText``.

    The function does not import ``FreeText``, so programs without free text do not spend time on the import.
    """
    return type(kind).__name__ == "FreeText"


def is_id(value: object) -> bool:
    """Return whether ``value`` looks like an ID: at most 100 ASCII letters, digits and the characters ``-_.:``."""
    return isinstance(value, str) and value.isascii() and len(value) <= _MAX_GROUP_LENGTH and value.translate(_ID_SIGNS).isalnum()
