"""The content of a program's manifest, as JSON and as Markdown; the same on every machine."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import NamedTuple

from arcade_otel import consent, conventions
from arcade_otel.cli.manifest import catalogue, markdown
from arcade_otel.cli.manifest.app_loader import PROGRAM
from arcade_otel.cli.manifest.catalogue import FieldSpec
from arcade_otel.cli.manifest.command_tree import CommandInfo
from arcade_otel.settings import Settings

__all__ = ["Manifest", "Setting"]

_HEAD = "Made by `arcade-otel manifest`, which also compares it (`--check`). Not to be edited."
_NOT_INSTRUMENTED = """\
**Not instrumented: nothing is collected.** What follows is what `arcade_otel.instrument(app)` would collect. If the program is
instrumented, name the very object that `instrument()` was given."""
_NAMELESS = f"`{PROGRAM}` is the name of the file by which the program is started: it gives itself none."
_NO_COMMAND = "(empty) what was typed is no command of the program, and no part of it is recorded"


class Setting(NamedTuple):
    """A setting that decides what is collected, or where it goes; ``meaning`` says the same in words."""

    name: str
    value: str | bool | list[str] | None
    meaning: str


class Manifest:
    """The manifest of a program.

    Args:
        settings: The program's settings.
        commands: Every command name that its events can have.
        instrumented: The program was instrumented with these settings; else they are the defaults.
    """

    def __init__(self, settings: Settings, commands: Sequence[CommandInfo], *, instrumented: bool) -> None:
        self._settings = settings
        self._commands = commands
        self._instrumented = instrumented
        mounted = any(command.usage for command in commands)
        self._events = [event for event in catalogue.EVENTS if mounted or event.name != conventions.EVENT_DOCTOR]
        names = {event.name for event in self._events}
        self._properties = [entry for entry in self._collected(catalogue.PROPERTIES) if names.intersection(entry.events)]
        self._properties += [self._declared(name) for name in (*settings.properties, *settings.groups)]
        self._attributes = self._collected(catalogue.ATTRIBUTES)
        self._resource = self._collected(catalogue.RESOURCE)

    def _collected(self, entries: Sequence[FieldSpec]) -> list[FieldSpec]:
        """Return the entries that are collected under the settings."""
        excluded = set() if self._settings.sample else {"sample_rate"}
        if not self._settings.record_option_names:
            excluded.add(conventions.COMMAND_OPTIONS)
        if self._settings.error_messages == "class":
            excluded.add(conventions.ERROR_MESSAGE)
        collected = [entry for entry in entries if (entry.attribute or entry.name) not in excluded]
        if not callable(self._settings.error_messages):
            return collected
        words = "what went wrong, in the words of the program's own function"
        return [
            replace(entry, reason=words) if conventions.ERROR_MESSAGE in (entry.attribute, entry.name) else entry
            for entry in collected
        ]

    def _declared(self, name: str) -> FieldSpec:
        """Return the entry of a property or group that the program declares."""
        commands = (conventions.EVENT_SUCCEEDED, conventions.EVENT_FAILED)
        kind = self._settings.properties.get(name)
        if kind is None:
            when = "if the program sets it, and the user is logged in"
            reason = "a group of the program's"
            return FieldSpec(f"$groups.{name}", catalogue.STRING, "org_123", reason, when=when, events=commands)
        types = {bool: (catalogue.BOOLEAN, "true"), int: (catalogue.INTEGER, "3")}
        shape, example = (catalogue.STRING, kind[0]) if isinstance(kind, tuple) else types[kind]
        words = f"one of {', '.join(kind)}" if isinstance(kind, tuple) else ""
        reason = "a property of the program's own"
        return FieldSpec(name, shape, example, reason, when="if the program sets it", unit=words, events=commands)

    def settings(self) -> list[Setting]:
        """Return the program's settings that decide what is collected."""
        settings = self._settings
        if callable(settings.error_messages):
            messages = Setting("error_messages", "function", "the program's own function says what is recorded of an error")
        elif settings.error_messages == "class":
            messages = Setting("error_messages", "class", "what errors say is not collected")
        elif settings.error_messages == "own":
            said = "what exceptions of the program's own classes say is redacted, and what others say is not collected"
            messages = Setting("error_messages", "own", said)
        else:
            messages = Setting("error_messages", settings.error_messages, "what errors say is redacted")
        if settings.version:
            version = Setting("version", "given", "the program says its version")
        elif settings.distribution:
            version = Setting("version", settings.distribution, "the version is that of this distribution")
        else:
            version = Setting("version", None, "no version is collected")
        live = {
            None: "a command's span is current while it runs if the environment asks for traces",
            True: "a command's span is current while it runs, and the program's code may add to it",
            False: "a command's span is made when the command has ended",
        }
        names = (
            "the names of options that were given are collected"
            if settings.record_option_names
            else "no option's name is collected"
        )
        return [
            messages,
            Setting("record_option_names", settings.record_option_names, names),
            Setting(
                "enabled_by_default",
                settings.enabled_by_default,
                f"recording is {consent.ON if settings.enabled_by_default else consent.OFF} unless the user or a policy decides",
            ),
            Setting(
                "record_in_ci",
                settings.record_in_ci,
                "continuous integration is recorded, too" if settings.record_in_ci else "silent in continuous integration",
            ),
            Setting(
                "login_commands",
                list(settings.login_commands),
                self._note_missing("after this, events are the account's", settings.login_commands),
            ),
            Setting(
                "logout_commands",
                list(settings.logout_commands),
                self._note_missing("after this, they have a new anonymous ID", settings.logout_commands),
            ),
            Setting("principal", "function", "the program's own function says whose account it is")
            if settings.principal
            else Setting("principal", None, "Arcade's credentials and API say whose account it is"),
            version,
            Setting("posthog", settings.posthog_host, "events go there")
            if settings.posthog_api_key
            else Setting("posthog", None, "there is no project key, so that no event goes to PostHog"),
            Setting("live_spans", settings.live_spans, live[settings.live_spans]),
            *self._left_out(),
        ]

    def _left_out(self) -> list[Setting]:
        """Return the settings that leave commands out, where the program has them."""
        exclude, sample = self._settings.exclude, self._settings.sample
        rates = [f"{path}={rate}" for path, rate in sample.items()]
        left_out = (
            [Setting("exclude", [path.removesuffix(".") for path in exclude], "these commands are not recorded")]
            if exclude
            else []
        )
        return [*left_out, Setting("sample", rates, "this share of their runs is recorded")] if sample else left_out

    def _note_missing(self, meaning: str, paths: Sequence[str]) -> str:
        """Add to ``meaning`` which of ``paths`` the program does not have."""
        names = {command.name for command in self._commands}
        missing = ", ".join(markdown.code(path) for path in paths if path not in names)
        return f"{meaning}; there is no {missing}" if missing else meaning

    def as_json(self) -> str:
        """Return the manifest as one JSON object, whose ``manifest`` is the version of the format."""
        settings = self._settings
        manifest = {
            "manifest": 1,
            "library": conventions.LIB,
            "library_version": conventions.__version__,
            "notice_version": conventions.NOTICE_VERSION,
            "program": settings.name,
            "instrumented": self._instrumented,
            "settings": {setting.name: setting.value for setting in self.settings()},
            "commands": [
                {
                    "name": command.name,
                    "group": command.group,
                    "hidden": command.hidden,
                    "deprecated": command.deprecated,
                    "typed": list(command.typed),
                    "login": command.name in settings.login_commands,
                    "logout": command.name in settings.logout_commands,
                }
                for command in self._commands
            ],
            "events": [
                {**asdict(event), "properties": [entry.name for entry in self._properties if event.name in entry.events]}
                for event in self._events
            ],
            "properties": [asdict(entry) for entry in self._properties],
            "fields": [asdict(entry) for entry in catalogue.FIELDS],
            "request": [asdict(entry) for entry in catalogue.REQUEST],
            "attributes": [asdict(entry) for entry in self._attributes],
            "resource": [asdict(entry) for entry in self._resource],
            "scope": [asdict(entry) for entry in catalogue.SCOPE],
        }
        return json.dumps(manifest, indent=2).replace("\x7f", "\\u007f") + "\n"

    def as_markdown(self) -> str:
        """Return the manifest as Markdown, one command per line, so that a diff is readable."""
        library = Setting("library", f"{conventions.LIB} {conventions.__version__}", "what collects")
        shown = Setting("notice", str(conventions.NOTICE_VERSION), "the version of the notice that people are shown")
        rows = [(each.name, _value(each.value), each.meaning) for each in (library, shown, *self.settings())]
        notes = [] if self._instrumented else [_NOT_INSTRUMENTED]
        notes += [_NAMELESS] if self._settings.name == PROGRAM else []
        parts = [
            f"# What {markdown.code(self._settings.name)} collects",
            _HEAD,
            *notes,
            "## Settings",
            markdown.table(("setting", "value", "meaning"), rows),
            "## Commands",
            "The `command_name` of an event is one of these names, and nothing else.",
            "\n".join(f"- {self._line(command)}" for command in self._commands),
            "## Events",
            markdown.events(self._events),
            "## Properties",
            markdown.properties(self._properties, self._events),
            "Around them, every event has",
            markdown.fields(catalogue.FIELDS),
            "and every request",
            markdown.fields(catalogue.REQUEST),
            "## Spans",
            "For other backends than PostHog, where the person who runs the program names one. A command's span has",
            markdown.attributes(self._attributes),
            "its resource",
            markdown.attributes(self._resource),
            "and its scope",
            markdown.attributes(catalogue.SCOPE),
        ]
        return "\n\n".join(parts) + "\n"

    def _line(self, command: CommandInfo) -> str:
        if not command.name:
            return _NO_COMMAND
        marks = (
            ("the program by itself", command.name == self._settings.name),
            ("group", command.group),
            ("hidden", command.hidden),
            ("deprecated", command.deprecated),
            (f"also typed {', '.join(markdown.code(name) for name in command.typed)}", bool(command.typed)),
            ("login", command.name in self._settings.login_commands),
            ("logout", command.name in self._settings.logout_commands),
        )
        suffix = ", ".join(mark for mark, holds in marks if holds)
        return f"{markdown.code(command.name)} {suffix}".rstrip()


def _value(value: str | bool | list[str] | None) -> str:  # noqa: FBT001 - it is shown, whatever it is
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(markdown.code(each) for each in value)
    return markdown.code(("false", "true")[value] if isinstance(value, bool) else value)
