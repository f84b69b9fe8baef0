"""Events that a program declares and tracks. The events are stored on the command's span.

The library imports this module only when a program tracks an event.
"""

from __future__ import annotations

from collections.abc import Mapping

from arcade_otel import conventions
from arcade_otel.diagnostics import debug
from arcade_otel.spans import attributes_json, json_string
from arcade_otel.spans.declared import PROPERTY_PREFIX, accept, is_free_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from arcade_otel.settings import Settings
    from arcade_otel.spans.declared import RunningCommand

__all__ = ["OwnEvent", "check", "to_json"]


class OwnEvent:
    """An event that the program has declared and tracked.

    Attributes:
        name: The name of the event, as the program declares it.
        attributes: The event's declared properties, and an attribute that marks the event as the program's own.
        time_ns: When the event happened, in nanoseconds since the epoch.
    """

    __slots__ = ("attributes", "name", "time_ns")

    def __init__(self, name: str, attributes: dict[str, str | bool | int], time_ns: int) -> None:
        self.name = name
        self.attributes = attributes
        self.time_ns = time_ns


def check(
    settings: Settings, name: object, properties: Mapping[str, object], time_ns: int, command: RunningCommand | None = None
) -> OwnEvent | None:
    """Return the event with its valid properties, or None if the program has not declared the event.

    A property is valid if the program has declared it for the event and its value has the declared type. The function skips
    invalid properties, and writes a debug line about each invalid value that is neither None nor free text.

    Args:
        settings: The program's settings.
        name: The name of the event. If the program has not declared the name, the function writes a debug line without the name.
        properties: The values that were passed to ``arcade_otel.track``.
        time_ns: When the event happened, in nanoseconds since the epoch.
        command: The command's path, and a function that returns the values of the command's parameters. These values are removed
            from free text. If ``command`` is None, free text is dropped.
    """
    if not isinstance(name, str) or name not in settings.events:
        debug("event dropped: a name that is not declared")
        return None
    name = str.__str__(name)  # a member of an enumeration is equal to its text, and formatted as another one
    kinds = settings.events[name]
    attributes: dict[str, str | bool | int] = {conventions.OWN_EVENT: True}
    if not isinstance(properties, Mapping):
        debug(f"property dropped: all of {name} ({type(properties).__name__})")
        properties = {}
    for key, value in properties.items():
        accepted = accept(kinds[key], value, command) if key in kinds else None
        if accepted is not None:
            attributes[f"{PROPERTY_PREFIX}{str.__str__(key)}"] = accepted
        elif value is not None and not (isinstance(value, str) and is_free_text(kinds.get(key))):
            what = f"{key} of {name}" if key in kinds else f"a name that is not declared for {name}"
            debug(f"property dropped: {what} ({type(value).__name__})")
    return OwnEvent(name, attributes, time_ns)


def to_json(events: Sequence[OwnEvent]) -> str:
    """Return the events as an OTLP/JSON list of span events."""
    texts = [
        f'{{"timeUnixNano":"{event.time_ns}","name":{json_string(event.name)},"attributes":{attributes_json(event.attributes)}}}'
        for event in events
    ]
    return f"[{','.join(texts)}]"
