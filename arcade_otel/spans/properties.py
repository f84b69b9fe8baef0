"""The properties of a command's event. The table ``PROPERTIES`` declares each property with its attribute and its purpose.

The PostHog exporter uses the table to make events, and the catalogue (``arcade_otel/cli/manifest/catalogue.py``) documents the
properties in the table. To add a property, add a row to the table, and set the value of the property in one of two places:

- If the sender can determine the value, set it in ``enrich()`` in ``arcade_otel/handoff/enrichment.py``.
- If only the command knows the value, set it in ``command_attributes()`` in ``arcade_otel/spans/__init__.py``.

Only the PostHog exporter and the catalogue import this module, so most commands do not spend time on importing it.
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
    """One property of an event.

    ``Property`` is not a dataclass, because importing ``dataclasses`` would take longer than creating all objects of this class.

    Attributes:
        name: The name of the property in PostHog, or "" if only other backends receive the attribute.
        attribute: The span attribute from which the property is made.
        type: One of the types at the top of this module. The exporter omits a value that does not have this type.
        example: An example value in JSON. Strings are written without quotes.
        reason: The purpose of the property, or a description of its value.
        when: The condition that follows the word "sent" in the catalogue, or "" if the property is always sent.
        unit: Unit or limit of the value, or "".
        source: The document or project that defines the attribute's name.
        failed_only: Whether only the events of failed commands contain the property.
        ended_only: Whether the property is missing in start events (``record_start``).
        resource: Whether the attribute is on the span's resource instead of the span.
        rare: Whether only the events of exceptional runs contain the property.
    """

    __slots__ = (
        "attribute",
        "ended_only",
        "example",
        "failed_only",
        "name",
        "rare",
        "reason",
        "resource",
        "source",
        "type",
        "unit",
        "when",
    )

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
        ended_only: bool = False,
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
        self.ended_only = ended_only or failed_only
        self.resource = resource
        self.rare = rare

    @property
    def of_own_events(self) -> bool:
        """Whether the property is also sent with the program's own events (``arcade_otel.track``).

        The program's own events contain the session's ID and each property that is not ``ended_only``. The program's own events
        omit the count of dropped events, because a sum over all events would otherwise count the same dropped events several
        times.
        """
        return self.name == "$session_id" or not (self.ended_only or self.attribute == conventions.DROPPED)


#: In the order of the documentation.
PROPERTIES: tuple[Property, ...] = (
    Property(
        "command_name",
        conventions.COMMAND,
        STRING,
        "toolkit.run",
        "The maintainers see which commands people use. The name comes from the program's command tree, never from your input",
        source=SPECIFICATION,
    ),
    Property(
        "duration",
        conventions.DURATION,
        NUMBER,
        "1250.42",
        "The maintainers see which commands are slow",
        unit="milliseconds",
        source=SPECIFICATION,
        ended_only=True,
    ),
    Property("", conventions.PROCESS_EXECUTABLE_NAME, STRING, "mycli", "The name of the program, without its path", source=CLI),
    Property(
        "",
        conventions.PROCESS_PID,
        INTEGER,
        "4711",
        "The process ID, which the semantic conventions require. PostHog does not get the process ID",
        source=CLI,
    ),
    Property(
        "exit_code",
        conventions.PROCESS_EXIT_CODE,
        INTEGER,
        "0",
        "The exit code with which the command ended",
        source=CLI,
        ended_only=True,
    ),
    Property(
        "command_options",
        conventions.COMMAND_OPTIONS,
        STRINGS,
        '["--force"]',
        "The names of the options that you used, as the program defines them. Never a value",
        when="if the program records the names of options, and you used an option",
        ended_only=True,
    ),
    Property(
        "error_type",
        conventions.ERROR_TYPE,
        STRING,
        "ValueError",
        "The class of the exception, which shows what went wrong",
        source=SEMANTIC,
        failed_only=True,
    ),
    Property(
        "error_message",
        conventions.ERROR_MESSAGE,
        STRING,
        "cannot reach https://api.example.com",
        "The redacted message of the exception, which shows what went wrong",
        when="if the exception has a message",
        unit=f"at most {conventions.ERROR_MESSAGE_LIMIT} characters",
        source=SEMANTIC,
        failed_only=True,
    ),
    Property(
        "cli_version",
        conventions.SERVICE_VERSION,
        STRING,
        "1.2.3",
        "The maintainers see which versions of the program people use",
        when="if the program sets its version, or the sender can determine it",
        source=SEMANTIC,
        resource=True,
    ),
    Property(
        "python_version",
        conventions.PROCESS_RUNTIME_VERSION,
        STRING,
        "3.12.1",
        "The maintainers see which versions of Python people use",
        source=SEMANTIC,
        resource=True,
    ),
    Property(
        "os_type",
        conventions.OS_TYPE,
        STRING,
        "Linux",
        "The maintainers see which operating systems people use",
        source=SEMANTIC,
        resource=True,
    ),
    Property(
        "os_release",
        conventions.OS_VERSION,
        STRING,
        "6.8.0",
        "The maintainers see which releases of an operating system people use",
        source=SEMANTIC,
        resource=True,
    ),
    Property(
        "arch",
        "host.arch",
        STRING,
        "arm64",
        "The maintainers see which processor architectures people use",
        source=SEMANTIC,
        resource=True,
    ),
    Property(
        "python_implementation",
        conventions.PROCESS_RUNTIME_NAME,
        STRING,
        "cpython",
        "The maintainers see which implementations of Python people use",
        source=SEMANTIC,
        resource=True,
    ),
    Property(
        "outcome",
        "outcome",
        STRING,
        "success",
        "How the command ended: `success`, `failure`, `usage_error` (a mistyped command line), `interrupted`, or `exit` "
        "(the program chose the exit code)",
        ended_only=True,
    ),
    Property(
        "is_ci",
        conventions.IS_CI,
        BOOLEAN,
        "false",
        "True in continuous integration, so that the maintainers can distinguish people from build machines",
    ),
    Property(
        "ci",
        "ci",
        STRING,
        "github-actions",
        "The CI provider: a word from a fixed list, or `other`",
        when="in continuous integration",
        rare=True,
    ),
    Property(
        "agent",
        "agent",
        STRING,
        "claude-code",
        "The coding agent that ran the command: a word from a fixed list, or `other`",
        when="if a coding agent ran the command",
        rare=True,
    ),
    Property(
        "interactive",
        "process.interactive",
        BOOLEAN,
        "true",
        "True if input and output are terminals, so that the maintainers can tell people from scripts",
        source=SEMANTIC,
    ),
    Property("container", "container", BOOLEAN, "false", "True if the program runs in a container, and false otherwise"),
    Property(
        "install_method",
        "install_method",
        STRING,
        "pipx",
        "How the program was installed: a word from a fixed list, or `other`. Never a path",
        when="if the program belongs to an installed distribution, or is frozen",
        rare=True,
    ),
    Property(
        "first_run",
        "first_run",
        BOOLEAN,
        "false",
        "The maintainers see how many people start to use the program",
        when="if the disk is writable",
        ended_only=True,
    ),
    Property(
        "previous_version",
        "previous_version",
        STRING,
        "1.2.2",
        "The maintainers see from which versions people upgrade",
        when="on the first run of a new version",
        rare=True,
        ended_only=True,
    ),
    Property(
        "$session_id",
        "session.id",
        STRING,
        "019535d9-3df7-79fb-b466-fa907fa17f9e",
        "The random ID of a session, which shows the maintainers which commands belong together. The session ID changes after "
        "30 minutes without a command, after 24 hours and after a logout",
        when="if the disk is writable",
        source=SEMANTIC,
        ended_only=True,
    ),
    Property(
        "org_id",
        "org_id",
        STRING,
        "org_123",
        "The ID of the active organization in Arcade's credentials. The maintainers see which organizations use the program",
        when="if the program sets `arcade_context`, and you are logged in to Arcade",
        rare=True,
    ),
    Property(
        "project_id",
        "project_id",
        STRING,
        "proj_456",
        "The ID of the active project in Arcade's credentials. The maintainers see which projects use the program",
        when="if the program sets `arcade_context`, and you are logged in to Arcade",
        rare=True,
    ),
    Property(
        "sample_rate",
        "sample_rate",
        NUMBER,
        "0.01",
        "The share of this command's runs that the library records. From the sample rate, the maintainers can estimate the "
        "number of all runs",
        when="if the program records only a sample of this command's runs",
        rare=True,
    ),
    Property(
        "dropped_events",
        conventions.DROPPED,
        INTEGER,
        "12",
        "The number of earlier events that were deleted because they exceeded the queue's limits",
        when="if events were dropped",
        rare=True,
    ),
)
