"""The names that other programs see: attributes, events, properties, environment variables and scopes."""

# Names are kept as plain module constants, not enums: this module is imported on the foreground path of every command.

from arcade_otel import (
    ENV_DO_NOT_TRACK as ENV_DO_NOT_TRACK,  # noqa: PLC0414 - these names belong to this module, too
    ENV_SDK_DISABLED as ENV_SDK_DISABLED,  # noqa: PLC0414
    ENV_TRACKING as ENV_TRACKING,  # noqa: PLC0414
    ENV_WORK_DIR as ENV_WORK_DIR,  # noqa: PLC0414
)

__version__ = "0.1.0"

#: Name of the instrumentation scope. The PostHog exporter takes spans of this scope only.
SCOPE = "arcade_otel"
#: Schema of the names that are the semantic conventions' own. The sender puts it on the scope and the resource of commands' spans
#: for OTLP. It is never on the resource in a command's process: the SDK drops attributes when it merges resources with two
#: schemas.
SCHEMA_URL = "https://opentelemetry.io/schemas/1.37.0"

#: Attribute (true) of the scope of a live span. The usage event of the command is delivered separately, so no exporter may make
#: a second one of this span.
SCOPE_LIVE = "arcade_otel.live"

# --- attributes of the command's span -------------------------------------------------------------------------------
#: Path in the command tree, joined by dots (``toolkit.run``); "" if no command was reached. It becomes ``command_name``, which
#: the released Arcade CLI reports.
COMMAND = "command"
#: Names of the options that were used, as the program defines them (strings). Only present if the program asks for them.
COMMAND_OPTIONS = "command_options"
#: How long the command took, in milliseconds (float): the span's ``end - start`` in the unit that the Arcade CLI reports.
DURATION = "duration"
#: The person of the event: the ID of a principal, or an anonymous ID. The attribute of a span takes precedence over that of its
#: resource. Source: PostHog (https://posthog.com/docs/getting-started/identify-users).
DISTINCT_ID = "distinct_id"
#: True if ``distinct_id`` is an anonymous ID. The event is then sent with ``$process_person_profile: false``, so that PostHog
#: makes no person of it (https://posthog.com/docs/data/anonymous-vs-identified-events).
IS_ANON = "is_anon"
#: The same ID for receivers of OTLP: ``user.id`` (semantic conventions, registry ``user``) for an account, never for an anonymous
#: ID, and ``posthogDistinctId``, by which PostHog's OTLP endpoints attribute a span to a person
#: (https://posthog.com/docs/logs/link-person). Never part of PostHog's events.
USER_ID = "user.id"
POSTHOG_DISTINCT_ID = "posthogDistinctId"
#: The anonymous ID that must be aliased to ``distinct_id`` before the event of this span. It is an attribute, so that the
#: pending alias survives together with the span.
PREVIOUS_DISTINCT_ID = "previous_distinct_id"
#: Base name of the program. Source: semantic conventions, CLI spans (required).
PROCESS_EXECUTABLE_NAME = "process.executable.name"
#: Exit code of the program (int). Source: semantic conventions, CLI spans (required).
PROCESS_EXIT_CODE = "process.exit.code"
#: Process id (int). Source: semantic conventions, CLI spans (required); never sent to PostHog.
PROCESS_PID = "process.pid"
#: Qualified name of the exception's class, or "_OTHER". Source: semantic conventions; only if the exit code is not 0.
ERROR_TYPE = "error.type"
#: Redacted message, at most 300 characters. Source: semantic conventions, ``error.message``; only if the command failed.
ERROR_MESSAGE = "error.message"
#: True if the command ran in continuous integration (``CI`` is set and not false).
IS_CI = "is_ci"
#: How many spans were dropped from a full queue and not yet reported by an earlier span (int).
DROPPED = "arcade_otel.dropped"

#: Attribute (true) of a span event that is an event of the program's own (``arcade_otel.track``), which becomes an event in
#: PostHog. No other span event does, for example no exception.
OWN_EVENT = "arcade_otel.event"

# --- attributes of the resource -------------------------------------------------------------------------------------
SERVICE_NAME = "service.name"
SERVICE_VERSION = "service.version"
TELEMETRY_SDK_NAME = "telemetry.sdk.name"
TELEMETRY_SDK_LANGUAGE = "telemetry.sdk.language"
TELEMETRY_SDK_VERSION = "telemetry.sdk.version"
TELEMETRY_DISTRO_NAME = "telemetry.distro.name"
TELEMETRY_DISTRO_VERSION = "telemetry.distro.version"
PROCESS_RUNTIME_NAME = "process.runtime.name"
PROCESS_RUNTIME_VERSION = "process.runtime.version"
OS_TYPE = "os.type"
OS_VERSION = "os.version"
#: Prefix of attributes that are meant for the sender. Other exporters than PostHog's never see them. All values are strings.
RESOURCE_PRIVATE_PREFIX = "arcade_otel."
RESOURCE_API_KEY = "arcade_otel.posthog_api_key"
RESOURCE_HOST = "arcade_otel.posthog_host"
#: Name of the distribution whose version the sender looks up (importlib.metadata is too slow for the foreground).
RESOURCE_DISTRIBUTION = "arcade_otel.distribution"
#: The source of the principal: the name of an entry point in the group of this name, or ``(program)``, which only the program
#: itself can ask. If it is absent, Arcade's credentials and API are the source. It never names code, because a stranger who can
#: write into the queue must not choose what the sender runs.
RESOURCE_PRINCIPAL = "arcade_otel.principal"
#: The context of Arcade's credentials whose organization and project the sender adds: a name, or ``credentials.ACTIVE_CONTEXT``.
#: Only present if the program asks for it (``arcade_context``).
RESOURCE_ARCADE_CONTEXT = "arcade_otel.arcade_context"
#: The copies that the program declares of this library's properties: ``new=ours`` pairs, joined by spaces.
RESOURCE_COPIES = "arcade_otel.copies"
#: Present ("1") on the test event of ``usage doctor``, which becomes ``EVENT_DOCTOR`` and has no data about the machine.
RESOURCE_DOCTOR = "arcade_otel.doctor"
#: Present ("1") on the span of a command that has begun (``record_start``), which becomes ``EVENT_STARTED``.
RESOURCE_STARTED = "arcade_otel.started"
#: Present ("1") on a span with events that a server tracked while it ran. It becomes only these events, and none of a command.
RESOURCE_EVENTS_ONLY = "arcade_otel.events_only"
#: Present ("1") on a usage event that only PostHog may get, because the trace of the command is exported separately or was not
#: sampled.
RESOURCE_USAGE_ONLY = "arcade_otel.usage_only"

