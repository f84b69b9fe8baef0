"""The library made to leak on purpose, one function a leak: what the property must notice."""

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
    """Let each command's span have one attribute more."""
    attributes = span.command_attributes
    span.command_attributes = lambda *given: attributes(*given) | {name: span.replace_unencodable(tell())}


def the_message_is_not_redacted() -> None:
    """Errors are told as they are."""
    redaction.redact = lambda message, **_: message[:300]


def a_free_text_is_not_redacted() -> None:
    """What a program declares as free text is told as it is."""
    free_text.redact = lambda value, *_: value if isinstance(value, str) else None


def typed_words_are_not_looked_for() -> None:
    """Known shapes only."""
    redact = redaction.redact
    redaction.redact = lambda message, **_: redact(message)


def argv_is_recorded() -> None:
    """As the semantic conventions would have it: ``process.command_args``."""
    _with("process.command_args", lambda: " ".join(sys.argv[1:]))


def the_environment_is_recorded() -> None:
    """Its values."""
    _with("environment", lambda: repr({name: value for name, value in os.environ.items() if not name.startswith("ARCADE")}))


def the_payload_has_the_working_folder() -> None:
    """A path."""
    _with("process.working_directory", os.getcwd)


def the_resource_has_the_programs_path() -> None:
    """Instead of its name."""
    attributes = span.resource_attributes
    span.resource_attributes = lambda *given, **how: (
        attributes(*given, **how) | {"process.command": span.replace_unencodable(sys.argv[0])}
    )


def the_name_is_what_was_typed() -> None:
    """The span's name, of a mistyped command."""
    span.span_name = lambda settings, _: span.replace_unencodable(f"{settings.name} {' '.join(sys.argv[1:])}")


def the_debug_log_tells_the_message() -> None:
    """Of the error that ended the command."""
    record = frameworks.Run._record

    def telling(self: Any, outcome: Any, end_ns: int, environ: Any) -> None:
        if outcome.failed:
            diagnostics.debug(f"the command failed: {outcome.error}")
        record(self, outcome, end_ns, environ)

    frameworks.Run._record = telling


def the_payload_is_in_the_senders_argv() -> None:
    """What was typed is seen by everybody who lists processes."""
    command = detaching.sender_command
    detaching.sender_command = lambda: (*command(), *sys.argv[1:])


def the_receipts_tell_more_than_was_sent() -> None:
    """The sender's environment."""
    write = receipts.write

    def telling(state_dir: str, made: Any) -> None:
        for each in made:
            each["environment"] = {name: value for name, value in os.environ.items() if not name.startswith("ARCADE")}
        write(state_dir, made)

    receipts.write = telling
