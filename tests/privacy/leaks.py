"""The library made to leak on purpose. Each function is one leak, and the property must notice it."""

import os
import sys
from importlib import import_module
from typing import Any

# Modules as what they are here: things to be broken.
detaching: Any = import_module("arcade_otel.handoff")
diagnostics: Any = import_module("arcade_otel.diagnostics")
events: Any = import_module("arcade_otel_exporters.posthog")
identity_file: Any = import_module("arcade_otel.identity")
free_text: Any = import_module("arcade_otel.spans.free_text")
frameworks: Any = import_module("arcade_otel.frameworks")
receipts: Any = import_module("arcade_otel.handoff.receipts")
redaction: Any = import_module("arcade_otel.spans.redaction")
span: Any = import_module("arcade_otel.spans")

__all__ = [
    "a_free_text_is_not_redacted",
    "argv_is_recorded",
    "the_debug_log_tells_the_message",
    "the_environment_is_recorded",
    "the_message_is_not_redacted",
    "the_name_is_what_was_typed",
    "the_payload_has_the_working_folder",
    "the_payload_is_in_the_senders_argv",
    "the_receipts_tell_more_than_was_sent",
    "the_resource_has_the_programs_path",
    "typed_words_are_not_looked_for",
]


def _with(name: str, tell: Any) -> None:
    """Add one attribute to each command's span."""
    attributes = span.command_attributes
    span.command_attributes = lambda *given: attributes(*given) | {name: span.replace_unencodable(tell())}


def the_message_is_not_redacted() -> None:
    """Record error messages unchanged."""
    redaction.redact = lambda message, **_: message[:300]


def a_free_text_is_not_redacted() -> None:
    """A text that a program declares as free text is recorded unchanged."""
    free_text.redact = lambda value, *_: value if isinstance(value, str) else None


def typed_words_are_not_looked_for() -> None:
    """Redact only known shapes."""
    redact = redaction.redact
    redaction.redact = lambda message, **_: redact(message)


def argv_is_recorded() -> None:
    """Record ``process.command_args``, as the semantic conventions would have it."""
    _with("process.command_args", lambda: " ".join(sys.argv[1:]))


def the_environment_is_recorded() -> None:
    """Record the values of environment variables."""
    _with("environment", lambda: repr({name: value for name, value in os.environ.items() if not name.startswith("ARCADE")}))


def the_payload_has_the_working_folder() -> None:
    """Record the path of the working directory."""
    _with("process.working_directory", os.getcwd)


def the_resource_has_the_programs_path() -> None:
    """Record the program's path instead of its name."""
    attributes = span.resource_attributes
    span.resource_attributes = lambda *given, **how: (
        attributes(*given, **how) | {"process.command": span.replace_unencodable(sys.argv[0])}
    )


def the_name_is_what_was_typed() -> None:
    """Record the mistyped command as the name of the span."""
    span.span_name = lambda settings, _: span.replace_unencodable(f"{settings.name} {' '.join(sys.argv[1:])}")


def the_debug_log_tells_the_message() -> None:
    """Write the message of the command's error to the debug log."""
    record = frameworks.Run._record

    def telling(self: Any, outcome: Any, end_ns: int, environ: Any) -> None:
        if outcome.failed:
            diagnostics.debug(f"the command failed: {outcome.error}")
        record(self, outcome, end_ns, environ)

    frameworks.Run._record = telling


def the_payload_is_in_the_senders_argv() -> None:
    """Put the payload into the sender's command line, which every user who lists processes can see."""
    command = detaching.sender_command
    detaching.sender_command = lambda: (*command(), *sys.argv[1:])


def the_receipts_tell_more_than_was_sent() -> None:
    """Write the sender's environment into the receipts."""
    write = receipts.write

    def telling(state_dir: str, made: Any) -> None:
        for each in made:
            each["environment"] = {name: value for name, value in os.environ.items() if not name.startswith("ARCADE")}
        write(state_dir, made)

    receipts.write = telling
