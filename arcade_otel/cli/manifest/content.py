"""Make a program's manifest, as JSON or as Markdown. The manifest is the same on every machine."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, NamedTuple

from arcade_otel import consent, conventions, terminal
from arcade_otel.cli.manifest import catalogue, markdown
from arcade_otel.cli.manifest.app_loader import PROGRAM
from arcade_otel.cli.manifest.catalogue import FieldSpec
from arcade_otel.cli.manifest.command_tree import CommandInfo
from arcade_otel.free_text import FreeText
from arcade_otel.settings import Settings
from arcade_otel.spans.declared import PROPERTY_PREFIX

__all__ = ["Manifest", "Setting"]

if TYPE_CHECKING:
    from arcade_otel.option_checks import PropertyType

_HEAD = "`arcade-otel manifest` generates this file, and `--check` compares it. Do not edit it."
_NOT_INSTRUMENTED = """\
**Not instrumented: nothing is collected.** This page shows what `arcade_otel.instrument(app)` would collect. If the program is
instrumented, name the object that it passes to `instrument()`."""
_NAMELESS = f"The program sets no name. `{PROGRAM}` stands for the name of the file that starts it."
_NO_COMMAND = "(empty) the user typed no command of the program. Nothing of what was typed is recorded"


#: The source of a name that the program itself defines.
_PROGRAM = "the program"


class Setting(NamedTuple):
    """A setting of the program that affects which data is collected or where events are sent.

    The field ``meaning`` explains the setting's value in words.
    """

    name: str
    value: str | bool | list[str] | None
    meaning: str


class Manifest:
    """The manifest of a program.

    Args:
        settings: The program's settings.
        commands: Every command name that can occur in the program's events.
        instrumented: Whether the program was instrumented. If it was not, ``settings`` contains only defaults.
    """

    def __init__(self, settings: Settings, commands: Sequence[CommandInfo], *, instrumented: bool) -> None:
        self._settings = settings
        self._commands = commands
        self._instrumented = instrumented
        mounted = any(command.usage for command in commands)
        absent = set() if mounted else {conventions.EVENT_DOCTOR}
        if not settings.record_start:
            absent.add(conventions.EVENT_STARTED)
        self._events = [event for event in catalogue.EVENTS if event.name not in absent]
        self._events += [
            catalogue.Event(name, name, "the program tracks it", "an event that the program declares", _PROGRAM)
            for name in settings.events
        ]
        names = {event.name for event in self._events}
        collected = map(self._with_own_events, self._collected(catalogue.PROPERTIES))
        self._properties = [entry for entry in collected if names.intersection(entry.events)]
        self._properties += [self._declared(name) for name in (*settings.properties, *settings.groups)]
        if settings.arcade_context:
            self._properties += [self._group(name, "in Arcade's credentials") for name in ("organization", "project")]
        self._properties += [self._of_person(name) for name in settings.person_properties]
        for event, kinds in settings.events.items():
            self._properties += [_of_own_event(event, name, kind) for name, kind in kinds.items()]
        self._attributes = self._collected(catalogue.ATTRIBUTES)
        self._resource = self._collected(catalogue.RESOURCE)

    def _collected(self, entries: Sequence[FieldSpec]) -> list[FieldSpec]:
        """Return the ``entries`` that the library can send under the program's settings."""
        excluded = set() if self._settings.sample else {"sample_rate"}
        if not self._settings.arcade_context:
            excluded |= {"org_id", "project_id"}
        if not self._settings.record_option_names:
            excluded.add(conventions.COMMAND_OPTIONS)
        if self._settings.error_messages == "class":
            excluded.add(conventions.ERROR_MESSAGE)
        collected = [entry for entry in entries if (entry.attribute or entry.name) not in excluded]
        if not callable(self._settings.error_messages):
            return collected
        words = "shows what went wrong: the text that the program's own function returns"
        return [
            replace(entry, reason=words) if conventions.ERROR_MESSAGE in (entry.attribute, entry.name) else entry
            for entry in collected
        ]

    def _declared(self, name: str) -> FieldSpec:
        """Return the manifest's entry for a property or group that the program declares."""
        commands = tuple(event.name for event in self._events if event.name in catalogue.COMMAND_EVENTS)
        kind = self._settings.properties.get(name)
        if kind is None:
            return self._group(name, "that the program declares")
        if isinstance(kind, str):
            (copied,) = [self._with_own_events(entry) for entry in catalogue.PROPERTIES if entry.name == kind]
            return replace(copied, name=name, attribute="", reason=f"a copy of {markdown.code(kind)} that the program declares")
        return _typed(name, kind, "a property that the program declares", commands)

    def _with_own_events(self, entry: FieldSpec) -> FieldSpec:
        """Return ``entry``. If the program's own events also contain the property, add the names of these events to the entry."""
        return replace(entry, events=(*entry.events, *self._settings.events)) if catalogue.is_of_own_events(entry) else entry

    def _group(self, name: str, origin: str) -> FieldSpec:
        commands = tuple(event.name for event in self._events if event.name in catalogue.COMMAND_EVENTS)
        when = "if the program sets it, and the user is logged in"
        events = (*commands, *self._settings.events)
        return FieldSpec(f"$groups.{name}", catalogue.STRING, "org_123", f"a group {origin}", when=when, events=events)

    def _of_person(self, name: str) -> FieldSpec:
        """Return the manifest's entry for a declared property that is also stored on the person in PostHog at a login."""
        entry = self._declared(name)
        reason = "a property that the program declares, kept on your person in PostHog"
        return replace(entry, name=f"$set.{name}", reason=reason, when="when you log in", events=(conventions.EVENT_SUCCEEDED,))

    def settings(self) -> list[Setting]:
        """Return the settings of the program that affect which data is collected or where events are sent."""
        settings = self._settings
        if callable(settings.error_messages):
            messages = Setting("error_messages", "function", "the program's own function decides what is recorded of an error")
        elif settings.error_messages == "class":
            messages = Setting("error_messages", "class", "the class of an error is collected, and its message is not")
        elif settings.error_messages == "own":
            own = "messages of the program's own exception classes are redacted, and other messages are not collected"
            messages = Setting("error_messages", "own", own)
        else:
            messages = Setting("error_messages", settings.error_messages, "the message of an error is redacted")
        if settings.version:
            version = Setting("version", "given", "the program sets its version")
        elif settings.distribution:
            version = Setting("version", settings.distribution, "the version of this distribution is collected")
        else:
            version = Setting("version", None, "no version is collected")
        live = {
            None: "a command's span is current while the command runs only if the environment asks for traces",
            True: "a command's span is current while the command runs, and the program's code can add to it",
            False: "a command's span is made when the command has ended",
        }
        names = (
            "the names of the options that the user gave are collected"
            if settings.record_option_names
            else "no names of options are collected"
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
                "commands in continuous integration are recorded, too"
                if settings.record_in_ci
                else "nothing is recorded in continuous integration",
            ),
            Setting(
                "login_commands",
                list(settings.login_commands),
                self._note_missing("events after this command have the account's ID", settings.login_commands),
            ),
            Setting(
                "logout_commands",
                list(settings.logout_commands),
                self._note_missing("events after this command have a new anonymous ID", settings.logout_commands),
            ),
            Setting("principal", "function", "the program's own function finds the account")
            if settings.principal
            else Setting("principal", None, "the account is found by Arcade's credentials and API"),
            version,
            Setting("posthog", settings.posthog_host, "events are sent to this host")
            if settings.posthog_api_key
            else Setting("posthog", None, "no project key is set, so no event is sent to PostHog"),
            Setting("live_spans", settings.live_spans, live[settings.live_spans]),
            *self._left_out(),
            *self._starts(),
        ]

    def _left_out(self) -> list[Setting]:
        """Return the settings ``exclude`` and ``sample``, each only if the program sets it."""
        exclude, sample = self._settings.exclude, self._settings.sample
        rates = [f"{path}={rate}" for path, rate in sample.items()]
        left_out = (
            [
                Setting(
                    "exclude",
                    [path.removesuffix(".") for path in exclude],
                    "these commands and their sub-commands are not recorded",
                )
            ]
            if exclude
            else []
        )
        return [*left_out, Setting("sample", rates, "this share of their runs is recorded")] if sample else left_out

    def _starts(self) -> list[Setting]:
        """Return a list with the setting ``record_start``, or an empty list if the program does not set it."""
        paths = self._settings.record_start
        meaning = "these commands also leave an event when they begin"
        return [Setting("record_start", list(paths), self._note_missing(meaning, paths))] if paths else []

    def _note_missing(self, meaning: str, paths: Sequence[str]) -> str:
        """Return ``meaning``. If ``paths`` names commands that the program lacks, add a note that lists these commands."""
        names = {command.name for command in self._commands}
        missing = ", ".join(markdown.code(path) for path in paths if path not in names)
        return f"{meaning}; there is no {missing}" if missing else meaning

    def as_json(self) -> str:
        """Return the manifest as one JSON object. The field ``manifest`` contains the version of the manifest format."""
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
        """Return the manifest as Markdown, with one line per command, so that diffs are readable."""
        library = Setting("library", f"{conventions.LIB} {conventions.__version__}", "the library that collects, and its version")
        shown = Setting("notice", str(conventions.NOTICE_VERSION), "the version of the notice that users see")
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
            "The `command_name` of an event is always one of these names.",
            "\n".join(f"- {self._line(command)}" for command in self._commands),
            "## Events",
            markdown.events(self._events),
            "## Properties",
            markdown.properties(self._properties, self._events),
            "In addition, every event has these fields:",
            markdown.fields(catalogue.FIELDS),
            "Every request has these fields:",
            markdown.fields(catalogue.REQUEST),
            "## Spans",
            "Spans are sent to backends other than PostHog, if the user configures one. Attributes of a command's span:",
            markdown.attributes(self._attributes),
            "Attributes of the span's resource:",
            markdown.attributes(self._resource),
            "Attributes of the span's scope:",
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