# --- PostHog --------------------------------------------------------------------------------------------------------
EVENT_SUCCEEDED = "CLI execution succeeded"
EVENT_FAILED = "CLI execution failed"
#: A command that the program names by ``record_start`` has begun.
EVENT_STARTED = "CLI execution started"
EVENT_ALIAS = "$create_alias"
#: The test event of ``usage doctor``. It has a temporary ID and belongs to no person.
EVENT_DOCTOR = "arcade-otel doctor"
#: Address of PostHog, unless the program or the user names another one.
DEFAULT_POSTHOG_HOST = "https://us.i.posthog.com"
LIB = "arcade-otel"

#: Version of the notice. It is raised when more is collected, and every user then sees the notice again.
NOTICE_VERSION = 2

# --- environment variables ------------------------------------------------------------------------------------------
# The variables of consent are in ``arcade_otel/__init__.py``: a user who opted out pays for no other module. ``make catalogue``
# makes docs/reference/environment.md of these comments: type, default, effect, and for internal variables "Internal."
#: Type: text. Default: the program's `posthog_api_key`. Effect: sets the key of the PostHog project to which the events are sent.
#: For example, if you set the key of a test project, the events are sent to that project.
ENV_API_KEY = "ARCADE_USAGE_POSTHOG_API_KEY"
#: Type: URL. Default: the program's `posthog_host`. Effect: sets the address of the PostHog server to which the events are sent,
#: or of a proxy that you run in front of PostHog.
ENV_HOST = "ARCADE_USAGE_POSTHOG_HOST"
#: Type: OTLP/JSON. Default: set by the command. Effect: contains the span that the command passes to the sender. Internal.
ENV_EVENT_DATA = "ARCADE_USAGE_EVENT_DATA"
#: Type: path. Default: set by the command. Effect: contains the sender's config directory. If `ARCADE_USAGE_SENDER` is set, a
#: process records nothing and starts no sender. `arcade-otel manifest` sets `ARCADE_USAGE_SENDER` while it imports a program, so
#: that the import records nothing. Internal.
ENV_SENDER = "ARCADE_USAGE_SENDER"
#: Type: seconds. Default: `2`. Effect: sets how long a sender with an empty queue waits for more spans before it exits.
#: Commands that start within this time of each other share one sender.
ENV_IDLE = "ARCADE_USAGE_IDLE_SECONDS"
#: Type: seconds, at most 10. Default: the program's `wait_seconds`, or `0`. Effect: sets how long a command waits, at
#: most, for the delivery of its event before it exits. Set `ARCADE_USAGE_WAIT_SECONDS` in containers that end with the command.
ENV_WAIT = "ARCADE_USAGE_WAIT_SECONDS"
#: Type: `v0` or `v1`. Default: `v0`. Effect: sets the version of PostHog's capture protocol that a sender tries first.
ENV_PROTOCOL = "ARCADE_USAGE_POSTHOG_PROTOCOL"
#: Type: `1` or an absolute path. Default: not set. Effect: with `ARCADE_USAGE_DEBUG=1`, the command logs its actions and problems
#: on stderr, but the sender does not. If you set `ARCADE_USAGE_DEBUG` to a path, the command and the sender append
#: their log lines to that file.
ENV_DEBUG = "ARCADE_USAGE_DEBUG"
#: Type: `1`. Default: not set. Effect: with `ARCADE_USAGE_STRICT=1`, the library re-raises the exceptions that it otherwise
#: swallows, except `OSError`. Internal: this library's tests.
ENV_STRICT = "ARCADE_USAGE_STRICT"
#: Type: names, separated by commas. Default: `posthog`. Effect: lists the exporters that get the spans, such as `posthog,otlp`.
#: With `OTEL_TRACES_EXPORTER=none`, no exporter gets spans. If you have set an OTLP endpoint and installed an OTLP exporter, the
#: default is `posthog,otlp`. Source: OpenTelemetry.
ENV_TRACES_EXPORTER = "OTEL_TRACES_EXPORTER"

#: Maximum length of an error message, in characters. That is enough to recognize the error.
ERROR_MESSAGE_LIMIT = 300
#: Maximum length of a property that the program declares as ``FreeText``, in characters.
FREE_TEXT_LIMIT = 300
#: Maximum length of a distinct ID. PostHog cuts longer ones, so that two long IDs could become one person. Source: PostHog,
#: ``rust/common/types/src/event.rs`` (https://github.com/PostHog/posthog).
DISTINCT_ID_LIMIT = 200
