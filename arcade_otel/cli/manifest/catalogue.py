"""Everything that can leave a machine, one record each: events, what is in them, and the attributes that other backends get.

``python -m arcade_otel.cli.manifest docs/what-we-collect.md`` writes the tables of that page; ``--check`` compares them.
Names are those of ``conventions``; the tests in ``tests/cli/manifest`` hold what really arrives against this, both ways.
"""

# Never imported while a command runs: what this says is data for people, for the manifest and for the tests.

from dataclasses import dataclass

from arcade_otel import conventions

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

# --- types, as JSON has them --------------------------------------------------------------------------------------------------
STRING = "string"
STRINGS = "array of strings"
INTEGER = "integer"
NUMBER = "number"
BOOLEAN = "boolean"
NULL = "null"

# --- where a name comes from --------------------------------------------------------------------------------------------------
_SPECIFICATION = "Arcade's specification"
_OURS = "arcade-otel"
_CLI = "semantic conventions, CLI spans"
_SEMANTIC = "semantic conventions"
_POSTHOG = "PostHog"
_SDK = "OpenTelemetry SDK"


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
        _SPECIFICATION,
    ),
    Event(
        conventions.EVENT_FAILED,
        "failed",
        "a command ended with any other exit code",
        "what goes wrong",
        _SPECIFICATION,
    ),
    Event(
        conventions.EVENT_ALIAS,
        "alias",
        "somebody logged in, or credentials were found: once, before the first event under the account's id",
        "joins the events under the random id to the account's",
        _POSTHOG,
    ),
    Event(
        conventions.EVENT_DOCTOR,
        "doctor",
        "a person ran `usage doctor`",
        "proves that the server takes events; it is nobody's",
        _OURS,
    ),
)

_COMMANDS = (conventions.EVENT_SUCCEEDED, conventions.EVENT_FAILED)
_FAILED = (conventions.EVENT_FAILED,)
_ALIAS = (conventions.EVENT_ALIAS,)
_PROFILED = (*_COMMANDS, conventions.EVENT_DOCTOR)
_ALL = tuple(event.name for event in EVENTS)

#: Properties of the events.
PROPERTIES: tuple[FieldSpec, ...] = (
    FieldSpec(
        "command_name",
        STRING,
        "toolkit.run",
        "which commands are used; from the program's own command tree, never from what was typed",
        events=_COMMANDS,
        attribute=conventions.COMMAND,
        source=_SPECIFICATION,
    ),
    FieldSpec(
        "duration",
        NUMBER,
        "1250.42",
        "which commands are slow",
        unit="milliseconds",
        events=_COMMANDS,
        attribute=conventions.DURATION,
        source=_SPECIFICATION,
    ),
    FieldSpec(
        "exit_code",
        INTEGER,
        "0",
        "how it ended",
        events=_COMMANDS,
        attribute=conventions.PROCESS_EXIT_CODE,
    ),
    FieldSpec(
        "command_options",
        STRINGS,
        '["--force"]',
        "which options were given: their names as the program defines them, never a value",
        when="if the program asks for them, and any was given",
        events=_COMMANDS,
        attribute=conventions.COMMAND_OPTIONS,
    ),
    FieldSpec(
        "error_type",
        STRING,
        "ValueError",
        "what went wrong: the exception's class",
        events=_FAILED,
        attribute=conventions.ERROR_TYPE,
    ),
    FieldSpec(
        "error_message",
        STRING,
        "cannot reach https://api.example.com",
        "what went wrong, redacted",
        when="if there is a message",
        unit=f"at most {conventions.ERROR_MESSAGE_LIMIT} characters",
        events=_FAILED,
        attribute=conventions.ERROR_MESSAGE,
        source=_SPECIFICATION,
    ),
    FieldSpec(
        "cli_version",
        STRING,
        "1.2.3",
        "which versions are in use",
        when="if it is installed, or says it",
        events=_COMMANDS,
        attribute=conventions.SERVICE_VERSION,
        source=_SPECIFICATION,
    ),
    FieldSpec(
        "python_version",
        STRING,
        "3.12.1",
        "which Pythons to support",
        events=_COMMANDS,
        attribute=conventions.PROCESS_RUNTIME_VERSION,
        source=_SPECIFICATION,
    ),
    FieldSpec(
        "os_type",
        STRING,
        "Linux",
        "which systems to support",
        events=_COMMANDS,
        attribute=conventions.OS_TYPE,
        source=_SPECIFICATION,
    ),
    FieldSpec(
        "os_release",
        STRING,
        "6.8.0",
        "which releases of them to support",
        events=_COMMANDS,
        attribute=conventions.OS_VERSION,
        source=_SPECIFICATION,
    ),
    FieldSpec(
        "is_ci",
        BOOLEAN,
        "false",
        "to tell people from build machines",
        events=_COMMANDS,
        attribute=conventions.IS_CI,
    ),
    FieldSpec(
        "dropped_events",
        INTEGER,
        "12",
        "how many events a full queue lost before this one",
        when="if it lost any",
        events=_COMMANDS,
        attribute=conventions.DROPPED,
        rare=True,
    ),
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
    FieldSpec("timestamp", STRING, "2026-01-31T12:00:00.123456+00:00", "when the command began", unit="UTC", source=_POSTHOG),
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
    FieldSpec(conventions.COMMAND, STRING, "toolkit.run", "which command it is", source=_SPECIFICATION),
    FieldSpec(conventions.DURATION, NUMBER, "1250.42", "how long it took", unit="milliseconds", source=_SPECIFICATION),
    FieldSpec(
        conventions.DISTINCT_ID,
        STRING,
        "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
        "whose it is: a random id, or the account's once you log in",
        source=_SPECIFICATION,
    ),
    FieldSpec(conventions.IS_ANON, BOOLEAN, "true", "whether that id is the random one", source=_SPECIFICATION),
    FieldSpec(
        conventions.PREVIOUS_DISTINCT_ID,
        STRING,
        "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
        "the random id that belongs to the account from here on",
        when="at a login, and where credentials were found",
        source=_SPECIFICATION,
    ),
    FieldSpec(conventions.PROCESS_EXECUTABLE_NAME, STRING, "mycli", "which program it is: a name, never a path", source=_CLI),
    FieldSpec(conventions.PROCESS_PID, INTEGER, "4711", "required by the conventions; PostHog never gets it", source=_CLI),
    FieldSpec(conventions.PROCESS_EXIT_CODE, INTEGER, "0", "how it ended", source=_CLI),
    FieldSpec(
        conventions.COMMAND_OPTIONS,
        STRINGS,
        '["--force"]',
        "which options were given: their names as the program defines them, never a value",
        when="if the program asks for them, and any was given",
    ),
    FieldSpec(conventions.ERROR_TYPE, STRING, "ValueError", "the exception's class", when="if it failed", source=_SEMANTIC),
    FieldSpec(
        conventions.ERROR_MESSAGE,
        STRING,
        "cannot reach https://api.example.com",
        "what went wrong, redacted",
        when="if it failed and there is a message",
        unit=f"at most {conventions.ERROR_MESSAGE_LIMIT} characters",
        source=_SEMANTIC,
    ),
    FieldSpec(conventions.IS_CI, BOOLEAN, "false", "to tell people from build machines"),
    FieldSpec(
        conventions.DROPPED,
        INTEGER,
        "12",
        "how many spans a full queue lost before this one",
        when="if it lost any",
        rare=True,
    ),
)