def _typed(name: str, kind: "PropertyType", reason: str, events: tuple[str, ...], attribute: str = "") -> FieldSpec:
    """Return the manifest's entry for a property that the program declares with the type ``kind``."""
    if isinstance(kind, FreeText):
        shape, example = catalogue.STRING, "cannot reach https://api.example.com"
        words = f"free text, redacted, at most {conventions.FREE_TEXT_LIMIT} characters"
        reason, when = f"{reason}: {' '.join(terminal.escape(kind.reason).split())}", "if the program sets it"
        return FieldSpec(name, shape, example, reason, when=when, unit=words, events=events, attribute=attribute)
    types = {bool: (catalogue.BOOLEAN, "true"), int: (catalogue.INTEGER, "3")}
    shape, example = (catalogue.STRING, kind[0]) if isinstance(kind, tuple) else types[kind]
    words = f"one of {', '.join(kind)}" if isinstance(kind, tuple) else ""
    return FieldSpec(name, shape, example, reason, when="if the program sets it", unit=words, events=events, attribute=attribute)


def _of_own_event(event: str, name: str, kind: "PropertyType") -> FieldSpec:
    """Return the manifest's entry for a property of one of the program's own events."""
    return _typed(name, kind, "a property that the program declares for this event", (event,), f"{PROPERTY_PREFIX}{name}")


def _value(value: str | bool | list[str] | None) -> str:  # noqa: FBT001 - it is shown, whatever it is
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(markdown.code(each) for each in value)
    return markdown.code(("false", "true")[value] if isinstance(value, bool) else value)
