"""Write a finished command as one span in OTLP/JSON, without OpenTelemetry's SDK."""

from __future__ import annotations

import os

from arcade_otel import consent, conventions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from arcade_otel.settings import Settings
    from arcade_otel.spans.environment import ParentContext
    from arcade_otel.spans.outcome import Outcome
    from arcade_otel.spans.own_events import OwnEvent

__all__ = [
    "PRINCIPAL_OF_PROGRAM",
    "Success",
    "Timing",
    "Value",
    "attributes_json",
    "command_attributes",
    "encode",
    "json_string",
    "new_ids",
    "parent_context",
    "replace_unencodable",
    "resource_attributes",
    "span_name",
]

_KIND_INTERNAL = 1
_STATUS_ERROR = 2
# Bits of an OTLP span's flags: the trace is sampled, it is known whether the parent is remote, the parent is remote.
_SAMPLED, _KNOWN, _REMOTE = 0x001, 0x100, 0x200

#: Value of ``conventions.RESOURCE_PRINCIPAL`` if the program has a principal function of its own, which only the program can
#: call. The name of an entry point cannot have parentheses.
PRINCIPAL_OF_PROGRAM = "(program)"

Value = str | bool | int | float | tuple[str, ...]

#: The start and the end of a command in nanoseconds since the epoch. A class would cost each command 80,000 instructions.
Timing = tuple[int, int]


class Success:
    """The outcome of a command that succeeded.

    ``Success`` has the interface of :class:`outcome.Outcome`, so a successful command does not need to import the module
    ``outcome``.
    """

    __slots__ = ("declared", "events", "given", "options")

    exit_code = 0
    error = None
    error_type = None
    failed = False
    kind = "success"

    def __init__(self) -> None:
        self.given: tuple[str, ...] = ()
        self.options: tuple[str, ...] = ()
        self.declared: dict[str, str | bool | int] | None = None
        self.events: Sequence[OwnEvent] = ()


def replace_unencodable(text: str) -> str:
    """Return ``text`` with U+FFFD in place of lone surrogates and NUL characters, which strict JSON parsers reject.

    Lone surrogates occur, for example, in a path that is not valid UTF-8. PostHog refuses a whole batch if it contains a lone
    surrogate.
    """
    if text.isascii() and "\0" not in text:
        return text
    return "".join("\ufffd" if character == "\0" or "\ud800" <= character <= "\udfff" else character for character in text)


def new_ids() -> tuple[str, str]:
    """Return a new trace ID and a new span ID in hexadecimal digits, from the system's source of randomness.

    The function never returns an all-zero ID, which OpenTelemetry treats as invalid.
    """
    while True:
        trace_id, span_id = os.urandom(16).hex(), os.urandom(8).hex()
        if int(trace_id, 16) and int(span_id, 16):
            return trace_id, span_id


def span_name(settings: Settings, path: str) -> str:
    """Return the name of a command's span: the program's name and the command path, for example "mycli toolkit run"."""
    return replace_unencodable(f"{settings.name} {path.replace('.', ' ')}" if path not in ("", settings.name) else settings.name)


def _service_name(settings: Settings, from_environment: dict[str, str], environ: Mapping[str, str]) -> str:
    """Return ``OTEL_SERVICE_NAME``, or else ``service.name`` in ``OTEL_RESOURCE_ATTRIBUTES``, or else the program's name."""
    name = environ.get("OTEL_SERVICE_NAME", "").strip()
    return replace_unencodable(name or from_environment.get(conventions.SERVICE_NAME, "") or settings.name)


def _resource_from_environment(environ: Mapping[str, str]) -> dict[str, str]:
    if not environ.get("OTEL_RESOURCE_ATTRIBUTES"):
        return {}
    from arcade_otel.spans import environment

    return environment.resource_from_environment()


def parent_context(environ: Mapping[str, str] | None = None) -> ParentContext | None:
    """Return the parent span from the variable ``TRACEPARENT``, or None if the variable is not set or not valid.

    Args:
        environ: The environment variables, or None for those of the process.
    """
    environ = os.environ if environ is None else environ
    if not environ.get("TRACEPARENT"):
        return None
    from arcade_otel.spans import environment

    return environment.parse_traceparent(environ)


