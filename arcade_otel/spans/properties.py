"""The properties of a command's event: each is declared here once, with the attribute that it is made of and what it is for.

The PostHog exporter makes events by this table, and the catalogue (``arcade_otel/cli/manifest/catalogue.py``) describes it to
people. To add a property, add a row here, and its value in ``command_attributes()`` of ``arcade_otel/spans/__init__.py``, or in
``enrich()`` of ``arcade_otel/handoff/enrichment.py`` if the sender can find it out. No command imports this module.
"""

from __future__ import annotations

from arcade_otel import conventions

__all__ = [
    "BOOLEAN",
    "CLI",
    "INTEGER",
    "NUMBER",
    "OURS",
    "PROPERTIES",
    "SEMANTIC",
    "SPECIFICATION",
    "STRING",
    "STRINGS",
    "Property",
]

# --- types, as JSON has them --------------------------------------------------------------------------------------------------
STRING = "string"
STRINGS = "array of strings"
INTEGER = "integer"
NUMBER = "number"
BOOLEAN = "boolean"

# --- where the name of an attribute comes from -------------------------------------------------------------------------------
SPECIFICATION = "Arcade's specification"
OURS = "arcade-otel"
CLI = "semantic conventions, CLI spans"
SEMANTIC = "semantic conventions"


class Property:
    """One property. A plain class, because ``dataclasses`` would cost a sender more than the table.

    Attributes:
        name: Its name in PostHog; "": other backends get the attribute, and PostHog does not.
        attribute: The attribute that it is made of.
        type: One of the types above. A value of another type is left out.
        example: A value, as JSON has it but for the quotes of a string.
        reason: What it is for.
        when: When it is there; "": always.
        unit: Unit or bound of the value; "": none.
        source: Who named the attribute.
        failed_only: Only the event of a failure has it.
        resource: The attribute is one of the resource, and not of the span.
        rare: It is seen in exceptional runs only.
    """

    __slots__ = ("attribute", "example", "failed_only", "name", "rare", "reason", "resource", "source", "type", "unit", "when")

    def __init__(
        self,
        name: str,
        attribute: str,
        type: str,  # noqa: A002 - the table's column
        example: str,
        reason: str,
        *,
        when: str = "",
        unit: str = "",
        source: str = OURS,
        failed_only: bool = False,
        resource: bool = False,
        rare: bool = False,
    ) -> None:
        self.name = name
        self.attribute = attribute
        self.type = type
        self.example = example
        self.reason = reason
        self.when = when
        self.unit = unit
        self.source = source
        self.failed_only = failed_only
        self.resource = resource
        self.rare = rare


#: In the order of the documentation.
PROPERTIES: tuple[Property, ...] = (
    Property(
        "command_name",
        conventions.COMMAND,
        STRING,
        "toolkit.run",
        "which commands are used; from the program's own command tree, never from what was typed",
        source=SPECIFICATION,
    ),
    Property(
        "duration",
        conventions.DURATION,
        NUMBER,
        "1250.42",
        "which commands are slow",
        unit="milliseconds",
        source=SPECIFICATION,
    ),
    Property("", conventions.PROCESS_EXECUTABLE_NAME, STRING, "mycli", "which program it is: a name, never a path", source=CLI),
    Property("", conventions.PROCESS_PID, INTEGER, "4711", "required by the conventions; PostHog never gets it", source=CLI),
    Property("exit_code", conventions.PROCESS_EXIT_CODE, INTEGER, "0", "how it ended", source=CLI),
    Property(
        "command_options",
        conventions.COMMAND_OPTIONS,
        STRINGS,
        '["--force"]',
        "which options were given: their names as the program defines them, never a value",
        when="if the program asks for them, and any was given",
    ),
    Property(
        "error_type",
        conventions.ERROR_TYPE,
        STRING,
        "ValueError",
        "what went wrong: the exception's class",
        source=SEMANTIC,
        failed_only=True,
    ),
    Property(
        "error_message",
        conventions.ERROR_MESSAGE,
        STRING,
        "cannot reach https://api.example.com",
        "what went wrong, redacted",
        when="if there is a message",
        unit=f"at most {conventions.ERROR_MESSAGE_LIMIT} characters",
        source=SEMANTIC,
        failed_only=True,
    ),
    Property(
        "cli_version",
        conventions.SERVICE_VERSION,
        STRING,
        "1.2.3",
        "which versions are in use",
        when="if it is installed, or says it",
        source=SEMANTIC,
        resource=True,
    ),
    Property(
        "python_version",
        conventions.PROCESS_RUNTIME_VERSION,
        STRING,
        "3.12.1",
        "which Pythons to support",
        source=SEMANTIC,
        resource=True,
    ),
    Property("os_type", conventions.OS_TYPE, STRING, "Linux", "which systems to support", source=SEMANTIC, resource=True),
    Property(
        "os_release", conventions.OS_VERSION, STRING, "6.8.0", "which releases of them to support", source=SEMANTIC, resource=True
    ),
    Property("arch", "host.arch", STRING, "arm64", "which architectures to build for", source=SEMANTIC, resource=True),
    Property(
        "python_implementation",
        conventions.PROCESS_RUNTIME_NAME,
        STRING,
        "cpython",
        "which Pythons to support",
        source=SEMANTIC,
        resource=True,
    ),
    Property(
        "outcome",
        "outcome",
        STRING,
        "success",
        "how it ended: `success`, `failure`, `usage_error` (a mistyped command line), `interrupted`, or `exit` (a code that the "
        "program chose)",
    ),
    Property("is_ci", conventions.IS_CI, BOOLEAN, "false", "to distinguish people from build machines"),
    Property(
        "ci",
        "ci",
        STRING,
        "github-actions",
        "which CI provider: a word of a closed table, else `other`",
        when="in continuous integration",
        rare=True,
    ),
    Property(
        "agent",
        "agent",
        STRING,
        "claude-code",
        "which coding agent ran it: a word of a closed table, else `other`",
        when="if an agent ran it",
        rare=True,
    ),
    Property(
        "interactive",
        "process.interactive",
        BOOLEAN,
        "true",
        "to distinguish people at a terminal from scripts: input and output are terminals",
        source=SEMANTIC,
    ),
    Property("container", "container", BOOLEAN, "false", "to distinguish containers from computers"),
    Property(
        "install_method",
        "install_method",
        STRING,
        "pipx",
        "how people install it: a word of a closed table, else `other`; never a path",
        when="if the program belongs to an installed distribution, or is frozen",
        rare=True,
    ),
    Property("first_run", "first_run", BOOLEAN, "false", "how many people start", when="unless the disk refuses"),
    Property(
        "previous_version",
        "previous_version",
        STRING,
        "1.2.2",
        "which versions people upgrade from",
        when="on the first run of another version",
        rare=True,
    ),
    Property(
        "$session_id",
        "session.id",
        STRING,
        "019535d9-3df7-79fb-b466-fa907fa17f9e",
        "which commands belong together: a random ID, new after 30 minutes without a command, after 24 hours and after a logout",
        when="unless the disk refuses",
        source=SEMANTIC,
    ),
    Property(
        "sample_rate",
        "sample_rate",
        NUMBER,
        "0.01",
        "which share of the runs of this command is recorded",
        when="if the program records a share only",
        rare=True,
    ),
    Property(
        "dropped_events",
        conventions.DROPPED,
        INTEGER,
        "12",
        "how many events a full queue lost before this one",
        when="if it lost any",
        rare=True,
    ),
)
