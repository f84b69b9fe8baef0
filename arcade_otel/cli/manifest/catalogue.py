"""The catalogue contains one record for each event, property and attribute that the library can send.

The properties of a command's event are declared in ``arcade_otel/spans/properties.py``. The catalogue also contains the
properties that PostHog defines, the fields of events and requests, and the attributes for other backends.

``python -m arcade_otel.cli.manifest docs/what-we-collect.md`` updates the tables on that page from the catalogue. With
``--check``, the command only compares the tables with the catalogue.

The tests in ``tests/cli/manifest`` compare the catalogue with the events that a test server receives. The tests fail if an event
contains a property that is not in the catalogue, or if the catalogue contains a property that no event contains.
"""

# No command imports this module while it runs. The strings are for the documentation, the manifest and the tests.

from dataclasses import dataclass

from arcade_otel import conventions
from arcade_otel.spans import properties
from arcade_otel.spans.properties import BOOLEAN, INTEGER, NUMBER, SEMANTIC, SPECIFICATION, STRING, STRINGS

__all__ = [
    "ATTRIBUTES",
    "BOOLEAN",
    "COMMAND_EVENTS",
    "EVENTS",
    "FIELDS",
    "INTEGER",
    "NULL",
    "NUMBER",
    "PROPERTIES",
    "REQUEST",
    "RESOURCE",
    "SCOPE",
    "SPAN_EVENT",
    "STRING",
    "STRINGS",
    "Event",
    "FieldSpec",
    "is_of_own_events",
]

NULL = "null"

# --- where a name comes from --------------------------------------------------------------------------------------------------
_OURS = properties.OURS
_POSTHOG = "PostHog"


@dataclass(frozen=True)
class Event:
    """An event that the library can send.

    Attributes:
        name: The name of the event in PostHog.
        short: A unique word that stands for this event in the tables of properties, for example "failed".
        when: What causes the library to send the event.
        reason: What the event is for.
        source: Who defined the event's name.
    """

    name: str
    short: str
    when: str
    reason: str
    source: str