def resource_attributes(
    settings: Settings, *, usage_only: bool = False, environ: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the resource attributes for a command's span, including those that only the sender needs (``arcade_otel.*``).

    The sender later adds the attributes that describe the machine (``surroundings.machine``).

    Values that the program sets take precedence over ``OTEL_RESOURCE_ATTRIBUTES``, as OpenTelemetry's specification requires. For
    the service's name, however, the environment variables take precedence over the program.

    Args:
        settings: The program's settings.
        usage_only: Whether the span is sent only to PostHog.
        environ: A copy of the process's environment variables, or None for ``os.environ``.
    """
    environ = os.environ if environ is None else environ
    from_environment = _resource_from_environment(environ)
    attributes = from_environment | {
        conventions.SERVICE_NAME: _service_name(settings, from_environment, environ),
        conventions.TELEMETRY_SDK_NAME: conventions.SCOPE,
        conventions.TELEMETRY_SDK_LANGUAGE: "python",
        conventions.TELEMETRY_SDK_VERSION: conventions.__version__,
        conventions.TELEMETRY_DISTRO_NAME: conventions.LIB,
        conventions.TELEMETRY_DISTRO_VERSION: conventions.__version__,
    }
    for key, value in (
        (conventions.SERVICE_VERSION, settings.version and settings.version.partition("+")[0]),  # +jane.laptop
        (conventions.RESOURCE_DISTRIBUTION, None if settings.version else settings.distribution),
        (conventions.RESOURCE_API_KEY, settings.posthog_api_key),
        (conventions.RESOURCE_HOST, settings.posthog_host if settings.posthog_api_key else None),
        (conventions.RESOURCE_PRINCIPAL, _principal_reference(settings)),
        (conventions.RESOURCE_USAGE_ONLY, "1" if usage_only else None),
    ):
        if value:
            attributes[key] = replace_unencodable(value)
    if settings.properties or settings.arcade_context:
        from arcade_otel.spans import declared

        attributes |= declared.resource_attributes(settings)
    return attributes


def _principal_reference(settings: Settings) -> str | None:
    principal = settings.principal
    if principal is None:
        return None
    # A queued span never names code. It can only name a registered entry point.
    return principal if isinstance(principal, str) and ":" not in principal else PRINCIPAL_OF_PROGRAM


def command_attributes(
    settings: Settings, path: str, timing: Timing, outcome: Outcome, environ: Mapping[str, str] | None = None
) -> dict[str, Value]:
    """Return the attributes of a command's span, except for the identity.

    Args:
        settings: The program's settings.
        path: The command path, joined by dots.
        timing: Start and end of the command, in nanoseconds since the epoch.
        outcome: How the command ended.
        environ: A copy of the process's environment variables, or None for ``os.environ``, which is slower to read.
    """
    attributes: dict[str, Value] = {
        conventions.COMMAND: replace_unencodable(path),
        conventions.DURATION: (timing[1] - timing[0]) // 1000 / 1000,  # milliseconds, to the microsecond
        conventions.PROCESS_EXECUTABLE_NAME: replace_unencodable(settings.name),
        conventions.PROCESS_PID: os.getpid(),
        conventions.PROCESS_EXIT_CODE: outcome.exit_code,
        conventions.IS_CI: consent.is_ci(environ),
        "process.interactive": os.isatty(0) and os.isatty(1),
        "outcome": outcome.kind,
    }
    if outcome.declared:
        attributes.update(outcome.declared)
    is_change = path in settings.login_commands or path in settings.logout_commands
    if path in settings.sample and (outcome.failed or not is_change):  # a login or logout that succeeds is always recorded
        attributes["sample_rate"] = settings.sample[path]
    if outcome.options:
        attributes[conventions.COMMAND_OPTIONS] = tuple(replace_unencodable(name) for name in outcome.options)
    if outcome.failed:
        attributes[conventions.ERROR_TYPE] = replace_unencodable(outcome.error_type or "_OTHER")
        if outcome.error is not None:
            from arcade_otel.spans.redaction import error_message

            message = error_message(outcome.error, settings.error_messages, given=outcome.given, path=path)
            if message:
                attributes[conventions.ERROR_MESSAGE] = message
    return attributes


def encode(
    settings: Settings,
    *,
    path: str,
    timing: Timing,
    outcome: Outcome,
    identity: tuple[str, bool],
    ids: tuple[str, str] | None = None,
    usage_only: bool = False,
    fresh_ids: tuple[str, str] | None = None,
    environ: Mapping[str, str] | None = None,
) -> str:
    """Return the command's span as ASCII text: a ``TracesData`` object in OTLP/JSON.

    Args:
        settings: The program's settings.
        path: The command path, joined by dots, or "" if no command was reached.
        timing: Start and end of the command, in nanoseconds since the epoch.
        outcome: How the command ended.
        identity: ``(distinct_id, is_anon)`` at the end of the command.
        ids: The trace ID and the span ID in hexadecimal digits. ``ids`` takes precedence over ``fresh_ids`` and ``TRACEPARENT``.
        usage_only: Whether the span is sent only to PostHog.
        fresh_ids: IDs that the caller has generated with :func:`new_ids`, or None to generate them here. A trace ID from
            ``TRACEPARENT`` takes precedence over the generated trace ID.
        environ: A copy of the process's environment variables, or None for ``os.environ``.
    """
    parent = parent_context(environ)
    trace_id, span_id = ids or fresh_ids or new_ids()
    if parent is not None and ids is None:
        trace_id = parent.trace_id
    if parent is not None and trace_id != parent.trace_id:
        parent = None  # the span belongs to a live trace
    attributes = command_attributes(settings, path, timing, outcome, environ)
    attributes[conventions.DISTINCT_ID], attributes[conventions.IS_ANON] = identity
    flags = _KNOWN | _SAMPLED
    optional = ""
    if parent is not None:
        flags = _KNOWN | _REMOTE | (_SAMPLED if parent.sampled else 0)
        optional = f',"parentSpanId":"{parent.span_id}"'
        if parent.state:
            optional += f',"traceState":{json_string(parent.state)}'
    if outcome.events:
        from arcade_otel.spans import own_events

        optional += f',"events":{own_events.to_json(outcome.events)}'
    status = f'{{"code":{_STATUS_ERROR}}}' if outcome.failed else "{}"
    resource = attributes_json(resource_attributes(settings, usage_only=usage_only, environ=environ))
    # The payload is written as text. The ``json`` module would cost the command 5 million instructions, and dictionaries half a
    # million.
    return (
        f'{{"resourceSpans":[{{"resource":{{"attributes":{resource}}}'
        f',"scopeSpans":[{{"scope":{{"name":"{conventions.SCOPE}","version":"{conventions.__version__}"}},"spans":[{{'
        f'"traceId":"{trace_id}","spanId":"{span_id}","flags":{flags},"name":{json_string(span_name(settings, path))}'
        f',"kind":{_KIND_INTERNAL},"startTimeUnixNano":"{timing[0]}","endTimeUnixNano":"{timing[1]}"'
        f',"attributes":{attributes_json(attributes)},"status":{status}{optional}'
        "}]}]}]}"
    )


def attributes_json(attributes: Mapping[str, Value]) -> str:
    """Return ``attributes`` as a list in OTLP/JSON."""
    # No key needs escapes: they are this library's, or ``environment.resource_from_environment`` has checked them.
    pairs = [f'{{"key":"{key}","value":{_value_json(value)}}}' for key, value in attributes.items()]
    return f"[{','.join(pairs)}]"


def _value_json(value: Value) -> str:
    if isinstance(value, str):
        return f'{{"stringValue":{json_string(value)}}}'
    if isinstance(value, bool):
        return '{"boolValue":true}' if value else '{"boolValue":false}'
    if isinstance(value, int):
        return f'{{"intValue":"{value}"}}'
    if isinstance(value, float):
        return f'{{"doubleValue":{value!r}}}'
    values = ",".join([_value_json(each) for each in value])
    return f'{{"arrayValue":{{"values":[{values}]}}}}'


def json_string(value: str) -> str:
    """Return the same as ``json.dumps(value)``, but import ``json`` only if ``value`` needs escapes."""
    if value.isascii() and value.isprintable() and '"' not in value and "\\" not in value:
        return f'"{value}"'
    import json

    return json.dumps(value)
