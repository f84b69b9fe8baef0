"""Everything that can leave a machine, one record each: events, what is in them, and the attributes that other backends get.

The properties of a command's event are declared in ``arcade_otel/spans/properties.py``; this module adds what all events have.

``python -m arcade_otel.cli.manifest docs/what-we-collect.md`` writes the tables of that page; ``--check`` compares them.
Names are those of ``conventions``; the tests in ``tests/cli/manifest`` hold what really arrives against this, both ways.
"""

# Never imported while a command runs: what this says is data for people, for the manifest and for the tests.

from dataclasses import dataclass

from arcade_otel import conventions
from arcade_otel.spans import properties
from arcade_otel.spans.properties import BOOLEAN, INTEGER, NUMBER, SEMANTIC, SPECIFICATION, STRING, STRINGS

__all__ = [
    "ATTRIBUTES",
    "BOOLEAN",
    "EVENTS",
    "FIELDS",
    "INTEGER",
    "NULL",
    "NUMBER",
    "PROPERTIES",
    "REQUEST",
    "RESOURCE",
    "SCOPE",
    "STRING",
    "STRINGS",
    "Event",
    "FieldSpec",
]

NULL = "null"

# --- where a name comes from --------------------------------------------------------------------------------------------------
_OURS = properties.OURS
_POSTHOG = "PostHog"


@dataclass(frozen=True)
class Event:
    """An event.

    Attributes:
        name: Its name in PostHog.
        short: One word for it, unique.
        when: When it is sent.
        reason: What it is for.
        source: Who named it.
    """

    name: str
    short: str
    when: str
    reason: str
    source: str


@dataclass(frozen=True)
class FieldSpec:
    """A property, a field or an attribute.

    Attributes:
        name: Its name where it arrives.
        type: One of JSON's types.
        example: A value, as JSON has it but for the quotes of a string.
        reason: What it is for.
        when: When it is there; "": always.
        unit: Unit or bound of the value; "": none.
        events: Names of the events that have it; empty for attributes, and for what every event and request has.
        attribute: Attribute of the span or its resource that it is made of; "": none.
        source: Who named it.
        rare: It is seen in exceptional runs only.
    """

    name: str
    type: str
    example: str
    reason: str
    when: str = ""
    unit: str = ""
    events: tuple[str, ...] = ()
    attribute: str = ""
    source: str = _OURS
    rare: bool = False


#: The events.
EVENTS: tuple[Event, ...] = (
    Event(
        conventions.EVENT_SUCCEEDED,
        "succeeded",
        "a command ended with exit code 0",
        "which commands are used, and how long they take",
        SPECIFICATION,
    ),
    Event(
        conventions.EVENT_FAILED,
        "failed",
        "a command ended with any other exit code",
        "what goes wrong",
        SPECIFICATION,
    ),
    Event(
        conventions.EVENT_ALIAS,
        "alias",
        "an account logged in, or credentials were found: once, before the first event under the account's id",
        "joins the events under the random id to the account's",
        _POSTHOG,
    ),
    Event(
        conventions.EVENT_DOCTOR,
        "doctor",
        "a person ran `usage doctor`",
        "proves that the server takes events, and belongs to no person",
        _OURS,
    ),
)

_COMMANDS = (conventions.EVENT_SUCCEEDED, conventions.EVENT_FAILED)
_FAILED = (conventions.EVENT_FAILED,)
_ALIAS = (conventions.EVENT_ALIAS,)
_PROFILED = (*_COMMANDS, conventions.EVENT_DOCTOR)
_ALL = tuple(event.name for event in EVENTS)


def _property(row: properties.Property) -> FieldSpec:
    return FieldSpec(
        row.name,
        row.type,
        row.example,
        row.reason,
        when=row.when,
        unit=row.unit,
        events=_FAILED if row.failed_only else _COMMANDS,
        attribute=row.attribute,
        source=row.source,
        rare=row.rare,
    )


def _attributes(*, resource: bool) -> tuple[FieldSpec, ...]:
    """Return the attributes of the table of properties: those of the span, or those of its resource."""
    return tuple(
        FieldSpec(
            row.attribute,
            row.type,
            _ATTRIBUTE_EXAMPLES.get(row.attribute, row.example),
            row.reason,
            when=" and ".join(filter(None, ("if it failed" if row.failed_only else "", row.when))).replace("and if", "and"),
            unit=row.unit,
            source=row.source,
            rare=row.rare,
        )
        for row in properties.PROPERTIES
        if row.resource == resource
    )


# PostHog gets ``platform.system()``'s spelling, as Arcade's specification wants it; others the semantic conventions'.
_ATTRIBUTE_EXAMPLES = {conventions.OS_TYPE: "linux"}