@dataclass(frozen=True)
class FieldSpec:
    """A property, a field or an attribute that the library can send.

    Attributes:
        name: The name under which the value is sent.
        type: The value's JSON type.
        example: An example value in JSON, but without quotes if it is a string.
        reason: What the value is for, or what it contains.
        when: The condition under which the value is sent, or "" if it is always sent.
        unit: The unit or limit of the value, or "" if it has none.
        events: Names of the events that contain the property, or () if the value is an attribute or a field.
        attribute: The attribute of the span or its resource from which the property is made, or "" if there is none.
        source: Who defined the name.
        rare: Whether the value is sent only in special cases, such as in continuous integration.
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
        "A command ended with exit code 0",
        "The maintainers see which commands people use, and how long the commands take",
        SPECIFICATION,
    ),
    Event(
        conventions.EVENT_FAILED,
        "failed",
        "A command ended with an exit code other than 0",
        "The maintainers see what goes wrong",
        SPECIFICATION,
    ),
    Event(
        conventions.EVENT_STARTED,
        "started",
        "A command began, and `record_start=` names the command",
        "The maintainers see which server commands people start, even if the server is killed and sends no other event",
        _OURS,
    ),
    Event(
        conventions.EVENT_ALIAS,
        "alias",
        "You logged in, or the sender found your credentials. The alias is sent before the first event under your account's ID",
        "PostHog attributes the events under your random ID to your account",
        _POSTHOG,
    ),
    Event(
        conventions.EVENT_DOCTOR,
        "doctor",
        "You ran `usage doctor`",
        "The event shows whether the server accepts events, and is not attributed to you",
        _OURS,
    ),
)

_ENDED = (conventions.EVENT_SUCCEEDED, conventions.EVENT_FAILED)
#: Names of the events of commands.
COMMAND_EVENTS = (*_ENDED, conventions.EVENT_STARTED)
_FAILED = (conventions.EVENT_FAILED,)
_ALIAS = (conventions.EVENT_ALIAS,)
_PROFILED = (*COMMAND_EVENTS, conventions.EVENT_DOCTOR)
_ALL = tuple(event.name for event in EVENTS)


def _property(row: properties.Property) -> FieldSpec:
    return FieldSpec(
        row.name,
        row.type,
        row.example,
        row.reason,
        when=row.when,
        unit=row.unit,
        events=_FAILED if row.failed_only else _ENDED if row.ended_only else COMMAND_EVENTS,
        attribute=row.attribute,
        source=row.source,
        rare=row.rare,
    )


def _attributes(*, resource: bool) -> tuple[FieldSpec, ...]:
    """Return the attributes of the resource if ``resource`` is True, otherwise those of the span."""
    return tuple(
        FieldSpec(
            row.attribute,
            row.type,
            _ATTRIBUTE_EXAMPLES.get(row.attribute, row.example),
            row.reason,
            when=" and ".join(filter(None, ("if the command failed" if row.failed_only else "", row.when))).replace(
                "and if", "and"
            ),
            unit=row.unit,
            source=row.source,
            rare=row.rare,
        )
        for row in properties.PROPERTIES
        if row.resource == resource
    )


def is_of_own_events(entry: FieldSpec) -> bool:
    """Return whether the property is sent with the events that a program tracks (``arcade_otel.track``)."""
    rows = {row.name: row.of_own_events for row in properties.PROPERTIES}
    return rows.get(entry.name, conventions.EVENT_STARTED in entry.events)


# PostHog gets ``platform.system()``'s spelling, as Arcade's specification wants it; others the semantic conventions'.
_ATTRIBUTE_EXAMPLES = {conventions.OS_TYPE: "linux"}

#: Properties of the events. Those of commands are declared in ``arcade_otel/spans/properties.py``.
PROPERTIES: tuple[FieldSpec, ...] = (
    *(_property(row) for row in properties.PROPERTIES if row.name),
    FieldSpec("distinct_id", STRING, "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "The random ID", events=_ALIAS, source=_POSTHOG),
    FieldSpec("alias", STRING, "account-7", "The account's ID", events=_ALIAS, source=_POSTHOG),
    FieldSpec(
        "$process_person_profile",
        BOOLEAN,
        "false",
        "Tells PostHog not to make a profile for an anonymous ID",
        when="if the ID is anonymous",
        events=_PROFILED,
        attribute=conventions.IS_ANON,
        source=_POSTHOG,
    ),
    FieldSpec(
        "$geoip_disable",
        BOOLEAN,
        "true",
        "Tells PostHog not to derive a location from your IP address",
        events=_ALL,
        source=_POSTHOG,
    ),
    FieldSpec("$ip", NULL, "null", "Prevents PostHog from adding your IP address to the event", events=_ALL, source=_POSTHOG),
    FieldSpec("$lib", STRING, conventions.LIB, "The name of this library", events=_ALL, source=_POSTHOG),
    FieldSpec("$lib_version", STRING, "0.1.0", "The version of this library", events=_ALL, source=_POSTHOG),
)

#: Fields of every event, next to its properties.
FIELDS: tuple[FieldSpec, ...] = (
    FieldSpec("event", STRING, conventions.EVENT_SUCCEEDED, "The name of the event", source=_POSTHOG),
    FieldSpec(
        "distinct_id",
        STRING,
        "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
        "Your ID: a random ID until you log in, and then your account's ID",
        unit=f"at most {conventions.DISTINCT_ID_LIMIT} characters",
        attribute=conventions.DISTINCT_ID,
        source=_POSTHOG,
    ),
    FieldSpec(
        "uuid",
        STRING,
        "ae9eab9b-3211-51f2-b42d-1c36b7c9afbc",
        "The event's ID, which lets PostHog recognize a second delivery of the same event",
        source=_POSTHOG,
    ),
    FieldSpec(
        "timestamp",
        STRING,
        "2026-01-31T12:00:00.123+00:00",
        "The time when the command began, or when the program tracked the event, to the millisecond",
        unit="UTC",
        source=_POSTHOG,
    ),
)

#: Fields of a request, which carries a batch of events.
REQUEST: tuple[FieldSpec, ...] = (
    FieldSpec(
        "api_key",
        STRING,
        "phc_…",
        "The key of the program's PostHog project. The key allows sending events, but not reading them",
        source=_POSTHOG,
    ),
    FieldSpec(
        "sent_at",
        STRING,
        "2026-01-31T12:00:01+00:00",
        "The time of the request, which PostHog uses to correct the time of your events if your clock is wrong",
        unit="UTC",
        source=_POSTHOG,
    ),
    FieldSpec(
        "historical_migration", BOOLEAN, "false", "Always `false`, as in the requests of PostHog's own client", source=_POSTHOG
    ),
)

#: Attributes of a command's span.
ATTRIBUTES: tuple[FieldSpec, ...] = (
    *_attributes(resource=False),
    FieldSpec(
        conventions.DISTINCT_ID,
        STRING,
        "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
        "Your ID: a random ID until you log in, and then your account's ID",
        source=SPECIFICATION,
    ),
    FieldSpec(
        conventions.IS_ANON,
        BOOLEAN,
        "true",
        "True if `distinct_id` is the random ID, and false if it is your account's ID",
        source=SPECIFICATION,
    ),
    FieldSpec(
        conventions.POSTHOG_DISTINCT_ID,
        STRING,
        "account-7",
        "The same ID as `distinct_id`. PostHog's OTLP endpoints identify you by `posthogDistinctId`",
        when="to OTLP backends only",
        source=_POSTHOG,
    ),
    FieldSpec(
        conventions.USER_ID,
        STRING,
        "account-7",
        "Your account's ID",
        when="to OTLP backends only, after you have logged in",
        source=SEMANTIC,
    ),
    FieldSpec(
        conventions.PREVIOUS_DISTINCT_ID,
        STRING,
        "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
        "The random ID of your earlier events, which PostHog now attributes to your account",
        when="at a login, and when the sender finds your credentials",
        source=SPECIFICATION,
    ),
)

#: Attributes of the span's resource.
RESOURCE: tuple[FieldSpec, ...] = (
    *_attributes(resource=True),
    FieldSpec(
        conventions.SERVICE_NAME,
        STRING,
        "mycli",
        "The name of the program, unless the variable `OTEL_SERVICE_NAME` contains another name",
        source=SEMANTIC,
    ),
    FieldSpec(
        conventions.TELEMETRY_SDK_NAME,
        STRING,
        "opentelemetry",
        "The library that made the span: `opentelemetry` if it was the OpenTelemetry SDK, and otherwise `arcade_otel`",
        source=SEMANTIC,
    ),
    FieldSpec(
        conventions.TELEMETRY_SDK_LANGUAGE,
        STRING,
        "python",
        "The programming language of the SDK or library that made the span",
        source=SEMANTIC,
    ),
    FieldSpec(
        conventions.TELEMETRY_SDK_VERSION,
        STRING,
        "1.31.1",
        "The version of the SDK or library that made the span",
        source=SEMANTIC,
    ),
    FieldSpec(conventions.TELEMETRY_DISTRO_NAME, STRING, conventions.LIB, "The name of this library", source=SEMANTIC),
    FieldSpec(conventions.TELEMETRY_DISTRO_VERSION, STRING, "0.1.0", "The version of this library", source=SEMANTIC),
    FieldSpec(
        conventions.DISTINCT_ID,
        STRING,
        "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
        "Your ID before the login or logout. The span's `distinct_id` takes precedence over that of the resource",
        when="at a login or logout",
        source=SPECIFICATION,
    ),
    FieldSpec(
        conventions.IS_ANON,
        BOOLEAN,
        "true",
        "True if the resource's `distinct_id` is the random ID, and false if it is your account's ID",
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
        "Always true. Marks a live span, which the OpenTelemetry SDK makes when the command begins. The usage event does not"
        " depend on the live span",
        when="if the command has a live span",
    ),
)

#: Attributes of a span event of a command's span, which is an event that the program tracks.
SPAN_EVENT: tuple[FieldSpec, ...] = (
    FieldSpec(
        conventions.OWN_EVENT,
        BOOLEAN,
        "true",
        "Always true. Marks a tracked event. Every other attribute of the event is a property that the program declares",
        when="if the program tracks events",
    ),
)
