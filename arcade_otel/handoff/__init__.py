"""Gives a finished span to the detached sender, and never waits for it."""

from __future__ import annotations

import os

from arcade_otel import conventions
from arcade_otel.diagnostics import debug
from arcade_otel.handoff import spawn

TYPE_CHECKING = False  # type checkers know better; the module typing costs a sender a third of a bare Python
if TYPE_CHECKING:
    from arcade_otel.settings import Settings

__all__ = ["MAX_VARIABLE_LENGTH", "submit"]

#: A span with more characters goes to the spool at once: one variable is limited to 128 KiB on Linux, the whole environment
#: to 32 KiB on Windows.
MAX_VARIABLE_LENGTH = 24 * 1024


def submit(
    text: str, settings: Settings, *, owed: bool = False, end_ns: int | None = None, span_id: str | None = None
) -> list[str]:
    """Start a sender with the span ``text`` (OTLP/JSON) in its environment, or put the span into the spool here.

    The spool takes it in this process if it is ``owed`` (a login's span must be safe before the link is written), if it is too
    long for a variable, or if no sender can be started (a frozen program, a full process table, a PID 1 that does not reap): a
    later sender delivers it.

    Args:
        text: The payload.
        settings: The application's.
        owed: The span must be in the queue when this returns.
        end_ns: When the span ended, in nanoseconds since the epoch; read from the payload if None, which imports ``json``.
        span_id: The span's ID in hex; read from the payload if None.

    Returns:
        The paths of the span's files, if it was written to the spool here; else nothing.

    Raises:
        OSError: Neither a sender could be started nor the spool be written.
    """
    if conventions.ENV_SENDER in os.environ:
        return []  # a sender starts no senders
    command = settings.sender_command or spawn.sender_command()
    if _spawning_suspended(settings.state_dir):
        debug("nobody reaps senders here; the span goes to the spool")
        command = None
    if command and not owed and len(text) <= MAX_VARIABLE_LENGTH and os.getpid() != 1:
        try:
            spawn.start(command, spawn.sender_environment(settings.config_dir, text), settings.config_dir)
        except OSError as error:
            debug("no sender could be started; the span goes to the spool", error)
            command = None  # the process table is full, or the environment too large: no second try
        else:
            return []
    from arcade_otel.handoff import queue

    lanes = queue.lanes_for(
        os.environ,
        api_key=settings.posthog_api_key,
        host=settings.posthog_host,
        usage_only=f'"{conventions.RESOURCE_USAGE_ONLY}"' in text,
    )
    # On the disk, and not only in its cache, if a link will rely on it.
    paths = queue.enqueue(settings.state_dir, text, lanes, durable=owed, end_ns=end_ns, span_id=span_id)
    if command and paths:
        try:
            spawn.start(command, spawn.sender_environment(settings.config_dir, None), settings.config_dir)
        except OSError as error:
            debug("no sender could be started; the span waits for a later one", error)
    elif paths:
        queue.maybe_enforce_limits(settings.state_dir, paths)
    return paths


def _spawning_suspended(state_dir: str) -> bool:
    if not os.path.exists(os.path.join(state_dir, "unreaped")):
        return False  # the steady state, without the module
    from arcade_otel.handoff import zombies

    return zombies.spawning_suspended(state_dir)