#: Properties of the events. Those of commands are declared in ``arcade_otel/spans/properties.py``.
PROPERTIES: tuple[FieldSpec, ...] = (
    *(_property(row) for row in properties.PROPERTIES if row.name),
    FieldSpec("distinct_id", STRING, "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "the random id", events=_ALIAS, source=_POSTHOG),
    FieldSpec("alias", STRING, "account-7", "the account's id", events=_ALIAS, source=_POSTHOG),
    FieldSpec(
        "$process_person_profile",
        BOOLEAN,
        "false",
        "PostHog makes no profile of an anonymous id",
        when="if the id is anonymous",
        events=_PROFILED,
        attribute=conventions.IS_ANON,
        source=_POSTHOG,
    ),
    FieldSpec("$geoip_disable", BOOLEAN, "true", "PostHog derives no place from the address", events=_ALL, source=_POSTHOG),
    FieldSpec("$ip", NULL, "null", "PostHog keeps no address", events=_ALL, source=_POSTHOG),
    FieldSpec("$lib", STRING, conventions.LIB, "which library sent it", events=_ALL, source=_POSTHOG),
    FieldSpec("$lib_version", STRING, "0.1.0", "which version of it", events=_ALL, source=_POSTHOG),
)

#: Fields of every event beside its properties.
FIELDS: tuple[FieldSpec, ...] = (
    FieldSpec("event", STRING, conventions.EVENT_SUCCEEDED, "which of the events it is", source=_POSTHOG),
    FieldSpec(
        "distinct_id",
        STRING,
        "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
        "whose it is: a random id, or the account's once you log in",
        unit=f"at most {conventions.DISTINCT_ID_LIMIT} characters",
        attribute=conventions.DISTINCT_ID,
        source=_POSTHOG,
    ),
    FieldSpec("uuid", STRING, "ae9eab9b-3211-51f2-b42d-1c36b7c9afbc", "a second delivery is the same event", source=_POSTHOG),
    FieldSpec(
        "timestamp",
        STRING,
        "2026-01-31T12:00:00.123+00:00",
        "when the command began, to the millisecond",
        unit="UTC",
        source=_POSTHOG,
    ),
)

#: Fields of a request, which carries a batch of events.
REQUEST: tuple[FieldSpec, ...] = (
    FieldSpec("api_key", STRING, "phc_…", "the program's project; it can write and not read", source=_POSTHOG),
    FieldSpec("sent_at", STRING, "2026-01-31T12:00:01+00:00", "corrects a clock that is wrong", unit="UTC", source=_POSTHOG),
    FieldSpec("historical_migration", BOOLEAN, "false", "posthog's own", source=_POSTHOG),
    FieldSpec(
        "sentAt",
        STRING,
        "2026-01-31T12:00:01+00:00",
        "posthog's own",
        when="with posthog before 7",
        unit="UTC",
        source=_POSTHOG,
        rare=True,
    ),
)

#: Attributes of a command's span.
ATTRIBUTES: tuple[FieldSpec, ...] = (
    *_attributes(resource=False),
    FieldSpec(
        conventions.DISTINCT_ID,
        STRING,
        "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
        "whose it is: a random id, or the account's once you log in",
        source=SPECIFICATION,
    ),
    FieldSpec(conventions.IS_ANON, BOOLEAN, "true", "whether that id is the random one", source=SPECIFICATION),
    FieldSpec(
        conventions.POSTHOG_DISTINCT_ID,
        STRING,
        "account-7",
        "the same id, by which PostHog's OTLP endpoints find the person",
        when="OTLP only",
        source=_POSTHOG,
    ),
    FieldSpec(conventions.USER_ID, STRING, "account-7", "the account's id", when="OTLP only, once you log in", source=SEMANTIC),
    FieldSpec(
        conventions.PREVIOUS_DISTINCT_ID,
        STRING,
        "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
        "the random id that belongs to the account from here on",
        when="at a login, and where credentials were found",
        source=SPECIFICATION,
    ),
)

#: Attributes of the span's resource.
RESOURCE: tuple[FieldSpec, ...] = (
    *_attributes(resource=True),
    FieldSpec(conventions.SERVICE_NAME, STRING, "mycli", "the program, or what `OTEL_SERVICE_NAME` says", source=SEMANTIC),
    FieldSpec(conventions.TELEMETRY_SDK_NAME, STRING, "opentelemetry", "what made the span", source=SEMANTIC),
    FieldSpec(conventions.TELEMETRY_SDK_LANGUAGE, STRING, "python", "the same", source=SEMANTIC),
    FieldSpec(conventions.TELEMETRY_SDK_VERSION, STRING, "1.31.1", "the same", source=SEMANTIC),
    FieldSpec(conventions.TELEMETRY_DISTRO_NAME, STRING, conventions.LIB, "which library sent it", source=SEMANTIC),
    FieldSpec(conventions.TELEMETRY_DISTRO_VERSION, STRING, "0.1.0", "which version of it", source=SEMANTIC),
    FieldSpec(
        conventions.DISTINCT_ID,
        STRING,
        "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
        "whose the program was when it began; the span's own wins",
        when="at a login or logout",
        source=SPECIFICATION,
    ),
    FieldSpec(
        conventions.IS_ANON,
        BOOLEAN,
        "true",
        "whether that id is the random one",
        when="at a login or logout",
        source=SPECIFICATION,
    ),
)

#: Attributes of the span's scope, whose name is that of this library.
SCOPE: tuple[FieldSpec, ...] = (
    FieldSpec(
        conventions.SCOPE_LIVE,
        BOOLEAN,
        "true",
        "the command's usage event goes its own way",
        when="where the process traces itself",
    ),
)