#: Attributes of the span's resource.
RESOURCE: tuple[FieldSpec, ...] = (
    FieldSpec(conventions.SERVICE_NAME, STRING, "mycli", "the program, or what `OTEL_SERVICE_NAME` says", source=_SEMANTIC),
    FieldSpec(
        conventions.SERVICE_VERSION,
        STRING,
        "1.2.3",
        "which versions are in use",
        when="if it is installed, or says it",
        source=_SEMANTIC,
    ),
    FieldSpec(conventions.TELEMETRY_SDK_NAME, STRING, "opentelemetry", "what made the span", source=_SEMANTIC),
    FieldSpec(conventions.TELEMETRY_SDK_LANGUAGE, STRING, "python", "the same", source=_SEMANTIC),
    FieldSpec(conventions.TELEMETRY_SDK_VERSION, STRING, "1.31.1", "the same", source=_SEMANTIC),
    FieldSpec(conventions.TELEMETRY_DISTRO_NAME, STRING, conventions.LIB, "which library sent it", source=_SEMANTIC),
    FieldSpec(conventions.TELEMETRY_DISTRO_VERSION, STRING, "0.1.0", "which version of it", source=_SEMANTIC),
    FieldSpec(conventions.PROCESS_RUNTIME_NAME, STRING, "cpython", "which Pythons to support", source=_SEMANTIC),
    FieldSpec(conventions.PROCESS_RUNTIME_VERSION, STRING, "3.12.1", "the same", source=_SEMANTIC),
    FieldSpec(conventions.OS_TYPE, STRING, "linux", "which systems to support", source=_SEMANTIC),
    FieldSpec(conventions.OS_VERSION, STRING, "6.8.0", "which releases of them to support", source=_SEMANTIC),
    FieldSpec(
        conventions.DISTINCT_ID,
        STRING,
        "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
        "whose the program was when it began; the span's own wins",
        when="at a login or logout",
        source=_SPECIFICATION,
    ),
    FieldSpec(
        conventions.IS_ANON,
        BOOLEAN,
        "true",
        "whether that id is the random one",
        when="at a login or logout",
        source=_SPECIFICATION,
    ),
    FieldSpec(
        "service.instance.id",
        STRING,
        "b7ff9f73-1921-442d-95be-d71a0d070bc7",
        "a new random id in each process",
        when="by newer SDKs, where the process traces itself",
        source=_SDK,
        rare=True,
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
