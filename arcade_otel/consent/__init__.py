"""Consent: whether a command may be recorded.

This module reads the environment and holds all that a user who opted out by the environment pays for. ``decision`` knows the rest
of the order of precedence and is loaded only when it is asked for.
"""

import os

TYPE_CHECKING = False  # ``typing`` is dear, and a user who opted out pays for this module
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeVar

    from typing_extensions import Self

    from arcade_otel.consent.decision import Decision, choice_file, decide, is_ci, suppress_for_this_run

    Function = TypeVar("Function", bound=Callable[..., object])

__all__ = [
    "ENV_DO_NOT_TRACK",
    "ENV_SDK_DISABLED",
    "ENV_TRACKING",
    "ENV_WORK_DIR",
    "LOG",
    "OFF",
    "ON",
    "UNCHECKED_OPTIONS",
    "CommandContext",
    "Decision",
    "choice_file",
    "decide",
    "decision_from_env",
    "is_ci",
    "is_off",
    "suppress_for_this_run",
    "tracking_mode",
]

#: ``0``, ``false``, ``no`` or ``off`` opts out, ``log`` prints what would be sent. Source: the specification.
ENV_TRACKING = "ARCADE_USAGE_TRACKING"
#: Anything but "", ``0`` and ``false`` opts out. Source: consoledonottrack.com.
ENV_DO_NOT_TRACK = "DO_NOT_TRACK"
#: ``true``, in any case, opts out. Source: OpenTelemetry specification, SDK environment variables.
ENV_SDK_DISABLED = "OTEL_SDK_DISABLED"
#: The config directory, which holds the identity store and the queue.
ENV_WORK_DIR = "ARCADE_WORK_DIR"

ON = "on"
OFF = "off"
LOG = "log"

#: Attribute of an app that was instrumented in the run of a user who opted out: its options, which nothing has checked.
UNCHECKED_OPTIONS = "_arcade_otel_options"

_NO = ("0", "false", "no", "off")
_YES = ("1", "true", "yes", "on")


def __getattr__(name: str) -> object:
    # Who opted out by the environment pays for this module alone.
    if name in ("Decision", "choice_file", "decide", "is_ci", "suppress_for_this_run"):
        from arcade_otel.consent import decision

        return getattr(decision, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def tracking_mode(environ: "Mapping[str, str] | None" = None) -> str:
    """Tell what the environment alone says: ``ON`` (also if it says nothing), ``OFF`` or ``LOG``; no file is read."""
    said = decision_from_env(os.environ if environ is None else environ)
    return ON if said is None else said[0]


def is_off() -> bool:
    """Return whether the environment alone opts the user out. Reads no file."""
    return tracking_mode() == OFF


class CommandContext:
    """What :func:`arcade_otel.command` and :func:`arcade_otel.program` return: a context manager, and a decorator.

    This class records nothing: it serves users who opted out. The classes that record derive from it.
    """

    __slots__ = ()

    def __enter__(self) -> "Self":
        return self

    def __exit__(self, exc_type: object, error: BaseException | None, tb: object) -> None:
        return None

    def __call__(self, function: "Function") -> "Function":
        """Decorate ``function``: each call of it is one run."""
        return function


def decision_from_env(environ: "Mapping[str, str]") -> tuple[str, str, str] | None:
    """Return the mode, the variable that decides it and the same in words, or None if no variable says anything.

    ``DO_NOT_TRACK`` set to anything but "", ``0`` or ``false`` is off (consoledonottrack.com); ``OTEL_SDK_DISABLED`` is off if
    ``true`` in any case, and by nothing else (OpenTelemetry specification); ``ARCADE_USAGE_TRACKING`` says ``0``, ``false``,
    ``no`` or ``off``, ``1``, ``true``, ``yes`` or ``on``, or ``log`` (print the payload on stderr, send nothing), in any case; a
    word that is none of these says nothing.
    """
    if environ.get(ENV_DO_NOT_TRACK, "").strip().lower() not in ("", "0", "false"):
        return OFF, ENV_DO_NOT_TRACK, "DO_NOT_TRACK is set"
    if environ.get(ENV_SDK_DISABLED, "").strip().lower() == "true":
        return OFF, ENV_SDK_DISABLED, "OTEL_SDK_DISABLED is true"
    wish = environ.get(ENV_TRACKING, "").strip().lower()
    if not wish:
        return None
    if wish in _YES:
        return ON, ENV_TRACKING, "ARCADE_USAGE_TRACKING says on"
    if wish == LOG:
        return LOG, ENV_TRACKING, "ARCADE_USAGE_TRACKING says log: shown and not sent"
    return (OFF, ENV_TRACKING, "ARCADE_USAGE_TRACKING says off") if wish in _NO else None
